"""A producer: transactions of its own kind, forever, each recorded before and after."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from qtask_db import NewTask, Task, calls
from qtask_db.constants import DEFAULT
from qtask_db.database import Connection, Database
from qtask_db.errors import QtaskError, QueueUnavailable
from qtask_db.transport.url import connect

from .history import Recorder
from .process import FAILURES, NOBODY, QUEUES, Settings, triples

try:
    from qtask_db.transport.pushing import push_now
except ImportError:  # 0.1.0, beside which upgrades are tested: its push raises
    from qtask_db.transport.queues import (  # type: ignore[attr-defined, no-redef]
        push_tasks as push_now,
    )

SHORT, LONG = 4, 900
"""Intervals, in seconds; a task with the long one may still be active at the end of a run."""
ORDERS = 40
ROLLED_BACK = 0.12
BULK = 20


class Producer:
    """Creates tasks together with a row of its own, as an application does."""

    def __init__(
        self, name: str, rng: random.Random, recorder: Recorder, settings: Settings
    ) -> None:
        self._name = name
        self._rng = rng
        self._recorder = recorder
        self._settings = settings
        self._database = Database(settings.database_url)
        self._redis = connect(settings.redis_url)
        self._count = 0

    def run(self) -> None:
        while True:
            try:
                with self._database.connect(autocommit=False) as conn:
                    while True:
                        self._transaction(conn)
                        time.sleep(self._rng.expovariate(1 / self._settings.pace))
            except QtaskError as error:
                self._recorder.note("error", kind=type(error).__name__, text=str(error))
                print(f"{self._name}: {type(error).__name__}: {error}", flush=True)
                time.sleep(self._rng.uniform(0.1, 0.5))

    def _transaction(self, conn: Connection) -> None:
        count = BULK if self._rng.random() < 0.05 else self._rng.choice((1, 1, 1, 2, 3))
        wanted = [self._new() for _ in range(count)]
        keys = [json.loads(str(one.payload))["k"] for one in wanted]
        give_up = self._rng.random() < ROLLED_BACK
        try:
            tasks = self._create(conn, wanted, keys)
            if give_up:
                conn.rollback()
            elif self._settings.broken == "push before commit":
                self._push(tasks)
        except Exception:
            # COMMIT was not sent, so whatever has happened, it will never be.
            self._recorder.note("rollback", keys=keys)
            raise
        if give_up:
            self._recorder.note("rollback", keys=keys)
            return
        conn.commit()  # if this fails, only the database knows whether it happened
        self._recorder.note("commit", keys=keys)
        self._push(tasks)

    def _create(self, conn: Connection, wanted: list[NewTask], keys: list[str]) -> list[Task]:
        for key, one in zip(keys, wanted, strict=True):
            self._recorder.note(
                "create", k=key, delay=one.delay, deadline=one.deadline,
                max_count=one.max_count or DEFAULT["max_count"],
                interval=one.interval, queue=one.queue,
                order=one.order_no and f"{one.queue} {one.order_no}",
                on_failure=one.as_element("").get("on_failure"),
            )  # fmt: skip
        if len(wanted) > 3:
            tasks = calls.create_many(conn, wanted)
        else:
            tasks = [_create_one(conn, one) for one in wanted]
        for key, task in zip(keys, tasks, strict=True):
            self._recorder.note("created", k=key, id=task.task_id, new=task.created)
        rows = [(k, t.task_id, int(t.created)) for k, t in zip(keys, tasks, strict=True)]
        try:
            with conn.raw.cursor() as cursor:
                cursor.executemany("INSERT INTO chaos_ledger VALUES (%s, %s, %s)", rows)
        except conn.raw.Error as error:
            raise conn.dialect.translate(error) or error from error
        return tasks

    def _push(self, tasks: list[Task]) -> None:
        messages = [task.message for task in tasks if task.pushable]
        if not messages:
            return
        self._recorder.note("push", messages=triples(messages))
        try:
            push_now(self._redis, tasks, stream=self._settings.stream)
        except QueueUnavailable as error:
            print(f"{self._name}: {error}", flush=True)

    def _new(self) -> NewTask:
        """A task of a random kind."""
        rng = self._rng
        self._count += 1
        payload = {
            "k": f"{self._name}-{self._count}",
            "failures": 0,
            "seconds": rng.choice((0, 0.01)),
        }
        options: dict[str, Any] = {"queue": rng.choice(QUEUES), "interval": SHORT}
        kind, delayed = rng.random(), 0.4
        if kind < 0.04:
            options |= {"queue": NOBODY, "deadline": rng.randint(1, 4), "on_failure": FAILURES}
        elif kind < 0.24:
            # Through a relay, mostly: where that dies, its lease alone brings it back in time.
            options["interval"], delayed = LONG, 0.8
        elif kind < 0.28:
            payload["seconds"] = rng.uniform(2, 6)
            options["interval"] = rng.randint(1, 3)
        elif kind < 0.34:
            payload |= {"failures": rng.randint(1, 3), "fatal": rng.random() < 0.3}
            options |= {"max_count": rng.choice((2, 100)), "on_failure": FAILURES}
        elif kind < 0.45:
            options["order_no"] = str(rng.randrange(ORDERS))
        elif kind < 0.50:
            options["delete_deadline"] = rng.randint(0, 2)
        if rng.random() < delayed:
            options["delay"] = rng.randint(0, 4)
        options.setdefault("delete_deadline", 86_400)
        return NewTask("chaos", json.dumps(payload), **options)


def _create_one(conn: Connection, one: NewTask) -> Task:
    given = one.as_element(str(one.payload))
    return calls.create(conn, **given) if one.delay is None else calls.delay(conn, **given)
