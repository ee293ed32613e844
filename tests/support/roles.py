"""Calls made with the rights of one role alone: what `--roles` runs the tests under."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import oracledb
from testing import PASSWORD, as_account, execute, query

from qtask_db import Connection
from qtask_db.schema.render import INDEX, ROLES, Renderer
from qtask_db.settings import Settings

OWNER = {"mysql": "qtask_owner", "oracle": "dba"}
"""The role of the test's own statements."""
ROLE_EXISTS, NO_USER = 1921, 1918

# If several roles may call a procedure, they take turns.
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
        role = self.prefix + next(_HOLDERS[verb])
        self._become(role)
        # In Oracle the package of a role has its name.
        prefix = role if self.dialect.name == "oracle" else self.prefix
        try:
            return Connection(self.raw, self.dialect, prefix).call(verb, *arguments, **options)
        finally:
            self._become()

    def select(self, view: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        if view not in _HOLDERS:
            return super().select(view, columns)
        self._become(self.prefix + next(_HOLDERS[view]))
        try:
            return super().select(view, columns)
        finally:
            self._become()

    def _become(self, role: str = "") -> None:
        try:
            execute(self, f"SET ROLE {role or OWNER[self.dialect.name]}")
        except Exception as error:
            raise self.dialect.translate(error) or error from error


def create_roles(conn: Connection, settings: Settings) -> None:
    """Runs the script of the grants."""
    grants = re.sub(r"^--.*$", "", Renderer(conn.dialect.name, settings).grants(), flags=re.M)
    for statement in filter(str.strip, grants.split(";")):
        execute_unless(conn, statement.strip(), ROLE_EXISTS)


def give(conn: Connection, account: str, role: str, *, default: bool = True) -> None:
    """Lets an account take on a role, at login or by SET ROLE."""
    execute(conn, f"GRANT '{role}' TO '{account}'@'%'")
    if default:
        version = conn.raw.get_server_info().lower()
        to = "FOR" if "mariadb" in version else "TO"
        execute(conn, f"SET DEFAULT ROLE '{role}' {to} '{account}'@'%'")


def execute_unless(conn: Connection, statement: str, code: int) -> None:
    """Runs a statement for which Oracle may well have this error."""
    try:
        execute(conn, statement)
    except oracledb.DatabaseError as error:
        if error.args[0].code != code:
            raise


def create_tester(conn: Connection, url: str, name: str = "qtask_tester") -> str:
    """Makes an account for `RoleConnection` and returns the URL with it."""
    create_roles(conn, Settings())
    parts = urlsplit(url)
    account = urlsplit(as_account(url, name))
    owner, roles = OWNER[conn.dialect.name], [conn.prefix + role for role in ROLES]
    if conn.dialect.name == "oracle":
        execute_unless(conn, f"DROP USER {name} CASCADE", NO_USER)
        execute(conn, f'CREATE USER {name} IDENTIFIED BY "{PASSWORD}"')
        execute(conn, f"GRANT {', '.join(['CREATE SESSION', owner, *roles])} TO {name}")
        execute(conn, f"ALTER USER {name} DEFAULT ROLE {owner}")
        schema = query(conn, "SELECT USER FROM dual")[0][0]
        return urlunsplit(account._replace(query=f"{parts.query}&current_schema={schema}"))
    execute(conn, f"CREATE ROLE {owner}")
    execute(conn, f"GRANT ALL ON {parts.path[1:]}.* TO {owner}")
    execute(conn, f"CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}'")
    for role in roles:
        give(conn, name, role, default=False)
    give(conn, name, owner)
    return urlunsplit(account)
