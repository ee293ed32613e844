"""Tables that are not as the migrations made them: told with the statement that mends them."""

from __future__ import annotations

import re

import pytest
from schemas import schema
from testing import execute

from qtask_db import Database
from qtask_db.doctor.check import Level
from qtask_db.doctor.database import examine_database
from qtask_db.errors import DatabaseError
from qtask_db.install import install
from qtask_db.schema.mysql.tables import differences, expected
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

CHANGES = Renderer("mysql", Settings()).changes()
HIDE = {"mysql": "INVISIBLE", "mariadb": "IGNORED"}
DAMAGE = {
    "column task_id: AUTO_INCREMENT is no, not yes": "task MODIFY task_id BIGINT NOT NULL",
    "index due is missing": "task DROP INDEX due",
    "index due: columns is lane, not lane, due_at, status, queue_id": "task DROP INDEX due, "
    "ADD INDEX due (lane)",
    "index active_order: unique is no, not yes": "task DROP INDEX active_order, ADD INDEX "
    "active_order (order_key, name, queue_id, active)",
    "index lapse: usable is no, not yes": "batch ALTER INDEX lapse {hide}",
    "column queue: collation is utf8mb4_unicode_ci, not utf8mb4_bin": "queue CONVERT TO "
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    "column payload: collation is latin1_swedish_ci, not utf8mb4_bin": "task CONVERT TO "
    "CHARACTER SET latin1 COLLATE latin1_swedish_ci",
    "column payload: type is text, not mediumtext": "task MODIFY payload TEXT "
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
    "column max_count: null is yes, not no": "task MODIFY max_count INT",
    "column attempts: default is 1, not 0": "task ALTER attempts SET DEFAULT 1",
    "column started_at: default is none, not 1970-01-01": "task ALTER started_at DROP DEFAULT",
    "column order_key: expression is": "task MODIFY order_key VARCHAR(128) CHARACTER SET utf8mb4 "
    "COLLATE utf8mb4_bin AS (order_no) STORED",
    "column order_key: generated is none, not stored": "task MODIFY order_key VARCHAR(128) "
    "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "column valid_until is missing": "low_end DROP COLUMN valid_until",
    "table: engine is MyISAM, not InnoDB": "low_end ENGINE = MyISAM",
}


@pytest.fixture
def own(empty_url: str) -> str:
    install(empty_url, {}, report=lambda _: None)
    return empty_url


def test_those_of_a_new_schema_are_all_known(own: str) -> None:
    """So that no migration is made that nobody looks after."""
    with Database(own).connect() as conn:
        assert list(differences(conn.raw, CHANGES)) == []
    made = {
        (table, kind, name)
        for table, parts in expected(CHANGES).items()
        for kind, name in parts
        if kind != "table"
    }
    there = schema(own)
    ours = {table for table, *_ in made}
    found = {(row[0], "column", row[2]) for row in there["columns"] if row[0] in ours}
    found |= {(row[0], "index", row[1]) for row in there["statistics"] if row[0] in ours}
    assert made == found


@pytest.mark.parametrize("text", DAMAGE)
def test_damage_is_told_and_mended(text: str, engine: str, own: str) -> None:
    before = schema(own)
    with Database(own).connect() as conn:
        execute(conn, f"ALTER TABLE qtask_{DAMAGE[text].format(hide=HIDE[engine])}")
        (found,) = differences(conn.raw, CHANGES)
        assert text in found.text
        with pytest.raises(DatabaseError, match=re.escape(text)):
            install(own, {}, report=lambda _: None)
        (check,) = (c for c in examine_database(Database(own)) if c.name == "tables")
        assert (check.level, check.advice) == (Level.FAIL, found.statement)
        execute(conn, found.statement)
        assert list(differences(conn.raw, CHANGES)) == []
    install(own, {}, report=lambda _: None)
    after = schema(own)
    for row in before["columns"]:
        row_after = next(r for r in after["columns"] if (r[0], r[2]) == (row[0], row[2]))
        assert row_after[3:] == row[3:]


def test_more_is_allowed_and_a_lost_table_is_told(own: str) -> None:
    with Database(own).connect() as conn:
        execute(conn, "ALTER TABLE qtask_task ADD COLUMN mine INT, ADD INDEX mine (mine)")
        execute(conn, "ALTER TABLE qtask_queue ROW_FORMAT = COMPRESSED")
        install(own, {}, report=lambda _: None)
        execute(conn, "DROP TABLE qtask_low_end")
        (found,) = differences(conn.raw, CHANGES)
        assert (found.table, found.text) == ("qtask_low_end", "missing")
    levels = {c.name: c.level for c in examine_database(Database(own))}
    assert levels["tables"] is Level.FAIL
