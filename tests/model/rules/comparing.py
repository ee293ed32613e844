"""The schema beside the model: the same results, the same errors, the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant
from testing import earlier, execute, now, query

from qtask_db import Connection
from qtask_db.errors import QtaskError, TransactionOpen

from ..model import Model
from ..verbs.tables import ACTIVE, ENDED, FAILED, PARKED
from .strategies import GRACE, NOBODY, NONE, SMEAR


class Comparing(RuleBasedStateMachine):
    """Compares after each rule; the other rules do something before."""

    def __init__(self, conn: Connection) -> None:
        super().__init__()
        self.conn = conn
        # A method would be copied with the model, and the connection with it.
        self.model = Model(GRACE, lambda key: self._made(key))
        self.saved: list[Model] = []
        """As it was at the begin of the transaction and at its savepoint."""
        self.batch_ids: list[tuple[int, str]] = [(NOBODY, "r1")]

    def teardown(self) -> None:
        self.conn.rollback()
        self.conn.set_autocommit(True)

    @invariant()
    def the_tables_are_as_the_model_says(self) -> None:
        self._compare_tasks()
        self._compare_queues()
        self._compare_history()
        self._compare_schedules()

    def _compare_tasks(self) -> None:
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
                task.lapses, task.on_failure,
            ]  # fmt: skip
            for real, modelled in ((deadline, task.deadline), (due, task.due)):
                off = (real - created).total_seconds() - (modelled - task.created)
                assert -SMEAR < off < SMEAR, f"{off} s off"

    def _compare_queues(self) -> None:
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

    def _compare_history(self) -> None:
        found: dict[int, list[tuple[int, str]]] = {}
        for task_id, *attempt in query(
            self.conn,
            f"SELECT task_id, attempt, outcome FROM {self.conn.prefix}attempt "
            "ORDER BY task_id, attempt",
        ):
            found.setdefault(task_id, []).append((attempt[0], attempt[1]))
        assert found == {
            task_id: task.history for task_id, task in self.model.tasks.items() if task.history
        }

    def _compare_schedules(self) -> None:
        found = {
            row[:2]: row[2:]
            for row in query(
                self.conn,
                "SELECT namespace, schedule, revision, paused_at, last_task_id, next_at, "
                f"{now(self.conn)} FROM {self.conn.prefix}schedule",
            )
        }
        assert found.keys() == self.model.schedules.keys()
        for key, (revision, paused, last_task, next_at, present) in found.items():
            one = self.model.schedules[key]
            assert (revision, paused is not None, last_task) == (
                one.revision, one.paused, one.last_task
            )  # fmt: skip
            off = (next_at - present).total_seconds() - (one.next - self.model.now)
            assert -SMEAR < off < SMEAR, f"{off} s off"

    def _made(self, key: object) -> tuple[int, str]:
        """The newest task that this failed task, or this tick, has made: see the model."""
        made: dict[object, tuple[int, str]] = {}
        for task_id, namespace, order_no, payload in query(
            self.conn,
            "SELECT task.task_id, queue.namespace, task.order_no, task.payload "
            f"FROM {self.conn.prefix}task task "
            f"JOIN {self.conn.prefix}queue queue ON queue.queue_id = task.queue_id "
            "ORDER BY task.task_id",
        ):
            failed = json.loads(payload).get("failed_task")
            made[failed["task_id"] if failed else (namespace, order_no)] = task_id, payload
        assert key in made, f"no task was created for {key}"
        return made[key]

    def _rows(self) -> list[tuple[Any, ...]]:
        prefix = self.conn.prefix
        return query(
            self.conn,
            "SELECT task.task_id, queue.namespace, queue.queue, task.lane, task.created_at, "
            "task.deadline_at, task.due_at, task.batch_id, task.status, task.attempts, "
            "task.attempts_before, task.max_count, task.interval_seconds, task.delete_deadline, "
            "task.name, task.order_no, task.payload, task.last_error, task.lapses, task.on_failure "
            f"FROM {prefix}task task JOIN {prefix}queue queue ON queue.queue_id = task.queue_id",
        )

    def _task(self, number: int, attempt: Any) -> tuple[int, Any]:
        """One of the last tasks, or one that never was; and the attempt that is meant."""
        ids = [*self.model.tasks]
        task_id = ids[-1 - number % len(ids)] if number < NONE and ids else NOBODY
        known = self.model.tasks[task_id].attempts if task_id in self.model.tasks else 0
        return task_id, {"next": known + 1, "same": known}.get(attempt, attempt)

    def _pairs(self, given: dict[int, Any]) -> list[tuple[int, int | None]]:
        return list(dict(self._task(n, attempt) for n, attempt in given.items()).items())

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

    def _touched(self, batch_id: int | None) -> set[int]:
        """The tasks that the scan has claimed, failed or parked."""
        rows = query(
            self.conn, f"SELECT task_id, lane, status, batch_id FROM {self.conn.prefix}task"
        )
        touched = set()
        for task_id, lane, status, batch in rows:
            task = self.model.tasks.get(task_id)
            if task is None:
                continue  # the procedure has just made it
            if (
                (batch_id is not None and batch == batch_id)
                or (status == FAILED and task.status is not FAILED)
                or (lane < 0 and task.lane == ACTIVE)
            ):
                touched.add(task_id)
        return touched

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
