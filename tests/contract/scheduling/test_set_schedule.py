"""set_schedule."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from inputs import HOSTILE
from testing import (
    age_schedules,
    call,
    content,
    count,
    despite_snapshot,
    execute,
    query,
    refused,
)
from ticking import cron, every, state

from qtask_db import Connection, Schedule, calls
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import (
    InvalidArgument,
    InvalidPayload,
    PayloadTooLarge,
    QtaskError,
    ReservedKey,
)

GIVEN = Schedule("S", "Q", {"n": 1}, every=60)


def test_a_new_one_ticks_first_when_its_time_has_passed_once(conn: Connection) -> None:
    assert calls.set_schedule(conn, GIVEN) == 1
    found = state(conn)
    assert found.next_at is not None
    ahead = found.next_at - datetime.datetime.now(datetime.timezone.utc)
    assert 55 < ahead.total_seconds() <= 61
    assert found.next_at.microsecond == 0
    assert found.schedule == replace(
        GIVEN, task="S", namespace=DEFAULT["namespace"], payload='{"n": 1}'
    )
    assert (found.revision, found.paused, found.lag, found.last_at) == (1, False, 0, None)
    assert count(conn) == 0


def test_all_that_is_given_is_kept(conn: Connection) -> None:
    given = Schedule(
        "täglich", "Q", '{"n": 1.10}', cron="0 2 * * *", zone="Europe/Berlin", misfire="all",
        max_catch_up=7, overlap="skip", task="report", interval=5, namespace="n", deadline=100,
        delete_deadline=0, max_count=3, on_failure="SAD", owner="file.toml",
    )  # fmt: skip
    calls.set_schedule(conn, given)
    assert state(conn, "täglich").schedule == given
    assert [one.schedule.name for one in calls.list_schedules(conn, "n")] == ["täglich"]
    assert calls.list_schedules(conn, "other") == []


def test_a_name_is_unique_in_its_namespace(conn: Connection) -> None:
    assert calls.set_schedule(conn, GIVEN) == 1
    assert calls.set_schedule(conn, replace(GIVEN, namespace="n")) == 1
    assert calls.set_schedule(conn, replace(GIVEN, name="s")) == 1
    assert count(conn, "schedule") == 3


def test_the_same_again_changes_nothing(conn: Connection) -> None:
    for given in (GIVEN, Schedule("C", "Q", cron="0 2 * * *"), replace(GIVEN, name="O", owner="x")):
        assert calls.set_schedule(conn, given) == 1
    age_schedules(conn, 40)
    before = content(conn)
    for given in (GIVEN, Schedule("C", "Q", cron="0 2 * * *"), replace(GIVEN, name="O", owner="x")):
        assert calls.set_schedule(conn, given) == 1
    assert content(conn) == before


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"n": 2}}, {"queue": "R"}, {"task": "t"}, {"interval": 7}, {"misfire": "all"},
        {"overlap": "skip"}, {"max_catch_up": 5}, {"deadline": 9}, {"delete_deadline": 9},
        {"max_count": 9}, {"on_failure": "SAD"}, {"owner": "o"},
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_concern_the_times_leaves_the_next_tick(
    conn: Connection, change: dict[str, Any]
) -> None:
    calls.set_schedule(conn, GIVEN)
    age_schedules(conn, 40)
    before = state(conn)
    assert calls.set_schedule(conn, replace(GIVEN, **change)) == 2
    assert state(conn).next_at == before.next_at
    assert calls.set_schedule(conn, GIVEN) == 3


@pytest.mark.parametrize(
    "times", [{"every": 61}, {"every": None, "cron": "0 2 * * *", "zone": "UTC"}], ids=str
)
def test_new_times_count_from_now(conn: Connection, times: dict[str, Any]) -> None:
    calls.set_schedule(conn, GIVEN)
    age_schedules(conn, 3600)
    assert state(conn).lag > 3000
    calls.set_schedule(conn, replace(GIVEN, **times))
    assert state(conn).lag < 5
    assert calls.run_due_schedules(conn).created == 0
    assert [one.since_at >= one.next_at for one in calls.due_schedules(conn)] in ([], [True])


def test_a_paused_one_stays_paused(conn: Connection) -> None:
    every(conn, 60)
    calls.pause_schedule(conn, "S")
    every(conn, 1)
    assert state(conn).paused
    age_schedules(conn, 100)
    assert calls.run_due_schedules(conn).created == 0


def test_what_failed_is_tried_at_once_after_a_change(conn: Connection) -> None:
    every(conn, 60)
    age_schedules(conn, 100)
    execute(conn, f"UPDATE {conn.prefix}schedule SET interval_seconds = 0")
    assert calls.run_due_schedules(conn).error
    assert calls.run_due_schedules(conn).error is None
    every(conn, 60)
    assert calls.run_due_schedules(conn).created == 1


def test_it_joins_the_callers_transaction(conn: Connection) -> None:
    conn.set_autocommit(False)
    calls.set_schedule(conn, GIVEN)
    conn.rollback()
    assert count(conn, "schedule") == 0
    conn.set_autocommit(True)


def test_one_that_is_younger_than_the_snapshot(
    conn: Connection, connect: Callable[..., Connection]
) -> None:
    late = connect(autocommit=False)
    calls.list_schedules(late)
    calls.set_schedule(conn, GIVEN)
    assert despite_snapshot(late, lambda: calls.set_schedule(late, GIVEN)) == 1
    late.rollback()


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        ({"name": ""}, InvalidArgument, "in_schedule"),
        ({"name": " S"}, InvalidArgument, "in_schedule"),
        ({"name": "S" * (LIMIT["schedule"] + 1), "task": "t"}, InvalidArgument, "in_schedule"),
        ({"every": None}, InvalidArgument, "in_every"),
        ({"cron": "0 2 * * *"}, InvalidArgument, "in_every"),
        ({"every": 0}, InvalidArgument, "in_every"),
        ({"every": LIMIT["seconds"] + 1}, InvalidArgument, "in_every"),
        ({"zone": "UTC"}, InvalidArgument, "in_zone"),
        ({"misfire": "never"}, InvalidArgument, "misfire"),
        ({"misfire": "ALL"}, InvalidArgument, "misfire"),
        ({"max_catch_up": 0}, InvalidArgument, "max_catch_up"),
        ({"max_catch_up": LIMIT["catch_up"] + 1}, InvalidArgument, "max_catch_up"),
        ({"overlap": "once"}, InvalidArgument, "overlap"),
        ({"owner": "o" * (LIMIT["owner"] + 1)}, InvalidArgument, "owner"),
        ({"owner": "o "}, InvalidArgument, "owner"),
        ({"namespace": " n"}, InvalidArgument, "namespace"),
        ({"task": " t"}, InvalidArgument, "in_name"),
        ({"queue": "Q "}, InvalidArgument, "in_queue"),
        ({"interval": 0}, InvalidArgument, "in_interval"),
        ({"deadline": 0}, InvalidArgument, "deadline"),
        ({"delete_deadline": -1}, InvalidArgument, "delete_deadline"),
        ({"max_count": 0}, InvalidArgument, "max_count"),
        ({"on_failure": " SAD"}, InvalidArgument, "on_failure"),
        ({"payload": "[]"}, InvalidPayload, "in_payload"),
        ({"payload": {"task_id": 1}}, ReservedKey, "in_payload"),
        ({"payload": {"tick": 1}}, ReservedKey, "tick"),
        ({"payload": '{"\\u0074i\\u0063k": 1}'}, ReservedKey, "tick"),
        ({"payload": {"x": "y" * DEFAULT["payload_limit"]}}, PayloadTooLarge, "in_payload"),
        ({"payload": {"x": "y" * (DEFAULT["payload_limit"] - 20)}}, PayloadTooLarge, "tick"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(
    conn: Connection, change: dict[str, Any], error: type[QtaskError], word: str
) -> None:
    with refused(conn, error, word):
        calls.set_schedule(conn, replace(GIVEN, **change))


@pytest.mark.parametrize(
    ("cron_text", "zone", "word"),
    [
        ("nonsense", None, "in_cron"),
        ("0 2 * *", None, "in_cron"),
        ("61 2 * * *", None, "in_cron"),
        ("0 0 30 2 *", None, "in_cron"),
        ("0 2 * * *", "Europe/Berlim", "in_zone"),
        ("0 2 * * *", "../etc/passwd", "in_zone"),
        ("0 2 * * *", "Europe", "in_zone"),
    ],
)
def test_a_cron_expression_that_cannot_be_read(
    conn: Connection, cron_text: str, zone: str | None, word: str
) -> None:
    with refused(conn, InvalidArgument, word):
        cron(conn, cron_text, zone=zone)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_come_back_as_they_are(conn: Connection, text: str) -> None:
    given = replace(GIVEN, name=f"S{text}"[:90] + "x", payload={"x": text})
    try:
        calls.set_schedule(conn, given)
    except (InvalidArgument, InvalidPayload):
        assert count(conn, "schedule") == 0
        return
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn).created == 1
    ((payload, order_no),) = query(conn, f"SELECT payload, order_no FROM {conn.prefix}task")
    assert json.loads(payload)["x"] == text
    assert order_no == f"schedule:{given.name}:{json.loads(payload)['tick']}"


def test_numbers_keep_each_digit(conn: Connection) -> None:
    text = '  {\n"n": 1.2300, "big": 123456789012345678901234567890.0}'
    every(conn, 60, payload=text)
    age_schedules(conn, 61)
    calls.run_due_schedules(conn)
    ((payload,),) = query(conn, f"SELECT payload FROM {conn.prefix}task")
    assert payload.endswith('\n"n": 1.2300, "big": 123456789012345678901234567890.0}')


@pytest.mark.parametrize("payload", ["{}", " { } ", "{\n}"])
def test_an_empty_payload_has_the_tick_alone(conn: Connection, payload: str) -> None:
    every(conn, 60, payload=payload)
    age_schedules(conn, 61)
    calls.run_due_schedules(conn)
    ((payload,),) = query(conn, f"SELECT payload FROM {conn.prefix}task")
    assert json.loads(payload).keys() == {"tick"}


def test_the_longest_names_make_an_order_number_that_fits(conn: Connection) -> None:
    name = "ß" * LIMIT["schedule"]
    every(conn, 60, name=name)
    age_schedules(conn, 61)
    assert calls.run_due_schedules(conn).created == 1


def test_as_sql_has_it(conn: Connection) -> None:
    arguments = ("S", 60, None, None, "t", "{}", 60, "Q")
    assert [int(v) for v in call(conn, "set_schedule", *arguments)] == [1]
