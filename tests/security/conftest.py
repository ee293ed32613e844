"""The attacker has an account for one of the roles, as docs/guides/installing.md gives it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import servers
from roles import create_roles, execute_unless, give
from testing import PASSWORD, as_account, execute

from qtask_db import Connection, Database
from qtask_db.schema.render import CALLERS, INDEX
from qtask_db.settings import Settings, package

Account = Callable[..., Connection]
NO_USER = 1918


@pytest.fixture
def account(installed_url: str, database_server: servers.Server) -> Iterator[Account]:
    """Opens connections of accounts that hold one role and nothing else:
    `account("app")`, `account("relay", name="other", prefix="other_", autocommit=False)`.
    """
    made: set[str] = set()
    opened: list[Connection] = []
    with Database(database_server.url).connect() as root:

        def connect(
            role: str, *, name: str = "", prefix: str = root.prefix, autocommit: bool = True
        ) -> Connection:
            name = name or f"only_{role if prefix == root.prefix else prefix + role}"
            if name not in made:
                made.add(name)
                create_roles(root, Settings(prefix))
                _create(root, name, prefix, role)
                if root.dialect.name == "oracle":
                    _name_for(root, name, str(urlsplit(installed_url).username), prefix, role)
            url = as_account(installed_url, name)
            opened.append(Database(url, prefix=prefix).connect(autocommit=autocommit))
            return opened[-1]

        yield connect
        for conn in opened:
            conn.close()
        for name in made:
            _drop(root, name)


@pytest.fixture
def attacker(account: Account) -> Connection:
    """An application's connection, in autocommit."""
    return account("app")


def _create(root: Connection, name: str, prefix: str, role: str) -> None:
    _drop(root, name)
    if root.dialect.name == "oracle":
        execute(root, f'CREATE USER {name} IDENTIFIED BY "{PASSWORD}"')
        execute(root, f"GRANT CREATE SESSION, {prefix}{role} TO {name}")
        return
    execute(root, f"CREATE USER '{name}'@'%' IDENTIFIED BY '{PASSWORD}'")
    give(root, name, prefix + role)


def _name_for(root: Connection, name: str, owner: str, prefix: str, role: str) -> None:
    """The synonyms of docs/guides/oracle.md, for the package of the role and for its views."""
    named = {prefix + view["name"]: prefix + view["name"] for view in INDEX["view"]}
    if role in CALLERS:
        named[package(prefix)] = prefix + role
    for synonym, target in named.items():
        execute(root, f"CREATE SYNONYM {name}.{synonym} FOR {owner}.{target}")


def _drop(root: Connection, name: str) -> None:
    if root.dialect.name == "oracle":
        execute_unless(root, f"DROP USER {name} CASCADE", NO_USER)
    else:
        execute(root, f"DROP USER IF EXISTS '{name}'@'%'")
