"""Groups of servers; the tests on them run when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from certificates import Authority
from servers import Unavailable
from servers.account import shared_folder
from servers.groups import galera, replication
from servers.groups.galera import Galera
from servers.groups.group import Group
from servers.groups.replication import Replication
from testing import empty

from qtask_db import Database
from qtask_db.install import install


@pytest.fixture(autouse=True, scope="session")
def _asked_for(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--cluster"):
        pytest.skip("takes three minutes: --cluster runs it")


@pytest.fixture(scope="session")
def started_replication() -> Iterator[Replication]:
    try:
        found = replication.start()
    except Unavailable as reason:
        pytest.skip(f"needs a mysqld with {replication.PLUGIN}: {reason}")
    with found:
        install(found.url, {}, report=lambda _line: None)
        yield found


@pytest.fixture(scope="session")
def started_galera() -> Iterator[Galera]:
    with shared_folder("tls") as folder:
        authority = Authority(folder, "ours")
        issued = authority.issue("127.0.0.1")
        try:
            found = galera.start(authority.file, issued.cert, issued.key)
        except Unavailable as reason:
            pytest.skip(f"needs a mariadbd with {galera.LIBRARY}: {reason}")
        with found:
            install(found.url, {}, report=lambda _line: None)
            yield found


@pytest.fixture(name="replication")
def replication_group(started_replication: Replication) -> Replication:
    """MySQL Group Replication with one primary; all nodes online, without a task."""
    started_replication.one_primary()
    return _emptied(started_replication)


@pytest.fixture(name="galera")
def galera_cluster(started_galera: Galera) -> Galera:
    """MariaDB Galera; all nodes online, without a task."""
    return _emptied(started_galera)


@pytest.fixture(params=["replication", "galera"])
def nodes(request: pytest.FixtureRequest) -> Group:
    """A group of either kind, whose nodes all take writes; without a task."""
    found: Group = request.getfixturevalue(request.param)
    found.every_primary()
    return found


def _emptied(found: Group) -> Group:
    with Database(found.url).connect() as conn:
        empty(conn)
    return found
