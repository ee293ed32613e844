"""The verbs of operators, of relays and of maintenance."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qtask_db import ImportTask, Status, calls
from qtask_db.errors import QueueInUse, QueueNotFound, TaskNotFound

from .connection import QUEUES, Connected
from .creating import ORDERS

LEASE = 1
VIEWS = {
    "task_list": "task_id",
    "due_backlog": "task_id",
    "failed_tasks": "task_id",
    "lapsed_tasks": "task_id",
    "unconfirmed_batches": "batch_id",
    "process_list": "name",
}


class Operating(Connected):
    """On single tasks, on queues, and on all that is due."""

    # -- operators ---------------------------------------------------------------------------------

    def _explain(self) -> None:
        with suppress(TaskNotFound):
            calls.explain(self._conn, self._some()[0])

    def _read(self) -> None:
        with suppress(TaskNotFound):
            calls.read_task(self._conn, self._some()[0])

    def _cancel(self) -> None:
        task_id, _ = self._some()
        calls.cancel(self._conn, task_id)
        self._done.cancelled.append(task_id)

    def _retry(self) -> None:
        task_id, attempt = self._some()
        calls.retry(self._conn, task_id)
        self._done.retried.append(task_id)
        self._show(task_id, attempt + 1)

    def _change_tasks(self) -> None:
        task_ids = [task_id for task_id, _ in self._few()]
        action = self.random.choice(["cancel", "retry"])
        found = calls.change_tasks(self._conn, action, task_ids)
        left = {one.task_id for one in found.skipped}
        done = self._done.cancelled if action == "cancel" else self._done.retried
        done += [task_id for task_id in task_ids if task_id not in left]

    def _select_tasks(self) -> None:
        calls.select_tasks(self._conn, queue="Q0", age=0, limit=100)

    def _reserve_ids(self) -> None:
        calls.reserve_ids(self._conn, self._some()[0])

    def _import_tasks(self) -> None:
        """What is here already: the record knows of no other tasks."""
        ids = sorted({task_id for task_id, _ in self._few()})
        tasks = [ImportTask(task_id, "another", "Q0", Status.WAITING) for task_id in ids]
        found = calls.import_tasks(self._conn, tasks)
        assert {one.outcome for one in found} <= {"refused"}

    def _report(self) -> None:
        name = f"w{self.random.randrange(20)}"
        if self.random.random() < 0.2:
            calls.forget_process(self._conn, name)
        else:
            calls.report_process(self._conn, name, "worker", uptime=0, queues=["Q0"])

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

    # -- relays and maintenance --------------------------------------------------------------------

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
