"""Accounts that could hide the tables of a schema from the procedures that they call.

A temporary table hides the one of its name in its session, also in procedures of another account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.doctor.check import NAMED, Check, ok, warn
from qtask_db.schema.mysql import objects as mysql_schema

_DENIED = 1142
# Of the whole server, of the schema, whose names are patterns, and of single procedures.
_HOLDERS = """
SELECT CONCAT(User, '@', Host) FROM mysql.user WHERE {0}_priv = 'Y'
UNION SELECT CONCAT(User, '@', Host) FROM mysql.db WHERE {0}_priv = 'Y' AND DATABASE() LIKE Db
"""
_CALLERS = """
SELECT CONCAT(User, '@', Host) FROM mysql.procs_priv
WHERE Db = DATABASE() AND FIND_IN_SET('Execute', Proc_priv) AND LEFT(Routine_name, %s) = %s
"""
_MEMBERS = {
    "MySQL": (
        "SELECT CONCAT(FROM_USER, '@', FROM_HOST), CONCAT(TO_USER, '@', TO_HOST) "
        "FROM mysql.role_edges"
    ),
    "MariaDB": "SELECT CONCAT(Role, '@'), CONCAT(User, '@', Host) FROM mysql.roles_mapping",
}


def examine(raw: Any, prefix: str) -> Iterator[Check]:
    """Says nothing to an account that may not read the server's privileges, as few may."""
    version = str(rows_of(raw, "SELECT VERSION()")[0][0])
    try:
        members = rows_of(raw, _MEMBERS["MariaDB" if "mariadb" in version.lower() else "MySQL"])
        hiding, calling, writing = (
            _with_members(_accounts(raw, _HOLDERS.format(privilege)), members)
            for privilege in ("Create_tmp_table", "Execute", "Insert")
        )
        named = _accounts(raw, _CALLERS, (len(prefix), prefix))
    except raw.Error as error:
        if error.args[0] != _DENIED:
            raise
        return
    calling |= _with_members(named, members)
    # Whoever may write all tables, as their owner does, needs no such way.
    found = sorted((hiding & calling) - writing - set(mysql_schema.definers(raw, prefix)))
    if found:
        yield warn(
            "temporary tables",
            f"{len(found)} accounts may call procedures and hide tables from them: "
            + ", ".join(found[:NAMED]),
            "REVOKE CREATE TEMPORARY TABLES ON the schema's database, and on *.*, FROM them; "
            'see docs/reference/sessions.md, "Temporary tables"',
        )
    else:
        yield ok("temporary tables", "nobody who calls procedures can hide tables from them")


def _accounts(raw: Any, statement: str, arguments: tuple[Any, ...] | None = None) -> set[str]:
    return {str(account) for (account,) in rows_of(raw, statement, arguments)}


def _with_members(holders: set[str], members: Iterable[tuple[Any, ...]]) -> set[str]:
    """With those who have it by a role, also by a role of a role."""
    found, more = set(holders), set(holders)
    while more:
        more = {str(member) for role, member in members if role in more} - found
        found |= more
    return found
