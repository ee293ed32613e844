"""The server's own zones, clock and counters: daylight saving, `timestamp`, the last ids."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import pytest
from testing import (
    age,
    content,
    count,
    count_ids_anew,
    empty,
    ended,
    execute,
    lasting,
    new,
    query,
    row,
    started,
)

from qtask_db import Connection, NewTask, calls
from qtask_db.constants import DEFAULT, LIMIT, Status
from qtask_db.errors import DeadlinePassed, InvalidArgument
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

UTC = datetime.timezone.utc
ZONE = "Test/Berlin"
CHANGES = (
    datetime.datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime.datetime(2026, 10, 25, 1, tzinfo=UTC),  # 03:00 becomes 02:00
    datetime.datetime(2027, 3, 28, 1, tzinfo=UTC),  # 02:00 becomes 03:00
    datetime.datetime(2027, 10, 31, 1, tzinfo=UTC),
)
INSTANTS = [
    *(change + datetime.timedelta(seconds=s) for change in CHANGES[1:] for s in (-3600, -1, 0)),
    datetime.datetime(2028, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(2028, 2, 29, 12, tzinfo=UTC),
    datetime.datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(2038, 1, 19, 3, 14, 6, tzinfo=UTC),  # the last but one second of 31 bits
]


@pytest.fixture(scope="module")
def berlin(installed_url: str, shared: list[Connection]) -> Iterator[str]:  # noqa: ARG001
    """A zone with daylight saving: the server's tables of zones are mostly empty."""
    conn = shared[0]
    zone = ZoneInfo("Europe/Berlin")
    execute(conn, "INSERT INTO mysql.time_zone (use_leap_seconds) VALUES ('N')")
    number = query(conn, "SELECT LAST_INSERT_ID()")[0][0]
    execute(conn, f"INSERT INTO mysql.time_zone_name VALUES ('{ZONE}', {number})")
    for kind, (offset, dst) in enumerate([(3600, 0), (7200, 1)]):
        values = f"({number}, {kind}, {offset}, {dst}, '{'CEST' if dst else 'CET'}')"
        execute(conn, f"INSERT INTO mysql.time_zone_transition_type VALUES {values}")
    for change in CHANGES:
        kind = int(change.astimezone(zone).dst() != datetime.timedelta(0))
        values = f"({number}, {change.timestamp():.0f}, {kind})"
        execute(conn, f"INSERT INTO mysql.time_zone_transition VALUES {values}")
    yield ZONE
    for table in ("time_zone_transition", "time_zone_transition_type", "time_zone_name"):
        execute(conn, f"DELETE FROM mysql.{table} WHERE Time_zone_id = {number}")
    execute(conn, f"DELETE FROM mysql.time_zone WHERE Time_zone_id = {number}")


@pytest.fixture
def at(connect: Callable[..., Connection]) -> Callable[..., Connection]:
    """A session for which it is some other time, in some zone."""

    def at(instant: datetime.datetime, zone: str = "+00:00") -> Connection:
        own = connect()
        execute(own, f"SET SESSION time_zone = '{zone}'")
        execute(own, f"SET SESSION timestamp = {instant.timestamp()}")
        return own

    return at


@pytest.mark.parametrize("instant", INSTANTS, ids=lambda i: f"{i:%Y-%m-%dT%H:%M:%S}")
def test_no_hour_is_short_or_long(
    conn: Connection, at: Callable[..., Connection], berlin: str, instant: datetime.datetime
) -> None:
    """An hour before a change of the zone's offset, within it, and over the end of February."""
    own = at(instant, berlin)
    ((local,),) = query(own, "SELECT NOW()")
    assert local == instant.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    options = {"interval": 7200, "deadline": 400 * 86_400, "delete_deadline": 90_000}
    delayed = calls.delay(own, "job", {}, 5400, queue="Q", **options).task_id
    (bulk,) = calls.create_many(own, [NewTask("job", {}, queue="Q", delay=5400, **options)])
    due_at = instant.replace(tzinfo=None) + datetime.timedelta(seconds=5400)
    for task_id in (delayed, bulk.task_id):
        found = row(conn, task_id)
        assert found["created_at"] == instant.replace(tzinfo=None)
        assert found["due_at"] == due_at
        assert lasting(found, "created_at", "deadline_at") == 400 * 86_400
    assert calls.next_due(own) == 5400
    assert {info.created_at for info in calls.list_tasks(own)} == {instant}

    if instant + datetime.timedelta(seconds=5400) >= INSTANTS[-1]:
        return  # MariaDB's clock ends here
    early = at(instant + datetime.timedelta(seconds=5399), berlin)
    assert calls.scan(early, "r").messages == []
    later = at(instant + datetime.timedelta(seconds=5400), berlin)
    assert len(calls.scan(later, "r").messages) == 2
    calls.processing(later, delayed, 1)
    assert lasting(row(conn, delayed), "started_at", "due_at") == 7200
    calls.finish(later, delayed, 1)
    assert lasting(row(conn, delayed), "ended_at", "due_at") == 90_000


def test_every_time_comes_from_one_clock() -> None:
    """Of all ways to ask for the time only this one knows no zone. If a look is timed with another
    one, the zone falls out of the difference.
    """
    others = ("NOW(", "SYSDATE", "CURRENT_TIMESTAMP", "LOCALTIME", "CURDATE", "UNIX_TIME",
              "FROM_UNIXTIME", "CONVERT_TZ", "UTC_DATE", "UTC_TIME(")  # fmt: skip
    texts = {o.name: o.text for o in Renderer("mysql", Settings()).objects}
    assert any("UTC_TIMESTAMP(3)" in text for text in texts.values())
    found = {name: o for name, text in texts.items() for o in others if o in text.upper()}
    timed = ("await_task", "find_first", "look_for_tasks", "scan_tasks")
    assert found == {f"qtask_{name}": "SYSDATE" for name in timed}


