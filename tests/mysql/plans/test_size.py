"""A call reads no more beside many terminal tasks than beside none.

    QTASK_TEST_ROWS=10000000 scripts/test tests/mysql/plans/test_size.py -s

fills the schema with so many, in some minutes and 5 GB an engine, and tells what each call read and
how long it took. A tenth of them have one name, queue and order number.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count as counter

import pytest
from costs import LONG, ORDER, ROWS, Act, Cost, clear, cost, fill
from testing import age, age_batches, empty, execute, new, query, started, until

from qtask_db import AttemptEnd, Connection, Database, NewTask, calls
from qtask_db.constants import LIMIT, Status

PURGE = 1_000 if LONG else 50
QUEUES = ("Q", "Q1", "Q2", "Q3", "CLOSED")
SLACK = 20
"""Rows that a call may read more than in the empty schema."""

pytestmark = pytest.mark.timeout(120 + ROWS / 2_000)

numbers = counter()


def active(conn: Connection) -> int:
    """The active task with the order number of many terminal ones."""
    return new(conn, order_no=ORDER)


def many(conn: Connection) -> list[tuple[int, int]]:
    tasks = [NewTask("job", {}, 60, "Q", 0, order_no=f"m{next(numbers)}") for _ in range(100)]
    return [(task.task_id, 1) for task in calls.create_many(conn, tasks)]


def many_started(conn: Connection) -> list[tuple[int, int]]:
    tasks = many(conn)
    assert len(calls.processing_many(conn, tasks)) == len(tasks)
    return tasks


def due(conn: Connection) -> None:
    """Due tasks, in two queues, one of them closed, and tasks that have expired."""
    for queue in ("Q", "CLOSED"):
        for _ in range(3):
            new(conn, queue)
        age(conn, 60, new(conn, queue, deadline=30))
    calls.pause(conn, "CLOSED")


def direct(conn: Connection) -> None:
    """The same, to be taken."""
    due(conn)
    for queue in ("Q", "CLOSED"):
        calls.set_delivery(conn, queue, "direct")


def batch(conn: Connection) -> int:
    for _ in range(3):
        new(conn)
    found = calls.scan(conn, "r", limit=100).batch_id
    assert found is not None
    return found


def ended(conn: Connection) -> None:
    tasks = many_started(conn)
    assert calls.finish_many(conn, tasks) == []


def with_history(conn: Connection) -> int:
    """Under way in its 101st attempt, after 100 that failed."""
    task_id, most = started(conn, max_count=1000), LIMIT["history"]
    for attempt in range(1, most + 1):
        calls.fail(conn, task_id, attempt)
        calls.processing(conn, task_id)
    return task_id


def inside(conn: Connection, act: Act) -> Act:
    """In the caller's transaction: creating takes another way there."""

    def within() -> None:
        execute(conn, "SET autocommit = 0")
        act()
        conn.commit()
        execute(conn, "SET autocommit = 1")

    return within


def elements() -> list[NewTask]:
    return [
        *(NewTask("job", {}, 60, "Q", order_no=ORDER) for _ in range(2)),
        *(NewTask("job", {}, 60, "Q", order_no=f"e{next(numbers)}") for _ in range(10)),
    ]


