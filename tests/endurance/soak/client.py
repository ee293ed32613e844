"""One connection that does whatever it likes to tasks that all others work on, too."""

from __future__ import annotations

import time

from qtask_db.errors import Conflict, ProcedureError, QtaskError

from .consuming import Consuming
from .creating import Creating
from .operating import Operating
from .record import Record
from .scheduling import Scheduling

_JOINING = {
    "create": 5, "create_quietly": 1, "delay": 2, "delay_quietly": 1, "create_many": 4,
    "create_tasks": 2, "processing": 6, "processing_many": 3, "start_tasks": 3, "receive": 3,
    "receive_many": 3, "finish": 5, "finish_once": 2,
    "finish_many": 2, "finish_tasks": 2, "return_many": 1, "fail": 3, "snooze": 1, "reject": 1,
    "end_many": 2, "extend": 3, "cancel": 2,
    "retry": 3, "pause": 1, "deliver": 2, "resume": 2, "explain": 1, "list_tasks": 1, "next_due": 1,
    "views": 1, "read": 1, "select_tasks": 1, "set_schedule": 2, "pause_schedule": 1,
    "resume_schedule": 1, "remove_schedule": 1, "run_schedule": 1, "due_schedules": 1,
}  # fmt: skip
_COMMITTING = {
    "scan": 8, "take": 8, "redrive": 2, "expire": 2, "purge": 4, "remove_queue": 1,
    "remove_idle_queues": 1, "change_tasks": 3, "reserve_ids": 1, "import_tasks": 1, "report": 2,
    "run_due_schedules": 3, "advance_schedules": 2,
}  # fmt: skip
JOINING = [verb for verb, weight in _JOINING.items() for _ in range(weight)]
ALONE = JOINING + [verb for verb, weight in _COMMITTING.items() for _ in range(weight)]


class Client(Creating, Consuming, Operating, Scheduling):
    """`step` does one thing more."""

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
