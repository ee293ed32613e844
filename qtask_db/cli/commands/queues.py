"""Commands that change a queue: pause, resume, delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import json_option
from qtask_db.cli.state import State, database_options, namespace_option, pass_state
from qtask_db.constants import DEFAULT
from qtask_db.errors import AccessDenied

if TYPE_CHECKING:
    from qtask_db.database import Connection


def _is_known(conn: Connection, queue: str, namespace: str | None) -> bool:
    """Whether the queue is registered, as far as the account may see."""
    from qtask_db import calls

    try:
        rows = calls.depth(conn, namespace or DEFAULT["namespace"])
    except AccessDenied:
        return True
    return any(row.queue == queue for row in rows)


_NEW = (
    "it is a new queue, which no task has used: is the name right? If not, `qtask remove-queue` "
    "undoes it"
)


@click.command(short_help="Stop claiming a queue's tasks.")
@click.argument("queue")
@namespace_option
@database_options
@pass_state
def pause(state: State, *, queue: str, namespace: str | None) -> None:
    """Stop claiming a queue's tasks. They are kept, and their deadlines still pass.

    \b
    Examples:
      qtask pause GCR:ORDER:BIND
    """
    from qtask_db import calls

    with state.connect() as conn:
        known = _is_known(conn, queue, namespace)
        calls.pause(conn, queue, namespace)
    output.echo(f"queue {queue} of namespace {namespace or DEFAULT['namespace']} is paused")
    if not known:
        errors.say(_NEW)


@click.command(short_help="Claim a paused queue's tasks again.")
@click.argument("queue")
@namespace_option
@database_options
@pass_state
def resume(state: State, *, queue: str, namespace: str | None) -> None:
    """Claim a paused queue's tasks again.

    \b
    Examples:
      qtask resume GCR:ORDER:BIND
    """
    from qtask_db import calls

    with state.connect() as conn:
        known = _is_known(conn, queue, namespace)
        calls.resume(conn, queue, namespace)
    output.echo(f"queue {queue} of namespace {namespace or DEFAULT['namespace']} is resumed")
    if not known:
        errors.say(_NEW)


@click.command(short_help="Choose how a queue's tasks reach their consumers.")
@click.argument("queue")
@click.argument("kind", metavar="redis|direct", type=click.Choice(["redis", "direct"]))
@namespace_option
@database_options
@json_option
@pass_state
def delivery(state: State, *, queue: str, kind: str, namespace: str | None, as_json: bool) -> None:
    """Choose how a queue's tasks reach their consumers, also while it is in use.

    \b
    redis   relays put messages into Redis, and consumers take those
    direct  consumers take the tasks from the database: neither Redis nor a relay is needed

    Messages that are in Redis already stay valid. A task whose message nobody takes any more comes
    the other way when its interval has passed, or at once after `qtask redrive`. New queues have
    the delivery of `qtask install --delivery`.

    \b
    Examples:
      qtask delivery GCR:ORDER:BIND direct
      qtask delivery GCR:ORDER:BIND redis --namespace billing
      qtask stats --json | jq '.queues[] | {queue, delivery}'
    """
    from qtask_db import calls

    with state.connect() as conn:
        known = _is_known(conn, queue, namespace)
        calls.set_delivery(conn, queue, kind, namespace)
    namespace = namespace or DEFAULT["namespace"]
    if as_json:
        output.echo_json(
            {"namespace": namespace, "queue": queue, "delivery": kind, "new": not known}
        )
        return
    way = "directly" if kind == "direct" else "through Redis"
    output.echo(f"queue {queue} of namespace {namespace} is delivered {way}")
    if not known:
        errors.say(_NEW)