CALLS: dict[str, Callable[[Connection], Act]] = {
    "create": lambda c: lambda: calls.create(c, "job", {}, 60, "Q", order_no=ORDER),
    "create in a transaction": lambda c: inside(c, CALLS["create"](c)),
    "delay": lambda c: lambda: calls.delay(c, "job", {}, 60, 60, "Q", order_no=ORDER),
    "create a duplicate": lambda c: (active(c), CALLS["create"](c))[1],
    "the same in a transaction": lambda c: (active(c), inside(c, CALLS["create"](c)))[1],
    "create_many, all new": lambda c: lambda: many(c),
    "create_many": lambda c: lambda: calls.create_many(c, elements()),
    "create_many in a transaction": lambda c: inside(c, CALLS["create_many"](c)),
    "create_many, a duplicate": lambda c: (active(c), CALLS["create_many"](c))[1],
    "processing": lambda c: (lambda t: lambda: calls.processing(c, t, 1))(active(c)),
    "processing_many": lambda c: (lambda t: lambda: calls.processing_many(c, t))(many(c)),
    "receive": lambda c: (lambda t: lambda: calls.receive(c, t, 1, "Q"))(active(c)),
    "receive_many": lambda c: (lambda t: lambda: calls.receive_many(c, t))(
        [(*task, "Q") for task in many(c)]
    ),
    "finish": lambda c: (lambda t: lambda: calls.finish(c, t, 1))(started(c, order_no=ORDER)),
    "finish_once": lambda c: (lambda t: lambda: calls.finish_once(c, t, 1))(started(c)),
    "finish_many": lambda c: (lambda t: lambda: calls.finish_many(c, t))(many_started(c)),
    "return_many": lambda c: (lambda t: lambda: calls.return_many(c, t))(many_started(c)),
    "fail": lambda c: (lambda t: lambda: calls.fail(c, t, 1, "e"))(started(c, order_no=ORDER)),
    "fail with a long history": lambda c: (
        lambda t: lambda: calls.fail(c, t, LIMIT["history"] + 1, "e")
    )(with_history(c)),
    "end_many": lambda c: (
        lambda t: lambda: calls.end_many(c, "w", [AttemptEnd(i, 1, "fail") for i, _ in t])
    )(many_started(c)),
    "read_task": lambda c: (lambda t: lambda: calls.read_task(c, t))(with_history(c)),
    "extend": lambda c: (lambda t: lambda: calls.extend(c, t, 1))(started(c, order_no=ORDER)),
    "cancel": lambda c: (lambda t: lambda: calls.cancel(c, t))(active(c)),
    "retry": lambda c: (lambda t: (calls.cancel(c, t), lambda: calls.retry(c, t))[1])(active(c)),
    "explain": lambda c: (lambda t: lambda: calls.explain(c, t))(active(c)),
    "scan": lambda c: (due(c), lambda: calls.scan(c, "r", limit=100))[1],
    "scan, nothing is due": lambda c: lambda: calls.scan(c, "r", limit=100),
    "scan, a batch has lapsed": lambda c: (
        batch(c), age_batches(c, 60), lambda: calls.scan(c, "r", limit=100)
    )[2],
    "take": lambda c: (direct(c), lambda: calls.take(c, "w", QUEUES, 100))[1],
    "take, nothing is due": lambda c: (
        calls.set_delivery(c, "D", "direct"), lambda: calls.take(c, "w", ["D", *QUEUES], 100)
    )[1],
    "take, and wait": lambda c: (
        calls.set_delivery(c, "D", "direct"),
        lambda: calls.take(c, "w", ["D", *QUEUES], 100, 0.001),
    )[1],
    "set_delivery": lambda c: lambda: calls.set_delivery(c, "D", "direct"),
    "confirm": lambda c: (lambda b: lambda: calls.confirm(c, b, "r"))(batch(c)),
    "release": lambda c: (lambda b: lambda: calls.release(c, b, "r"))(batch(c)),
    "next_due": lambda c: (due(c), lambda: calls.next_due(c))[1],
    "expire": lambda c: (due(c), lambda: calls.expire(c, 100))[1],
    "purge": lambda c: (ended(c), lambda: calls.purge(c, 100))[1],
    "redrive": lambda c: (batch(c), lambda: calls.redrive(c, limit=100))[1],
    "pause": lambda c: lambda: calls.pause(c, "Q"),
    "list the newest": lambda c: (many(c), lambda: calls.list_tasks(c, limit=20))[1],
    "depth": lambda c: (due(c), lambda: calls.depth(c))[1],
    "audit": lambda c: (due(c), lambda: calls.audit(c))[1],
    "lapsed_tasks": lambda c: (due(c), lambda: c.select("lapsed_tasks", ["task_id"]))[1],
    "due_backlog": lambda c: (due(c), lambda: c.select("due_backlog", ["task_id"]))[1],
    "unconfirmed_batches": lambda c: (
        batch(c), lambda: c.select("unconfirmed_batches", ["batch_id"])
    )[1],
}  # fmt: skip


@pytest.fixture(scope="module")
def own(installed_url: str) -> Iterator[Connection]:
    """A schema with queues and nothing else."""
    with Database(f"{installed_url}?read_timeout=900").connect() as conn:
        empty(conn)
        for queue in QUEUES:
            new(conn, queue)
        yield conn
        execute(conn, f"TRUNCATE TABLE {conn.prefix}task")


@pytest.fixture(scope="module")
def alone(own: Connection) -> dict[str, Cost]:
    """The cost of each call beside no terminal task; then the schema is filled."""
    found = {}
    for name, prepare in CALLS.items():
        cost(own, prepare)  # the first call of a procedure reads its text
        execute(own, f"DELETE FROM {own.prefix}task")
        found[name] = cost(own, prepare)
    execute(own, f"TRUNCATE TABLE {own.prefix}task")
    began = time.monotonic()
    fill(own, ROWS)
    print(f"{ROWS:,} rows in {time.monotonic() - began:.0f} s")
    return found


