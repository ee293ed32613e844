"""A relay that cannot start says so, or waits for its servers if it is told to."""

from __future__ import annotations

import pytest
from relaying import NOWHERE_DATABASE, NOWHERE_REDIS, MakeRelay
from testing import count, until

from qtask_db import Connection, Database
from qtask_db.errors import ConfigurationError, DatabaseUnavailable, NotInstalled, QueueUnavailable
from qtask_db.relay import Relay


def test_trouble_at_the_start_is_raised(make_relay: MakeRelay, database_url: str) -> None:
    for relay, error in (
        (make_relay(database=NOWHERE_DATABASE), DatabaseUnavailable),
        (make_relay(NOWHERE_REDIS), QueueUnavailable),
    ):
        for begin in (relay.check, relay.run, relay.start):
            with pytest.raises(error) as caught:
                begin()
            assert "s3cret" not in str(caught.value)
    with pytest.raises(NotInstalled):
        make_relay(database=Database(database_url, prefix="absent_")).run()


def test_a_patient_relay_waits_for_its_servers(
    conn: Connection, caplog: pytest.LogCaptureFixture, make_relay: MakeRelay
) -> None:
    relay = make_relay(NOWHERE_REDIS, database=NOWHERE_DATABASE)
    relay.start(patient=True)
    until(lambda: relay.counters.errors >= 2)
    relay.stop()
    assert "DatabaseUnavailable" in caplog.text
    assert "s3cret" not in caplog.text
    assert count(conn) == 0


@pytest.mark.parametrize("name", ["limit", "lease", "scan_interval", "poll", "queue_limit"])
def test_wrong_settings(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Relay(NOWHERE_DATABASE, NOWHERE_REDIS, **{name: 0})


def test_wrong_urls() -> None:
    with pytest.raises(ConfigurationError):
        Relay(NOWHERE_DATABASE, "http://:s3cret@127.0.0.1")
    with pytest.raises(ConfigurationError):
        Relay("nonsense", NOWHERE_REDIS)
