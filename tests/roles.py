"""Calls made with the rights of one role alone: what `--roles` runs the tests under."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from testing import execute

from qtask_db import Connection
from qtask_db.render import INDEX, ROLES, Renderer
from qtask_db.settings import Settings

ACCOUNT, OWNER = "qtask_tester", "qtask_owner"

# Where several roles may call a procedure, they take turns.
_HOLDERS = {
    entry["name"]: cycle(entry["role"])
    for kind in ("procedure", "view")
    for entry in INDEX[kind]
    if "role" in entry
}


class RoleConnection(Connection):
    """A connection of an account without rights of its own. It takes on a role for each call, and
    the owner's for the test's own statements: a transaction holds both.
    """

    def call(self, verb: str, *arguments: Any, **options: Any) -> Any:
        self._become(self.prefix + next(_HOLDERS[verb]))
        try:
            return super().call(verb, *arguments, **options)
        finally:
            self._become(OWNER)

    def select(self, view: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        if view not in _HOLDERS:
            return super().select(view, columns)
        self._become(self.prefix + next(_HOLDERS[view]))
        try:
            return super().select(view, columns)
        finally:
            self._become(OWNER)

    def _become(self, role: str) -> None:
        execute(self, f"SET ROLE {role}")


def create_roles(conn: Connection, settings: Settings) -> None:
    """Runs the script of the grants."""
    grants = re.sub(r"^--.*$", "", Renderer(conn.dialect.name, settings).grants(), flags=re.M)
    for statement in filter(str.strip, grants.split(";")):
        execute(conn, statement)


def give(conn: Connection, account: str, role: str, *, default: bool = True) -> None:
    """Lets an account take on a role, at login or by SET ROLE."""
    execute(conn, f"GRANT '{role}' TO '{account}'@'%'")
    if default:
        version = conn.raw.get_server_info().lower()
        to = "FOR" if "mariadb" in version else "TO"
        execute(conn, f"SET DEFAULT ROLE '{role}' {to} '{account}'@'%'")


def create_tester(conn: Connection, url: str) -> str:
    """Makes the account of `RoleConnection` and returns the URL with it."""
    parts = urlsplit(url)
    create_roles(conn, Settings())
    execute(conn, f"CREATE ROLE {OWNER}")
    execute(conn, f"GRANT ALL ON {parts.path[1:]}.* TO {OWNER}")
    execute(conn, f"CREATE USER '{ACCOUNT}'@'%' IDENTIFIED BY 'pw'")
    for role in ROLES:
        give(conn, ACCOUNT, conn.prefix + role, default=False)
    give(conn, ACCOUNT, OWNER)
    return urlunsplit(parts._replace(netloc=f"{ACCOUNT}:pw@{parts.netloc.rpartition('@')[2]}"))
