"""Oracle's dictionary of the tables, compared with the tables of the migrations."""

from __future__ import annotations

from typing import Any

import pytest

from qtask_db.schema.oracle import tables as oracle_tables
from qtask_db.schema.oracle.tables import differences
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

CONDITION = 'CASE  WHEN ("STATUS"<>0 AND "ORDER_NO" IS NOT NULL) THEN {} END '
QUEUE = [
    ("queue_id", "NUMBER", 0, None, 9, "N", None, "NO"),
    ("namespace", "VARCHAR2", 64, "C", None, "N", None, "NO"),
    ("queue", "VARCHAR2", 128, "C", None, "N", None, "NO"),
    ("paused_at", "TIMESTAMP(3)", 0, None, None, "Y", None, "NO"),
    ("removed_at", "TIMESTAMP(3)", 0, None, None, "Y", None, "NO"),
    ("direct", "NUMBER", 0, None, 1, "N", "0", "NO"),
]
BEGINNING = "TIMESTAMP '1970-01-01 00:00:00' "
ACTIVE = CONDITION.format('CASE "LANE" WHEN 0 THEN (-"TASK_ID") ELSE 1 END')
TASK = [
    *((name, "NUMBER", 0, None, size, "N", default, "NO") for name, size, default in (
        ("task_id", 18, None), ("lane", 9, None), ("queue_id", 9, None), ("status", 2, None),
        ("attempts", 9, "0 "), ("attempts_before", 9, "0"), ("max_count", 9, None),
        ("interval_seconds", 10, None), ("delete_deadline", 10, None), ("batch_id", 18, "0 "),
        ("lapses", 9, "0"),
    )),
    *((name, "TIMESTAMP(3)", 0, None, None, "N", default, "NO") for name, default in (
        ("created_at", None), ("deadline_at", None), ("due_at", None),
        ("started_at", BEGINNING), ("ended_at", BEGINNING),
    )),
    ("name", "VARCHAR2", 128, "C", None, "N", None, "NO"),
    ("order_no", "VARCHAR2", 128, "C", None, "Y", None, "NO"),
    ("order_key", "VARCHAR2", 128, "C", None, "Y", CONDITION.format('"ORDER_NO"'), "YES"),
    ("order_name", "VARCHAR2", 128, "C", None, "Y", CONDITION.format('"NAME"'), "YES"),
    ("order_queue_id", "NUMBER", 0, None, 9, "Y", CONDITION.format('"QUEUE_ID"'), "YES"),
    ("active", "NUMBER", 0, None, 18, "Y", ACTIVE, "YES"),
    ("payload", "CLOB", 0, None, None, "N", None, "NO"),
    ("last_error", "CLOB", 0, None, None, "Y", None, "NO"),
    ("on_failure", "VARCHAR2", 128, "C", None, "Y", None, "NO"),
]  # fmt: skip
BATCH = [
    ("batch_id", "NUMBER", 0, None, 18, "N", None, "NO"),
    ("relay", "VARCHAR2", 64, "C", None, "N", None, "NO"),
    ("claimed_at", "TIMESTAMP(3)", 0, None, None, "N", None, "NO"),
    ("lapses_at", "TIMESTAMP(3)", 0, None, None, "N", None, "NO"),
    ("task_ids", "CLOB", 0, None, None, "N", None, "NO"),
]
ATTEMPT = [
    ("task_id", "NUMBER", 0, None, 18, "N", None, "NO"),
    ("attempt", "NUMBER", 0, None, 9, "N", None, "NO"),
    ("started_at", "TIMESTAMP(3)", 0, None, None, "N", None, "NO"),
    ("ended_at", "TIMESTAMP(3)", 0, None, None, "N", None, "NO"),
    ("outcome", "VARCHAR2", 10, "C", None, "N", None, "NO"),
    ("worker", "VARCHAR2", 64, "C", None, "Y", None, "NO"),
    ("error", "CLOB", 0, None, None, "Y", None, "NO"),
    ("traceback", "CLOB", 0, None, None, "Y", None, "NO"),
]
SETTING = [
    ("name", "VARCHAR2", 64, "C", None, "N", None, "NO"),
    ("value", "VARCHAR2", 255, "C", None, "N", None, "NO"),
]
PROCESS = [
    ("name", "VARCHAR2", 64, "C", None, "N", None, "NO"),
    ("kind", "VARCHAR2", 10, "C", None, "N", None, "NO"),
    ("host", "VARCHAR2", 255, "C", None, "Y", None, "NO"),
    ("pid", "NUMBER", 0, None, 18, "Y", None, "NO"),
    ("program", "VARCHAR2", 64, "C", None, "Y", None, "NO"),
    ("queues", "CLOB", 0, None, None, "Y", None, "NO"),
    ("threads", "NUMBER", 0, None, 9, "Y", None, "NO"),
    ("busy", "NUMBER", 0, None, 9, "Y", None, "NO"),
    ("started_at", "TIMESTAMP(3)", 0, None, None, "N", None, "NO"),
    ("seen_at", "TIMESTAMP(3)", 0, None, None, "N", None, "NO"),
]
SCHEDULE = [
    *((name, "VARCHAR2", size, "C", None, null, None, "NO") for name, size, null in (
        ("namespace", 64, "N"), ("schedule", 96, "N"), ("cron", 100, "Y"), ("zone", 64, "Y"),
        ("misfire", 4, "N"), ("overlap", 5, "N"), ("owner", 128, "Y"), ("name", 128, "N"),
        ("queue", 128, "N"), ("on_failure", 128, "Y"),
    )),
    *((name, "NUMBER", 0, None, size, null, default, "NO") for name, size, null, default in (
        ("revision", 18, "N", "1"), ("is_cron", 1, "N", None), ("every_seconds", 10, "Y", None),
        ("max_catch_up", 9, "N", None), ("last_task_id", 18, "Y", None),
        ("interval_seconds", 10, "N", None), ("deadline", 10, "Y", None),
        ("delete_deadline", 10, "Y", None), ("max_count", 9, "Y", None),
    )),
    *((name, "TIMESTAMP(3)", 0, None, None, null, None, "NO") for name, null in (
        ("paused_at", "Y"), ("since_at", "N"), ("next_at", "N"), ("due_at", "N"), ("last_at", "Y"),
    )),
    ("last_error", "CLOB", 0, None, None, "Y", None, "NO"),
    ("payload", "CLOB", 0, None, None, "N", None, "NO"),
]  # fmt: skip
INDEXES = {
    "queue": {"queue_pk": ("queue_id",), "queue_name": ("namespace", "queue")},
    "task": {
        "task_pk": ("task_id",),
        "active_order": ("order_key", "order_name", "order_queue_id", "active"),
        "due": ("lane", "due_at", "task_id", "status", "queue_id"),
    },
    "batch": {"batch_pk": ("batch_id",), "lapse": ("lapses_at",)},
    "process": {"process_pk": ("name",)},
    "attempt": {"attempt_pk": ("task_id", "attempt")},
    "schedule": {
        "schedule_pk": ("namespace", "schedule"),
        "schedule_due": ("is_cron", "due_at", "namespace", "schedule"),
    },
    "setting": {"setting_pk": ("name",)},
}
NOT_UNIQUE = {"due", "lapse", "schedule_due"}


