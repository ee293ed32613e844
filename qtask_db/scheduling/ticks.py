"""The ticks of cron expressions, which no database computes: by cronsim, as Debian's cron does.

A time of the day that a change of the clock leaves out comes at its end, and one that comes twice
is run the first time; expressions of intervals, such as `*/5 * * * *`, go on in real time.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from qtask_db.constants import DEFAULT
from qtask_db.errors import ConfigurationError, InvalidArgument

if TYPE_CHECKING:
    from qtask_db.scheduling.rows import DueSchedule

FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""Of ticks as texts, in UTC."""
UTC = datetime.timezone.utc
_WINDOWS = tuple(datetime.timedelta(hours=hours) for hours in (1, 24, 31 * 24, 400 * 24))
"""How far back missed ticks are looked for first: of many only the newest are run."""


def text_of(tick: datetime.datetime) -> str:
    """As payloads, order numbers and the procedures have it."""
    return tick.astimezone(UTC).strftime(FORMAT)


def time_of(text: str) -> datetime.datetime:
    """The time that a tick's text says."""
    return datetime.datetime.strptime(text, FORMAT).replace(tzinfo=UTC)


def check(cron: str, zone: str | None) -> None:
    """Raises InvalidArgument if the expression or the zone cannot be read, or no tick ever comes,
    and ConfigurationError if cronsim is not installed.
    """
    if next(after(cron, zone, datetime.datetime.now(UTC)), None) is None:
        raise InvalidArgument(f"in_cron: no time ever fits {cron!r}")


def after(cron: str, zone: str | None, start: datetime.datetime) -> Iterator[datetime.datetime]:
    """The ticks that are later than `start`, in UTC. Raises as `check` does."""
    simulate = _cronsim()
    try:
        found = simulate.CronSim(cron, start.astimezone(zone_of(zone)))
    except simulate.CronSimError as error:
        raise InvalidArgument(
            f"in_cron must be five fields, minute, hour, day, month and day of the week, not "
            f"{cron!r}: {error}"
        ) from None
    # In the hour that comes twice, it begins at the first of the two.
    return (tick for tick in (one.astimezone(UTC) for one in found) if tick > start)


def plan(due: DueSchedule) -> tuple[list[datetime.datetime], datetime.datetime | None]:
    """The ticks of a schedule that are to be run now, and the one that follows; None: none will
    come. Raises as `check` does.
    """
    start = max(due.since_at, due.next_at - datetime.timedelta(seconds=1))
    most = due.max_catch_up if due.misfire == "all" else 1
    ticks = _newest(due, start, most)
    if due.misfire == "skip":
        oldest = due.now - datetime.timedelta(seconds=DEFAULT["misfire_after"])
        ticks = [tick for tick in ticks if tick >= oldest]
    return ticks, next(after(due.cron, due.zone, due.now), None)


def upcoming(
    cron: str, zone: str | None, start: datetime.datetime, count: int
) -> list[datetime.datetime]:
    """The next ticks. Raises as `check` does."""
    return list(islice(after(cron, zone, start), count))


def _newest(due: DueSchedule, start: datetime.datetime, most: int) -> list[datetime.datetime]:
    """At most so many ticks that are later than `start` and not later than now."""
    for window in (*_WINDOWS, due.now - start):
        begin = max(start, due.now - window)
        ticks = []
        for tick in after(due.cron, due.zone, begin):
            if tick > due.now:
                break
            ticks.append(tick)
        if len(ticks) >= most or begin == start:
            return ticks[-most:]
    raise AssertionError("unreachable")


def _cronsim() -> Any:
    try:
        import cronsim
    except ImportError:
        raise ConfigurationError(
            "cron expressions need cronsim: pip install 'qtask-db[schedules]'"
        ) from None
    return cronsim


@lru_cache(maxsize=256)
def zone_of(name: str | None) -> datetime.tzinfo:
    """The zone of this name; None is UTC, which needs no table of zones. Raises InvalidArgument."""
    if name is None or name == DEFAULT["zone"]:
        return UTC
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidArgument(
            f"in_zone: there is no time zone {name!r} on this machine; the names are such as "
            "Europe/Berlin, and a machine without them needs pip install 'qtask-db[schedules]'"
        ) from None
