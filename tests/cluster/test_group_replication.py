"""Three MySQL servers in one group: a primary is killed, or all are primaries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
import redis as redis_py
import servers
from servers import group
from traffic import QUEUES, Traffic, rows, wait_for

from qtask_db import Database, calls
from qtask_db.constants import Status
from qtask_db.errors import Conflict, StaleAttempt
from qtask_db.install import install

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
CUT_OFF = 40
OPTIONS = "?connect_timeout=3&read_timeout=15"


@pytest.fixture(scope="module")
def nodes() -> Iterator[group.Group]:
    """The group, with the schema."""
    try:
        found = group.start()
    except servers.Unavailable as reason:
        pytest.skip(f"needs a mysqld with {group.PLUGIN}: {reason}")
    with found:
        install(found.url, {}, report=lambda _line: None)
        yield found


@pytest.fixture
def healthy(nodes: group.Group) -> group.Group:
    """All three online, without a task."""
    with Database(nodes.url).connect() as conn, conn.raw.cursor() as cursor:
        for table in ("task", "batch", "queue"):
            cursor.execute(f"DELETE FROM {conn.prefix}{table}")
    return nodes


def drained(url: str) -> bool:
    """Every task has ended."""
    return all(status == Status.FINISHED for _, status, _ in rows(url).values())


def check(traffic: Traffic, url: str, redis_url: str) -> None:
    """Nothing lost, nothing owned twice, no trace of what was rolled back; copies are refused."""
    traffic.stop_producing()
    wait_for(lambda: drained(url), 90)
    found = rows(url)
    lost = {key for key in traffic.committed.values() if key not in found}
    assert lost == set()
    assert {found[key][0] for key in traffic.committed.values()} == set(traffic.committed)
    assert set(found) <= set(traffic.committed.values()) | traffic.unknown
    assert not set(traffic.keys) & traffic.rolled_back
    assert set(traffic.keys) == set(found), "each was handled, and nothing else"
    assert {pair for pair, times in traffic.runs.items() if times > 1} == set()

    # One run for each task, whatever its messages; more only where the kill cut runs off.
    before = sum(traffic.runs.values())
    assert before <= len(found) + CUT_OFF
    copies = traffic.push_again()
    with redis_py.Redis.from_url(redis_url) as client:
        wait_for(lambda: not any(client.llen(queue) for queue in QUEUES))
    time.sleep(1)
    assert sum(traffic.runs.values()) == before
    print(
        f"\n{len(traffic.committed):,} tasks committed, {len(traffic.unknown)} unknown, "
        f"{len(traffic.rolled_back)} rolled back; {before:,} runs; {copies:,} copies refused; "
        f"longest without a commit {traffic.longest_gap:.1f} s; errors {dict(traffic.errors)}"
    )


def test_the_primary_is_killed(healthy: group.Group, redis_url: str) -> None:
    url = healthy.url + OPTIONS
    with Database(url).connect() as conn:
        claimed = calls.delay(conn, "job", {"key": "old"}, 0, 1, "OTHER", order_no="old").task_id
        calls.processing(conn, claimed, 1)

    with Traffic([url, url], redis_url) as traffic:
        wait_for(lambda: len(traffic.committed) > 100)
        dead = healthy.primary()
        dead.kill()
        began = time.monotonic()
        wait_for(lambda: healthy.primary() is not dead)
        elected = time.monotonic() - began
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 200)
        assert traffic.errors

        # The one that was away must not take writes, nor be used, before it is in the group again.
        dead.restart()
        with Database(url).connect() as conn:
            assert conn.raw.port != group.port(dead)
            assert calls.processing(conn, claimed, 2) == 2
            with pytest.raises(StaleAttempt):
                calls.finish(conn, claimed, 1)
            calls.finish(conn, claimed, 2)
        healthy.join(dead)
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 100)
        traffic.keys["old"] += 1
        traffic.unknown.add("old")
        check(traffic, url, redis_url)
    print(f"another primary after {elected:.1f} s")
    for node in healthy.nodes:
        assert group.execute(node, "SELECT COUNT(*) FROM qtask.qtask_batch") == [(0,)]


def test_every_node_is_a_primary(healthy: group.Group, redis_url: str) -> None:
    healthy.every_primary()
    urls = [healthy.url_of(node) + OPTIONS for node in healthy.nodes]
    with Traffic(urls, redis_url) as traffic:
        wait_for(lambda: len(traffic.committed) > 200)
        dead = healthy.nodes[0]
        dead.kill()
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 300)
        assert sum(relay.counters.confirmed > 0 for relay in traffic.relays) >= 2
        dead.restart()
        healthy.join(dead)
        check(traffic, urls[1], redis_url)


def test_an_order_number_is_unique_on_all_nodes(healthy: group.Group) -> None:
    healthy.every_primary()
    numbers = [str(n) for n in range(40)]

    def create_all(node: servers.Server) -> list[int]:
        with Database(node.url).connect() as conn:
            return [again(lambda n=n: calls.create(conn, "job", {}, 60, "Q", order_no=n).task_id)
                    for n in numbers]  # fmt: skip

    results = together([lambda node=node: create_all(node) for node in healthy.nodes * 2])
    assert len({tuple(ids) for ids in results}) == 1
    assert len(set(results[0])) == len(numbers)


def test_a_task_is_started_and_claimed_on_one_node_only(healthy: group.Group) -> None:
    healthy.every_primary()
    with Database(healthy.url).connect() as conn:
        tasks = [calls.delay(conn, "job", {}, 0, 60, "Q").task_id for _ in range(60)]
        wait_for(lambda: all(count(node) == 60 for node in healthy.nodes))

    def claim_all(node: servers.Server) -> list[int]:
        claimed: list[int] = []
        with Database(node.url).connect() as own:
            while batch := again(lambda: calls.scan(own, node.url, limit=7, lease=60)).messages:
                claimed += [message.task_id for message in batch]
        return claimed

    def start_all(node: servers.Server) -> list[int]:
        started: list[int] = []
        with Database(node.url).connect() as own:
            for place in range(0, 60, 5):
                pairs = [(task_id, 1) for task_id in tasks[place : place + 5]]
                found = again(lambda p=pairs: calls.processing_many(own, p))
                started += [one.task_id for one in found]
        return started

    for verb in (claim_all, start_all):
        results = together([lambda node=node, v=verb: v(node) for node in healthy.nodes])
        assert sorted(task_id for ids in results for task_id in ids) == tasks, verb.__name__


def count(node: servers.Server) -> int:
    return int(group.execute(node, "SELECT COUNT(*) FROM qtask.qtask_task")[0][0])


def again(call: Callable[[], Any]) -> Any:
    """As a caller does whose transaction another node's has undone."""
    for _ in range(20):
        try:
            return call()
        except Conflict:
            time.sleep(0.02)
    return call()


def together(work: list[Callable[[], Any]]) -> list[Any]:
    results: list[Any] = [None] * len(work)

    def run(place: int) -> None:
        try:
            results[place] = work[place]()
        except BaseException as error:
            results[place] = error

    threads = [Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
