"""The meaning for a call of the errors' numbers of Oracle (ORA-) and its driver (DPY-).

A number that is left out is a plain DatabaseError: its text is for people, and to repeat the call
does not help.
"""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any

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

_UNAVAILABLE = {
    18, 19, 20, 51, 52, 53, 55, 2391,  # too many sessions, processes, locks
    22, 28, 31, 41, 45, 1012, 2396, 2397, 2399,  # killed, logged off, idle for too long
    40, 1013, 2392, 2393, 2394, 2395, 7454, 7455,  # cancelled, or by a limit of the server's
    1014, 1033, 1034, 1035, 1089, 1090, 1092, 1094, 1109, 1219,  # starting, stopping, restricted
    1041, 1043, 3111, 3113, 3114, 3122, 3135, 3136, 12757, 27146, 28511, 28547, 28864, 28865, 56600,
    16000, 16456,  # read-only: a switchover has moved the primary away
    257, 19504, 19809, 19815,  # the archive's disk is full
    1536, 1628, 1630, 1631, 1632, 1650, 1651, 1652, 1653, 1654, 1655, 1658, 1659, 1683, 1688, 1691,
    1692, 1693, 30036, 60004,  # a quota, a tablespace, a segment or the undo is full
    376, 378, 1110, 1113, 1115, 1157, 27072,  # files that cannot be read or written
    602, 603, 609, 4030, 4031, 4036,  # processes that have failed, memory
    29740,  # the instance was evicted
    "DPY-1001", "DPY-1002", "DPY-4005", "DPY-4011", "DPY-4024", "DPY-4033", "DPY-4035",
    "DPY-5000", "DPY-5001", "DPY-5004", "DPY-5005", "DPY-5006", "DPY-5011",
}  # fmt: skip
_NETWORK = ((12150, 12700), (25400, 25426))  # TNS and failover, from and to
_CONFLICT = {
    54, 1591, 2049, 30006,  # locked by another session; 1591: by one that is in doubt
    60, 99, 104, 4027, 12829, 12860,  # deadlock, or a wait across databases
    1555,  # the undo of an old snapshot is gone
    4020, 4021, 14403, 14411,  # the package, or a table, is being changed
    4061, 4065, 4068,  # it has been; the next call sees the new one
    8103, 8176, 8177, 8179,  # read consistency
    24761, 63300, 63302,  # rolled back, or for a transaction of a higher priority
}  # fmt: skip
_DENIED = {
    1004, 1005, 1017, 1031, 1039, 1045, 1720, 41900, 65162,
    28000, 28001, 28003, 28009, 28040, 28150,
    1950,  # no quota on a tablespace
    12506, 12529,  # the listener's lists
    28115, 47305, 47306, 47400, 47401,  # a policy, Database Vault
    "DPY-2033", "DPY-4001",
}  # fmt: skip
_NOT_INSTALLED = {942, 980, 1775, 2289, 4042, 4043, 4045, 4063, 4064, 4067, 6508, 6564}
_ARGUMENT = {
    1426, 1438, 1455, 1460, 1461, 1483, 1722, 6502, 12704, 12899, 22835, 29275,
    "DPY-3002", "DPY-4003",
}  # fmt: skip
_CONFIGURATION = {
    12154, 12162, 12504,
    "DPY-2018", "DPY-2025", "DPY-2029", "DPY-2031", "DPY-2034", "DPY-2049", "DPY-2056", "DPY-2057",
    "DPY-2058", "DPY-2059", "DPY-3010", "DPY-3012", "DPY-3015", "DPY-3016", "DPY-3029", "DPY-3040",
    "DPY-4000", "DPY-4017", "DPY-4018", "DPY-4021", "DPY-4022", "DPY-4026", "DPY-4027", "DPY-4028",
    "DPY-4030", "DPY-4032", "DPY-4034",
    "DPY-6002", "DPY-6006", "DPY-6008",
}  # fmt: skip
_PASSING = {4045, 4063, 4064, 4067, 6508}
"""The package is there, but not valid: it is just being replaced."""
_REMEDY: dict[int | str, str] = remedies.by_number(
    {
        remedies.CALL_TIMEOUT: {"DPY-4024"},
        remedies.READ_ONLY: {16000, 16456},
        remedies.NO_CONNECTION: {18, 19, 20, 2391},
        remedies.NO_ROOM: {
            257, 1628, 1630, 1631, 1632, *range(1650, 1660), 1683, 1688, 1691, 1692, 1693,
            *range(19800, 19900), 30036,
        },
        remedies.NO_MEMORY: {4030, 4031, 4036},
        remedies.TIME_LIMIT: {40, 2392, 2393, 2394, 2395},
        remedies.KILLED: {28, 31},
        remedies.LOGIN: {1017},
        remedies.EXPIRED: {28000, 28001, 65162},
    }
)  # fmt: skip
_COMPILATION = 6550
# Not declared; of another shape than this version calls; invalid.
_OTHER_PACKAGE = re.compile(r"PLS-00(201|302|306|904|905)")
_INVALID_PACKAGE = "PLS-00905"


def translate(error: Exception) -> QtaskError | None:
    """The error of this package for one of the driver; None if it is not the driver's."""
    if isinstance(error, UnicodeEncodeError):
        return InvalidArgument(f"a text cannot be sent to the database: {error}")
    found = _details(error)
    if found is None:
        return None
    text = _text(found)
    sorted_ = _sorted(found, text)
    if isinstance(sorted_, DatabaseError):
        sorted_.number = found.code or found.full_code or None
        told = remedies.TOLD if isinstance(sorted_, NotInstalled) else None
        sorted_.remedy = _REMEDY.get(found.full_code, _REMEDY.get(found.code, told))
        sorted_.passing = found.code in _PASSING or _INVALID_PACKAGE in text
    return sorted_


def _sorted(found: Any, text: str) -> QtaskError:
    number = found.code
    numbers = {number, found.full_code}
    if number in ProcedureError.by_number:
        return ProcedureError.by_number[number](text)
    if numbers & _ARGUMENT:
        return InvalidArgument(text)
    if numbers & _CONFLICT:
        return Conflict(text)
    if numbers & _DENIED:
        return AccessDenied(text)
    if numbers & _NOT_INSTALLED or (number == _COMPILATION and _OTHER_PACKAGE.search(text)):
        return NotInstalled(
            f"{text}: run `qtask install`, or check the prefix and the account's grants"
        )
    if numbers & _CONFIGURATION:
        return ConfigurationError(text)
    if (
        numbers & _UNAVAILABLE
        or any(first <= number < end for first, end in _NETWORK)
        or getattr(found, "isrecoverable", False)
        or found.full_code.startswith("DPY-6")
    ):
        return DatabaseUnavailable(text)
    return DatabaseError(text)


def _details(error: Exception) -> Any:
    """The driver's record of one of its errors; None if it is not one."""
    oracledb = sys.modules.get("oracledb")
    if oracledb is None or not isinstance(error, oracledb.Error):
        return None
    if error.args and hasattr(error.args[0], "full_code"):
        return error.args[0]
    return SimpleNamespace(code=0, full_code="", message=str(error))


def _text(details: Any) -> str:
    """Without the lines that say where in the package it was raised, and without advertisements."""
    text = re.split(r"\n(?:ORA-06512:|Help:)", str(details.message))[0].strip()
    if details.code in ProcedureError.by_number:
        return text.removeprefix(f"ORA-{details.code}: ")
    return " ".join(text.split())