@pytest.mark.parametrize("name", CALLS)
def test_no_call_reads_what_has_ended(alone: dict[str, Cost], own: Connection, name: str) -> None:
    most = alone[name].reads + SLACK
    found = cost(own, CALLS[name])
    if found.reads > most:  # a look that a busy machine slows down reads on, to be quick afterwards
        found = cost(own, CALLS[name])
    ratio = found.milliseconds / alone[name].milliseconds
    print(
        f"{name}: {alone[name].reads} and {found.reads} rows, "
        f"{alone[name].milliseconds:.1f} and {found.milliseconds:.1f} ms, {ratio:.2f}"
    )
    assert 0 < found.reads <= most


@pytest.mark.parametrize(
    ("name", "times", "prepare"),
    [
        ("stats", 2, lambda c: lambda: calls.stats(c)),
        ("list of what is rare", 4, lambda c: lambda: calls.list_tasks(c, namespace="none")),
        ("failed_tasks", 2, lambda c: lambda: c.select("failed_tasks", ["task_id"])),
    ],
)
def test_what_reads_them_all(
    alone: dict[str, Cost],  # noqa: ARG001 - filled
    own: Connection,
    name: str,
    times: int,
    prepare: Callable[[Connection], Act],
) -> None:
    """As is documented; and so it is seen that reading is counted.

    `times`: a temporary table is counted, too, and the queue of each task.
    """
    found = cost(own, prepare)
    print(f"{name}: {found.reads} rows, {found.milliseconds:.1f} ms")
    assert 0.9 * ROWS < found.reads < (times + 0.1) * ROWS


def test_what_is_active_is_listed_without_a_look_at_all_that_has_ended(
    alone: dict[str, Cost],  # noqa: ARG001 - filled
    own: Connection,
) -> None:
    found = cost(own, lambda c: lambda: calls.list_tasks(c, status=Status.WAITING))
    print(f"list of the active: {found.reads} rows, {found.milliseconds:.1f} ms")
    assert found.reads <= 1.1 * min(ROWS, LIMIT["search"])


def test_an_order_number_is_searched_among_the_newest_ids(
    alone: dict[str, Cost],  # noqa: ARG001 - filled
    own: Connection,
) -> None:
    others = ROWS // 10
    found = cost(own, lambda c: lambda: calls.list_tasks(c, order_no=ORDER, limit=20))
    print(f"list of the order number: {found.reads} rows, {found.milliseconds:.1f} ms")
    assert ROWS // 1_000 < found.reads <= LIMIT["search"] + 3 * others


def test_a_purge_beside_creates(
    alone: dict[str, Cost],  # noqa: ARG001 - filled
    own: Connection,
    installed_url: str,
) -> None:
    """Step by step, while a producer goes on; what is not due stays."""
    clear(own)
    ready = f"SELECT COUNT(*) FROM {own.prefix}task WHERE lane = 0 AND due_at <= UTC_TIMESTAMP(3)"
    kept = f"SELECT COUNT(*) FROM {own.prefix}task WHERE lane = 0"
    rows = min(query(own, ready)[0][0], 200_000)
    before = query(own, kept)[0][0]
    quiet, busy = [], []
    over = threading.Event()

    def produce(took: list[float]) -> None:
        with Database(installed_url).connect() as conn:
            while not over.is_set() and (took is busy or len(took) < 50):
                began = time.perf_counter()
                assert calls.create(conn, "job", {}, 60, "Q", order_no=f"p{next(numbers)}").created
                took.append((time.perf_counter() - began) * 1000)

    produce(quiet)
    producer = threading.Thread(target=produce, args=[busy])
    producer.start()
    until(lambda: busy)
    began = time.perf_counter()
    steps = [calls.purge(own, PURGE) for _ in range(rows // PURGE)]
    took = time.perf_counter() - began
    over.set()
    producer.join()
    assert steps == [PURGE] * (rows // PURGE)
    assert query(own, kept)[0][0] == before - sum(steps)
    active = f"SELECT COUNT(*) FROM {own.prefix}task WHERE lane > 0"
    assert query(own, active)[0][0] == len(quiet) + len(busy)
    print(
        f"purge: {sum(steps) / took:,.0f} rows/s in steps of {PURGE}; a create takes "
        f"{statistics.median(quiet):.1f} ms, meanwhile {statistics.median(busy):.1f} ms"
    )
