"""docs/guides/upgrading.md, walked from each release to this version."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py
import servers
from examples import ROOT, all_blocks, blocks
from releases import VERSIONS
from testing import query
from walks import Walk, untouched

from qtask_db import Connection, Database
from qtask_db.schema.render import ROLES, VERSION

INSTALLING, UPGRADING = "docs/guides/installing.md", "docs/guides/upgrading.md"


@pytest.fixture
def root(database_server: servers.Server) -> Iterator[Connection]:
    with Database(database_server.url).connect() as conn, untouched(conn):
        yield conn


@pytest.fixture
def walk(
    root: Connection, database_server: servers.Server, redis: redis_py.Redis, tmp_path: Path
) -> Walk:
    (tmp_path / "migrations").symlink_to(ROOT / "migrations")
    return Walk(root, database_server.url, redis, tmp_path)


class Old:
    """A release, as the guide's reader has it."""

    def __init__(self, package: Path, walk: Walk) -> None:
        self._package, self._walk = package, walk

    def qtask(self, account: str, *arguments: str, code: int = 0) -> str:
        url = self._walk.place(f"mysql://{account}:secret@127.0.0.1:3306/shop")
        done = subprocess.run(
            [sys.executable, "-m", "qtask_db", *arguments],
            cwd=self._package,
            env={**os.environ, "PYTHONPATH": str(self._package), "QTASK_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def create(self) -> str:
        return self.qtask("app", "delay", "job", "{}", "1h", "1h", "GCR:ORDER:BIND")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_guide_leads_to_this_version(
    version: str, package: Path, walk: Walk, root: Connection, tmp_path: Path
) -> None:
    old = Old(package, walk)
    owner, app = (
        next(block for block in blocks(INSTALLING, "sql") if words in block)
        for words in ("CREATE DATABASE", "GRANT qtask_app")
    )
    walk.sql(owner)
    old.qtask("owner", "install")
    (tmp_path / "old.sql").write_text(old.qtask("owner", "render", "--grants"))
    walk.sh("mysql -u root -p shop < old.sql")
    walk.sql(app)
    old.create()

    said = {block: getattr(walk, kind)(block) for kind, block in all_blocks(UPGRADING)}

    assert f"holds qtask-db {VERSION}, prefix qtask_" in next(iter(said.values()))
    assert ", 0 failed" in next(iter(said.values()))
    assert ", 0 failed" in walk.sh("qtask doctor")
    old.create()
    assert query(root, "SELECT COUNT(*) FROM shop.qtask_task") == [(2,)]
    names = {name for (name,) in query(root, "SELECT user FROM mysql.user")}
    assert {f"qtask_{role}" for role in ROLES} <= names
    assert version in old.qtask("owner", "install", code=3), "it does not go back"
