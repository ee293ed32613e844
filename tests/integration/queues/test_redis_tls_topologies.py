"""TLS to a Redis Cluster and to a master behind Sentinel, whose certificates name 127.0.0.1."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest
from certificates import Authority
from topologies import Launcher, start_cluster, start_sentinel, until

from qtask_db import Client, Connection, calls
from qtask_db.errors import QueueUnavailable
from qtask_db.relay import Relay
from qtask_db.transport.queues import Queues
from qtask_db.worker import Worker

NEVER = 3_600_000
"""Milliseconds after which a server is taken to be down: none of them is to fail."""
OTHER = "127.0.0.2"
"""The same servers by another name."""


@pytest.fixture(scope="module")
def launch(authority: Authority) -> Iterator[Launcher]:
    started = Launcher(authority)
    yield started
    started.close()


@pytest.fixture(scope="module")
def cluster(launch: Launcher) -> str:
    hosts, _ = start_cluster(launch, down_after=NEVER)
    return f"rediss+cluster://{hosts}/?"


@pytest.fixture(scope="module")
def sentinel(launch: Launcher) -> str:
    return f"rediss+sentinel://{start_sentinel(launch, replicas=0, down_after=NEVER).place}"


@pytest.fixture(params=["cluster", "sentinel"])
def url(request: pytest.FixtureRequest) -> str:
    """Options can follow."""
    return str(request.getfixturevalue(request.param))


def test_a_good_certificate(
    url: str, authority: Authority, database_url: str, conn: Connection
) -> None:
    url = f"{url}&ssl_ca_certs={authority.file}"
    worker = Worker(database_url, url)
    worker.handler("A", "B")(lambda _job: None)
    with Client(database_url, url) as client:
        client.create("test", {}, 60, "A")
        assert Queues(url).lengths(["A"]) == {"A": 1}, "the client has pushed"
    calls.delay(conn, "test", {}, 0, 60, "B")
    with Relay(database_url, url) as relay, worker:
        until(lambda: worker.counters.finished == 2)
        until(lambda: relay.counters.confirmed == 1)


def test_what_is_not_checked_where_it_is_told_so(
    url: str,
    authority: Authority,
    engine: str,  # noqa: ARG001 - beside the others
) -> None:
    unchecked = f"&ssl_check_hostname=false&ssl_ca_certs={authority.file}"
    Queues(url.replace("127.0.0.1", OTHER) + unchecked).ping()
    Queues(url + "&ssl_cert_reqs=none").ping()


@pytest.mark.parametrize("wrong", ["authority", "host"])
def test_a_bad_certificate(
    url: str,
    wrong: str,
    authority: Authority,
    stranger: Authority,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Relay and worker refuse to start; what a client has committed is left to a relay."""
    reason = "certificate verify failed"
    if wrong == "authority":
        url += f"&ssl_ca_certs={stranger.file}"
    elif wrong == "host":
        url = url.replace("127.0.0.1", OTHER) + f"&ssl_ca_certs={authority.file}"
        reason = f"certificate is not valid for '{OTHER}'"
    worker = Worker(database_url, url)
    worker.handler("A")(lambda _job: None)
    for service in (Relay(database_url, url), worker):
        with pytest.raises(QueueUnavailable, match=reason) as caught:
            service.run()
        assert re.fullmatch(r"Redis.{20,400}", str(caught.value)), "one line that can be read"
    with Client(database_url, url) as client, caplog.at_level(logging.WARNING):
        assert client.create("test", {}, 60, "A").created
    assert reason in caplog.text
