"""docs/guides/installing.md, walked from nothing to a running installation."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
import servers
from examples import ROOT, all_blocks
from testing import execute, query
from walks import Walk

from qtask_db import Connection, Database, calls


@pytest.mark.usefixtures("nothing")
def test_the_document_leads_from_nothing_to_a_running_installation(
    root: Connection, database_server: servers.Server, redis: redis.Redis, tmp_path: Path
) -> None:
    walk = Walk(root, database_server.url, redis, tmp_path)
    (tmp_path / "migrations").symlink_to(ROOT / "migrations")
    said = {b: getattr(walk, kind)(b) for kind, b in all_blocks("docs/guides/installing.md")}

    def answer(words: str) -> str:
        return next(text for block, text in said.items() if words in block)

    assert "waiting" in answer("qtask explain")
    assert "started" in answer("qtask relay")
    assert redis.llen("GCR:ORDER:BIND")
    assert "holds qtask-db" in answer("--queue-pattern")
    assert "uninstalled from" in answer("qtask uninstall")
    assert not query(root, "SHOW TABLES LIKE 'pay%'")
    execute(root, "REVOKE qtask_producer FROM producer@'%'")
    walk.sql((tmp_path / "producer.sql").read_text(encoding="utf-8"))
    url = walk.environment["QTASK_DATABASE_URL"].replace("owner", "producer")
    with Database(url).connect() as conn:
        assert calls.create(conn, "job", {}, 60, "MAIL").created
        names = query(conn, "SELECT DISTINCT specific_name FROM information_schema.parameters")
        assert ("qtask_create_task",) in names, "drivers can read its parameters"
