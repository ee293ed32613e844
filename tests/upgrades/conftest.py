"""Schemas of older versions, in databases of a test's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import servers
from releases import unpack
from testing import PASSWORD, as_account, execute

from qtask_db import Database
from qtask_db import install as installer
from qtask_db.schema import render

NAME = "qtask_upgrade"
RIGHTS = "CREATE SESSION, CREATE TABLE, CREATE SEQUENCE, CREATE VIEW, CREATE PROCEDURE, CREATE JOB"

# With what a script can lose: quotes, a backslash.
NEXT = {
    "mysql": r"""
from yoyo import step

from qtask_db.schema.mysql.ddl import Addition
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix
steps = [step(Addition(f"{p}queue", "note", "CHAR(9) NOT NULL DEFAULT 'it''s' COMMENT 'a\\\\b'"))]
""",
    "oracle": """
from yoyo import step

from qtask_db.dialects.oracle_schema import Creation
from qtask_db.settings import Settings, requested

p = Settings().updated(requested()).prefix
steps = [step(Creation(f"ALTER TABLE {p}queue ADD (note VARCHAR2(9) DEFAULT 'it''s' NOT NULL)"))]
""",
}


@pytest.fixture
def package(version: str, tmp_path: Path) -> Path:
    """A folder with the package of a version."""
    return unpack(version, tmp_path / "package")


@pytest.fixture
def empty_url(engine: str, database_server: servers.Server) -> Iterator[str]:
    """The URL of an empty schema, of an account as the guide to installing makes it."""
    parts = urlsplit(database_server.url)
    with Database(database_server.url).connect() as root:
        if engine == "oracle":
            execute(root, f'CREATE USER {NAME} IDENTIFIED BY "{PASSWORD}" QUOTA UNLIMITED ON users')
            execute(root, f"GRANT {RIGHTS} TO {NAME}")
            drops = [f"DROP USER {NAME} CASCADE"]
            path = parts.path
        else:
            execute(root, f"CREATE DATABASE {NAME}")
            execute(root, f"CREATE USER {NAME}@'%' IDENTIFIED BY '{PASSWORD}'")
            execute(root, f"GRANT ALL ON {NAME}.* TO {NAME}@'%' WITH GRANT OPTION")
            execute(root, f"GRANT SELECT ON mysql.procs_priv TO {NAME}@'%'")
            drops = [f"DROP DATABASE {NAME}", f"DROP USER {NAME}@'%'"]
            path = f"/{NAME}"
        yield urlsplit(as_account(database_server.url, NAME))._replace(path=path).geturl()
        for drop in drops:
            execute(root, drop)


@pytest.fixture
def following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The present version, and one migration more."""
    plain = installer.directory
    shutil.copytree(plain("migrations"), tmp_path / "migrations")
    for dialect, text in NEXT.items():
        (tmp_path / "migrations" / dialect / "qtask-9000-next.py").write_text(text)
    for module in (installer, render):
        monkeypatch.setattr(
            module,
            "directory",
            lambda name: tmp_path / name if name == "migrations" else plain(name),
        )
