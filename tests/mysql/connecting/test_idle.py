"""Connections that have idled: forgotten on the way without a word, or ended by the server."""

from __future__ import annotations

import logging
import multiprocessing
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis as redis_py
from chaos.proxy import Proxy
from testing import count, execute, kill_others, query, row, until

from qtask_db import Client, Connection, Database, Job, Relay, Worker, calls
from qtask_db.process import sockets

QUICK = 30.0
"""Seconds; without a look at what has idled it would take 60 and more."""


class Firewall:
    """In front of both servers."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._proxies: list[Proxy] = []
        urls = []
        for url in (database_url, redis_url):
            parts = urlsplit(url)
            proxy = Proxy(context, (parts.hostname or "", parts.port or 0))
            self._proxies.append(proxy)
            login, at, _ = parts.netloc.rpartition("@")
            urls.append(urlunsplit(parts._replace(netloc=f"{login}{at}127.0.0.1:{proxy.port}")))
        self.database, self.redis = urls[0], urls[1] + "?health_check_interval=1"

    def forget(self) -> None:
        """All connections have idled for long."""
        time.sleep(1.2)
        for proxy in self._proxies:
            proxy.forget()
        time.sleep(1.2)  # a pop that was waiting has ended

    def stop(self) -> None:
        for proxy in self._proxies:
            proxy.stop()


@pytest.fixture
def firewall(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Firewall]:
    monkeypatch.setattr(sockets, "LOOK_AFTER", 0.5)
    made = Firewall(database_url, redis_url)
    yield made
    made.stop()


def test_a_client_goes_on_within_seconds(
    firewall: Firewall, conn: Connection, redis: redis_py.Redis
) -> None:
    with Client(firewall.database, firewall.redis) as client:
        client.create("job", {}, 60, "Q")
        firewall.forget()
        began = time.monotonic()
        client.create("job", {}, 60, "Q")
        assert time.monotonic() - began < QUICK
        assert (count(conn), redis.llen("Q")) == (2, 2)


def test_relay_and_worker_go_on_within_seconds(
    firewall: Firewall, database_url: str, conn: Connection
) -> None:
    worker, seen = Worker(firewall.database, firewall.redis, threads=1), []

    @worker.handler("Q")
    def work(job: Job) -> None:
        seen.append(job.task_id)

    def through(task_id: int) -> None:
        until(lambda: task_id in seen, QUICK)
        until(lambda: row(conn, task_id)["status"] == 0, QUICK)

    # The relay asks the database ten times a second, so that nobody forgets that connection.
    with Relay(database_url, firewall.redis), worker:
        through(calls.delay(conn, "job", {}, 0, 60, "Q", delete_deadline=60).task_id)
        firewall.forget()
        through(calls.delay(conn, "job", {}, 0, 60, "Q", delete_deadline=60).task_id)


def test_heartbeats_go_on_within_seconds(firewall: Firewall, conn: Connection) -> None:
    worker, lost = Worker(firewall.database, firewall.redis, threads=1), []

    @worker.handler("Q")
    def work(job: Job) -> None:
        firewall.forget()
        time.sleep(9)
        lost.append(job.lost)

    with worker:
        task = calls.create(conn, "job", {}, 9, "Q")
        task.push(firewall.redis)
        until(lambda: lost)
    assert lost == [False]


@pytest.fixture
def short_wait(conn: Connection) -> Iterator[None]:
    ((before,),) = query(conn, "SELECT @@GLOBAL.wait_timeout")
    execute(conn, "SET GLOBAL wait_timeout = 2")
    yield
    execute(conn, f"SET GLOBAL wait_timeout = {before}")


@pytest.mark.usefixtures("short_wait")
def test_what_the_server_has_ended_is_opened_again_in_silence(
    database_url: str, conn: Connection, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    worker, seen = Worker(database_url, redis_url, threads=1), []

    @worker.handler("Q")
    def work(job: Job) -> None:
        seen.append(job.task_id)

    with Client(database_url, redis_url) as client, worker:
        for number in range(3):
            client.create("job", {}, 60, "Q")
            until(lambda: len(seen) > number)  # noqa: B023 - called at once
            time.sleep(3.2)
    assert query(conn, f"SELECT status FROM {conn.prefix}task WHERE status > 0") == []
    assert [r.message for r in caplog.records if r.levelno > logging.INFO] == []


def test_a_client_is_not_told_of_what_was_killed_while_it_idled(
    database_url: str, conn: Connection
) -> None:
    with Client(database_url) as client:
        client.create("job", {}, 60, "Q")
        kill_others(conn)
        time.sleep(0.2)
        client.create("job", {}, 60, "Q")
    assert count(conn) == 2


def test_what_is_not_acknowledged_ends_a_connection(database_url: str, redis_url: str) -> None:
    assert set(sockets.KEEPALIVE.values()) >= {20, 10_000}, "this system has no such options"
    with Database(database_url).connect() as own, Client(database_url, redis_url) as client:
        client.create("job", {}, 60, "Q")
        redis = client._redis
        assert isinstance(redis, redis_py.Redis)
        pooled = redis.connection_pool.get_connection()
        for sock in (own.raw._sock, pooled._sock):
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            for option, value in sockets.KEEPALIVE.items():
                assert sock.getsockopt(socket.IPPROTO_TCP, option) == value
        redis.connection_pool.release(pooled)
