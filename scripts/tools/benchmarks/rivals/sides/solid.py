"""Solid Queue's method, in plain SQL on the same MySQL: tables of ready, scheduled and claimed
executions beside the jobs; claims by SELECT ... FOR UPDATE SKIP LOCKED, polls every 0.1 s.

Solid Queue itself is written in Ruby; this has its statements, transactions and settings, and more
threads. It fails the jobs of a dead worker and leaves it to people to retry them.
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

import pymysql

from .. import side
from .original import connect, rows

THREADS = 16
POLL, DISPATCH = 0.1, 1.0
BATCH = 500
TABLES = (
    """CREATE TABLE IF NOT EXISTS solid_job (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, queue_name VARCHAR(255) NOT NULL,
  class_name VARCHAR(255) NOT NULL, arguments TEXT, priority INT NOT NULL DEFAULT 0,
  active_job_id VARCHAR(255), scheduled_at DATETIME(6), finished_at DATETIME(6),
  created_at DATETIME(6) NOT NULL, updated_at DATETIME(6) NOT NULL,
  KEY (active_job_id), KEY (class_name), KEY (finished_at), KEY (queue_name, finished_at),
  KEY (scheduled_at, finished_at))""",
    """CREATE TABLE IF NOT EXISTS solid_ready (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, job_id BIGINT NOT NULL, queue_name VARCHAR(255) NOT NULL,
  priority INT NOT NULL DEFAULT 0, created_at DATETIME(6) NOT NULL,
  UNIQUE KEY (job_id), KEY (priority, job_id), KEY (queue_name, priority, job_id),
  FOREIGN KEY (job_id) REFERENCES solid_job (id) ON DELETE CASCADE)""",
    """CREATE TABLE IF NOT EXISTS solid_scheduled (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, job_id BIGINT NOT NULL, queue_name VARCHAR(255) NOT NULL,
  priority INT NOT NULL DEFAULT 0, scheduled_at DATETIME(6) NOT NULL,
  created_at DATETIME(6) NOT NULL, UNIQUE KEY (job_id), KEY (scheduled_at, priority, job_id),
  FOREIGN KEY (job_id) REFERENCES solid_job (id) ON DELETE CASCADE)""",
    """CREATE TABLE IF NOT EXISTS solid_claimed (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, job_id BIGINT NOT NULL, process_id BIGINT,
  created_at DATETIME(6) NOT NULL, UNIQUE KEY (job_id), KEY (process_id, job_id),
  FOREIGN KEY (job_id) REFERENCES solid_job (id) ON DELETE CASCADE)""",
)
JOBS = (
    "INSERT INTO solid_job (queue_name, class_name, arguments, active_job_id, scheduled_at, "
    "created_at, updated_at) VALUES "
)
JOB = (
    "(%s, 'Rival', %s, %s, UTC_TIMESTAMP(6) + INTERVAL %s SECOND, UTC_TIMESTAMP(6), "
    "UTC_TIMESTAMP(6))"
)
READY = (
    "INSERT INTO solid_ready (job_id, queue_name, priority, created_at) "
    "SELECT id, queue_name, priority, UTC_TIMESTAMP(6) FROM solid_job WHERE id IN ({ids})"
)
SCHEDULED = (
    "INSERT INTO solid_scheduled (job_id, queue_name, priority, scheduled_at, created_at) "
    "SELECT id, queue_name, priority, scheduled_at, UTC_TIMESTAMP(6) FROM solid_job "
    "WHERE id IN ({ids})"
)


class Side(side.Side):
    def install(self) -> None:
        self.conn = _connect()
        for table in TABLES:
            rows(self.conn, table)

    def version(self) -> str:
        return "its method, in plain SQL"

    def clear(self) -> None:
        rows(self.conn, "DELETE FROM solid_job")
        self.conn.commit()

    def create(self, number: int) -> None:
        self._enqueue([number], 0, READY)

    def create_many(self, numbers: Sequence[int]) -> None:
        self._enqueue(numbers, 0, READY)

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        self._enqueue(numbers, seconds, SCHEDULED)
        return [due] * len(numbers)

    def left(self) -> int:
        self.conn.commit()
        return int(
            rows(self.conn, "SELECT COUNT(*) FROM solid_job WHERE finished_at IS NULL")[0][0]
        )

    def relay(self) -> None:
        """The dispatcher: what is due becomes ready."""
        conn = _connect()
        while True:
            due = rows(
                conn,
                "SELECT job_id FROM solid_scheduled WHERE scheduled_at <= UTC_TIMESTAMP(6) "
                f"ORDER BY scheduled_at, priority, job_id LIMIT {BATCH} FOR UPDATE SKIP LOCKED",
            )
            if due:
                ids = _list(due)
                rows(conn, READY.replace("{ids}", ids))
                rows(conn, f"DELETE FROM solid_scheduled WHERE job_id IN ({ids})")
            conn.commit()
            if not due:
                time.sleep(DISPATCH)

    def work(self) -> None:
        conn = _connect()
        jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
        idle = threading.Semaphore(THREADS)
        for _ in range(THREADS):
            threading.Thread(target=_perform, args=(jobs, idle), daemon=True).start()
        while True:
            room = 0
            while room < THREADS and idle.acquire(blocking=room == 0):
                room += 1
            claimed = _claim(conn, room)
            for job_id in claimed:
                jobs.put(job_id)
            if room > len(claimed):
                idle.release(room - len(claimed))
            if not claimed:
                time.sleep(POLL)

    def _enqueue(self, numbers: Sequence[int], seconds: int, into: str) -> None:
        with self.conn.cursor() as cursor:
            cursor.execute(
                JOBS + ", ".join([JOB] * len(numbers)),
                [
                    value
                    for number in numbers
                    for value in (
                        side.QUEUE, json.dumps(side.payload(number)), str(number), seconds
                    )
                ],
            )  # fmt: skip
            first = cursor.lastrowid
            ids = ", ".join(str(first + place) for place in range(len(numbers)))
            cursor.execute(into.replace("{ids}", ids))
        self.conn.commit()


def _claim(conn: pymysql.Connection[Any], limit: int) -> list[int]:
    found = rows(
        conn,
        "SELECT job_id FROM solid_ready WHERE queue_name = %s "
        f"ORDER BY priority, job_id LIMIT {limit} FOR UPDATE SKIP LOCKED",
        (side.QUEUE,),
    )
    if found:
        ids = _list(found)
        rows(
            conn,
            "INSERT INTO solid_claimed (job_id, process_id, created_at) "
            f"SELECT id, {os.getpid()}, UTC_TIMESTAMP(6) FROM solid_job WHERE id IN ({ids})",
        )
        rows(conn, f"DELETE FROM solid_ready WHERE job_id IN ({ids})")
    conn.commit()
    return [job_id for (job_id,) in found]


def _perform(jobs: queue.SimpleQueue[int], idle: threading.Semaphore) -> None:
    conn = _connect()
    while True:
        job_id = jobs.get()
        ((text,),) = rows(conn, "SELECT arguments FROM solid_job WHERE id = %s", (job_id,))
        conn.commit()
        side.handle(json.loads(text))
        rows(
            conn,
            "UPDATE solid_job SET finished_at = UTC_TIMESTAMP(6), updated_at = UTC_TIMESTAMP(6) "
            "WHERE id = %s",
            (job_id,),
        )
        rows(conn, "DELETE FROM solid_claimed WHERE job_id = %s", (job_id,))
        conn.commit()
        idle.release()


def _connect() -> pymysql.Connection[Any]:
    conn = connect()
    conn.autocommit(False)
    rows(conn, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    conn.commit()
    return conn


def _list(found: Sequence[Sequence[int]]) -> str:
    return ", ".join(str(row[0]) for row in found)
