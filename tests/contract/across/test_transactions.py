"""Whose transaction it is: calls join the caller's; a relay's and maintenance are their own."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from testing import (
    age,
    content,
    count,
    despite_snapshot,
    ended,
    execute,
    kill_others,
    new,
    query,
    refused,
    row,
    started,
)

from qtask_db import Client, Connection, NewTask, calls
from qtask_db.client import Transaction
from qtask_db.constants import Status
from qtask_db.errors import (
    ConfigurationError,
    Conflict,
    DatabaseUnavailable,
    InvalidArgument,
    ProcedureError,
    StaleAttempt,
    TransactionOpen,
    WrongQueue,
)

Connect = Callable[..., Connection]
JOB = ("job", {}, 3600, "Q")

JOINING: dict[str, Callable[[Connection, int], Any]] = {
    "create": lambda c, _: calls.create(c, *JOB, order_no="1"),
    "delay": lambda c, _: calls.delay(c, "job", {}, 0, 3600, "NEW", order_no="1"),
    "create_many": lambda c, _: calls.create_many(
        c, [NewTask(*JOB), NewTask("job", {}, 60, "NEW")]
    ),
    "processing": lambda c, t: calls.processing(c, t),
    "processing_many": lambda c, t: calls.processing_many(c, [(t, 2)]),
    "receive": lambda c, t: calls.receive(c, t, 2, "Q"),
    "receive_many": lambda c, t: calls.receive_many(c, [(t, 2, "Q")]),
    "finish": lambda c, t: calls.finish(c, t, 1),
    "finish_once": lambda c, t: calls.finish_once(c, t, 1),
    "finish_many": lambda c, t: calls.finish_many(c, [(t, 1)]),
    "return_many": lambda c, t: calls.return_many(c, [(t, 1)]),
    "fail": lambda c, t: calls.fail(c, t, 1, "broken", 5),
    "extend": lambda c, t: calls.extend(c, t, 1, 5),
    "cancel": lambda c, t: calls.cancel(c, t),
    "pause": lambda c, _: calls.pause(c, "Q"),
}
READING: dict[str, Callable[[Connection, int], Any]] = {
    "explain": lambda c, t: calls.explain(c, t),
    "list_tasks": lambda c, _: calls.list_tasks(c),
    "stats": lambda c, _: calls.stats(c),
    "audit": lambda c, _: calls.audit(c),
    "next_due": lambda c, _: calls.next_due(c),
}
OWN: dict[str, Callable[[Connection], Any]] = {
    "scan": lambda c: calls.scan(c, "r"),
    "confirm": lambda c: calls.confirm(c, batch_of(c), "r"),
    "release": lambda c: calls.release(c, batch_of(c), "r"),
    "redrive": lambda c: calls.redrive(c),
    "expire": lambda c: calls.expire(c),
    "purge": lambda c: calls.purge(c),
}


def batch_of(conn: Connection) -> int:
    return query(conn, f"SELECT MAX(batch_id) FROM {conn.prefix}batch")[0][0]


@pytest.mark.parametrize("verb", JOINING)
def test_a_rollback_leaves_nothing(
    conn: Connection, connect: Connect, verb: str, business: str
) -> None:
    task_id = started(conn)
    before = content(conn)
    own = connect(autocommit=False)
    execute(own, f"INSERT INTO {business} VALUES (1)")
    JOINING[verb](own, task_id)
    assert content(own) != before
    assert content(conn) == before, "it was committed"
    own.rollback()
    assert content(conn) == before
    assert query(conn, f"SELECT n FROM {business}") == []


@pytest.mark.parametrize("verb", JOINING)
def test_a_commit_keeps_everything(
    conn: Connection, connect: Connect, verb: str, business: str
) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    JOINING[verb](own, task_id)
    execute(own, f"INSERT INTO {business} VALUES (1)")
    expected = content(own)
    own.commit()
    assert content(conn) == expected
    assert query(conn, f"SELECT n FROM {business}") == [(1,)]


@pytest.mark.parametrize("verb", JOINING)
def test_a_savepoint_of_the_caller_is_kept(conn: Connection, connect: Connect, verb: str) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    made = new(own)
    execute(own, "SAVEPOINT mine")
    JOINING[verb](own, task_id)
    execute(own, "ROLLBACK TO SAVEPOINT mine")
    own.commit()
    assert [r[0] for r in content(conn)[0]] == [task_id, made]
    assert row(conn, task_id)["status"] == Status.PROCESSING


@pytest.mark.parametrize("verb", READING)
def test_reading_changes_nothing(conn: Connection, connect: Connect, verb: str) -> None:
    task_id = started(conn)
    own = connect(autocommit=False)
    made = new(own)
    READING[verb](own, task_id)
    own.rollback()
    assert [r[0] for r in content(conn)[0]] == [task_id]
    assert made != task_id


def test_with_autocommit_each_call_is_kept(conn: Connection, connect: Connect) -> None:
    task_id = started(conn)
    calls.finish(connect(), task_id, 1)
    assert row(conn, task_id)["status"] == Status.FINISHED
    calls.create_many(connect(), [NewTask(*JOB, delay=0)] * 3)
    assert count(conn) == 4


@pytest.mark.parametrize("verb", OWN)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_inside_an_open_transaction_it_is_refused_and_does_no_harm(
    conn: Connection, connect: Connect, verb: str, end: str, business: str
) -> None:
    new(conn)
    calls.scan(conn, "r")
    ended(conn, Status.FINISHED)
    age(conn, 100, new(conn, "LATE", deadline=100))
    due = new(conn, "DUE")
    before = content(conn)
    own = connect(autocommit=False)
    execute(own, f"INSERT INTO {business} VALUES (1)")
    made = calls.create(own, *JOB)
    with pytest.raises(TransactionOpen, match="commits by itself"):
        OWN[verb](own)
    assert content(conn) == before
    assert query(own, f"SELECT n FROM {business}") == [(1,)]
    getattr(own, end)()
    kept = end == "commit"
    assert query(conn, f"SELECT n FROM {business}") == ([(1,)] if kept else [])
    assert (made.task_id in [r[0] for r in content(conn)[0]]) is kept
    assert row(conn, due)["batch_id"] is None


@pytest.mark.parametrize("verb", OWN)
def test_without_autocommit_it_commits_and_leaves_no_transaction_open(
    conn: Connection, connect: Connect, verb: str
) -> None:
    new(conn)
    calls.scan(conn, "r")
    new(conn)
    ended(conn, Status.FINISHED)
    age(conn, 100, new(conn, "LATE", deadline=100))
    before = content(conn)
    batch_id = batch_of(conn)
    own = connect(autocommit=False)
    if verb in ("confirm", "release"):
        getattr(calls, verb)(own, batch_id, "r")
    else:
        OWN[verb](own)
    assert content(conn) != before
    calls.purge(own)
    calls.scan(own, "r")
    new(own)
    own.rollback()
    assert count(conn) in (3, 4)


@pytest.mark.parametrize("verb", OWN)
def test_after_a_refusal_the_connection_is_as_good_as_new(conn: Connection, verb: str) -> None:
    bad = {
        "scan": lambda: calls.scan(conn, "r", limit=0),
        "confirm": lambda: calls.confirm(conn, None, "r"),
        "release": lambda: calls.release(conn, None, "r"),
        "redrive": lambda: calls.redrive(conn, limit=0),
        "expire": lambda: calls.expire(conn, 0),
        "purge": lambda: calls.purge(conn, 0),
    }
    with pytest.raises(InvalidArgument):
        bad[verb]()
    task_id = new(conn)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [task_id]
    calls.confirm(conn, batch_of(conn), "r")


@pytest.mark.parametrize("verb", sorted(JOINING.keys() - {"pause", "delay"}))
def test_with_autocommit_a_refusal_leaves_no_transaction(conn: Connection, verb: str) -> None:
    gone = 17
    bad = {
        "create": lambda: calls.create(conn, "", {}, 60, "Q"),
        "create_many": lambda: calls.create_many(conn, [NewTask(*JOB), NewTask("", {}, 60, "Q")]),
        "processing_many": lambda: calls.processing_many(conn, [(gone, 10**18)]),
        "receive_many": lambda: calls.receive_many(conn, [(gone, 10**18, "Q")]),
        "finish_many": lambda: calls.finish_many(conn, [(gone, 10**18)]),
        "return_many": lambda: calls.return_many(conn, [(gone, 10**18)]),
    }
    with pytest.raises(ProcedureError):
        bad.get(verb, lambda: JOINING[verb](conn, gone))()
    assert conn.dialect.alone(conn.raw)
    calls.scan(conn, "r")


class TestOldSnapshot:
    """A transaction that began before others committed still does what is right now."""

    @pytest.fixture
    def old(self, connect: Connect) -> Connection:
        own = connect(autocommit=False)
        content(own)
        return own

    @pytest.mark.parametrize("many", [False, True])
    def test_a_queue_that_was_registered_since(
        self, conn: Connection, old: Connection, many: bool
    ) -> None:
        new(conn)
        tasks = [NewTask(*JOB), NewTask("job", {}, 60, "OTHER"), NewTask(*JOB, order_no="1")]
        if many:
            made = despite_snapshot(old, lambda: calls.create_many(old, tasks))
        else:
            made = [calls.create(old, *JOB), calls.create(old, *JOB, order_no="1")]
        old.commit()
        assert all(t.created for t in made)
        assert count(conn, "queue") == (2 if many else 1)
        assert len({row(conn, t.task_id)["queue_id"] for t in made}) == (2 if many else 1)

    @pytest.mark.parametrize("many", [False, True])
    def test_a_duplicate_that_was_created_since(
        self, conn: Connection, old: Connection, many: bool
    ) -> None:
        first = new(conn, order_no="1")
        if many:
            tasks = [NewTask(*JOB, order_no="1"), NewTask(*JOB)]
            found, other = despite_snapshot(old, lambda: calls.create_many(old, tasks))
            assert other.created
        else:
            found = calls.create(old, *JOB, order_no="1")
        old.commit()
        assert (found.task_id, found.created, found.pushable) == (first, False, False)

    @pytest.mark.parametrize("many", [False, True])
    def test_a_duplicate_that_ended_since(
        self, conn: Connection, connect: Connect, many: bool
    ) -> None:
        first = started(conn, order_no="1")
        own = connect(autocommit=False)
        content(own)
        calls.finish(conn, first, 1)
        if many:
            (found,) = calls.create_many(own, [NewTask(*JOB, order_no="1")])
        else:
            found = calls.create(own, *JOB, order_no="1")
        own.commit()
        assert found.created
        assert row(conn, found.task_id)["status"] == Status.WAITING

    def test_a_task_that_was_created_since(self, conn: Connection, old: Connection) -> None:
        task_id = new(conn)
        assert despite_snapshot(old, lambda: calls.processing(old, task_id, 1)) == 1
        calls.finish(old, task_id, 1)
        old.commit()
        assert row(conn, task_id)["status"] == Status.FINISHED

    def test_a_message_that_came_since(self, conn: Connection, connect: Connect) -> None:
        for queue in ("Q", "MAIL", "PAY"):
            new(conn, queue)
        old = connect(autocommit=False)
        content(old)
        tasks = [new(conn, queue) for queue in ("Q", "MAIL", "PAY")]
        given = [(t, 1, queue) for t, queue in zip(tasks, ("Q", "MAIL", "MAIL"), strict=True)]
        one = despite_snapshot(old, lambda: calls.receive(old, *given[0]))
        assert (one.attempt, one.payload) == (1, "{}")
        with pytest.raises(WrongQueue):
            calls.receive(old, *given[2])
        many = calls.receive_many(old, given)
        assert [(m.task_id, m.queue) for m in many.started] == [(tasks[1], "MAIL")]
        old.commit()
        assert [row(conn, t)["attempts"] for t in tasks] == [1, 1, 0]

    def test_a_task_that_was_started_since(self, conn: Connection, connect: Connect) -> None:
        task_id = new(conn)
        own = connect(autocommit=False)
        content(own)
        calls.processing(conn, task_id, 1)
        again = despite_snapshot(own, lambda: calls.processing_many(own, [(task_id, 1)]))
        assert again == []
        with pytest.raises(StaleAttempt):
            calls.processing(own, task_id, 1)
        own.rollback()


class TestClient:
    @pytest.fixture
    def client(self, database_url: str, redis_url: str) -> Any:
        with Client(database_url, redis_url) as client:
            yield client

    def test_messages_are_pushed_after_the_commit_only(
        self, conn: Connection, client: Client, redis: Any
    ) -> None:
        with client.transaction() as tx:
            tx.create(*JOB)
            tx.delay("job", {}, 0, 60, "Q")
            tx.create_many([NewTask("job", {}, 60, "P"), NewTask("job", {}, 60, "P", delay=5)])
            assert redis.keys() == []
            assert count(conn) == 0
        assert (redis.llen("Q"), redis.llen("P"), count(conn)) == (1, 1, 4)

    def test_nothing_is_pushed_of_what_is_rolled_back(
        self, conn: Connection, client: Client, redis: Any, business: str
    ) -> None:
        def work(tx: Transaction) -> None:
            tx.raw.cursor().execute(f"INSERT INTO {business} VALUES (1)")
            tx.create(*JOB)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            client.run(work)
        assert (redis.keys(), count(conn)) == ([], 0)
        with client.transaction() as tx:  # on the same connection
            tx.raw.cursor().execute(f"INSERT INTO {business} VALUES (2)")
        assert query(conn, f"SELECT n FROM {business}") == [(2,)]

    def test_duplicates_are_not_pushed_again(self, client: Client, redis: Any) -> None:
        for _ in range(3):
            client.create(*JOB, order_no="1")
        assert redis.llen("Q") == 1

    def test_run_repeats_what_a_deadlock_rolled_back(
        self, conn: Connection, client: Client, business: str
    ) -> None:
        new(conn)  # whoever uses a queue first lets the others wait
        execute(conn, f"INSERT INTO {business} VALUES (1)")
        execute(conn, f"INSERT INTO {business} VALUES (2)")
        both, tries = Barrier(2, timeout=30), {1: 0, 2: 0}
        failures: list[Exception] = []

        def work(mine: int, other: int) -> Callable[[Transaction], Any]:
            def crosswise(tx: Transaction) -> None:
                tries[mine] += 1
                made = tx.create("job", {}, 60, "Q", order_no=str(mine))
                assert made.created
                execute(tx.conn, f"SELECT n FROM {business} WHERE n = {mine} FOR UPDATE")
                if tries[mine] == 1:
                    both.wait()
                execute(tx.conn, f"SELECT n FROM {business} WHERE n = {other} FOR UPDATE")

            return crosswise

        def run(mine: int, other: int) -> None:
            try:
                client.run(work(mine, other))
            except Exception as error:
                failures.append(error)

        threads = [Thread(target=run, args=pair) for pair in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert sorted(tries.values()) == [1, 2]
        assert count(conn) == 3

    def test_run_gives_up_after_five_tries(self, conn: Connection, client: Client) -> None:
        tries = []

        def work(tx: Transaction) -> None:
            tries.append(tx.create(*JOB))
            raise Conflict("again")

        with pytest.raises(Conflict):
            client.run(work)
        assert (len(tries), count(conn)) == (5, 0)

    def test_an_ended_transaction_takes_nothing(self, conn: Connection, client: Client) -> None:
        with client.transaction() as tx:
            pass
        for use in (lambda: tx.create(*JOB), lambda: tx.raw):
            with pytest.raises(ConfigurationError, match="has ended"):
                use()
        assert count(conn) == 0

    def test_a_connection_that_was_interrupted_is_not_used_again(self, client: Client) -> None:
        used = []

        def use(error: type[BaseException]) -> None:
            with client.transaction() as tx:
                used.append(tx.raw)
                raise error

        for error in (Conflict, InvalidArgument, ZeroDivisionError, KeyboardInterrupt):
            with pytest.raises(error):
                use(error)
        assert used[0] is used[1] is used[2] is not used[3]
        with client.transaction() as tx:
            assert tx.raw is not used[3]

    def test_one_lost_connection_is_the_only_one_that_is_noticed(
        self, conn: Connection, client: Client
    ) -> None:
        with client.transaction(), client.transaction(), client.transaction():
            pass
        with pytest.raises(DatabaseUnavailable):
            client.run(lambda tx: (kill_others(conn), tx.create(*JOB)))
        client.create(*JOB)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork: run it on Linux or macOS")
    def test_a_forked_process_has_connections_of_its_own(
        self, conn: Connection, client: Client
    ) -> None:
        with client.transaction() as tx:
            mine = tx.raw
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            with client.transaction() as tx:
                os._exit(0 if tx.raw is not mine and tx.create(*JOB).created else 1)
        assert os.waitpid(child, 0)[1] == 0
        with client.transaction() as tx:
            assert tx.raw is mine
        assert count(conn) == 0, "the child has not committed"


@pytest.mark.parametrize("attempt", [-(2**63), -1, 0])
def test_no_attempt_is_too_small_to_be_refused(
    conn: Connection, connect: Callable[..., Connection], attempt: int
) -> None:
    task_id = new(conn, "Q")
    own = connect(autocommit=False)
    for start in (
        lambda: calls.processing(own, task_id, attempt),
        lambda: calls.receive(own, task_id, attempt, "Q"),
    ):
        with refused(own, StaleAttempt):
            start()
