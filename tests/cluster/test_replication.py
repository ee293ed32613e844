"""MySQL Group Replication with one primary: it is killed, or hangs."""

from __future__ import annotations

import time

import pytest
from servers.groups import group
from servers.groups.replication import Replication
from servers.process import paused
from traffic import OPTIONS, PATIENT, Traffic, check, wait_for

from qtask_db import Database, calls
from qtask_db.errors import StaleAttempt

READ_ONLY = "SELECT @@GLOBAL.super_read_only"

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def test_the_primary_is_killed(replication: Replication, redis_url: str) -> None:
    url = replication.url + OPTIONS
    with Database(url).connect() as conn:
        claimed = calls.delay(conn, "job", {"key": "old"}, 0, 1, "OTHER", order_no="old").task_id
        calls.processing(conn, claimed, 1)

    with Traffic([url, url], redis_url) as traffic:
        wait_for(lambda: len(traffic.committed) > 100)
        dead = replication.primary()
        dead.kill()
        began = time.monotonic()
        wait_for(lambda: replication.primary() is not dead)
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
        replication.join(dead)
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 100)
        traffic.keys["old"] += 1
        traffic.unknown.add("old")
        check(traffic, url, redis_url)
    print(f"another primary after {elected:.1f} s")
    for node in replication.nodes:
        assert group.execute(node, "SELECT COUNT(*) FROM qtask.qtask_batch") == [(0,)]


def test_the_primary_hangs(replication: Replication, redis_url: str) -> None:
    """It is connected to and says nothing: `read_timeout` ends what waits for it, once."""
    url = replication.url + PATIENT
    with Traffic([url, url], redis_url) as traffic:
        wait_for(lambda: len(traffic.committed) > 100)
        hung = replication.primary()
        with paused(hung):
            wait_for(lambda: replication.primary() is not hung)
            before = len(traffic.committed)
            wait_for(lambda: len(traffic.committed) > before + 200)
            with Database(url).connect() as conn:
                assert conn.raw.port == group.port(replication.primary())
        # It learns that it was left out, takes no writes, and joins again by itself.
        wait_for(lambda: group.execute(hung, READ_ONLY) == [(1,)])
        replication.complete()
        check(traffic, url, redis_url, cut_off=1500)
    assert traffic.longest_gap < 35, "one read_timeout, not two"
