"""The ticks of cron expressions, with both changes of the clock."""

from __future__ import annotations

import datetime
import sys
from itertools import islice
from typing import Any

import pytest

from qtask_db.constants import DEFAULT
from qtask_db.errors import ConfigurationError, InvalidArgument
from qtask_db.scheduling import DueSchedule, ticks

BERLIN = "Europe/Berlin"
HOUR = datetime.timedelta(hours=1)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ticks.UTC)


def first(cron: str, start: str, count: int, zone: str | None = BERLIN) -> list[str]:
    found = islice(ticks.after(cron, zone, at(start)), count)
    return [f"{tick:%m-%d %H:%M}" for tick in found]


def due(cron: str, since: str, now: str, misfire: str = "all", **more: Any) -> DueSchedule:
    given = {"max_catch_up": 100, "zone": BERLIN, "next_at": at(since), **more}
    return DueSchedule("n", "s", 1, cron, misfire=misfire, since_at=at(since), now=at(now), **given)


def planned(one: DueSchedule) -> tuple[list[str], str]:
    found, following = ticks.plan(one)
    return [f"{tick:%m-%d %H:%M}" for tick in found], f"{following:%m-%d %H:%M}"


# 2026: the clock goes from 02:00 to 03:00 on 29 March (at 01:00 UTC), from 03:00 to 02:00 on 25
# October (at 01:00 UTC).


def test_a_time_that_is_left_out_comes_once_at_the_end_of_the_gap() -> None:
    assert first("30 2 * * *", "2026-03-28T00:00", 3) == [
        "03-28 01:30",
        "03-29 01:00",
        "03-30 00:30",
    ]
    assert first("0 3 * * *", "2026-03-28T12:00", 2) == ["03-29 01:00", "03-30 01:00"]


def test_a_time_that_comes_twice_is_run_the_first_time() -> None:
    assert first("30 2 * * *", "2026-10-24T12:00", 2) == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize("start", ["2026-10-25T00:30", "2026-10-25T00:59", "2026-10-25T01:10"])
def test_it_is_not_run_again_by_who_begins_between_the_two(start: str) -> None:
    assert first("30 2 * * *", start, 1) == ["10-26 01:30"]


def test_intervals_go_on_in_real_time() -> None:
    assert first("*/30 * * * *", "2026-03-29T00:15", 4) == [
        "03-29 00:30", "03-29 01:00", "03-29 01:30", "03-29 02:00",
    ]  # fmt: skip
    assert first("0 * * * *", "2026-10-24T23:30", 4) == [
        "10-25 00:00", "10-25 01:00", "10-25 02:00", "10-25 03:00",
    ]  # fmt: skip


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_without_a_zone_it_is_utc(zone: str | None) -> None:
    assert first("30 2 * * *", "2026-03-29T00:00", 2, zone) == ["03-29 02:30", "03-30 02:30"]


def test_the_29th_of_february() -> None:
    found = list(islice(ticks.after("0 0 29 2 *", None, at("2026-01-01")), 3))
    assert [tick.year for tick in found] == [2028, 2032, 2036]


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 0 30 2 *", "in_cron"), ("0 0 31 2,4 *", "in_cron"), ("* * * *", "five fields"),
        ("60 * * * *", "in_cron"), ("@daily", "five fields"), ("", "five fields"),
        ("0 0 * * MOND", "in_cron"), ("0 0 L * * *", "five fields"), ("*/0 * * * *", "in_cron"),
    ],
)  # fmt: skip
def test_an_expression_that_cannot_be_read(cron: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        ticks.check(cron, None)


@pytest.mark.parametrize("zone", ["Europe/Berlim", "", "../etc/passwd", "/etc/localtime", "Europe"])
def test_a_zone_that_is_not_known(zone: str) -> None:
    with pytest.raises(InvalidArgument, match="in_zone"):
        ticks.check("0 2 * * *", zone)


def test_without_cronsim_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cronsim", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'qtask-db\[schedules\]'"):
        ticks.check("0 2 * * *", None)


