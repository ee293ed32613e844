"""MariaDB Galera, written to on one node: it is killed; and nodes that have lost the others."""

from __future__ import annotations

import re
import socket
import ssl

import pytest
from servers.groups import group
from servers.groups.galera import Galera, status
from servers.process import paused
from traffic import OPTIONS, PATIENT, Traffic, check, wait_for

from qtask_db import Database, calls
from qtask_db.errors import DatabaseUnavailable, StaleAttempt

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


def test_who_has_no_certificate_does_not_join(galera: Galera) -> None:
    """It would get all data, and could write whatever it likes."""
    (found,) = group.execute(galera.nodes[0], "SHOW VARIABLES LIKE 'wsrep_provider_options'")
    (port,) = re.findall(r"gmcast\.listen_addr = ssl://127\.0\.0\.1:(\d+)", found[1])
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", int(port))) as plain:
        unchecked.wrap_socket(plain).recv(1)


def test_the_node_that_is_written_to_is_killed(galera: Galera, redis_url: str) -> None:
    """Producers and workers go to one node, relays too, and to a second one."""
    url = galera.url + OPTIONS
    with Database(url).connect() as conn:
        claimed = calls.delay(conn, "job", {"key": "old"}, 0, 1, "OTHER", order_no="old").task_id
        calls.processing(conn, claimed, 1)

    relays = [url, galera.url_of(galera.nodes[1]) + OPTIONS]
    with Traffic([url, url], redis_url, relays) as traffic:
        wait_for(lambda: len(traffic.committed) > 100)
        wait_for(lambda: all(relay.counters.confirmed > 0 for relay in traffic.relays))
        dead = galera.nodes[0]
        dead.kill()
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 200)
        assert traffic.errors
        with Database(url).connect() as conn:
            assert conn.raw.port == group.port(galera.nodes[1])
            assert calls.processing(conn, claimed, 2) == 2
            with pytest.raises(StaleAttempt):
                calls.finish(conn, claimed, 1)
            calls.finish(conn, claimed, 2)
        dead.restart()
        galera.join(dead)
        before = len(traffic.committed)
        wait_for(lambda: len(traffic.committed) > before + 100)
        traffic.keys["old"] += 1
        traffic.unknown.add("old")
        check(traffic, url, redis_url)
    for node in galera.nodes:
        assert group.execute(node, "SELECT COUNT(*) FROM qtask.qtask_batch") == [(0,)]


def test_the_node_that_is_written_to_hangs(galera: Galera, redis_url: str) -> None:
    url = galera.url + PATIENT
    with Traffic([url, url], redis_url) as traffic:
        wait_for(lambda: len(traffic.committed) > 100)
        with paused(galera.nodes[0]):
            before = len(traffic.committed)
            wait_for(lambda: len(traffic.committed) > before + 200)
        galera.join(galera.nodes[0])
        check(traffic, url, redis_url, cut_off=1500)
    assert traffic.longest_gap < 35, "one read_timeout, not two"


def test_a_node_without_a_majority_is_passed_over(galera: Galera) -> None:
    first, *others = galera.nodes
    url = galera.url + OPTIONS
    with Database(url).connect() as conn:
        assert conn.raw.port == group.port(first)
        with paused(*others):
            wait_for(lambda: status(first)["wsrep_ready"] == "OFF")
            with pytest.raises(DatabaseUnavailable, match="1047"):
                calls.delay(conn, "job", {}, 60, 60, "Q")
            with pytest.raises(DatabaseUnavailable, match=r"1047.*(timed out.*){2}"):
                Database(url).connect()
        galera.every_primary()
    with Database(url).connect() as conn:
        calls.delay(conn, "job", {}, 60, 60, "Q")