class Dictionary:
    """Answers as ALL_TAB_COLS and ALL_INDEXES would."""

    def __init__(self) -> None:
        tables = {
            "queue": QUEUE, "task": TASK, "batch": BATCH, "attempt": ATTEMPT, "process": PROCESS,
            "schedule": SCHEDULE, "setting": SETTING,
        }  # fmt: skip
        self.columns = {
            (f"qtask_{table}", row[0]): list(row) for table, rows in tables.items() for row in rows
        }
        self.indexes = {
            (f"qtask_{table}", f"qtask_{name}"): [
                "NONUNIQUE" if name in NOT_UNIQUE else "UNIQUE", "VALID", "VISIBLE", list(columns)
            ]
            for table, found in INDEXES.items()
            for name, columns in found.items()
        }  # fmt: skip

    def rows_of(self, _raw: Any, statement: str, *_binds: Any) -> list[tuple[Any, ...]]:
        if "all_tab_cols" in statement:
            return [(table, *row) for (table, _), row in self.columns.items()]
        if "all_indexes" in statement:
            return [
                (*place, *rest, column)
                for place, (*rest, columns) in self.indexes.items()
                for column in columns
            ]
        return [("TASKS",)]


@pytest.fixture
def dictionary(monkeypatch: pytest.MonkeyPatch) -> Dictionary:
    made = Dictionary()
    monkeypatch.setattr(oracle_tables, "rows_of", made.rows_of)
    return made


def found(**settings: Any) -> list[tuple[str, str]]:
    changes = Renderer("oracle", Settings(**settings)).changes()
    return [(one.text, one.statement) for one in differences(None, changes)]


@pytest.mark.usefixtures("dictionary")
@pytest.mark.parametrize(
    "settings", [{}, {"spread_index": "hash", "tablespace": "T"}, {"spread_index": "reverse"}]
)
def test_a_sound_schema(settings: dict[str, Any]) -> None:
    assert found(**settings) == []


def test_what_is_missing_is_made_again(dictionary: Dictionary) -> None:
    del dictionary.indexes["qtask_task", "qtask_due"]
    del dictionary.columns["qtask_task", "last_error"]
    dictionary.columns["qtask_task", "mine"] = ["mine", "DATE", 0, None, None, "Y", None, "NO"]
    ((text, statement),) = found()
    assert text == "column last_error is missing; index qtask_due is missing"
    assert statement == (
        "ALTER TABLE qtask_task ADD (last_error CLOB); CREATE INDEX qtask_due ON qtask_task "
        "(lane, due_at, task_id, status, queue_id)"
    )


def test_what_is_other_is_named(dictionary: Dictionary) -> None:
    dictionary.columns["qtask_queue", "queue"][3] = "B"
    dictionary.columns["qtask_batch", "relay"][5] = "Y"
    dictionary.columns["qtask_task", "order_name"][6] = '"NAME"'
    dictionary.columns["qtask_task", "attempts"][6] = "1"
    dictionary.indexes["qtask_setting", "qtask_setting_pk"][1] = "UNUSABLE"
    dictionary.indexes["qtask_batch", "qtask_lapse"][2] = "INVISIBLE"
    queue, task, batch, setting = found()
    assert queue == (
        "column queue: type is varchar2(128 byte), not varchar2(128 char)",
        "ALTER TABLE qtask_queue MODIFY (queue VARCHAR2(128 CHAR))",
    )
    assert "column attempts: default is 1, not 0" in task[0]
    assert "column order_name: expression is name, not casewhen" in task[0]
    assert "MODIFY (attempts NUMBER(9) DEFAULT 0)" in task[1]
    assert batch[1] == (
        "ALTER TABLE qtask_batch MODIFY (relay VARCHAR2(64 CHAR) NOT NULL); "
        "ALTER INDEX qtask_lapse VISIBLE"
    )
    assert setting[1] == "ALTER INDEX qtask_setting_pk REBUILD"


def test_a_lost_table(dictionary: Dictionary) -> None:
    for kept in (dictionary.columns, dictionary.indexes):
        for place in [place for place in kept if place[0] == "qtask_batch"]:
            del kept[place]
    assert found() == [("missing", "")]
