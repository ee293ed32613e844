"""scan_tasks: a batch has so many bytes at most, shared among the queues."""

from __future__ import annotations

from typing import Any

from scans import ids, many
from testing import age, query

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT

LARGE = 60_000
MOST = LIMIT["claim_bytes"]


def large(conn: Connection, queue: str, number: int) -> None:
    """So many due tasks with large payloads."""
    payload = '{"a": "%s"}' % ("x" * (LARGE - 9))
    for _ in range(number // 50):
        calls.create_many(conn, [NewTask("job", payload, 3600, queue, delay=0)] * 50)


def sizes(batch: Any, queue: str) -> list[int]:
    return [len(m.payload) for m in batch.messages if m.queue == queue]


def test_a_batch_ends_before_its_payloads_are_too_large(conn: Connection) -> None:
    large(conn, "Q", 300)
    first = calls.scan(conn, "r", limit=1000)
    assert sizes(first, "Q") == [LARGE] * (MOST // LARGE)
    assert first.wait == 0
    second = calls.scan(conn, "r", limit=1000)
    assert len(first.messages) + len(second.messages) == 300
    assert second.wait > 0
    tasks = [*ids(first), *ids(second)]
    assert tasks == sorted(set(tasks)), "each once, in due order"


def test_queues_share_the_bytes_evenly(conn: Connection) -> None:
    large(conn, "A", 200)
    large(conn, "B", 100)
    many(conn, {"C": 7})
    batch = calls.scan(conn, "r", limit=1000)
    share = [LARGE] * (MOST // 3 // LARGE)
    assert (sizes(batch, "A"), sizes(batch, "B")) == (share, share)
    assert len(sizes(batch, "C")) == 7
    assert batch.wait == 0


def test_a_payload_larger_than_its_queues_share_is_claimed(conn: Connection) -> None:
    many(conn, {f"Q{n}": 1 for n in range(MOST // LARGE + 20)})
    large(conn, "LARGE", 50)
    batch = calls.scan(conn, "r", limit=1000)
    assert (sizes(batch, "LARGE"), batch.wait) == ([LARGE], 0)
    assert len(sizes(calls.scan(conn, "r", limit=1000), "LARGE")) == 49


def test_what_has_expired_counts_no_bytes(conn: Connection) -> None:
    large(conn, "Q", 250)
    age(conn, DEFAULT["deadline"] + 1)
    large(conn, "Q", 50)
    assert sizes(calls.scan(conn, "r", limit=1000), "Q") == [LARGE] * 50
    assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE lane = 0") == [(250,)]


def test_large_payloads_of_a_closed_queue_are_parked_and_come_back(conn: Connection) -> None:
    large(conn, "Q", 300)
    assert calls.scan(conn, "r", limit=1000, held=["Q"]).messages == []
    assert query(conn, f"SELECT COUNT(*) FROM {conn.prefix}task WHERE lane < 0") == [(300,)]
    first = calls.scan(conn, "r", limit=1000)
    assert (len(first.messages), first.wait) == (MOST // LARGE, 0)
    assert len(calls.scan(conn, "r", limit=1000).messages) == 300 - len(first.messages)
