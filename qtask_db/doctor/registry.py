"""Whether the queues that are registered are those that the installation wants, and whether a task
has lost its queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qtask_db import calls
from qtask_db.doctor.check import NAMED, Check, fail, ok, warn
from qtask_db.errors import AccessDenied, NotInstalled
from qtask_db.settings import Settings

if TYPE_CHECKING:
    from qtask_db.database import Connection

_FULL = 0.8
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
