"""Whether the queues that are registered are those that the installation wants, whether a task has
lost its queue, and whether schedules are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qtask_db import calls
from qtask_db.doctor.check import NAMED, Check, fail, named, ok, warn
from qtask_db.errors import AccessDenied, NotInstalled
from qtask_db.settings import Settings

if TYPE_CHECKING:
    from qtask_db.database import Connection

_FULL = 0.8
_LATE = 60.0
"""Seconds that a tick may be late."""
Lost = Callable[[Any, str], Sequence[tuple[Any, ...]]]
"""Numbers of queues that active tasks have and that no queue has: the number, how many tasks, the
first of them.
"""


def examine_registry(connection: Connection) -> Iterator[Check]:
    """The names of the queues, and how many there are."""
    names = [row.queue for row in calls.depth(connection)]
    try:
        stored = dict(connection.select("setting", ("name", "value")))
    except (AccessDenied, NotInstalled):
        yield ok("queues", f"{len(names):,} are registered; what may be is not for this account")
        return
    chosen = {name: stored[name] for name in ("queue_pattern", "max_queues") if name in stored}
    settings = Settings().updated(chosen)
    strangers = sorted({name for name in names if not settings.allows(name)})
    if strangers:
        listed = ", ".join(strangers[:NAMED]) + (", ..." if len(strangers) > NAMED else "")
        yield warn(
            "queues",
            f"{len(strangers):,} do not fit queue_pattern and stay usable: {listed}",
            "`qtask remove-queue NAME` for what nobody needs, or `qtask install --queue-pattern`",
        )
    if len(names) > _FULL * settings.max_queues:
        yield warn(
            "queues",
            f"{len(names):,} are registered of {settings.max_queues:,} that may be",
            "`qtask remove-queue --idle 30` removes what nobody uses; see who creates them",
        )
    yield ok("queues", f"{len(names):,} are registered of {settings.max_queues:,} that may be")


def examine_lost(connection: Connection, lost: Lost) -> Iterator[Check]:
    """No scan finds a task whose queue is not there."""
    found = lost(connection.raw, connection.prefix)
    table = f"{connection.prefix}queue"
    for queue_id, tasks, first in found[:NAMED]:
        yield fail(
            "lost queues",
            f"{tasks:,} active tasks, the first is {first}, have a queue that is not there",
            f"give it back: a row of {table} with queue_id {queue_id}, and namespace and queue as "
            "its creator names them",
        )
    if not found:
        yield ok("lost queues", "the queue of each active task is there")


def examine_schedules(connection: Connection) -> Iterator[Check]:
    """Whether each makes its tasks, and somebody runs them."""
    try:
        found = calls.list_schedules(connection)
    except (AccessDenied, NotInstalled):
        yield ok("schedules", "they are not for this account")
        return
    broken = {one.schedule.name: one.last_error for one in found if one.last_error}
    if broken:
        yield warn(
            "schedules",
            f"no task was created by {named(broken)}",
            "`qtask schedule list` shows them all; correct the schedule, or what it needs",
        )
    late = {
        one.schedule.name: f"{one.lag:,.0f} s late"
        for one in found
        if one.lag > _LATE and not one.last_error
    }
    if late:
        yield warn(
            "schedules",
            f"nobody runs {named(late)}",
            "start a relay, or a worker of a direct queue; cron expressions need "
            "`pip install 'qtask-db[schedules]'` there",
        )
    if not (broken or late):
        yield ok("schedules", f"{len(found):,} are set, none is late")
