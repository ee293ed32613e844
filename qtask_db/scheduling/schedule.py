"""A schedule: it makes a task each so many seconds, or at the times of a cron expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from qtask_db.constants import DEFAULT


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule, as `set_schedule` stores it. One of `every` and `cron` must be given."""

    name: str
    """Of the schedule: unique in its namespace."""
    queue: str
    """The queue of its tasks."""
    payload: Mapping[str, Any] | str = field(default_factory=dict)
    """An object, or the text of a JSON object, without the key `tick`: each task has the time of
    its tick there, such as `2026-11-29T10:00:00Z`.
    """
    every: int | None = None
    """Seconds between two ticks."""
    cron: str | None = None
    """A cron expression of five fields; needs `pip install 'qtask-db[schedules]'`."""
    zone: str | None = None
    """The time zone of `cron`, such as `Europe/Berlin`; None is UTC."""
    misfire: Literal["skip", "once", "all"] = DEFAULT["misfire"]
    """Of the ticks that nobody ran in time, because everything was down: run none, the newest, or
    the newest `max_catch_up`.
    """
    max_catch_up: int = DEFAULT["max_catch_up"]
    """Most missed ticks that `all` runs at one time."""
    overlap: Literal["allow", "skip"] = DEFAULT["overlap"]
    """`skip` leaves out ticks while the last task is active."""
    task: str | None = None
    """Name of its tasks; None is that of the schedule."""
    interval: int = 600
    """Seconds until an unfinished task is queued again."""
    namespace: str | None = None
    """Of the schedule and its tasks; None is `default`."""
    deadline: int | None = None
    """Seconds after its creation; no attempt of a task starts later."""
    delete_deadline: int | None = None
    """Seconds from a task's end to its deletion."""
    max_count: int | None = None
    """Most attempts of a task."""
    on_failure: str | None = None
    """Queue on which the end in failure of a task creates another one."""
    owner: str | None = None
    """The file or the program that it comes from, for `qtask schedule apply`."""

    def options(self) -> dict[str, Any]:
        """The arguments that a call may leave out, by name, if they have a value."""
        given: Mapping[str, Any] = {
            name: getattr(self, name)
            for name in (
                "namespace", "misfire", "max_catch_up", "overlap", "owner",
                "deadline", "delete_deadline", "max_count", "on_failure",
            )
        }  # fmt: skip
        return {name: value for name, value in given.items() if value is not None}
