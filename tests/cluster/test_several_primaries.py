"""Every node takes writes: MySQL Group Replication and MariaDB Galera."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
import servers
from servers.groups.group import Group, execute
from traffic import OPTIONS, Traffic, check, wait_for

from qtask_db import Client, Database, calls
from qtask_db.errors import Conflict, StaleAttempt

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def test_one_of_them_is_killed(nodes: Group, redis_url: str) -> None:
    urls = [nodes.url_of(node) + OPTIONS for node in nodes.nodes]
    with Traffic(urls, redis_url) as traffic:
        wait_for(lambda: len(traffic.committed) > 200)
        dead = nodes.nodes[0]
        dead.kill()
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 300)
        assert sum(relay.counters.confirmed > 0 for relay in traffic.relays) >= 2
        dead.restart()
        nodes.join(dead)
        check(traffic, urls[1], redis_url)


def test_an_order_number_is_unique_on_all_nodes(nodes: Group) -> None:
    numbers = [str(n) for n in range(40)]

    def create_all(node: servers.Server) -> list[int]:
        with Database(node.url).connect() as conn:
            return [again(lambda n=n: calls.create(conn, "job", {}, 60, "Q", order_no=n).task_id)
                    for n in numbers]  # fmt: skip

    results = together([lambda node=node: create_all(node) for node in nodes.nodes * 2])
    assert len({tuple(ids) for ids in results}) == 1
    assert len(set(results[0])) == len(numbers)


def test_a_task_is_started_and_claimed_on_one_node_only(nodes: Group) -> None:
    with Database(nodes.url).connect() as conn:
        tasks = [calls.delay(conn, "job", {}, 0, 60, "Q").task_id for _ in range(60)]
        wait_for(lambda: all(count(node) == 60 for node in nodes.nodes))

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
        results = together([lambda node=node, v=verb: v(node) for node in nodes.nodes])
        assert sorted(task_id for ids in results for task_id in ids) == sorted(tasks), verb.__name__


def test_the_later_one_of_two_commits_is_refused(nodes: Group) -> None:
    """Neither node sees the other's locks: the conflict shows when the second one commits."""
    one, other = (
        Database(node.url + OPTIONS).connect(autocommit=False) for node in nodes.nodes[:2]
    )
    with one, other:
        task_id = calls.delay(one, "job", {}, 0, 60, "Q").task_id
        one.commit()
        wait_for(lambda: all(count(node) == 1 for node in nodes.nodes))
        assert calls.processing(one, task_id, 1) == 1
        assert calls.processing(other, task_id, 1) == 1
        one.commit()
        with pytest.raises(Conflict):
            other.commit()
        other.rollback()
        wait_for(lambda: refused(other, task_id))
        calls.finish(one, task_id, 1)
        one.commit()


def test_a_transaction_that_met_a_conflict_is_run_again(nodes: Group) -> None:
    first, second = (node.url + OPTIONS for node in nodes.nodes[:2])
    tries = []
    with Client(second) as client, Database(first).connect() as rival:
        task_id = client.run(lambda tx: tx.delay("job", {}, 0, 60, "Q")).task_id
        wait_for(lambda: all(count(node) == 1 for node in nodes.nodes))

        def both(tx: Any) -> int:
            tries.append(tx)
            made = tx.create("job", {}, 60, "Q", order_no="made").task_id
            calls.cancel(tx.conn, task_id)
            if len(tries) == 1:
                calls.processing(rival, task_id, 1)
            return int(made)

        made = client.run(both)
    assert len(tries) == 2
    wait_for(lambda: all(count(node) == 2 for node in nodes.nodes))
    assert execute(
        nodes.nodes[2], "SELECT task_id FROM qtask.qtask_task WHERE order_no = 'made'"
    ) == [(made,)]


def refused(conn: Any, task_id: int) -> bool:
    """Whether the node knows by now that another one's attempt has begun."""
    try:
        calls.processing(conn, task_id, 1)
    except StaleAttempt:
        return True
    finally:
        conn.rollback()
    return False


def count(node: servers.Server) -> int:
    return int(execute(node, "SELECT COUNT(*) FROM qtask.qtask_task")[0][0])


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
