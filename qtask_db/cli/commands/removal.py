"""The command remove-queue: one that nobody needs, or all that nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qtask_db.cli import errors, output
from qtask_db.cli.state import (
    State,
    database_options,
    namespace_option,
    pass_state,
    redis_options,
)
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import QueueUnavailable

if TYPE_CHECKING:
    from qtask_db.database import Connection

_DAY = 86400
_STEP = 1000


@click.command("remove-queue", short_help="Remove a queue that nobody needs, or all idle ones.")
@click.argument("queue", required=False)
@click.option(
    "--idle",
    type=click.IntRange(1, LIMIT["seconds"] // _DAY),
    metavar="DAYS",
    help="Instead of QUEUE: all queues without an active task that are not paused. Those that were "
    "removed so many days ago and not used since are deleted for good.",
)
@namespace_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@database_options
@redis_options
@pass_state
def remove_queue(
    state: State, *, queue: str | None, idle: int | None, namespace: str | None, yes: bool
) -> None:
    """Remove a queue that has no active task. No task is lost, and its next use brings it back.

    Relays and statistics pass over it at once. A day later the same command deletes it for good, if
    no terminal task is left and nobody has used it.

    \b
    Examples:
      qtask remove-queue TYPO
      qtask remove-queue --idle 30 --yes
    """
    if (queue is None) == (idle is None):
        raise click.UsageError("Give a QUEUE, or --idle DAYS.")
    if idle is not None and namespace is not None:
        raise click.UsageError("--idle is for all namespaces.")
    with state.connect() as conn:
        if idle is not None:
            _remove_idle(state, conn, idle, yes)
        elif queue is not None:
            _remove(state, conn, queue, namespace, yes)


def _remove(state: State, conn: Connection, queue: str, namespace: str | None, yes: bool) -> None:
    from qtask_db import calls

    named = output.visible(f"queue {queue} of namespace {namespace or DEFAULT['namespace']}")
    if not yes:
        output.confirm(f"This removes {named} from {state.database()}", "Continue?", to="remove")
    if calls.remove_queue(conn, queue, namespace):
        output.echo(f"{named} is gone for good")
    else:
        output.echo(f"{named} is removed; its next use brings it back")
        errors.say("the same command deletes it for good a day later, if no terminal task is left")
    _tell_left(state, queue)


def _tell_left(state: State, queue: str) -> None:
    """The messages in Redis stay: the database cannot remove them."""
    if state.redis_url is None:
        return
    from qtask_db.transport.queues import count_messages
    from qtask_db.transport.url import connect

    try:
        with connect(state.redis_url) as client:
            left = count_messages(client, [queue], state.queue_prefix).get(queue, 0)
    except QueueUnavailable as error:
        errors.say(f"whether its key is left in Redis cannot be seen: {error}")
        return
    if left:
        errors.say(f"its key in Redis still has {output.plural(left, 'message')}: DEL it there")


def _remove_idle(state: State, conn: Connection, days: int, yes: bool) -> None:
    from qtask_db import calls

    if not yes:
        what = f"This removes all queues of {state.database()} that have no active task"
        output.confirm(what, "Continue?", to="remove")
    removed = deleted = 0
    # Of no queue twice: what was removed is not removed again, nor deleted before a day has passed.
    for _ in range(2 * LIMIT["queues"] // _STEP):
        some = calls.remove_idle_queues(conn, days * _DAY, _STEP)
        removed, deleted = removed + some[0], deleted + some[1]
        if max(some) < _STEP:
            break
    output.echo(f"removed {output.plural(removed, 'queue')}, deleted {deleted:,} for good")