def test_ticks_that_were_missed() -> None:
    given = {"cron": "0 2 * * *", "since": "2026-11-20T12:00", "now": "2026-11-23T12:00"}
    assert planned(due(**given)) == (["11-21 01:00", "11-22 01:00", "11-23 01:00"], "11-24 01:00")
    assert planned(due(**given, misfire="once")) == (["11-23 01:00"], "11-24 01:00")
    assert planned(due(**given, misfire="skip")) == ([], "11-24 01:00")
    assert planned(due(**given, max_catch_up=2))[0] == ["11-22 01:00", "11-23 01:00"]


def test_skip_runs_what_is_not_late() -> None:
    late = datetime.timedelta(seconds=DEFAULT["misfire_after"])
    one = due("0 2 * * *", "2026-11-20T12:00", "2026-11-23T01:00", "skip")
    for lateness, wanted in ((0, 1), (late.seconds, 1), (late.seconds + 1, 0)):
        now = at("2026-11-23T01:00") + datetime.timedelta(seconds=lateness)
        found, _ = ticks.plan(
            DueSchedule(*(getattr(one, name) for name in one.__slots__[:-1]), now)
        )
        assert len(found) == wanted


def test_a_tick_counts_from_next_at_on_and_after_since_at() -> None:
    given = {"cron": "0 * * * *", "now": "2026-11-23T12:30", "zone": "UTC"}
    one = due(since="2026-11-23T10:00", **given)
    assert planned(one)[0] == ["11-23 11:00", "11-23 12:00"]
    one = due(since="2026-11-20T10:00", **{**given, "next_at": at("2026-11-23T12:00")})
    assert planned(one)[0] == ["11-23 12:00"]


def test_one_that_was_set_in_the_hour_that_comes_twice() -> None:
    """At 02:10 the second time: 02:30 has been, and comes on the next day."""
    one = due("30 2 * * *", "2026-10-25T01:10", "2026-10-25T01:40")
    assert planned(one) == ([], "10-26 01:30")


def test_a_night_with_a_gap_is_caught_up_once() -> None:
    one = due("30 2 * * *", "2026-03-28T12:00", "2026-03-29T09:00")
    assert planned(one) == (["03-29 01:00"], "03-30 00:30")


def test_years_of_missed_minutes_take_no_time() -> None:
    one = due("* * * * *", "2020-01-01T00:00", "2026-11-23T12:00", max_catch_up=1000)
    found, following = ticks.plan(one)
    assert len(found) == 1000
    assert found[-1] == at("2026-11-23T12:00")
    assert following == at("2026-11-23T12:01")


def test_the_rarest_is_found_however_long_ago_it_was() -> None:
    found, following = ticks.plan(due("0 0 29 2 *", "2019-01-01", "2026-11-23", zone="UTC"))
    assert found == [at("2020-02-29"), at("2024-02-29")]
    assert following == at("2028-02-29")


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/20 * * * *", "15 1,2,3 * * *", "0 */2 * * *"])
def test_step_by_step_it_is_the_same_as_at_once(cron: str, zone: str) -> None:
    """Runners that look each so often make the ticks of one that was away, each once."""
    for begin in ("2026-03-06T00:00", "2026-03-27T00:00", "2026-10-03T00:00", "2026-10-23T00:00"):
        start = at(begin)
        end = start + 80 * HOUR
        whole, _ = ticks.plan(
            due(cron, begin, f"{end:%Y-%m-%dT%H:%M}", max_catch_up=1000, zone=zone)
        )
        single: list[datetime.datetime] = []
        now, next_at = start, start
        while now < end:
            now += datetime.timedelta(minutes=7)
            if now >= next_at:
                one = DueSchedule(
                    "n", "s", 1, cron, zone, "all", 1000, start, next_at, min(now, end)
                )
                found, following = ticks.plan(one)
                single += found
                assert following is not None
                next_at = following
        assert single == whole
        assert len(set(whole)) == len(whole)
