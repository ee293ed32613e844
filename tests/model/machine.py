"""Drives the model and the real procedures with the same random calls and compares after each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from contract.inputs import HOSTILE, REFUSED
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from testing import (
    age,
    age_batches,
    call,
    earlier,
    empty,
    execute,
    forget_low_ends,
    query,
    rest_queues,
)

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import (
    InvalidArgument,
    QtaskError,
    QueueNotDirect,
    TransactionOpen,
    WrongQueue,
)
from qtask_db.models import Taken

from .model import Model
from .verbs.tables import ACTIVE, ENDED, FAILED, PARKED

UNIT = 1_000
"""Seconds of the model are counted in these, so that the time an example takes does not matter."""
GRACE = UNIT // 2
SMEAR = 0.3 * UNIT
LONG = (DEFAULT["deadline"] // UNIT + 1) * UNIT
NOBODY = 10**17
NONE = 10**6

units = st.integers(0, 4).map(lambda n: n * UNIT)
some_units = st.integers(1, 3).map(lambda n: n * UNIT)
# Mostly one of the last, so that much happens to each.
which = st.sampled_from((0, 1, 2, 3) * 4 + (4, 5, 6, 7, 8, NONE))
LIFE = (
    *("start",) * 3, "lapse", *("queue again", "park", "fail", "extend") * 2, "finish",
    "finish once", "cancel", "retry", "release", "take",
)  # fmt: skip
attempts = st.sampled_from(
    ("next", "same", "next", "same", "same", None, 0, 1, 2, -1, 2**31, 2**62)
)
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=LIMIT["name"]),
).filter(lambda text: text.strip(" ") == text)
queues = st.sampled_from(("A", "it's; -- \\ %s \N{GRINNING FACE}"))
helds = st.lists(queues, max_size=2, unique=True)
namespaces = st.sampled_from((None,) * 6 + ("default", "other"))
options = st.fixed_dictionaries(
    {},
    optional={
        "order_no": st.sampled_from(("1", "2", "\N{SNOWMAN}'\"\\")),
        "namespace": namespaces,
        "deadline": some_units,
        "delete_deadline": units,
        "max_count": st.integers(1, 2),
    },
)
payloads = st.dictionaries(texts, st.one_of(texts, st.integers(), st.none()), max_size=2).map(
    lambda found: json.dumps(found, ensure_ascii=False)
)
NUMBERS: dict[str, list[None]] = {
    "start_task": [None], "finish_task": [None], "finish_task_once": [None],
    "extend_task": [None, None], "cancel_task": [], "retry_task": [None],
}  # fmt: skip
"""Verbs of numbers alone, and what they take besides the task."""
BAD_NUMBERS = (None, 2**63, -(2**63) - 1, 2**70, "many", "1; DROP TABLE qtask_task")

hostile_texts = st.tuples(st.just("text"), st.sampled_from(("name", "queue", "order_no")), texts)
refused_creations = st.tuples(
    st.just("creation"), st.sampled_from(("create", "delay", "create_many")),
    st.integers(0, len(REFUSED) - 1),
)  # fmt: skip
bad_numbers = st.tuples(
    st.just("number"), st.sampled_from(sorted(NUMBERS)), st.integers(0, 2),
    st.sampled_from(BAD_NUMBERS),
)  # fmt: skip


class Machine(RuleBasedStateMachine):
    """One example: an empty schema, then calls in a random order."""

    def __init__(self, conn: Connection) -> None:
        super().__init__()
        self.conn = conn
        self.model = Model(GRACE)
        self.saved: list[Model] = []
        """As it was at the begin of the transaction and at its savepoint."""
        self.batch_ids: list[tuple[int, str]] = [(NOBODY, "r1")]

    @initialize(
        given=st.lists(
            st.tuples(payloads, some_units, queues, units, options), min_size=2, max_size=4
        )
    )
    def begin_with_some(self, given: list[tuple[Any, ...]]) -> None:
        self.conn.set_autocommit(True)
        empty(self.conn)
        self.create_many(given)

    def teardown(self) -> None:
        self.conn.rollback()
        self.conn.set_autocommit(True)

    # -- applications ------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(("x", "y")), payload=payloads, interval=some_units, queue=queues,
        delay=st.one_of(st.none(), units), given=options,
    )  # fmt: skip
    def create(
        self,
        name: str,
        payload: str,
        interval: int,
        queue: str,
        delay: int | None,
        given: dict[str, Any],
    ) -> None:
        if delay is None:
            task = calls.create(self.conn, name, payload, interval, queue, **given)
        else:
            task = calls.delay(self.conn, name, payload, delay, interval, queue, **given)
        found = (task.task_id, task.created, task.pushable)
        assert found == self.model.create(found[0], name, payload, interval, queue, delay, **given)

    @rule(
        given=st.lists(
            st.tuples(payloads, some_units, queues, st.one_of(st.none(), units), options),
            min_size=1, max_size=4,
        )
    )  # fmt: skip
    def create_many(self, given: list[tuple[Any, ...]]) -> None:
        made = calls.create_many(
            self.conn, [NewTask("x", *one[:3], delay=one[3], **one[4]) for one in given]
        )
        for task, (payload, interval, queue, delay, chosen) in zip(made, given, strict=True):
            expected = self.model.create(
                task.task_id, "x", payload, interval, queue, delay, **chosen
            )
            assert (task.task_id, task.created, task.pushable) == expected

    # -- consumers ---------------------------------------------------------------------------------

    @rule(task=which, attempt=attempts)
    def start(self, task: int, attempt: Any) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.processing(self.conn, task_id, number),
            lambda: self.model.start(task_id, number),
        )
        self._last([task_id])

    @rule(task=which)
    def start_next(self, task: int) -> None:
        self.start(task=task, attempt="next")

    @rule(task=which, attempt=attempts)
    def finish(self, task: int, attempt: Any) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.finish(self.conn, task_id, number),
            lambda: self.model.finish(task_id, number),
        )

    @rule(task=which, attempt=attempts)
    def finish_once(self, task: int, attempt: Any) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.finish_once(self.conn, task_id, number),
            lambda: self.model.finish_once(task_id, number),
        )

    @rule(
        task=which, attempt=attempts, error=st.one_of(st.none(), texts, st.just("x" * 3000)),
        delay=st.one_of(st.none(), units),
    )  # fmt: skip
    def fail(self, task: int, attempt: Any, error: str | None, delay: int | None) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.fail(self.conn, task_id, number, error, delay),
            lambda: self.model.fail(task_id, number, error, delay),
        )

    @rule(task=which, attempt=attempts, seconds=st.one_of(st.none(), some_units))
    def extend(self, task: int, attempt: Any, seconds: int | None) -> None:
        task_id, number = self._task(task, attempt)
        self._same(
            lambda: calls.extend(self.conn, task_id, number, seconds),
            lambda: self.model.extend(task_id, number, seconds),
        )

    @rule(given=st.dictionaries(which, st.sampled_from(("next", "same", None)), max_size=5))
    def start_many(self, given: dict[int, Any]) -> None:
        pairs = self._pairs(given)
        started = calls.processing_many(self.conn, pairs)
        expected = self.model.each(self.model.start, pairs)
        assert {one.task_id: one.attempt for one in started} == {
            task_id: attempt for task_id, attempt in expected.items() if isinstance(attempt, int)
        }
        for one in started:
            assert one.interval == self.model.tasks[one.task_id].interval
        self._last([one.task_id for one in started])

    @rule(task=which, attempt=attempts, queue=queues)
    def receive(self, task: int, attempt: Any, queue: str) -> None:
        task_id, number = self._task(task, attempt)

        def really() -> tuple[int, str]:
            received = calls.receive(self.conn, task_id, number, queue)
            return received.attempt, received.payload

        self._same(really, lambda: self.model.receive(task_id, number, queue))
        self._last([task_id])

    @rule(
        given=st.dictionaries(which, st.sampled_from(("next", "same", None)), max_size=5),
        queue=queues,
    )
    def receive_many(self, given: dict[int, Any], queue: str) -> None:
        pairs = self._pairs(given)
        reception = calls.receive_many(self.conn, [(*pair, queue) for pair in pairs])
        expected = self.model.each(lambda *pair: self.model.receive(*pair, queue), pairs)
        assert {one.task_id: (one.attempt, one.payload) for one in reception.started} == {
            task_id: result for task_id, result in expected.items() if isinstance(result, tuple)
        }
        wrong = {task_id for task_id, error in expected.items() if error is WrongQueue}
        assert {task_id for task_id, _, _ in reception.wrong} == wrong
        for one in reception.started:
            assert one.lapses == self.model.tasks[one.task_id].lapses
        self._last([one.task_id for one in reception.started])

    @rule(
        names=st.lists(queues, min_size=1, max_size=3), limit=st.sampled_from((1, 2, 3, 100)),
        namespace=namespaces, wait=st.sampled_from((0, 0, 0.003)),
    )  # fmt: skip
    def take(self, names: list[str], limit: int, namespace: str | None, wait: float) -> None:
        def really() -> Taken:
            return calls.take(self.conn, "w", names, limit, wait, namespace)

        if self._refused_in_transaction(really):
            return
        try:
            taken = really()
        except QueueNotDirect:
            with pytest.raises(QueueNotDirect):
                self.model.take(names, limit, namespace, set())
            return
        forget_low_ends(self.conn)
        touched = self._touched(None) | {one.task_id for one in taken.started}
        started, redis = self.model.take(names, limit, namespace, touched)
        found = sorted((one.task_id, one.attempt, one.payload) for one in taken.started)
        assert found == sorted(started)
        assert sorted(taken.redis) == sorted(redis)
        for one in taken.started:
            task = self.model.tasks[one.task_id]
            assert (one.queue, one.interval, one.lapses) == (
                task.queue[1], task.interval, task.lapses
            )  # fmt: skip
        places = [names.index(one.queue) for one in taken.started]
        assert places == sorted(places)
        self._last([one.task_id for one in taken.started])

    @rule(given=st.dictionaries(which, st.sampled_from(("same", "next", None)), max_size=5))
    def finish_many(self, given: dict[int, Any]) -> None:
        pairs = self._pairs(given)
        refused = {one.task_id: one.number for one in calls.finish_many(self.conn, pairs)}
        expected = self.model.each(self.model.finish, pairs)
        assert refused == {i: error.number for i, error in expected.items() if error is not None}

    @rule(given=st.dictionaries(which, st.sampled_from(("same", "next", None)), max_size=5))
    def return_many(self, given: dict[int, Any]) -> None:
        pairs = self._pairs(given)
        returned = calls.return_many(self.conn, pairs)
        expected = self.model.each(self.model.give_back, pairs)
        assert returned == sum(error is None for error in expected.values())

    # -- operators ---------------------------------------------------------------------------------

    @rule(task=which)
    def cancel(self, task: int) -> None:
        task_id, _ = self._task(task, None)
        self._same(lambda: calls.cancel(self.conn, task_id), lambda: self.model.cancel(task_id))

    @rule(task=which, deadline=st.one_of(st.none(), some_units))
    def retry(self, task: int, deadline: int | None) -> None:
        task_id, _ = self._task(task, None)
        self._same(
            lambda: calls.retry(self.conn, task_id, deadline),
            lambda: self.model.retry(task_id, deadline),
        )

    @rule(queue=queues, namespace=namespaces, paused=st.booleans())
    def pause_or_resume(self, queue: str, namespace: str | None, paused: bool) -> None:
        (calls.pause if paused else calls.resume)(self.conn, queue, namespace)
        self.model.pause(queue, namespace, paused)

    @rule(queue=queues, namespace=namespaces, direct=st.sampled_from((True, True, False)))
    def deliver(self, queue: str, namespace: str | None, direct: bool) -> None:
        calls.set_delivery(self.conn, queue, "direct" if direct else "redis", namespace)
        self.model.deliver(queue, namespace, direct=direct)

    @rule(queue=queues, namespace=namespaces)
    def remove_queue(self, queue: str, namespace: str | None) -> None:
        act = lambda: calls.remove_queue(self.conn, queue, namespace)  # noqa: E731
        if not self._refused_in_transaction(act):
            self._same(act, lambda: self.model.remove(queue, namespace))

    @rule(days=st.sampled_from((1, 2)))
    def remove_idle_queues(self, days: int) -> None:
        act = lambda: calls.remove_idle_queues(self.conn, 86400 * days)  # noqa: E731
        if not self._refused_in_transaction(act):
            self._same(act, lambda: self.model.remove_idle(86400 * days))

    # -- hostile arguments -------------------------------------------------------------------------

    @rule(case=st.one_of(hostile_texts, refused_creations, bad_numbers))
    def hostile(self, case: tuple[Any, ...]) -> None:
        getattr(self, f"_{case[0]}")(*case[1:])

    def _text(self, field: str, text: str) -> None:
        """Stored as it is."""
        if len(text) <= LIMIT[field]:
            given = {"name": "x", "queue": "A", "order_no": "1", field: text}
            task = calls.create(self.conn, payload="{}", interval=UNIT, **given)
            found = (task.task_id, task.created, task.pushable)
            assert found == self.model.create(found[0], payload="{}", interval=UNIT, **given)

    def _creation(self, way: str, number: int) -> None:
        field, value, error, _ = REFUSED[number]
        given: dict[str, Any] = {"name": "x", "payload": "{}", "interval": UNIT, "queue": "A"}
        given[field] = value
        if way == "delay":
            given["delay"] = 0
        if way == "create_many":
            good = NewTask("x", "{}", UNIT, "A")
            self._refused(error, lambda: calls.create_many(self.conn, [good, NewTask(**given)]))
        else:
            self._refused(error, lambda: getattr(calls, way)(self.conn, **given))

    def _number(self, verb: str, place: int, bad: Any) -> None:
        arguments: list[Any] = [NOBODY, *NUMBERS[verb]]
        arguments[place % len(arguments)] = bad
        if arguments[0] is None or bad is not None:
            self._refused(InvalidArgument, lambda: call(self.conn, verb, *arguments))

    # -- relays and maintenance --------------------------------------------------------------------

    @rule(
        relay=st.sampled_from(("r1", "r2")), limit=st.sampled_from((1, 2, 3, 100, 100, 100)),
        lease=some_units, namespace=st.sampled_from((None, None, None, "other")),
        held=helds,
    )  # fmt: skip
    def scan(
        self, relay: str, limit: int, lease: int, namespace: str | None, held: list[str]
    ) -> None:
        if self._refused_in_transaction(lambda: calls.scan(self.conn, relay)):
            return
        batch = calls.scan(
            self.conn, relay, limit=limit, lease=lease, namespace=namespace, held=held
        )
        if batch.batch_id is not None:
            self.batch_ids.append((batch.batch_id, relay))
        handed, wait = self.model.scan(
            relay, limit, lease, namespace, held, batch.batch_id, self._touched(batch.batch_id)
        )
        forget_low_ends(self.conn)
        assert {m.task_id: m.attempt for m in batch.messages} == handed
        for message in batch.messages:
            task = self.model.tasks[message.task_id]
            assert (message.queue, message.payload) == (task.queue[1], task.payload)
        self._same_wait(batch.wait, wait)

    def _touched(self, batch_id: int | None) -> set[int]:
        """The tasks that the scan has claimed, failed or parked."""
        rows = query(
            self.conn, f"SELECT task_id, lane, status, batch_id FROM {self.conn.prefix}task"
        )
        touched = set()
        for task_id, lane, status, batch in rows:
            task = self.model.tasks[task_id]
            if (
                (batch_id is not None and batch == batch_id)
                or (status == FAILED and task.status is not FAILED)
                or (lane < 0 and task.lane == ACTIVE)
            ):
                touched.add(task_id)
        return touched

    @rule(namespace=st.sampled_from((None, "other")), held=helds)
    def next_due(self, namespace: str | None, held: list[str]) -> None:
        self._same_wait(
            calls.next_due(self.conn, namespace, held), self.model.next_due(namespace, held)
        )

    @rule(batch=which, wrong=st.sampled_from((False, False, False, True)), confirm=st.booleans())
    def end_batch(self, batch: int, wrong: bool, confirm: bool) -> None:
        batch_id, relay = self.batch_ids[-1 - batch % len(self.batch_ids)]
        relay = "somebody" if wrong else relay
        real, modelled = (
            (calls.confirm, self.model.confirm) if confirm else (calls.release, self.model.release)
        )
        if not self._refused_in_transaction(lambda: real(self.conn, batch_id, relay)):
            self._same(lambda: real(self.conn, batch_id, relay), lambda: modelled(batch_id, relay))

    @rule(limit=st.sampled_from((1, 100)))
    def purge(self, limit: int) -> None:
        if not self._refused_in_transaction(lambda: calls.purge(self.conn, limit)):
            deleted = calls.purge(self.conn, limit)
            forget_low_ends(self.conn)
            gone = self.model.tasks.keys() - {row[0] for row in self._rows()}
            assert deleted == self.model.purge(limit, gone)

    @rule(limit=st.sampled_from((1, 100)))
    def expire(self, limit: int) -> None:
        if not self._refused_in_transaction(lambda: calls.expire(self.conn, limit)):
            expired = calls.expire(self.conn, limit)
            assert expired == self.model.expire(limit, self._touched(None))

    # -- time and transactions ---------------------------------------------------------------------

    @precondition(lambda self: not self.saved)
    @rule(seconds=st.sampled_from((UNIT,) * 5 + (2 * UNIT, 5 * UNIT, LONG)))
    def let_time_pass(self, seconds: int) -> None:
        age(self.conn, seconds)
        age_batches(self.conn, seconds)
        rest_queues(self.conn, seconds)
        self.model.age(seconds)

    @precondition(lambda self: not self.saved)
    @rule(task=which, steps=st.lists(st.sampled_from(LIFE), min_size=6, max_size=16))
    def much_happens_to_one(self, task: int, steps: list[str]) -> None:
        task_id, _ = self._task(task, None)
        if task_id not in self.model.tasks:
            return
        number = len(self.model.tasks) - list(self.model.tasks).index(task_id) - 1
        for step in steps:
            found = self.model.tasks[task_id]
            if step in ("queue again", "park"):
                held = [found.queue[1]] if step == "park" else []
                self.let_time_pass(seconds=found.interval)
                self.scan(relay="r1", limit=100, lease=UNIT, namespace=None, held=held)
            elif step == "lapse":
                self.let_time_pass(seconds=8 * UNIT)
                for _ in range(DEFAULT["max_lapses"] - 2):
                    self.start(task=number, attempt="next")
            elif step == "take":
                namespace, queue = found.queue
                self.deliver(queue=queue, namespace=namespace, direct=True)
                self.let_time_pass(seconds=found.interval)
                self.take(names=[queue], limit=100, namespace=None, wait=0)
                self.deliver(queue=queue, namespace=namespace, direct=False)
            elif step == "start":
                self.start(task=number, attempt="next")
            elif step == "fail":
                self.fail(task=number, attempt="same", error=None, delay=0)
            elif step == "extend":
                self.extend(task=number, attempt="same", seconds=None)
            elif step in ("finish", "finish once"):
                finish = self.finish if step == "finish" else self.finish_once
                finish(task=number, attempt="same")
            elif step == "release":
                self.end_batch(batch=0, wrong=False, confirm=False)
            elif step == "retry":
                self.retry(task=number, deadline=None)
            else:
                self.cancel(task=number)
            self.the_tables_are_as_the_model_says()

    @precondition(lambda self: not self.saved)
    @rule()
    def begin(self) -> None:
        self.conn.set_autocommit(False)
        query(self.conn, f"SELECT COUNT(*) FROM {self.conn.prefix}task")
        self.saved = [copy.deepcopy(self.model)]
        # In Oracle no query opens a transaction.
        self.pause_or_resume(queue="A", namespace=None, paused=False)

    @precondition(lambda self: len(self.saved) == 1)
    @rule()
    def savepoint(self) -> None:
        execute(self.conn, "SAVEPOINT model")
        self.saved.append(copy.deepcopy(self.model))

    @precondition(lambda self: len(self.saved) == 2)
    @rule()
    def roll_back_to_savepoint(self) -> None:
        execute(self.conn, "ROLLBACK TO SAVEPOINT model")
        self.model = self.saved.pop()

    @precondition(lambda self: self.saved)
    @rule()
    def commit(self) -> None:
        self.conn.commit()
        self._end_transaction()

    @precondition(lambda self: self.saved)
    @rule()
    def roll_back(self) -> None:
        self.conn.rollback()
        self.model = self.saved[0]
        self._end_transaction()

    def _end_transaction(self) -> None:
        self.saved = []
        self.conn.set_autocommit(True)

    # -- comparing ---------------------------------------------------------------------------------

    @invariant()
    def the_tables_are_as_the_model_says(self) -> None:
        found = {row[0]: row[1:] for row in self._rows()}
        assert found.keys() == self.model.tasks.keys()
        for task_id, (
            namespace,
            queue,
            lane,
            created,
            deadline,
            due,
            batch,
            *rest,
        ) in found.items():
            task = self.model.tasks[task_id]
            assert (namespace, queue) == task.queue
            assert (ACTIVE if lane > 0 else PARKED if lane < 0 else ENDED) == task.lane
            assert (batch if batch and batch > 0 else None) == task.batch
            assert rest == [
                task.status, task.attempts, task.before, task.max_count, task.interval,
                task.delete_deadline, task.name, task.order_no, task.payload, task.error,
                task.lapses,
            ]  # fmt: skip
            for real, modelled in ((deadline, task.deadline), (due, task.due)):
                off = (real - created).total_seconds() - (modelled - task.created)
                assert -SMEAR < off < SMEAR, f"{off} s off"
        prefix = self.conn.prefix
        found = query(
            self.conn, f"SELECT namespace, queue, paused_at, removed_at, direct FROM {prefix}queue"
        )
        assert self.model.queues == {
            (where, name): paused is not None for where, name, paused, _, _ in found
        }
        assert self.model.removed.keys() == {
            (namespace, queue)
            for namespace, queue, _, removed_at, _ in found
            if removed_at is not None
        }
        assert self.model.direct == {
            (namespace, queue) for namespace, queue, _, _, direct in found if direct
        }
        batches = query(self.conn, f"SELECT batch_id, relay FROM {prefix}batch")
        assert {n: batch.relay for n, batch in self.model.batches.items()} == dict(batches)

    def _rows(self) -> list[tuple[Any, ...]]:
        prefix = self.conn.prefix
        return query(
            self.conn,
            "SELECT task.task_id, queue.namespace, queue.queue, task.lane, task.created_at, "
            "task.deadline_at, task.due_at, task.batch_id, task.status, task.attempts, "
            "task.attempts_before, task.max_count, task.interval_seconds, task.delete_deadline, "
            "task.name, task.order_no, task.payload, task.last_error, task.lapses "
            f"FROM {prefix}task task JOIN {prefix}queue queue ON queue.queue_id = task.queue_id",
        )

    def _task(self, number: int, attempt: Any) -> tuple[int, Any]:
        """One of the last tasks, or one that never was; and the attempt that is meant."""
        ids = [*self.model.tasks]
        task_id = ids[-1 - number % len(ids)] if number < NONE and ids else NOBODY
        known = self.model.tasks[task_id].attempts if task_id in self.model.tasks else 0
        return task_id, {"next": known + 1, "same": known}.get(attempt, attempt)

    def _last(self, ids: list[int]) -> None:
        """Those that have lapsed are due somewhere in the second half of the time that they may
        wait; lets it be at its end.
        """
        prefix = self.conn.prefix
        for task_id in ids:
            task = self.model.tasks.get(task_id)
            if task is None or not task.lapses or task.started != self.model.now:
                continue
            ((created, due),) = query(
                self.conn, f"SELECT created_at, due_at FROM {prefix}task WHERE task_id = {task_id}"
            )
            early = task.due - task.created - (due - created).total_seconds()
            assert -SMEAR < early < (task.due - self.model.now) / 2 + SMEAR
            later = earlier(self.conn, "due_at", -max(early, 0))
            execute(
                self.conn, f"UPDATE {prefix}task SET due_at = {later} WHERE task_id = {task_id}"
            )

    def _pairs(self, given: dict[int, Any]) -> list[tuple[int, int | None]]:
        return list(dict(self._task(n, attempt) for n, attempt in given.items()).items())

    def _same(self, real: Callable[[], Any], modelled: Callable[[], Any]) -> None:
        """Both return the same or raise the same."""
        results = []
        for act in (real, modelled):
            try:
                results.append(act())
            except QtaskError as error:
                results.append(type(error))
        assert results[0] == results[1]

    def _refused(self, error: type[QtaskError], act: Callable[[], Any]) -> None:
        with pytest.raises(error) as caught:
            act()
        assert type(caught.value) is error

    def _refused_in_transaction(self, act: Callable[[], Any]) -> bool:
        if self.saved:
            self._refused(TransactionOpen, act)
        return bool(self.saved)

    def _same_wait(self, real: float | None, modelled: float | None) -> None:
        if real is None or modelled is None:
            assert real == modelled
        else:
            assert abs(real - modelled) < SMEAR, f"{real} s, not {modelled}"
