"""Which procedures an account may call, from what SHOW GRANTS says.

MySQL's information_schema hides procedures that are granted through a role, so the grants are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = r"(\*|`(?:[^`]|``)*`)"
_GRANT = re.compile(rf"GRANT (.+?) ON (PROCEDURE )?{_NAME}\.{_NAME} TO ", re.IGNORECASE)
_ROLE = re.compile(r"GRANT ((?:`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?(?:, ?)?)+) TO ", re.IGNORECASE)


def executable(grants: Iterable[str], schema: str, procedures: Iterable[str]) -> set[str]:
    """Those of the procedures of `schema` on which a grant gives EXECUTE."""
    names = {name.lower(): name for name in procedures}
    found: set[str] = set()
    for grant in grants:
        match = _GRANT.match(grant)
        if match is None or not _executes(match[1]):
            continue
        where, what = _unquote(match[3]), _unquote(match[4])
        if match[2] and where == schema:
            found.update({names[what.lower()]} if what.lower() in names else ())
        elif not match[2] and what == "*" and (where == "*" or _like(where, schema)):
            return set(names.values())
    return found


def roles(grants: Iterable[str]) -> set[str]:
    """The names of the roles that are granted, whether they are active or not."""
    found: set[str] = set()
    for grant in grants:
        if match := _ROLE.match(grant):
            found.update(_unquote(role) for role in re.findall(rf"{_NAME}(?:@`[^`]*`)?", match[1]))
    return found


def active(current_role: str | None) -> set[str]:
    """The names in the answer of CURRENT_ROLE(), which MySQL and MariaDB write differently."""
    if not current_role or current_role.upper() == "NONE":
        return set()
    parts = [part.strip().split("@")[0] for part in current_role.split(",")]
    return {_unquote(part) for part in parts}


def _executes(privileges: str) -> bool:
    listed = {part.strip().upper() for part in privileges.split(",")}
    return bool(listed & {"EXECUTE", "ALL PRIVILEGES", "ALL"})


def _unquote(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _like(pattern: str, schema: str) -> bool:
    """Whether the pattern of a grant on a schema, with its wildcards, means this one."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return bool(re.fullmatch("".join(wild.get(p) or re.escape(p[-1]) for p in parts), schema))
