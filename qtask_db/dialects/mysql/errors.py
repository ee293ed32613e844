"""The meaning for a call of the errors' numbers of MySQL, MariaDB and their drivers.

Chosen from all that the servers list (`errmsg`, `performance_schema`). A number that is left out is
a plain DatabaseError: its text is for people, and to repeat the call does not help.
"""

from __future__ import annotations

import re
import sys

from qtask_db.dialects import remedies
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    Conflict,
    DatabaseError,
    DatabaseUnavailable,
    InvalidArgument,
    NotInstalled,
    ProcedureError,
    QtaskError,
)

DRIVERS = ("pymysql", "MySQLdb")
PACKET_TOO_LARGE = (1153, 2020)
LOST = (2006, 2013)
WRONG_PASSWORD = 1045
_NO_DEFINER = 1449
_NONE = -1

_UNAVAILABLE = {
    0,  # the drivers: the connection object was closed
    1040, 1203, 1226, 4081, 4082,  # too many connections
    1129, 9001,  # the host is blocked after many errors; ProxySQL reaches no server
    1047, 3032, 6400,  # a Galera node or group member that has left; offline mode
    1053, 1077, 1079, 1080, 3168,  # shutdown
    1042, 1043, 1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184,  # network
    1836, 1036, 1290, 1874, 1881, 3989,  # read-only: a failover has moved the primary away
    1317, 1927, 3169, 4031,  # killed, or idle for too long
    1028, 1931, 1969, 3024,  # the statement took longer than the server allows
    1021, 1026, 1030, 1114, 1811, 1878, 3675, 4139,  # the disk is full
    1037, 1041, 1135, 3015, 3044, 3950, 3985,  # memory, threads
    1206, 1637, 3019,  # locks, transactions, undo
    2000, 2001, 2002, 2003, 2004, 2005, 2006, 2008, 2009, 2012, 2013, 2014, 2027, 2048, 2055,
    3098, 3100, 3781, 3782, 3783, 3797, 3798,  # Group Replication: no majority, or a wait ended
}  # fmt: skip
_CONFLICT = {
    1020, 1180, 1205, 1213, 1689, 3101, 3572,
    1412, 1615,  # a table was altered after the transaction's snapshot, or meanwhile
    1402, 1613, 1614,  # XA
    1467,  # how MariaDB reports a deadlock on ids
    1964,  # MariaDB: an earlier transaction of the same group has failed to commit
    3058, 3132, 3133,  # user locks
}  # fmt: skip
_DENIED = {
    1044, 1045, 1095, 1130, 1142, 1143, 1227, 1370, 1698, 1873, 3530, 3566, 3879, 6038, 6126, 6127,
    1251, 1524, 2049, 2059, 2061,  # an authentication that one side has not
    1820, 1862, 3118, 3955, 4150, 4151,  # the password has expired, the account is locked
    1132, 3159,  # a connection without TLS
    3164, 6444,  # an audit plugin, a firewall
}  # fmt: skip
_NOT_INSTALLED = {
    1146, 1305, 1318,
    1054, 1356,  # the tables are of another version than the procedures and views
}  # fmt: skip
# The call can never succeed as it stands: to be sure of that is more than to know the number.
_ARGUMENT = {1264, 1265, 1292, 1300, 1366, 1406, 3140, 3141, 3157}
_CONFIGURATION = {
    1046: "name the database in the URL, or select it",
    1049: "create it first, or correct the URL",
}
_PASSING = {1146, 1305, 1318, 1142, 1370}
"""A table or procedure that is just being replaced, or the right to it that is given back."""
_REMEDY = remedies.by_number(
    {
        remedies.READ_ONLY: {1290, 1836, 1036, 1874, 3989},
        remedies.NO_CONNECTION: {1040, 1203, 1226, 4081, 4082},
        remedies.NO_ROOM: {1021, 1026, 1030, 1114, 1811, 1878, 3675, 4139},
        remedies.NO_MEMORY: {1037, 1041, 1135, 3015, 3044},
        remedies.TIME_LIMIT: {1028, 1931, 1969, 3024},
        remedies.KILLED: {1317, 1927, 3169},
        remedies.NO_CLUSTER: {1047, 3032, 6400, 3098, 3100, 3781, 3782, 3783, 3797, 3798},
        remedies.BLOCKED: {1129},
        remedies.NO_ROLE: {1044, 1370},
        remedies.LOGIN: {1045, 1698},
        remedies.EXPIRED: {1820, 1862, 3118, 3955, 4150, 4151},
        remedies.NO_TLS: {3159},
        remedies.ORPHANED: {_NO_DEFINER},
        remedies.TOLD: {1146, 1305, 1318, 1054, 1356, 2061},
    }
)
# The system's number of a full disk has no other place than the text of another error.
_DISK_FULL = re.compile(r"errno: 28\b|error 28\b|No space left|DiskFull")
_WITHOUT_NUMBER = ("Already closed", "Packet sequence number wrong")
"""How the errors of PyMySQL begin that mean a lost connection and have no number."""


def translate(error: Exception) -> QtaskError | None:
    """The error of this package for one of a driver; None if it is not a driver's."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidArgument(f"a text cannot be sent to the database: {error}")
    number, text = number_and_text(error)
    if number is None:
        return None
    found = _sorted(error, number, text)
    if isinstance(found, DatabaseError):
        found.number = None if number == _NONE else number
        found.remedy = _remedy(error, number, text)
        found.passing = number in _PASSING
        found.orphaned = number == _NO_DEFINER
    return found


def _remedy(error: Exception, number: int, text: str) -> str | None:
    # The server was reached, and did not answer in time.
    if number in LOST and isinstance(error.__context__, TimeoutError):
        return remedies.CALL_TIMEOUT
    return _REMEDY.get(number, remedies.NO_ROOM if _DISK_FULL.search(text) else None)


def _sorted(error: Exception, number: int, text: str) -> QtaskError:
    if number in ProcedureError.by_number:
        return ProcedureError.by_number[number](text)
    if number in _ARGUMENT:
        return InvalidArgument(text)
    if number in _CONFLICT:
        return Conflict(f"{text} ({number})")
    if number in _DENIED:
        return AccessDenied(f"{text} ({number})")
    if number in _NOT_INSTALLED:
        return NotInstalled(f"{text} ({number}): run `qtask install`, or check the prefix")
    if number == _NO_DEFINER:
        return DatabaseError(f"{text} ({number}): run `qtask install`")
    if number in _CONFIGURATION:
        return ConfigurationError(f"{text}: {_CONFIGURATION[number]}")
    if number in _UNAVAILABLE:
        return DatabaseUnavailable(f"{text or 'the connection is closed'} ({number})")
    if str(error).startswith(_WITHOUT_NUMBER):
        return DatabaseUnavailable(str(error))
    return DatabaseError(f"{text} ({number})")


def number_and_text(error: Exception) -> tuple[int | None, str]:
    """None if it is not a driver's error, _NONE if that has no number."""
    for name in DRIVERS:
        module = sys.modules.get(name)
        if module is not None and isinstance(error, module.MySQLError):
            number = error.args[0] if error.args else 0
            text = str(error.args[1]) if len(error.args) > 1 else ""
            return (number if isinstance(number, int) else _NONE), text
    return None, ""
