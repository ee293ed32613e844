"""Accounts that may execute a procedure still may when it has been created again.

MySQL drops the grants on a procedure with it, MariaDB keeps them. One statement gives them back to
all: whoever has them by a role meets no moment without, because a session looks at the rights of
its roles again when somebody is granted something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.errors import ConfigurationError
from qtask_db.log import get_logger
from qtask_db.schema.mysql.ddl import execute
from qtask_db.schema.render import INDEX

log = get_logger("qtask_db.install")

_GRANTED = """
SELECT routine_name, proc_priv, user, host FROM mysql.procs_priv
WHERE db = DATABASE() AND routine_type = 'PROCEDURE' ORDER BY user, host
"""
_Row = tuple[str, str, str, str]


def statements(
    raw: Any, prefix: str, created: Iterable[str], there: Mapping[str, str], *, kept: bool
) -> dict[str, Sequence[str]]:
    """For each procedure that is to be created what gives back the grants on one that is there,
    unless the server has `kept` them, and what gives a new one to the roles that have the others.

    Each is tried beforehand: to grant again changes nothing. Raises ConfigurationError if grants
    would be lost.
    """
    replaced = [] if kept else [name for name in created if name in there]
    new = [name for name in created if name not in there] if there else []
    try:
        rows: list[_Row] = rows_of(raw, _GRANTED) if replaced or new else []
        found = {name: _again(name, rows) for name in replaced}
        for each in found.values():
            for statement in each:
                execute(raw, statement)
    except raw.Error as error:
        if replaced:
            raise ConfigurationError(_told(raw, replaced, error)) from error
        rows, found = [], {}
    granted = {name: _to_roles(name, prefix, rows) for name in new}
    try:
        for role in {role for roles in granted.values() for role in roles}:
            execute(raw, _grant(next(r[0] for r in rows if r[2:] == role), "EXECUTE", [role]))
    except raw.Error:
        granted = {}
    public = {prefix + entry["name"] for entry in INDEX["procedure"] if "role" in entry}
    if left := sorted(name for name in public & set(new) if not granted.get(name)):
        log.warning(
            "%s: new; if accounts have roles, run the script of `qtask render --grants` again",
            ", ".join(left),
        )
    given = {name: [_grant(name, "EXECUTE", roles)] for name, roles in granted.items() if roles}
    return {**found, **given}


def _again(name: str, rows: Iterable[_Row]) -> list[str]:
    """One statement for all accounts with the same privileges."""
    holders: dict[str, list[tuple[str, str]]] = {}
    for routine, privileges, user, host in rows:
        if routine.lower() == name.lower():
            holders.setdefault(privileges, []).append((user, host))
    return [_grant(name, privileges, accounts) for privileges, accounts in holders.items()]


def _to_roles(name: str, prefix: str, rows: Iterable[_Row]) -> list[tuple[str, str]]:
    (entry,) = (e for e in INDEX["procedure"] if prefix + e["name"] == name)
    roles = {prefix + role for role in entry.get("role", ())}
    return sorted({(user, host) for _, _, user, host in rows if user in roles})


def _grant(name: str, privileges: str, accounts: Iterable[tuple[str, str]]) -> str:
    listed = privileges.upper().split(",")
    given = ", ".join(one for one in listed if one != "GRANT")
    to = ", ".join("@".join(map(_quoted, filter(None, account))) for account in accounts)
    option = " WITH GRANT OPTION" if "GRANT" in listed else ""
    return f"GRANT {given or 'USAGE'} ON PROCEDURE {name} TO {to}{option}"


def _told(raw: Any, replaced: Sequence[str], error: Exception) -> str:
    schema, account = rows_of(raw, "SELECT DATABASE(), CURRENT_USER()")[0]
    owner = "@".join(_quoted(part) for part in str(account).rsplit("@", 1))
    return (
        f"{len(replaced)} procedures are to be created again, and MySQL forgets who may execute "
        f"them: this account cannot look that up and grant it again ({error.args[-1]}). Nothing "
        f"has been changed. Let an administrator run: GRANT SELECT ON mysql.procs_priv TO {owner}; "
        f"GRANT GRANT OPTION ON {_quoted(schema)}.* TO {owner}; or pass --forget-grants, and run "
        "the script of `qtask render --grants` afterwards"
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
