"""Many at once: nothing is claimed or started twice, and no caller sees a deadlock."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from crowds import CONSUMERS, together
from testing import age, age_batches, content, count, ended, first, new, query, read_committed, row

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import Conflict, DatabaseError, ProcedureError, StaleAttempt
from qtask_db.models import AttemptEnd


def test_concurrent_scanners_never_hand_out_a_task_twice_and_hand_out_all(
    conn: Connection, crowd: list[Connection]
) -> None:
    total = 2000
    calls.create_many(conn, [NewTask("job", {}, 3600, f"Q{n % 3}", delay=0) for n in range(total)])

    def scan_until_nothing_is_left(own: Connection, number: int) -> list[int]:
        mine: list[int] = []
        while True:
            batch = calls.scan(own, f"relay {number}", limit=30)
            mine += [message.task_id for message in batch.messages]
            if batch.batch_id is not None:
                calls.confirm(own, batch.batch_id, f"relay {number}")
            elif batch.wait != 0:
                return mine

    seen = together(crowd[:CONSUMERS], scan_until_nothing_is_left)
    assert all(isinstance(mine, list) for mine in seen), seen
    assert max(Counter(task_id for mine in seen for task_id in mine).values()) == 1
    assert sum(map(len, seen)) == total
    assert count(conn, "batch") == 0


def test_concurrent_maintainers_fail_and_delete_each_task_once(
    conn: Connection, crowd: list[Connection]
) -> None:
    total = 1000
    late = [NewTask("job", {}, 60, f"Q{n % 3}", 0, deadline=100) for n in range(total)]
    calls.create_many(conn, late)
    age(conn, 100)
    new(conn)

    for verb in (calls.expire, calls.purge):
        done = together(crowd[:CONSUMERS], lambda c, _, v=verb: sum(iter(lambda: v(c, 30), 0)))
        assert sum(done) == total
        age(conn, DEFAULT["keep_unfinished"])
    assert count(conn) == 1


def test_one_lapsed_batch_is_given_back_once(conn: Connection, crowd: list[Connection]) -> None:
    tasks = [new(conn) for _ in range(20)]
    calls.scan(conn, "dead")
    age_batches(conn, 100)
    batches = together(crowd[:CONSUMERS], lambda c, n: calls.scan(c, f"relay {n}"))
    handed_out = [m.task_id for batch in batches for m in batch.messages]
    while (batch := calls.scan(conn, "last")).messages:
        handed_out += [m.task_id for m in batch.messages]
    assert sorted(handed_out) == tasks


@pytest.mark.parametrize("many", [False, True])
def test_one_message_in_eight_hands_starts_once(
    conn: Connection, crowd: list[Connection], many: bool
) -> None:
    for _ in range(10):
        task_id = new(conn)

        def start(own: Connection, _: int, task_id: int = task_id) -> Any:
            if many:
                return calls.processing_many(own, [(task_id, 1)])
            return calls.processing(own, task_id, 1)

        results = together(crowd[:CONSUMERS], start)
        taken = [r for r in results if r and not isinstance(r, Exception)]
        assert len(taken) == 1, results
        refusals = [r for r in results if isinstance(r, Exception)]
        assert [type(r) for r in refusals] == ([] if many else [StaleAttempt] * (CONSUMERS - 1))
        assert row(conn, task_id)["attempts"] == 1


OVERTAKEN: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "finish": (new, calls.processing, calls.finish),
    "fail": (new, calls.processing, calls.fail),
    "extend": (new, calls.processing, calls.extend),
    "cancel": (lambda c: ended(c, Status.CANCELLED), calls.retry, calls.cancel),
}


@pytest.mark.parametrize("change", OVERTAKEN)
def test_who_finds_a_task_changed_meanwhile_is_told(
    conn: Connection, connect: Callable[..., Connection], change: str
) -> None:
    """It was refused, and another one makes that it would not be before the reason is found."""
    make, overtake, verb = OVERTAKEN[change]
    task_id = make(conn)
    before = row(conn, task_id)["status"]
    blocker = connect(autocommit=False)
    query(blocker, f"SELECT 1 FROM {conn.prefix}task WHERE task_id = {task_id} FOR UPDATE")
    told: list[str] = []

    def run(call: Callable[..., Any]) -> None:
        try:
            call(connect(), task_id)
        except ProcedureError as error:
            told.append(type(error).__name__)

    threads = [Thread(target=run, args=(call,)) for call in (verb, overtake)]
    for thread in threads:
        thread.start()
        time.sleep(0.2)  # until it waits behind the one before
    blocker.rollback()
    for thread in threads:
        thread.join(60)
    if row(conn, task_id)["status"] in (before, Status.PROCESSING, Status.WAITING):
        possible = (
            ["TaskNotActive"] if change == "cancel" else ["TaskNotProcessing", "StaleAttempt"]
        )
        assert len(told) == 1
        assert told[0] in possible
    else:
        assert told == []


@pytest.mark.parametrize("verb", ["finish_many", "end_many"])
def test_who_ends_many_is_told_of_each_that_changes_meanwhile(
    conn: Connection, connect: Callable[..., Connection], verb: str
) -> None:
    """Where each statement of a call may see another state, and one element is refused anyway."""
    task_id, gone = new(conn, max_count=LIMIT["max_count"]), ended(conn, Status.CANCELLED)
    over = Event()

    def go_on(own: Connection) -> None:
        while not over.is_set():
            calls.fail(own, task_id, calls.processing(own, task_id), "x", 0)

    other = Thread(target=go_on, args=(connect(),))
    other.start()
    caller = connect(autocommit=False)
    read_committed(caller)
    try:
        for _ in range(300):
            attempt = max(1, row(caller, task_id)["attempts"])
            try:
                if verb == "finish_many":
                    told = calls.finish_many(caller, [(gone, 1), (task_id, attempt)])
                else:
                    ends = [AttemptEnd(one, attempt, "snooze", "x", 60) for one in (gone, task_id)]
                    told = calls.end_many(caller, "w", ends)
            except Conflict:  # a deadlock with the other one: nothing has happened
                caller.rollback()
                continue
            found = row(caller, task_id)
            ended_now = found["status"] == Status.FINISHED or found["attempts_before"] > 0
            caller.rollback()
            assert ended_now == (task_id not in {one.task_id for one in told})
    finally:
        caller.rollback()
        over.set()
        other.join(60)


def test_one_finisher_and_one_canceller(conn: Connection, crowd: list[Connection]) -> None:
    for _ in range(10):
        task_id = new(conn)
        calls.processing(conn, task_id)

        def end(own: Connection, number: int, task_id: int = task_id) -> str:
            (calls.finish if number else calls.cancel)(own, task_id)
            return "finished" if number else "cancelled"

        results = together(crowd[:2], end)
        (done,) = [r for r in results if isinstance(r, str)]
        assert str(Status(row(conn, task_id)["status"])) == done
        assert [type(r).__name__ for r in results if not isinstance(r, str)] == ["TaskNotActive"]


def test_all_verbs_at_once_without_a_deadlock(conn: Connection, crowd: list[Connection]) -> None:
    began = time.monotonic()
    trouble: list[tuple[str, Exception]] = []
    done: Counter[str] = Counter()

    def going() -> bool:
        """For three seconds, and on a busy machine until each verb has had its turn."""
        spent = time.monotonic() - began
        return spent < 3 or (spent < 100 and not done.keys() >= set(verbs))

    def one_step(own: Connection, chance: random.Random, verb: str) -> None:
        lanes = "lane = 0 AND status <> 0" if verb == "retry" else "lane <> 0"
        ids = [
            r[0]
            for r in query(
                own, f"SELECT task_id FROM {own.prefix}task WHERE {lanes} {first(own, 40)}"
            )
        ]
        task_id = chance.choice(ids or [0])
        order_no = str(chance.randrange(30))
        queue = f"Q{chance.randrange(3)}"
        match verb:
            case "create":
                calls.create(own, "job", {}, 1, queue, order_no=order_no)
            case "create_many":
                numbers = chance.sample(range(30), 5)
                calls.create_many(
                    own,
                    [NewTask("job", {}, 1, queue, 0, order_no=str(n), max_count=3) for n in numbers]
                    + [NewTask("job", {}, 1, queue, 0)] * 3,
                )
            case "processing" | "finish" | "fail" | "extend" | "cancel" | "retry":
                getattr(calls, verb)(own, task_id)
            case "processing_many" | "finish_many" | "return_many":
                getattr(calls, verb)(own, [(t, None) for t in chance.sample(ids, len(ids) // 2)])
            case "scan":
                batch = calls.scan(
                    own, "r", limit=20, held=[queue] if chance.random() < 0.1 else ()
                )
                if batch.batch_id is not None:
                    chance.choice([calls.confirm, calls.release])(own, batch.batch_id, "r")
            case "redrive":
                calls.redrive(own, queue, limit=50)
            case "expire":
                calls.expire(own, 50)
            case "purge":
                calls.purge(own, 50)
            case "pause":
                calls.pause(own, queue)
                calls.resume(own, queue)
            case _:
                calls.stats(own)

    verbs = [
        "create",
        "create",
        "create_many",
        "processing",
        "processing_many",
        "finish",
        "finish_many",
        "return_many",
        "fail",
        "extend",
        "cancel",
        "retry",
        "scan",
        "scan",
        "redrive",
        "expire",
        "purge",
        "pause",
        "stats",
    ]

    def work(own: Connection, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - not a secret
        while going():
            verb = chance.choice(verbs)
            try:
                one_step(own, chance, verb)
                done[verb] += 1
            except ProcedureError:
                pass  # a refusal is not trouble
            except DatabaseError as error:
                trouble.append((verb, error))

    results = together(crowd[:CONSUMERS], work)
    assert results == [None] * CONSUMERS
    assert set(done) == set(verbs), "not every verb was tried"
    assert Counter(f"{verb}: {error}"[:80] for verb, error in trouble) == {}
    assert len(content(conn)[0]) > 0


@pytest.mark.parametrize("rows", [3, 30])
def test_bulk_calls_wait_for_no_row_that_they_do_not_name(
    conn: Connection, connect: Callable[..., Connection], rows: int
) -> None:
    """A table of a few rows is where an optimizer would rather read all of them."""
    tasks = [new(conn) for _ in range(rows)]
    own = connect(autocommit=False)
    calls.processing(own, tasks[1], 1)
    others = [task_id for task_id in tasks if task_id != tasks[1]]
    batch = calls.scan(conn, "r", limit=100)
    assert [message.task_id for message in batch.messages] == others
    calls.release(conn, batch.batch_id, "r")
    assert len(calls.scan(conn, "r", limit=100).messages) == len(others)
    attempts = [(task_id, 1) for task_id in others]
    assert len(calls.processing_many(conn, attempts)) == len(others)
    assert calls.finish_many(conn, attempts) == []
    assert calls.purge(conn) == len(others)
    own.rollback()
