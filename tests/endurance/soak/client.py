"""One connection that does whatever it likes to tasks that all others work on, too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, MutableSequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.constants import Status
from qtask_db.dialects.mysql.driver import MySQL, rows_of
from qtask_db.errors import (
    Conflict,
    ProcedureError,
    QtaskError,
    QueueInUse,
    QueueNotFound,
    TaskNotFound,
)

from . import deadlocks
from .record import Record

ORDERS = 30
QUEUES = 3
NEW_QUEUE = 4.0  # seconds; then all connections meet one that nobody has registered
LEASE = 1
LASTING = 1_000_000  # attempts
_ATTEMPT_BITS = 20
VIEWS = {
    "task_list": "task_id",
    "due_backlog": "task_id",
    "failed_tasks": "task_id",
    "lapsed_tasks": "task_id",
    "unconfirmed_batches": "batch_id",
}


class Watched(MySQL):
    """The dialect, which remembers what the server has rolled back."""

    def __init__(self) -> None:
        self.rolled_back = 0
        self.deadlocks: dict[str, str] = {}

    def call(self, raw: Any, prefix: str, verb: str, *arguments: Any) -> Any:
        try:
            return super().call(raw, prefix, verb, *arguments)
        except Exception as error:
            if isinstance(self.translate(error), Conflict):
                self.rolled_back += 1
                text = rows_of(raw, "SHOW ENGINE INNODB STATUS")[0][2]
                if found := deadlocks.latest(text):
                    self.deadlocks[found[0]] = found[1]
            raise


@dataclass
class Client:
    """`step` does one thing more."""

    database: Database
    random: Random
    tell: Callable[[Record], None]
    shared: MutableSequence[int]
    """Tasks with an attempt, which all connections read and write."""
    transactions: bool
    _conn: Connection = field(init=False)
    _watched: Watched = field(init=False, default_factory=Watched)
    _record: Record = field(init=False, default_factory=Record)
    _done: Record = field(init=False, default_factory=Record)
    """Of the transaction that is open."""
    _name: str = field(init=False)

    def __post_init__(self) -> None:
        opened = self.database.connect(autocommit=not self.transactions)
        self._conn = replace(opened, dialect=self._watched)
        self._name = f"relay {opened.raw.thread_id()}"
        if self.transactions and self.random.random() < 0.5:
            rows_of(opened.raw, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            self._conn.commit()

    def close(self) -> None:
        self._conn.close()

    def step(self) -> None:
        """One call with autocommit on, or one transaction of a few calls."""
        self._record, self._done, self._watched.deadlocks = Record(), Record(), {}
        committed = self._transaction() if self.transactions else self._alone()
        if committed:
            self._record.add(self._done)
        else:
            self._record.undone += [task_id for task_id, _ in self._done.created]
        self._record.deadlocks = self._watched.deadlocks
        self.tell(self._record)

    def _alone(self) -> bool:
        verb = self.random.choice(ALONE)
        self._watched.rolled_back = 0
        try:
            self._call(verb)
        except Conflict as error:
            self._record.violations.append(f"{verb} met a conflict: {error}")
        if again := self._watched.rolled_back:
            self._record.retries[verb] = self._record.most_retries = again
        return True

    def _transaction(self) -> bool:
        verbs = self.random.choices(JOINING, k=self.random.randint(2, 4))
        self._record.transactions = 1
        for number, verb in enumerate(verbs):
            try:
                self._call(verb)
            except Conflict:
                self._record.conflicts[", ".join(verbs[: number + 1])] += 1
                self._conn.rollback()
                return False
        committed = self.random.random() < 0.8
        (self._conn.commit if committed else self._conn.rollback)()
        return committed

    def _call(self, verb: str) -> None:
        """Raises Conflict. A refusal is not a fault; any other error is one."""
        began = time.monotonic()
        self._record.calls[verb] += 1
        try:
            getattr(self, f"_{verb}")()
        except ProcedureError:
            self._record.refused += 1
        except Conflict:
            raise
        except QtaskError as error:
            self._record.violations.append(f"{verb}: {type(error).__name__}: {error}")
        self._record.slowest = max(self._record.slowest, time.monotonic() - began)

    # -- what it knows -----------------------------------------------------------------------------

    def _some(self) -> tuple[int, int]:
        """A task and the attempt that it had, or will have."""
        known = self.random.choice(self.shared)
        return known >> _ATTEMPT_BITS, known & (1 << _ATTEMPT_BITS) - 1

    def _few(self) -> list[tuple[int, int | None]]:
        """In random order, with an attempt or without."""
        found = dict(self._some() for _ in range(self.random.randint(2, 12)))
        return [(t, a if self.random.random() < 0.5 else None) for t, a in found.items() if t]

    def _show(self, task_id: int, attempt: int) -> None:
        place = self.random.randrange(len(self.shared))
        self.shared[place] = task_id << _ATTEMPT_BITS | attempt

    # -- the verbs of applications and consumers ---------------------------------------------------

    def _new(self, number: int | None) -> NewTask:
        """A task whose delays and deadlines are seconds, so that everything happens in time."""
        random = self.random
        queue = f"Q{random.randrange(QUEUES)}"
        if random.random() < 0.05:
            queue = f"NEW{time.time() // NEW_QUEUE:.0f}"
        return NewTask(
            "job", {}, random.randint(1, 2), queue,
            delay=random.choice([None, 0, 1]),
            order_no=None if number is None else f"{number:03}",
            namespace=random.choice([None, None, None, "other"]),
            deadline=random.choice([None, None, None, 2]),
            delete_deadline=1,
            max_count=random.choice([LASTING, LASTING, LASTING, 2]),
        )  # fmt: skip

    def _created(self, task: NewTask, task_id: int, created: bool) -> None:
        if created:
            lasts = task.deadline is None and task.max_count == LASTING
            self._done.created.append((task_id, lasts))
        self._show(task_id, 1)

    def _create(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=None)
        options = task.as_element("{}")
        made = calls.create(self._conn, **options)
        self._created(task, made.task_id, made.created)

    def _delay(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=self.random.randint(0, 1))
        made = calls.delay(self._conn, **task.as_element("{}"))
        self._created(task, made.task_id, made.created)

    def _create_quietly(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=None)
        self._call_quietly("create_task_quiet", task)

    def _delay_quietly(self) -> None:
        task = replace(self._new(self.random.randrange(ORDERS)), delay=self.random.randint(0, 1))
        self._call_quietly("delay_task_quiet", task, task.delay)

    def _call_quietly(self, verb: str, task: NewTask, *delay: int | None) -> None:
        options = task.as_element("{}")
        given = [options.pop(name) for name in ("name", "payload", "interval", "queue")]
        options.pop("delay", None)
        (task_id, created, *_), _ = self._conn.call(
            verb, *given[:2], *delay, *given[2:], options=options
        )
        self._created(task, int(task_id), bool(created))

    def _create_many(self) -> None:
        tasks = self._several()
        for task, made in zip(tasks, calls.create_many(self._conn, tasks), strict=True):
            self._created(task, made.task_id, made.created)

    def _create_tasks(self) -> None:
        """As other languages call it."""
        tasks = self._several()
        elements = json.dumps([task.as_element("{}") for task in tasks])
        _, rows = self._conn.call("create_tasks", elements)
        for task, (task_id, created, _) in zip(tasks, rows, strict=True):
            self._created(task, int(task_id), bool(created))

    def _several(self) -> list[NewTask]:
        """In the order of their numbers, in the opposite one, or in none."""
        numbers = self.random.sample(range(ORDERS), 8)
        ordered = [sorted(numbers), sorted(numbers, reverse=True), numbers]
        tasks = [self._new(number) for number in self.random.choice(ordered)]
        tasks.insert(self.random.randrange(8), self._new(None))
        return tasks

    def _processing(self) -> None:
        task_id, attempt = self._some()
        announced = attempt if self.random.random() < 0.7 else None
        self._started(task_id, calls.processing(self._conn, task_id, announced))

    def _processing_many(self) -> None:
        for started in calls.processing_many(self._conn, self._few()):
            self._started(started.task_id, started.attempt)

    def _start_tasks(self) -> None:
        """As other languages call it, in any order."""
        _, rows = self._conn.call("start_tasks", _elements(self._few()))
        for task_id, attempt, _ in rows:
            self._started(task_id, attempt)

    def _receive(self) -> None:
        task_id, attempt = self._some()
        announced = attempt if self.random.random() < 0.7 else None
        queue = f"Q{self.random.randrange(QUEUES)}"
        self._started(task_id, calls.receive(self._conn, task_id, announced, queue).attempt)

    def _receive_many(self) -> None:
        queues = [f"Q{n}" for n in range(QUEUES)]
        messages = [(*task, queue) for task in self._few() for queue in queues]
        for one in calls.receive_many(self._conn, messages).started:
            self._started(one.task_id, one.attempt)

    def _take(self) -> None:
        """Of all queues or one, waiting or not."""
        queues = [f"Q{n}" for n in range(QUEUES)]
        some = self.random.sample(queues, self.random.randint(1, QUEUES))
        wait = self.random.choice([0, 0, 0.05, 0.5])
        limit = self.random.choice([1, 5, 20])
        for one in calls.take(self._conn, self._name, some, limit, wait).started:
            self._started(one.task_id, one.attempt)

    def _started(self, task_id: int, attempt: int) -> None:
        self._done.started.append((task_id, attempt))
        self._show(task_id, attempt)

    def _finish(self) -> None:
        task_id, attempt = self._some()
        given = attempt if self.random.random() < 0.7 else None
        calls.finish(self._conn, task_id, given)
        self._done.finished.append((task_id, given))

    def _finish_once(self) -> None:
        task_id, attempt = self._some()
        calls.finish_once(self._conn, task_id, attempt)
        self._done.finished.append((task_id, attempt))

    def _finish_many(self) -> None:
        tasks = self._few()
        refused = {(r.task_id, r.attempt) for r in calls.finish_many(self._conn, tasks)}
        self._done.finished += [task for task in tasks if task not in refused]

    def _finish_tasks(self) -> None:
        tasks = self._few()
        _, rows = self._conn.call("finish_tasks", _elements(tasks))
        refused = {(task_id, attempt) for task_id, attempt, _ in rows}
        self._done.finished += [task for task in tasks if task not in refused]

    def _return_many(self) -> None:
        calls.return_many(self._conn, self._few())

    def _fail(self) -> None:
        task_id, attempt = self._some()
        if calls.fail(self._conn, task_id, attempt, "soaked", self.random.randint(0, 1)) is (
            Status.WAITING
        ):
            self._show(task_id, attempt + 1)

    def _extend(self) -> None:
        task_id, attempt = self._some()
        calls.extend(self._conn, task_id, attempt, self.random.randint(1, 2))

    def _explain(self) -> None:
        with suppress(TaskNotFound):
            calls.explain(self._conn, self._some()[0])

    # -- those of operators ------------------------------------------------------------------------

    def _cancel(self) -> None:
        task_id, _ = self._some()
        calls.cancel(self._conn, task_id)
        self._done.cancelled.append(task_id)

    def _retry(self) -> None:
        task_id, attempt = self._some()
        calls.retry(self._conn, task_id)
        self._done.retried.append(task_id)
        self._show(task_id, attempt + 1)

    def _pause(self) -> None:
        calls.pause(self._conn, f"Q{self.random.randrange(QUEUES)}")

    def _deliver(self) -> None:
        calls.set_delivery(
            self._conn,
            f"Q{self.random.randrange(QUEUES)}",
            self.random.choice(["direct", "redis"]),
            self.random.choice([None, None, "other"]),
        )

    def _resume(self) -> None:
        for number in range(QUEUES):
            calls.resume(self._conn, f"Q{number}")

    def _remove_queue(self) -> None:
        with suppress(QueueInUse, QueueNotFound):
            calls.remove_queue(self._conn, f"Q{self.random.randrange(QUEUES)}")

    def _remove_idle_queues(self) -> None:
        calls.remove_idle_queues(self._conn, 86400)

    def _redrive(self) -> None:
        calls.redrive(self._conn, self.random.choice([None, "Q0", "Q1"]), limit=20)

    def _list_tasks(self) -> None:
        order_no = f"{self.random.randrange(ORDERS):03}"
        calls.list_tasks(self._conn, order_no=self.random.choice([None, order_no]), limit=20)

    def _views(self) -> None:
        views: list[Callable[[Any], object]] = [calls.stats, calls.audit]
        self.random.choice(views)(self._conn)
        view, column = self.random.choice(list(VIEWS.items()))
        self._conn.select(view, [column])

    # -- those of relays and maintenance -----------------------------------------------------------

    def _scan(self) -> None:
        held = ["Q2"] if self.random.random() < 0.1 else []
        batch = calls.scan(self._conn, self._name, limit=20, lease=LEASE, held=held)
        for message in batch.messages:
            self._show(message.task_id, message.attempt)
        if batch.batch_id is not None and self.random.random() < 0.9:
            end = self.random.choice([calls.confirm, calls.confirm, calls.release])
            self._record.calls[end.__name__] += 1
            end(self._conn, batch.batch_id, self._name)

    def _next_due(self) -> None:
        calls.next_due(self._conn)

    def _expire(self) -> None:
        self._done.expired += calls.expire(self._conn, 20)

    def _purge(self) -> None:
        self._done.purged += calls.purge(self._conn, 50)


def _elements(tasks: list[tuple[int, int | None]]) -> str:
    given = ({"task_id": t} if a is None else {"task_id": t, "attempt": a} for t, a in tasks)
    return json.dumps(list(given))


_JOINING = {
    "create": 5, "create_quietly": 1, "delay": 2, "delay_quietly": 1, "create_many": 4,
    "create_tasks": 2, "processing": 6, "processing_many": 3, "start_tasks": 3, "receive": 3,
    "receive_many": 3, "finish": 5, "finish_once": 2,
    "finish_many": 2, "finish_tasks": 2, "return_many": 1, "fail": 3, "extend": 3, "cancel": 2,
    "retry": 3, "pause": 1, "deliver": 2, "resume": 2, "explain": 1, "list_tasks": 1, "next_due": 1,
    "views": 1,
}  # fmt: skip
_COMMITTING = {
    "scan": 8, "take": 8, "redrive": 2, "expire": 2, "purge": 4, "remove_queue": 1,
    "remove_idle_queues": 1,
}  # fmt: skip
JOINING = [verb for verb, weight in _JOINING.items() for _ in range(weight)]
ALONE = JOINING + [verb for verb, weight in _COMMITTING.items() for _ in range(weight)]
