"""Whether what the connections recorded and what the tables say is what was promised."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone

from qtask_db import Connection, calls
from qtask_db.constants import Status
from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.errors import QueueNotDirect
from qtask_db.scheduling import ticks

from .record import Record
from .scheduling import TICKING

HAND_OUT = 10.0  # seconds; no interval and no delay is longer than 2
UNTOLD = 0.01
"""Share of the attempts that may be told to nobody: a start without an attempt supersedes them
before the take that has begun them reads what it returns.
"""
ACTIVE = (Status.WAITING, Status.PROCESSING)
# Each finds tasks that must not be.
_FAULTS = {
    "two active tasks have one order number": "WHERE status IN (20, 30) AND order_no IS NOT NULL "
    "GROUP BY queue_id, name, order_no HAVING COUNT(*) > 1",
    "lane and status disagree": "WHERE (lane <> 0) <> (status IN (20, 30)) "
    "OR (lane <> 0 AND ABS(lane) <> queue_id)",
    "it is due after its deadline": "WHERE lane <> 0 AND due_at > deadline_at",
    "its attempts are out of range": "WHERE attempts < attempts_before "
    "OR attempts - attempts_before > max_count",
    "its lapses are out of range": "WHERE lapses NOT BETWEEN 0 AND attempts "
    "OR (lapses > 0 AND status = 20)",
}


@dataclass(slots=True)
class Checker:
    """`take` what was recorded and `look` at the tables again and again, then `close`."""

    conn: Connection
    violations: list[str] = field(default_factory=list)
    total: Record = field(default_factory=Record)
    _owned: set[tuple[int, int]] = field(default_factory=set)

    def take(self, record: Record) -> None:
        """More of what the connections did."""
        for pair in record.started:
            if pair in self._owned:
                self._broken(f"owned twice: task {pair[0]}, attempt {pair[1]}")
            self._owned.add(pair)
        self.violations += record.violations
        self.total.add(record)

    def look(self) -> None:
        """At what must be so at any moment."""
        for fault, condition in _FAULTS.items():
            statement = f"SELECT MIN(task_id) FROM {self.conn.prefix}task {condition}"
            for (task_id,) in rows_of(self.conn.raw, statement):
                if task_id is not None:
                    self._broken(f"task {task_id}: {fault}")

    def close(self) -> None:
        """When all connections have ended."""
        self.look()
        self._check_ticks()
        self._check_follow_ups()
        self._check_counts()
        self._check_lives()
        self._check_hand_out()

    def _broken(self, text: str) -> None:
        self.violations.append(text)

    def _rows(self) -> dict[int, tuple[int, int]]:
        """Status and attempts by task."""
        statement = f"SELECT task_id, status, attempts FROM {self.conn.prefix}task"
        return {task_id: (status, n) for task_id, status, n in rows_of(self.conn.raw, statement)}

    def _check_ticks(self) -> None:
        """Each tick of the schedules that tick has made one task."""
        while calls.run_due_schedules(self.conn).wait == 0:
            pass
        prefix = self.conn.prefix
        spans = rows_of(self.conn.raw, f"SELECT schedule, since_at, next_at FROM {prefix}schedule")
        for name, since, until in spans:
            if name not in TICKING:
                continue
            found = dict(
                rows_of(
                    self.conn.raw,
                    f"SELECT task_id, SUBSTRING_INDEX(order_no, 'schedule:{name}:', -1) "
                    f"FROM {prefix}task WHERE order_no LIKE 'schedule:{name}:%'",
                )
            )
            self.total.created += [(task_id, True) for task_id in found]
            step = TICKING[name]
            due = range((_seconds(since) // step + 2) * step, _seconds(until), step)
            made = Counter({_tick(at): 0 for at in due})
            made.update(found.values())
            for tick, count in made.items():
                if count != 1:
                    self._broken(f"tick {tick} of {name} has made {count} tasks")

    def _check_follow_ups(self) -> None:
        """Each failure of a task that wishes it has made one."""
        prefix = self.conn.prefix
        made: Counter[int] = Counter()
        for task_id, failed in rows_of(
            self.conn.raw,
            "SELECT task_id, JSON_EXTRACT(payload, '$.failed_task.task_id') "
            f"FROM {prefix}task WHERE payload LIKE '{{\"failed\\_task\": %'",
        ):
            made[int(failed)] += 1
            self.total.created.append((task_id, False))
        retried, created = Counter(self.total.retried), dict(self.total.created)
        for failed, count in made.items():
            if failed not in created or count > 1 + retried[failed]:
                self._broken(f"task {failed} has made {count} tasks for failures")
        unhappy = f"SELECT task_id FROM {prefix}task WHERE status > 30 AND on_failure IS NOT NULL"
        for (task_id,) in rows_of(self.conn.raw, unhappy):
            if task_id not in made:
                self._broken(f"task {task_id} has failed and made no task")

    def _check_counts(self) -> None:
        rows, created = self._rows(), {task_id for task_id, _ in self.total.created}
        if len(created) != len(self.total.created):
            self._broken("two creators were told that one task is theirs")
        for task_id in sorted(rows.keys() - created)[:3]:
            self._broken(f"task {task_id} is stored, and nobody has committed it")
        for task_id in sorted(created & set(self.total.undone))[:3]:
            self._broken(f"task {task_id} was rolled back, and another one was told of it")
        if len(created) - self.total.purged != len(rows):
            self._broken(
                f"lost: {len(created):,} created, {self.total.purged:,} purged, "
                f"{len(rows):,} stored"
            )

    def _check_lives(self) -> None:
        rows, total = self._rows(), self.total
        attempts: dict[int, list[int]] = defaultdict(list)
        for task_id, attempt in total.started:
            attempts[task_id].append(attempt)
        finished = {task_id for task_id, _ in total.finished}
        untold = 0
        balance: dict[int, int] = defaultdict(int)
        for task_id in total.cancelled:
            balance[task_id] += 1
        for task_id in total.retried:
            balance[task_id] -= 1
        for task_id, lasts in total.created:
            status, stored = rows.get(task_id, (None, max(attempts[task_id], default=0)))
            untold += stored - len(attempts[task_id])
            faults = _life_faults(
                status, stored, sorted(attempts[task_id]), task_id in finished,
                balance[task_id] if lasts else None,
            )  # fmt: skip
            for fault in faults:
                self._broken(f"task {task_id}: {fault}")
        if untold > UNTOLD * len(total.started):
            self._broken(f"{untold} of {len(total.started):,} attempts were told to nobody")

    def _check_hand_out(self) -> None:
        """Every task that is active is queued again or taken, or fails in time."""
        queues = calls.stats(self.conn)
        for found in queues:
            calls.resume(self.conn, found.queue, found.namespace)
        for (task_id,) in self.conn.select("lapsed_tasks", ["task_id"]):
            calls.extend(self.conn, task_id)  # it would wait for longer than its interval
        active = {task_id for task_id, (status, _) in self._rows().items() if status in ACTIVE}
        names = sorted({found.queue for found in queues})
        end = time.monotonic() + HAND_OUT
        while active and time.monotonic() < end:
            batch = calls.scan(self.conn, "last", limit=10_000)
            active -= {message.task_id for message in batch.messages}
            with suppress(QueueNotDirect):
                taken = calls.take(self.conn, "last", names, 10_000)
                active -= {one.task_id for one in taken.started}
            if batch.batch_id is not None:
                calls.confirm(self.conn, batch.batch_id, "last")
            else:
                time.sleep(0.1)
                rows = self._rows()
                active -= {task_id for task_id in active if rows[task_id][0] == Status.FAILED}
        for task_id in sorted(active)[:3]:
            self._broken(f"lost: task {task_id} is active, and neither a scan nor a take has it")


def _seconds(at: datetime) -> int:
    """Since 1970."""
    return int(at.replace(tzinfo=timezone.utc).timestamp())


def _tick(at: int) -> str:
    return ticks.text_of(datetime.fromtimestamp(at, timezone.utc))


def _life_faults(
    status: int | None, stored: int, attempts: list[int], finished: bool, balance: int | None
) -> Iterator[str]:
    """`balance`: cancelled and rejected less retried, if the task can fail in no other way."""
    if attempts != sorted(set(attempts)) or (attempts or [0])[-1] != stored:
        yield f"it was started as {attempts}, and has {stored} attempts"
    if status is not None and finished != (status == Status.FINISHED):
        yield f"it was {'' if finished else 'not '}finished, and has status {status}"
    if balance is None:
        return
    if status is None and not finished and balance != 1:
        yield "lost: it was active and is gone"
    if status is not None and balance != (status in (Status.CANCELLED, Status.FAILED)):
        yield f"it was ended {balance} times more than retried, and has status {status}"
