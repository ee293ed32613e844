"""A column gets another comment, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testing import execute, new, query

from qtask_db import Connection
from qtask_db.schema.mysql.ddl import Comment

STEPS = [
    ("lane", "INT", "", "new"),
    ("attempts", "INT", "3", "new"),
    ("batch_id", "BIGINT", "0", "new"),
    ("ended_at", "DATETIME(3)", "1970-01-01 00:00:00.000", "new"),
]
TABLE = """
CREATE TABLE {}commented (
  task_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  lane INT NOT NULL COMMENT 'old',
  attempts INT NOT NULL DEFAULT 3,
  batch_id BIGINT NOT NULL DEFAULT 0 COMMENT 'old',
  ended_at DATETIME(3) NOT NULL DEFAULT '1970-01-01' COMMENT 'old',
  active TINYINT GENERATED ALWAYS AS (IF(lane = 0, NULL, 1)) STORED,
  KEY due (lane, ended_at)
)
"""
ALTERED = {
    "another type": "MODIFY lane BIGINT NOT NULL COMMENT 'old'",
    "no sign": "MODIFY lane INT UNSIGNED NOT NULL COMMENT 'old'",
    "NULL": "MODIFY lane INT NULL COMMENT 'old'",
    "a default": "MODIFY lane INT NOT NULL DEFAULT 5 COMMENT 'old'",
    "invisible": "MODIFY lane INT NOT NULL DEFAULT 5 INVISIBLE COMMENT 'old'",
}
PLACED = "MODIFY lane INT NOT NULL COMMENT 'old' AFTER active, ADD own INT NULL FIRST"


@pytest.fixture
def table(conn: Connection) -> Iterator[str]:
    execute(conn, TABLE.format(conn.prefix))
    yield f"{conn.prefix}commented"
    execute(conn, f"DROP TABLE {conn.prefix}commented")


def shown(conn: Connection, table: str) -> str:
    return str(query(conn, f"SHOW CREATE TABLE {table}")[0][1])


def comments(conn: Connection, table: str) -> dict[str, str]:
    return dict(
        query(
            conn,
            "SELECT column_name, column_comment FROM information_schema.columns "
            f"WHERE table_schema = DATABASE() AND table_name = '{table}'",
        )
    )


def run(conn: Connection, table: str) -> None:
    for step in STEPS:
        Comment(table, *step)(conn.raw)


def test_nothing_else_changes(conn: Connection, table: str) -> None:
    execute(conn, f"ALTER TABLE {table} {PLACED}")
    before = shown(conn, table)
    run(conn, table)
    after = shown(conn, table)
    assert after.replace(" COMMENT 'new'", "") == before.replace(" COMMENT 'old'", "")
    assert after.count("COMMENT 'new'") == len(STEPS)


@pytest.mark.parametrize("how", ALTERED)
def test_a_column_that_somebody_has_altered_stays(conn: Connection, table: str, how: str) -> None:
    execute(conn, f"ALTER TABLE {table} {ALTERED[how]}")
    (before,) = [line for line in shown(conn, table).splitlines() if "`lane`" in line[:8]]
    run(conn, table)
    assert before in shown(conn, table)
    assert list(comments(conn, table).values()).count("new") == len(STEPS) - 1


def test_a_check_stays(conn: Connection, table: str) -> None:
    """MariaDB keeps one with the column, MySQL with the table."""
    execute(conn, f"ALTER TABLE {table} MODIFY lane INT NOT NULL COMMENT 'old' CHECK (lane < 9)")
    run(conn, table)
    assert "< 9" in shown(conn, table)


def test_no_row_is_copied(conn: Connection, engine: str) -> None:
    """A copy of a table has another number."""
    new(conn)
    numbers = "innodb_tables" if engine == "mysql" else "innodb_sys_tables"
    number = (
        f"SELECT table_id FROM information_schema.{numbers} "
        f"WHERE name = CONCAT(DATABASE(), '/{conn.prefix}task')"
    )
    before, there = query(conn, number), shown(conn, f"{conn.prefix}task")
    told = comments(conn, f"{conn.prefix}task")["lane"]
    Comment(f"{conn.prefix}task", "lane", "INT", "", "new")(conn.raw)
    assert comments(conn, f"{conn.prefix}task")["lane"] == "new"
    Comment(f"{conn.prefix}task", "lane", "INT", "", told)(conn.raw)
    assert shown(conn, f"{conn.prefix}task") == there
    assert query(conn, number) == before
    assert len(before) == 1
