"""The method that qtask-db replaces, on the same MySQL and Redis.

Three statements a create; a relay that scans every 3 s, updates at most 200 rows, selects them and
pushes each by itself; consumers that take one message and change one row at a time.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from os import environ
from typing import Any
from urllib.parse import urlsplit

import pymysql
import redis

from .. import side

LIMIT = 200
SCAN_INTERVAL = 3
THREADS = 16
TABLE = """
CREATE TABLE IF NOT EXISTS original_task (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  status TINYINT NOT NULL DEFAULT 20,
  name VARCHAR(128) NOT NULL,
  order_no VARCHAR(128) NOT NULL,
  queue VARCHAR(128) NOT NULL,
  payload JSON NOT NULL,
  task_interval INT NOT NULL,
  count INT NOT NULL DEFAULT 0,
  batch BIGINT NOT NULL DEFAULT 0,
  next_at DATETIME(3) NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY due (status, next_at),
  KEY batch (batch),
  KEY order_no (order_no, name)
)
"""


class Side(side.Side):
    bulk = False

    def install(self) -> None:
        self.conn, self.redis = connect(), redis.Redis.from_url(environ["QTASK_REDIS_URL"])
        rows(self.conn, TABLE)

    def version(self) -> str:
        return "its method, written anew"

    def clear(self) -> None:
        self.redis.flushdb()
        rows(self.conn, "TRUNCATE TABLE original_task")

    def create(self, number: int) -> None:
        task_id, text = self._create(number, 0)
        self.redis.rpush(side.QUEUE, _message(task_id, text))

    def create_many(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.create(number)

    def delay_many(self, numbers: Sequence[int], seconds: int) -> list[float]:
        due = time.time() + seconds
        for number in numbers:
            self._create(number, due - time.time())
        return [due] * len(numbers)

    def left(self) -> int:
        return int(
            rows(self.conn, "SELECT COUNT(*) FROM original_task WHERE status IN (20, 30)")[0][0]
        )

    def relay(self) -> None:
        conn, queue = connect(), redis.Redis.from_url(environ["QTASK_REDIS_URL"])
        while True:
            began = time.monotonic()
            batch = time.time_ns()
            rows(
                conn,
                "UPDATE original_task SET batch = %s, "
                "next_at = NOW(3) + INTERVAL task_interval SECOND "
                "WHERE status IN (20, 30) AND next_at <= NOW(3) ORDER BY next_at LIMIT %s",
                (batch, LIMIT),
            )
            found = rows(conn, "SELECT id, payload FROM original_task WHERE batch = %s", (batch,))
            for task_id, text in found:
                queue.rpush(side.QUEUE, _message(task_id, text))
            time.sleep(max(0.0, SCAN_INTERVAL - (time.monotonic() - began)))

    def work(self) -> None:
        threads = [threading.Thread(target=_consume) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _create(self, number: int, seconds: float) -> tuple[int, str]:
        """Is there such a task, the task, and the task as it is stored."""
        text = json.dumps(side.payload(number))
        rows(
            self.conn,
            "SELECT id FROM original_task WHERE order_no = %s AND name = %s AND status IN (20, 30)",
            (str(number), "rival"),
        )
        with self.conn.cursor() as cursor:
            cursor.execute(
                "INSERT INTO original_task "
                "(name, order_no, queue, payload, task_interval, next_at) "
                "VALUES (%s, %s, %s, %s, %s, NOW(3) + INTERVAL %s MICROSECOND)",
                ("rival", str(number), side.QUEUE, text, side.TIMEOUT,
                 int(1e6 * (seconds or side.TIMEOUT))),
            )  # fmt: skip
            task_id = cursor.lastrowid
        ((stored,),) = rows(
            self.conn, "SELECT payload FROM original_task WHERE id = %s", (task_id,)
        )
        return task_id, stored


def _consume() -> None:
    conn, queue = connect(), redis.Redis.from_url(environ["QTASK_REDIS_URL"])
    while True:
        found = queue.blpop([side.QUEUE], timeout=1)
        if found is None:
            continue
        given = json.loads(found[1])
        with conn.cursor() as cursor:
            taken = cursor.execute(
                "UPDATE original_task SET status = 30, count = count + 1, "
                "next_at = NOW(3) + INTERVAL task_interval SECOND "
                "WHERE id = %s AND status IN (20, 30)",
                (given["task_id"],),
            )
        if taken:
            side.handle(given)
            rows(conn, "UPDATE original_task SET status = 0 WHERE id = %s", (given["task_id"],))


def _message(task_id: int, text: str) -> str:
    return json.dumps({**json.loads(text), "task_id": task_id})


def connect() -> pymysql.Connection[Any]:
    parts = urlsplit(side.URL)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=parts.password or "",
        database=parts.path.strip("/"),
        autocommit=True,
    )


def rows(conn: pymysql.Connection[Any], statement: str, arguments: Any = None) -> list[Any]:
    with conn.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())