# -- a session that says what time it is -----------------------------------------------------------


def test_a_session_of_another_time_acts_at_that_time_and_changes_no_other_task(
    conn: Connection, at: Callable[..., Connection]
) -> None:
    """MySQL lets every account set `timestamp`, and UTC_TIMESTAMP follows it."""
    new(conn, "OTHER", delay=60)
    started(conn, "OTHER")
    others = content(conn)[0]
    for year in (2001, 2037):
        own = at(datetime.datetime(year, 1, 1, tzinfo=UTC))
        task = calls.create(own, "job", {}, 3600, "Q")
        assert row(conn, task.task_id)["created_at"].year == year
        mine = calls.delay(own, "job", {}, 0, 3600, "Q").task_id
        calls.processing_many(own, [(mine, 1)])
        calls.extend(own, mine, 1)
        assert calls.fail(own, mine, 1, "e", 0) is Status.WAITING
        calls.cancel(own, mine)
        assert content(conn)[0][: len(others)] == others


def test_a_start_in_the_past_or_the_future_stays_fenced_and_before_the_deadline(
    conn: Connection, at: Callable[..., Connection]
) -> None:
    past = at(datetime.datetime(2001, 1, 1, tzinfo=UTC))
    future = at(datetime.datetime(2037, 1, 1, tzinfo=UTC))
    task_id = new(conn)
    with pytest.raises(DeadlinePassed):
        calls.processing(future, task_id, 1)
    assert calls.processing(past, task_id, 1) == 1
    (message,) = calls.scan(conn, "r").messages
    assert message.attempt == 2, "its interval has passed long ago: it comes again at once"
    assert calls.processing(conn, task_id, 2) == 2
    calls.extend(future, task_id, 2)
    found = row(conn, task_id)
    assert found["due_at"] == found["deadline_at"], "no session puts it off for longer"
    calls.finish(conn, task_id, 2)


def test_a_relay_of_another_time_hands_out_what_is_due_then(
    conn: Connection, at: Callable[..., Connection]
) -> None:
    """Why the accounts of relays and operators are for them alone."""
    new(conn, delay=DEFAULT["deadline"] // 2)
    ended(conn, Status.FINISHED, delete_deadline=LIMIT["seconds"] // 50)
    ((now,),) = query(conn, "SELECT UTC_TIMESTAMP()")
    ahead = at(now.replace(tzinfo=UTC) + datetime.timedelta(seconds=DEFAULT["deadline"] // 2 + 60))
    assert calls.purge(ahead) == 0
    assert len(calls.scan(ahead, "r").messages) == 1
    assert calls.scan(conn, "r").messages == []


# -- the ends of the numbers -----------------------------------------------------------------------


@pytest.fixture
def ids_from(conn: Connection) -> Iterator[Callable[[int], None]]:
    def start(number: int) -> None:
        execute(conn, f"ALTER TABLE {conn.prefix}task AUTO_INCREMENT = {number}")

    yield start
    empty(conn)
    count_ids_anew(conn)


@pytest.mark.parametrize("first", [2**53 + 1, 10**18 - 20])
def test_new_ids_beyond_what_a_double_holds(
    conn: Connection, ids_from: Callable[[int], None], first: int
) -> None:
    ids_from(first)
    single = calls.create(conn, "job", {}, 60, "Q", order_no="1").task_id
    assert single == first
    delayed = calls.delay(conn, "job", {}, 0, 60, "Q").task_id
    tasks = [NewTask("job", {}, 60, "Q", 0) for _ in range(10)]
    many = [task.task_id for task in calls.create_many(conn, tasks)]
    assert [delayed, *many] == list(range(first + 1, first + 12))
    (again, other) = calls.create_many(
        conn, [NewTask("job", {}, 60, "Q", order_no="1"), NewTask("job", {}, 60, "Q", 0)]
    )
    assert (again.task_id, again.created) == (first, False)
    assert [s.task_id for s in calls.processing_many(conn, [(t, 1) for t in many])] == many
    assert calls.finish_many(conn, [(t, 1) for t in many]) == []
    (batch,) = [calls.scan(conn, "r")]
    assert {m.task_id for m in batch.messages} == {delayed, other.task_id}


def test_bulk_calls_take_ids_of_eighteen_digits(
    conn: Connection, ids_from: Callable[[int], None]
) -> None:
    """More than any table holds; the calls for one task know no such limit."""
    ids_from(2**63 - 10)
    task_id = new(conn)
    assert calls.processing(conn, task_id, 1) == 1
    calls.finish(conn, task_id, 1)
    with pytest.raises(InvalidArgument):
        calls.finish_many(conn, [(task_id, 1)])
    assert calls.explain(conn, task_id).task_id == task_id == 2**63 - 10


def test_the_last_attempt_there_is(conn: Connection) -> None:
    """After two thousand lives of a million each: refused, never counted from the start."""
    last = 2**31 - 1
    task_id = new(conn, max_count=LIMIT["max_count"])
    execute(
        conn, f"UPDATE {conn.prefix}task SET attempts = {last - 1}, attempts_before = {last - 9}"
    )
    assert calls.processing(conn, task_id, last) == last
    age(conn, 3601)
    for act in (calls.processing, lambda c, t: calls.processing_many(c, [(t, None)])):
        with pytest.raises(InvalidArgument):
            act(conn, task_id)
    assert row(conn, task_id)["attempts"] == last
    calls.finish(conn, task_id, last)
    assert count(conn) == 1
