"""Commands that store a task: create, delay."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import DURATION, json_option
from qtask_db.cli.state import (
    State,
    database_options,
    namespace_option,
    pass_state,
    redis_options,
    stream_option,
)
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import AccessDenied, QueueUnavailable

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.task import Task
    from qtask_db.transport.url import RedisClient


def _days(default: str) -> str:
    return f"{DEFAULT[default] // 86400}d"


def _task_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what create and delay have in common."""
    for option in (
        json_option,
        database_options,
        namespace_option,
        click.option(
            "--on-failure",
            metavar="QUEUE",
            help="Queue on which a task is created if this one fails for good or is cancelled.",
        ),
        click.option(
            "--max-count",
            type=int,
            metavar="N",
            help=f"Most attempts.  [{DEFAULT['max_count']}]",
        ),
        click.option(
            "--delete-deadline",
            type=DURATION,
            metavar="TIME",
            help="How long the terminal task is kept.  "
            f"[finished: {DEFAULT['delete_deadline']}, "
            f"failed or cancelled: {_days('keep_unfinished')}]",
        ),
        click.option(
            "--deadline",
            type=DURATION,
            metavar="TIME",
            help=f"Time from now after which no attempt starts.  [{_days('deadline')}]",
        ),
        click.option(
            "--order-no",
            "-o",
            metavar="TEXT",
            help="Business number: while a task of the same name and queue has it and is active,"
            " that task is returned and none is created.",
        ),
    ):
        command = option(command)
    return command


@click.command(short_help="Store a task and put it on its queue at once.")
@click.argument("name")
@click.argument("payload")
@click.argument("interval", type=DURATION)
@click.argument("queue")
@_task_options
@redis_options
@stream_option
@pass_state
def create(
    state: State,
    /,
    *,
    name: str,
    payload: str,
    interval: int,
    queue: str,
    stream: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Store a task and put it on its queue at once.

    PAYLOAD is a JSON object, `@FILE`, or `-` for stdin. INTERVAL is the time after which the task
    is put on the queue again unless it has been finished: seconds, or for example 5m, 1h30m, 7d.

    Without a Redis URL the task is stored all the same and a relay puts it on the queue. The task
    of a direct queue is not put anywhere: a worker takes it from the database.

    \b
    Examples:
      qtask create 'bind order' '{"order_no": "8973"}' 1h GCR:ORDER:BIND --order-no 8973
      qtask create report @payload.json 30m REPORTS --deadline 1d
      jq -c .order order.json | qtask create 'bind order' - 3600 GCR:ORDER:BIND --json
    """
    from qtask_db import calls

    text = payload_of(payload)
    redis, prefix = _redis(state), state.queue_prefix
    with state.connect() as conn:
        task = calls.create(conn, name, text, interval, queue, **options)
        if task.pushable or not task.created:
            pushed, note = _push(redis, task, stream, prefix)
        else:
            pushed, note = False, _why_not(conn, queue, options["namespace"])
    _show_task(task, pushed, note, as_json)


@click.command(short_help="Store a task that is put on its queue later.")
@click.argument("name")
@click.argument("payload")
@click.argument("delay", type=DURATION)
@click.argument("interval", type=DURATION)
@click.argument("queue")
@_task_options
@pass_state
def delay(
    state: State,
    /,
    *,
    name: str,
    payload: str,
    delay: int,
    interval: int,
    queue: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Store a task that comes to its consumers when DELAY has passed.

    PAYLOAD is a JSON object, `@FILE`, or `-` for stdin. DELAY and INTERVAL are seconds, or for
    example 5m, 1h30m, 7d.

    \b
    Examples:
      qtask delay 'close order' '{"order_no": "8973"}' 15m 1h GCR:ORDER:CLOSE
      qtask delay reminder @payload.json 7d 1h MAIL --order-no 8973 --deadline 14d
    """
    from qtask_db import calls

    deadline = options["deadline"] or DEFAULT["deadline"]
    if LIMIT["seconds"] >= delay >= deadline > 0:
        raise click.UsageError(
            f"The task would fail at its deadline, {output.span(deadline)} from now, before it is "
            f"queued: pass a --deadline that is longer than {output.span(delay)}."
        )
    text = payload_of(payload)
    with state.connect() as conn:
        task = calls.delay(conn, name, text, delay, interval, queue, **options)
        direct = _queue_of(conn, queue, options["namespace"])[0]
    does = "a worker may take it" if direct else f"a relay puts it on {queue}"
    note = f"{does} in {output.span(delay)}"
    _show_task(task, False, note, as_json)


def payload_of(text: str) -> str:
    """The payload's text: the argument itself, the file behind `@`, or stdin for `-`."""
    if text == "-":
        try:
            return sys.stdin.read()
        except UnicodeDecodeError:
            raise click.UsageError("stdin is not UTF-8 text") from None
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot read {text[1:]}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"{text[1:]} is not UTF-8 text") from None


def _redis(state: State) -> RedisClient | str | None:
    """The client to push with, before anything is stored: a wrong URL is to say so at once."""
    from qtask_db.transport.url import connect

    try:
        return connect(state.redis_url) if state.redis_url else None
    except QueueUnavailable:  # a Cluster that is away; it is looked for again
        return state.redis_url


def _push(
    redis: RedisClient | str | None, task: Task, stream: bool, prefix: str
) -> tuple[bool, str]:
    """Put a committed task on its queue. Nothing is lost if that fails: the relay does it."""
    later = "a relay puts it on the queue when the push grace has passed"
    if redis is None:
        return False, f"no Redis URL given: {later}"
    from qtask_db.transport.pushing import push_now

    try:
        if push_now(redis, (task,), stream=stream, queue_prefix=prefix):
            return True, f"on queue {task.queue}"
    except QueueUnavailable as error:
        errors.say(f"{error}: task {task.task_id} is stored and {later}")
        return False, later
    return False, f"the queue is full: {later}, or when there is room"


def _queue_of(conn: Connection, queue: str, namespace: str | None) -> tuple[bool, bool]:
    """Whether it is direct, and whether it is paused; neither, if this account may not see it."""
    from qtask_db import calls

    with suppress(AccessDenied):
        for row in calls.depth(conn, namespace or DEFAULT["namespace"]):
            if row.queue == queue:
                return row.delivery == "direct", row.paused
    return False, False


def _why_not(conn: Connection, queue: str, namespace: str | None) -> str:
    """Nobody is to push it."""
    direct, paused = _queue_of(conn, queue, namespace)
    if direct:
        return f"its queue is direct: a worker takes it{' after `qtask resume`' if paused else ''}"
    if paused:
        return "its queue is paused; it is put on it after `qtask resume`"
    return "its queue is paused or direct: nobody is to push it"


def _show_task(task: Task, pushed: bool, note: str, as_json: bool) -> None:
    if as_json:
        output.echo_json(
            {
                "task_id": task.task_id,
                "created": task.created,
                "queue": task.queue,
                "pushed": pushed,
            }
        )
        return
    click.echo(task.task_id)
    if task.created:
        errors.say(f"task {task.task_id} stored; {note}")
    else:
        errors.say(f"task {task.task_id} is active with this order number; nothing was created")
