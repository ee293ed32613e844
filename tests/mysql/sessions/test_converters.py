"""Every answer has the types that are promised, whatever the caller's driver makes of values."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pymysql
import pytest
import sqlalchemy
from testing import count, empty

from qtask_db import AttemptEnd, Connection, Database, NewTask, Status, calls
from qtask_db.errors import TaskNotFound

NAME = 'it\'s "d\xfcnn" \\ %s'
"""Characters that latin1 has, too."""


def texts(value: Any, *_: Any) -> str:
    """As an application that wants its decimals and times as texts."""
    return str(value)


ENCODERS = {
    kind: encoder
    for kind, encoder in pymysql.converters.conversions.items()
    if not isinstance(kind, int)
}
PYMYSQL: dict[str, dict[str, Any]] = {
    "no converters": {"conv": ENCODERS},
    "decimals as texts": {
        "conv": {**pymysql.converters.conversions, 246: texts, 8: texts, 3: texts}
    },
    "ids as decimals": {"conv": {**pymysql.converters.conversions, 8: Decimal, 3: Decimal}},
    "floats": {"conv": {**pymysql.converters.conversions, 246: float}},
    "bytes": {"use_unicode": False},
    "bytes and no converters": {"use_unicode": False, "conv": ENCODERS},
    "latin1": {"charset": "latin1"},
    "latin1 bytes": {"charset": "latin1", "use_unicode": False},
    "binary prefix": {"binary_prefix": True},
    "dictionaries": {"cursorclass": pymysql.cursors.DictCursor},
    "one row at a time": {"cursorclass": pymysql.cursors.SSCursor},
    "strict names": {"sql_mode": "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT"},
}
MYSQLDB: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "no converters": {"conv": {}},
    "bytes": {"use_unicode": False, "charset": "utf8mb4"},
    "latin1": {"charset": "latin1"},
    "binary prefix": {"binary_prefix": True},
    "dictionaries": {"cursorclass": "DictCursor"},
    "one row at a time": {"cursorclass": "SSCursor"},
    "strict names": {"sql_mode": "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT"},
}


@pytest.fixture(
    params=[("pymysql", name) for name in PYMYSQL] + [("MySQLdb", name) for name in MYSQLDB],
    ids="-".join,
)
def odd(request: pytest.FixtureRequest, database_url: str) -> Iterator[Any]:
    """A connection of a caller who has set his driver up for other needs."""
    driver, name = request.param
    module = pytest.importorskip(driver, reason="pip install mysqlclient")
    options = dict((PYMYSQL if driver == "pymysql" else MYSQLDB)[name])
    if isinstance(options.get("cursorclass"), str):
        cursors = pytest.importorskip("MySQLdb.cursors")
        options["cursorclass"] = getattr(cursors, options["cursorclass"])
    parts = sqlalchemy.make_url(database_url)
    raw = module.connect(
        host=parts.host, port=parts.port, user=parts.username, password=parts.password,
        database=parts.database, **options,
    )  # fmt: skip
    yield raw
    raw.close()


def kinds(value: Any) -> Any:
    """The types in what a call returned."""
    if isinstance(value, (list, tuple)):
        return [kinds(one) for one in value]
    if dataclasses.is_dataclass(value):
        return {f.name: kinds(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return type(value)


def walk(conn: Any, commit: Callable[[], None]) -> list[Any]:
    """Each call once, and what it returned."""
    task = calls.create(conn, NAME, {"a": NAME}, 3600, NAME, order_no=NAME, namespace=NAME)
    again = calls.create(conn, NAME, {}, 3600, NAME, order_no=NAME, namespace=NAME)
    late = calls.delay(conn, NAME, {"b": NAME}, 0, 60, "Q", max_count=1)
    many = calls.create_many(
        conn, [NewTask(NAME, {}, 60, "Q2", order_no=f"{n}") for n in (1, 2, 3)]
    )
    assert (again.task_id, again.created) == (task.task_id, False)
    found = [task, again, late, many]
    found.append(calls.processing(conn, task.task_id, 1))
    found.append(calls.processing_many(conn, [(t.task_id, 1) for t in many]))
    calls.extend(conn, task.task_id, 1, 60)
    found.append(calls.return_many(conn, [(many[2].task_id, 1)]))
    found.append(calls.finish_many(conn, [(many[0].task_id, 1), (10**17, None)]))
    found.append(calls.fail(conn, many[1].task_id, 1, NAME, 5))
    other = calls.delay(conn, NAME, {}, 86400, 60, "Q")
    ends = [AttemptEnd(other.task_id, calls.processing(conn, other.task_id), "snooze", NAME, 60)]
    ended = calls.end_many(conn, NAME, [*ends, AttemptEnd(10**17, 1, "reject", NAME)])
    calls.snooze(conn, other.task_id, calls.processing(conn, other.task_id), 60, NAME)
    calls.reject(conn, other.task_id, calls.processing(conn, other.task_id), NAME)
    details = calls.read_task(conn, other.task_id)
    calls.finish_once(conn, task.task_id, 1)
    calls.finish(conn, task.task_id, 1)
    with pytest.raises(TaskNotFound):
        calls.cancel(conn, 10**17)
    calls.pause(conn, "Q3")
    calls.resume(conn, "Q3")
    listed = calls.list_tasks(conn)
    assert {t.name for t in listed} == {NAME}
    assert [t.order_no for t in listed if t.namespace == NAME] == [NAME]
    explained = calls.explain(conn, task.task_id)
    assert NAME in explained.text
    found += [listed, calls.list_tasks(conn, status=Status.PROCESSING), explained]
    found += [calls.stats(conn), calls.depth(conn), calls.audit(conn), ended, details]
    other = calls.create(conn, NAME, {"a": NAME}, 60, "Q4").task_id
    found.append(calls.receive(conn, other, 1, "Q4"))
    found.append(calls.receive_many(conn, [(other, 2, "Q4"), (other, 2, NAME)]))
    calls.finish(conn, other, 2)
    commit()
    batch = calls.scan(conn, "r")
    assert {m.payload for m in batch.messages} >= {late.payload}
    assert batch.batch_id is not None
    calls.release(conn, batch.batch_id, "r")
    batch = calls.scan(conn, "r")
    assert batch.batch_id is not None
    calls.confirm(conn, batch.batch_id, "r")
    found += [batch, calls.scan(conn, "r"), calls.next_due(conn)]
    commit()
    found += [calls.redrive(conn), calls.expire(conn), calls.purge(conn)]
    commit()
    return found


def test_answers_are_converted(odd: Any, conn: Connection, database_url: str) -> None:
    found = walk(odd, odd.commit)
    assert count(conn) == 4
    empty(conn)
    with Database(database_url).connect() as plain:
        expected = walk(plain, plain.commit)
    assert kinds(found) == kinds(expected)
    for info in found[10]:
        assert info.created_at.tzinfo is datetime.timezone.utc
