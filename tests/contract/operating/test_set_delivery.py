"""set_delivery. What follows from it is in test_take_tasks.py."""

from __future__ import annotations

from typing import Any

import pytest
from inputs import HOSTILE
from testing import content, new, query

from qtask_db import Connection, calls
from qtask_db.errors import InvalidArgument


def deliveries(conn: Connection) -> dict[tuple[str, str], str]:
    return {(s.namespace, s.queue): s.delivery for s in calls.stats(conn)}


def test_it_is_chosen_for_a_queue_of_a_namespace(conn: Connection) -> None:
    new(conn)
    new(conn, namespace="n")
    calls.set_delivery(conn, "Q", "direct", "n")
    assert deliveries(conn) == {("default", "Q"): "redis", ("n", "Q"): "direct"}
    assert {(d.namespace, d.delivery) for d in calls.depth(conn)} == {
        ("default", "redis"), ("n", "direct"),
    }  # fmt: skip
    assert {(d.namespace, d.delivery) for d in calls.audit(conn)} == {
        ("default", "redis"), ("n", "direct"),
    }  # fmt: skip
    calls.set_delivery(conn, "Q", "redis", "n")
    assert deliveries(conn)["n", "Q"] == "redis"


def test_before_its_first_task(conn: Connection) -> None:
    calls.set_delivery(conn, "Q", "direct")
    assert not calls.create(conn, "n", {}, 60, "Q").pushable


@pytest.mark.parametrize("delivery", [None, "", "DIRECT", "direct ", "redis,direct", *HOSTILE])
def test_another_word_is_refused(conn: Connection, delivery: Any) -> None:
    before = content(conn)
    with pytest.raises(InvalidArgument, match="in_delivery"):
        calls.set_delivery(conn, "Q", delivery)
    assert content(conn) == before
    assert query(conn, f"SELECT * FROM {conn.prefix}queue") == []
