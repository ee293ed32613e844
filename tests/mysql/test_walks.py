"""docs/guides/installing.md and the README, walked from nothing to tasks that are done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import redis
import servers
from examples import ROOT, all_blocks
from testing import execute, query
from walks import Walk

from qtask_db import Connection, Database, calls

UNTRIED = re.compile(r"…|17|relay|worker|--watch|render|uninstall|install|remove-queue|--servers")
"""Commands in the README's text that need more than it says there, or that do not end."""


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


@pytest.mark.usefixtures("nothing")
def test_the_readme_leads_from_nothing_to_tasks_that_are_done(
    root: Connection, database_server: servers.Server, redis: redis.Redis, tmp_path: Path
) -> None:
    walk = Walk(root, database_server.url, redis, tmp_path)
    found = all_blocks("README.md")

    def block(words: str) -> str:
        return next(text for _, text in found if words in text)

    walk.sql(block("CREATE DATABASE"))
    walk.sh(block("qtask install"))
    walk.sh("qtask render --grants -o grants.sql\nmysql -u root -p shop < grants.sql")
    walk.sql(block("CREATE USER app"))
    for program in (text for kind, text in found if kind == "python"):
        walk.python(program)
    walk.sql(block("CALL qtask_create_task("))
    assert "8976" in walk.sh(block("qtask explain"))
    # A relay pushes what nobody has, the worker does it.
    in_sql = '"8975"'
    walk.serve("qtask relay", lambda: in_sql in str(redis.lrange("GCR:ORDER:BIND", 0, -1)))
    active = "SELECT task_id FROM qtask_task WHERE name = 'bind order' AND lane <> 0"
    assert len(query(root, active)) == 4
    said = walk.serve("qtask worker orders:worker", lambda: not query(root, active))
    assert "finished=4" in said
    inline = re.findall(r"`(qtask [^`]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    for line in dict.fromkeys(" ".join(command.split()) for command in inline):
        if line.count(" ") > 1 and not UNTRIED.search(line):
            walk.sh(line)
