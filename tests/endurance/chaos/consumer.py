"""A consumer in any language: two procedures and a connection, without the package's worker."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pymysql

from qtask_db.constants import ERROR
from qtask_db.database import Database
from qtask_db.errors import QtaskError

from .history import Recorder
from .process import QUEUES, Fuse, Settings, key_of, note_taken

MOST = 5
WAIT = 1.0
"""Seconds of a call that waits in the server."""
_TAKE = "CALL qtask_take_tasks(%s, %s, %s, %s, NULL, @redis)"
_FAIL = "CALL qtask_fail_task(%s, %s, 'as it was told', 0, @status)"
_REJECT = "CALL qtask_reject_task(%s, %s, 'as it was told')"
_NOT_DIRECT = ERROR["queue_not_direct"]
_REFUSED = set(ERROR.values())
_AGAIN = {1205, 1213}


class Consumer:
    """Takes, works and finishes, and dies at each of these now and then."""

    def __init__(
        self, name: str, rng: random.Random, recorder: Recorder, settings: Settings, fuse: Fuse
    ) -> None:
        self._name = name
        self._rng = rng
        self._recorder = recorder
        self._database = Database(settings.database_url)
        self._fuse = fuse

    def run(self) -> None:
        while True:
            try:
                with self._database.connect() as conn:
                    while True:
                        self._turn(conn.raw)
            except (pymysql.MySQLError, QtaskError, OSError) as error:
                print(f"{self._name}: {error!r}", flush=True)
                time.sleep(self._rng.uniform(0.1, 0.5))

    def _turn(self, raw: Any) -> None:
        queues = self._rng.sample(QUEUES, self._rng.randint(1, len(QUEUES)))
        wait = self._rng.choice((0.0, WAIT))
        self._fuse.within(wait)
        started = []
        try:
            given = (self._name, json.dumps(queues), self._rng.randint(1, MOST), int(1000 * wait))
            started = _rows(raw, _TAKE, given)
        except pymysql.MySQLError as error:
            if error.args[0] not in (_NOT_DIRECT, *_AGAIN):
                raise
        if not started:
            time.sleep(0.05)
            return
        note_taken(
            self._recorder,
            ((number, attempt, text, queue) for number, attempt, _, queue, text, *_ in started),
        )
        self._fuse()
        for number, attempt, interval, _, text, *_ in started:
            self._work(raw, number, attempt, interval, json.loads(text))

    def _work(self, raw: Any, number: int, attempt: int, interval: int, payload: Any) -> None:
        task = {"id": number, "attempt": attempt}
        longest = interval + int(payload.get("seconds", 0))
        if not self._done(raw, "CALL qtask_extend_task(%s, %s, %s)", (number, attempt, longest)):
            return
        self._recorder.note("run", **task, k=key_of(payload))
        time.sleep(payload.get("seconds", 0))
        if attempt <= payload.get("failures", 0):
            fatal = payload.get("fatal", False)
            self._recorder.note("raised", **task, fatal=fatal)
            end = (_REJECT if fatal else _FAIL, (number, attempt))
        else:
            self._recorder.note("done", **task)
            end = ("CALL qtask_finish_task(%s, %s)", (number, attempt))
        self._fuse()
        self._done(raw, *end)

    def _done(self, raw: Any, statement: str, given: tuple[Any, ...]) -> bool:
        """Whether it is; else the task is another one's meanwhile."""
        while True:
            try:
                _rows(raw, statement, given)
            except pymysql.MySQLError as error:
                if error.args[0] in _REFUSED:
                    return False
                if error.args[0] not in _AGAIN:
                    raise
            else:
                return True


def _rows(raw: Any, statement: str, given: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The rows of a procedure's last result."""
    with raw.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = []
        while True:
            if cursor.description:
                rows = list(cursor.fetchall())
            if not cursor.nextset():
                return rows
