"""The life of tasks through accounts of the three roles, beside another tenant's tasks: what each
call answered and left behind, so that lives under hostile settings are compared with a plain one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from scheduled import scheduling, timeless
from tasks_of_lives import FAILURES, KEPT, OURS, PAYLOAD, THEIRS, create, import_some
from testing import call, empty, execute, query

from qtask_db import Connection, NewTask, calls
from qtask_db.errors import QtaskError
from qtask_db.models import AttemptEnd, Batch

RESERVED = {"task_id": 1}
TOO_LONG = "(1969)"
"""How the error of a call ends that was killed: it may have done its work all the same."""
Outcome = Any


class Life:
    """The calls of one life, each on tasks of its own."""

    def __init__(self, root: Connection, sessions: Mapping[str, Connection]) -> None:
        self.root = root
        self.app, self.relay, self.operator = (
            sessions[role] for role in ("app", "relay", "operator")
        )
        self.batch = Batch(None, [], None)
        self._labels: dict[int, str] = {}

    def live(self) -> dict[str, Outcome]:
        """The answer of each call, and the rows at the end."""
        empty(self.root)
        create(self.root, THEIRS, "V")
        self._labels = {task_id: name for name, task_id in self._ours().items()}
        theirs = self._theirs()
        told = {name: self._outcome(step) for name, step in STEPS.items()}
        assert self._theirs() == theirs, "another tenant's rows have changed"
        return {**told, "rows": self._rows(), "queues": self._queues()}

    def id(self, label: str) -> int:
        """Of the task with this order number."""
        return next(task_id for task_id, found in self._labels.items() if found == label)

    def label(self, task_id: int) -> str:
        """A name for a task: its order number, or which new one it is."""
        return self._labels.setdefault(task_id, f"new {len(self._labels)}")

    def _ours(self) -> dict[str, int]:
        ids = create(self.root, OURS, "Q")
        due = [
            NewTask("job", {"n": n}, 3600, queue, namespace=OURS, delay=0, order_no=f"due {n}")
            for n, queue in enumerate(["S", "S", "S", "HELD", "S", "D", "D"])
        ]
        made = calls.create_many(self.root, due)
        ids |= {f"due {n}": task.task_id for n, task in enumerate(made)}
        late = f"deadline_at = created_at - INTERVAL 1 HOUR WHERE task_id = {ids['due 4']}"
        execute(self.root, f"UPDATE qtask_task SET {late}")
        earlier = (
            "due_at = created_at - INTERVAL RIGHT(order_no, 1) MINUTE WHERE order_no LIKE 'due _'"
        )
        execute(self.root, f"UPDATE qtask_task SET {earlier}")
        return ids

    def _outcome(self, step: Callable[[Life], Outcome]) -> Outcome:
        before = self._content()
        try:
            answer = step(self)
        except QtaskError as error:
            answer = f"{type(error).__name__}: {error}"
            self._end("ROLLBACK")
            if not answer.endswith(TOO_LONG):
                assert self._content() == before, f"refused, and has changed something: {answer}"
        self._end("COMMIT")
        return answer

    def _end(self, how: str) -> None:
        """Of transactions that a session without autocommit has open."""
        for conn in (self.app, self.relay, self.operator):
            execute(conn, f"{how} AND NO CHAIN NO RELEASE")

    def _content(self) -> list[Any]:
        tables = "qtask_task, qtask_attempt, qtask_batch, qtask_queue, qtask_schedule"
        return query(self.root, f"CHECKSUM TABLE {tables}")

    def _theirs(self) -> list[Any]:
        return query(
            self.root,
            "SELECT task.*, queue.* FROM qtask_task AS task "
            "JOIN qtask_queue AS queue USING (queue_id) "
            f"WHERE namespace = '{THEIRS}' ORDER BY task_id",
        )

    def _rows(self) -> list[tuple[Any, ...]]:
        rows = query(
            self.root,
            "SELECT task_id, namespace, queue, name, payload, order_no, order_key, status, "
            "SIGN(lane), lane IN (0, queue_id, -queue_id), attempts, attempts_before, max_count, "
            "interval_seconds, delete_deadline, SIGN(batch_id), "
            "TIMESTAMPDIFF(MINUTE, created_at, due_at), "
            "TIMESTAMPDIFF(MINUTE, created_at, deadline_at), last_error, on_failure "
            "FROM qtask_task LEFT JOIN qtask_queue USING (queue_id) ORDER BY task_id",
        )
        return [(self._labels.get(task_id, "?"), *map(timeless, rest)) for task_id, *rest in rows]

    def _queues(self) -> list[tuple[Any, ...]]:
        statement = "SELECT namespace, queue, queue_id > 0, paused_at IS NULL FROM qtask_queue"
        return sorted(query(self.root, statement))


def _made(life: Life, *tasks: Any) -> Outcome:
    return [(life.label(task.task_id), task.created) for task in tasks]


def _create_one(life: Life, queue: str, order_no: str) -> Outcome:
    options: dict[str, Any] = {
        "namespace": OURS, "order_no": order_no, "max_count": 3, "on_failure": FAILURES
    }  # fmt: skip
    return _made(life, calls.create(life.app, "job", PAYLOAD, 3600, queue, **options))


def _delay_one(life: Life, order_no: str | None) -> Outcome:
    given = ("job", PAYLOAD, 7200, 3600, "Q")
    return _made(life, calls.delay(life.app, *given, namespace=OURS, order_no=order_no))


def _quiet(life: Life, verb: str, *delay: int) -> Outcome:
    given = ("job", json.dumps(PAYLOAD), *delay, 3600, "Q")
    task_id, created, *_ = call(life.app, verb, *given, options={"namespace": OURS})
    return [(life.label(task_id), created)]


def _bulk(life: Life) -> Outcome:
    tasks = [NewTask("job", {"n": n}, 3600, "Q", namespace=OURS, delay=7200) for n in range(3)]
    return _made(life, *calls.create_many(life.app, tasks))


def _bulk_by_rows(life: Life) -> Outcome:
    task = {"name": "job", "payload": PAYLOAD, "interval": 3600, "queue": "Q", "namespace": OURS}
    rows = call(life.app, "create_tasks", json.dumps([task | {"delay": 7200}] * 3))
    return [(life.label(int(task_id)), bool(int(created))) for task_id, created, _ in rows]


def _bulk_of_all_kinds(life: Life) -> Outcome:
    """New queues, duplicates of others and of each other."""
    tasks = [
        NewTask("job", {"n": n}, 3600, queue, namespace=OURS, delay=7200, order_no=order_no)
        for n, (queue, order_no) in enumerate(
            [("B1", "b"), ("B2", "b"), ("B1", "b"), ("Q", "duplicate"), ("B3", None), ("Q", "c")]
        )
    ]
    return _made(life, *calls.create_many(life.app, tasks))


def _reserved(life: Life) -> Outcome:
    call(life.app, "create_task", "job", json.dumps(RESERVED), 60, "Q")


def _reserved_in_bulk(life: Life) -> Outcome:
    bad = {"name": "job", "payload": RESERVED, "interval": 60, "queue": "Q"}
    call(life.app, "create_tasks", json.dumps([bad]))


def _committed(life: Life) -> Outcome:
    execute(life.app, "START TRANSACTION")
    made = _made(life, calls.create(life.app, "job", {}, 60, "T", namespace=OURS, order_no="t"))
    calls.finish(life.app, life.id("finish many"), 1)
    execute(life.app, "COMMIT AND NO CHAIN NO RELEASE")
    return made


def _rolled_back(life: Life) -> Outcome:
    execute(life.app, "START TRANSACTION")
    calls.create(life.app, "job", {}, 60, "T2", namespace=OURS)
    calls.create_many(life.app, [NewTask("job", {}, 60, "T3", namespace=OURS, order_no="x")])
    calls.finish(life.app, life.id("rolled back"), 1)
    execute(life.app, "ROLLBACK AND NO CHAIN NO RELEASE")


def _start_many(life: Life) -> Outcome:
    wanted = [(life.id(f"start many {n}"), 1) for n in (1, 2)]
    found = calls.processing_many(life.app, [*wanted, (life.id("start"), 7)])
    return sorted((life.label(one.task_id), one.attempt) for one in found)


def _finish_many(life: Life) -> Outcome:
    found = calls.finish_many(life.app, [(life.id("start many 1"), 1), (life.id("cancel"), 1)])
    return [(life.label(one.task_id), one.number) for one in found]


def _end_many(life: Life) -> Outcome:
    first, second, third = (life.id(each) for each in ("end many 1", "end many 2", "cancel"))
    rejected = AttemptEnd(first, 1, "reject", "it's declined", traceback="line\n1")
    others = AttemptEnd(second, 1, "snooze", delay=1800), AttemptEnd(third, 1, "fail")
    found = calls.end_many(life.app, "w", [rejected, *others])
    return sorted((life.label(one.task_id), str(one.number), str(one.status)) for one in found)


def _fail(life: Life, label: str) -> Outcome:
    return calls.fail(life.app, life.id(label), 1, "it's broken", 1800)


def _scan(life: Life) -> Outcome:
    """Queues have their turns in a random order; those that a scan gives back are due at once."""
    life.batch = calls.scan(life.relay, "r", namespace=OURS, held=["HELD"])
    return _messages(life, lambda message: message.queue)


def _scan_again(life: Life) -> Outcome:
    life.batch = calls.scan(life.relay, "r", namespace=OURS, held=["HELD"])
    return _messages(life, lambda message: message.task_id)


def _messages(life: Life, order: Callable[[Any], Any]) -> Outcome:
    found = sorted(life.batch.messages, key=order)
    return [(life.label(one.task_id), one.attempt, timeless(one.payload)) for one in found]


def _take(life: Life) -> Outcome:
    taken = calls.take(life.app, "w", ["D", "S", "NONE"], 9, 0.01, namespace=OURS)
    started = [
        (life.label(one.task_id), one.attempt, timeless(one.payload)) for one in taken.started
    ]
    return [started, sorted(taken.redis)]


def _read(life: Life) -> Outcome:
    found = calls.list_tasks(life.operator, namespace=OURS, limit=7)
    (one,) = calls.list_tasks(life.operator, namespace=OURS, order_no="listed")
    told = calls.explain(life.operator, life.id("listed")).text.replace(f"{one.task_id}", "ID")
    details = [calls.read_task(life.operator, life.id(f"end many {n}")) for n in (1, 2)]
    history = [(a.outcome, a.worker, a.error, a.traceback) for t in details for a in t.attempts]
    listed = [life.label(each.task_id) for each in found]
    return [listed, life.label(one.task_id), told[:70], history]


def _select(life: Life) -> Outcome:
    found = calls.select_tasks(life.operator, queue="Q", namespace=OURS, age=0, error="it's")
    return [(life.label(one.task_id), one.status, one.last_error) for one in found.tasks]


def _change(life: Life) -> Outcome:
    found = calls.change_tasks(life.operator, "reject", [life.id("listed"), life.id("purged")])
    return [found.changed, [(life.label(one.task_id), one.number) for one in found.skipped]]


def _report(life: Life) -> Outcome:
    calls.report_process(life.app, PAYLOAD["text"], "worker", uptime=60, queues=[PAYLOAD["text"]])
    return [(one.name, one.state, one.queues) for one in calls.list_processes(life.operator)]


def _views(life: Life) -> Outcome:
    views = [view(life.operator) for view in (calls.stats, calls.depth, calls.audit)]
    return [sorted((one.namespace, one.queue, one.waiting) for one in view) for view in views]


# Each makes one call that writes, or several in one transaction: else a step that is refused might
# have changed something by an earlier call.
STEPS: dict[str, Callable[[Life], Outcome]] = {
    "create_task of a new queue": lambda life: _create_one(life, "NEW", "single"),
    "create_task of its duplicate": lambda life: _create_one(life, "NEW", "single"),
    "create_task of a duplicate": lambda life: _create_one(life, "Q", "duplicate"),
    "delay_task": lambda life: _delay_one(life, None),
    "delay_task of a duplicate": lambda life: _delay_one(life, "duplicate"),
    "create_task_quiet": lambda life: _quiet(life, "create_task_quiet"),
    "delay_task_quiet": lambda life: _quiet(life, "delay_task_quiet", 7200),
    "create_tasks": _bulk_by_rows,
    "create_task_ranges": _bulk,
    "create_task_ranges of all kinds": _bulk_of_all_kinds,
    "create_task with a reserved key": _reserved,
    "create_tasks with a reserved key": _reserved_in_bulk,
    "a transaction": _committed,
    "a transaction that is rolled back": _rolled_back,
    "start_task": lambda life: calls.processing(life.app, life.id("start"), 1),
    "start_task again": lambda life: calls.processing(life.app, life.id("start"), 1),
    "start_tasks": _start_many,
    "finish_task": lambda life: calls.finish(life.app, life.id("finish"), 1),
    "finish_task again": lambda life: calls.finish(life.app, life.id("finish"), 1),
    "finish_task_once": lambda life: calls.finish_once(life.app, life.id("finish once"), 1),
    "finish_tasks": _finish_many,
    "fail_task": lambda life: _fail(life, "fail"),
    "fail_task for the last time": lambda life: _fail(life, "fail last"),
    "reject_task": lambda life: calls.reject(life.app, life.id("reject"), 1, "it's declined"),
    "snooze_task": lambda life: calls.snooze(life.app, life.id("snooze"), 1, 1800, "not yet"),
    "end_attempts": _end_many,
    "extend_task": lambda life: calls.extend(life.app, life.id("extend"), 1, 1800),
    "return_tasks": lambda life: calls.return_many(life.app, [(life.id("return"), 1)]),
    "take_tasks of no direct queue": _take,
    "set_delivery": lambda life: calls.set_delivery(life.operator, "D", "direct", OURS),
    "take_tasks": _take,
    "take_tasks again": _take,
    "next_due": lambda life: calls.next_due(life.relay, OURS),
    "scan_tasks": _scan,
    "release_batch": lambda life: calls.release(life.relay, life.batch.batch_id or 1, "r"),
    "scan_tasks again": _scan_again,
    "confirm_batch": lambda life: calls.confirm(life.relay, life.batch.batch_id or 1, "r"),
    "redrive_tasks": lambda life: calls.redrive(life.operator, queue="S", namespace=OURS),
    "cancel_task": lambda life: calls.cancel(life.operator, life.id("cancel")),
    "retry_task": lambda life: calls.retry(life.operator, life.id("retry")),
    "pause_queue": lambda life: calls.pause(life.operator, "P", OURS),
    "resume_queue": lambda life: calls.resume(life.operator, "P", OURS),
    **scheduling(OURS),
    "list_tasks": _read,
    "select_tasks": _select,
    "change_tasks": _change,
    "report_process": _report,
    "forget_process": lambda life: calls.forget_process(life.relay, "w"),
    "views": _views,
    "reserve_ids": lambda life: calls.reserve_ids(life.operator, life.id("start") + KEPT),
    "import_tasks": import_some,
    "expire_tasks": lambda life: calls.expire(life.relay),
    "purge_tasks": lambda life: calls.purge(life.relay),
}
