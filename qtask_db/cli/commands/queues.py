"""Commands on whole queues: stats, pause, resume, delivery, expire, purge."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import click

from qtask_db.cli import errors, output, tables
from qtask_db.cli.output import json_option
from qtask_db.cli.state import (
    State,
    any_namespace_option,
    database_options,
    namespace_option,
    pass_state,
    redis_option,
)
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import AccessDenied, Conflict, DatabaseUnavailable
from qtask_db.log import mask

if TYPE_CHECKING:
    from rich.console import Console

    from qtask_db.cli.screen import Snapshot, Source
    from qtask_db.database import Connection


@click.command(short_help="Count the tasks of each queue by state.")
@any_namespace_option
@click.option(
    "--watch",
    "-w",
    type=click.FloatRange(min=0.1),
    is_flag=False,
    flag_value=2.0,
    metavar="[SECONDS]",
    help="Repeat each SECONDS, 2 if left out (less often if it is slow), until Ctrl-C.",
)
@click.option(
    "--active", is_flag=True, help="Only active tasks: quick beside millions of terminal ones."
)
@database_options
@redis_option
@json_option
@pass_state
def stats(
    state: State, *, namespace: str | None, watch: float | None, active: bool, as_json: bool
) -> None:
    """Show how many tasks each queue has, in which state, and how far behind the relays are.

    \b
    Due       tasks whose time has come and that no relay has claimed yet
    Lag       how long the oldest of them has been waiting
    In Redis  messages that no consumer has taken (with a Redis URL)

    \b
    Examples:
      qtask stats
      qtask stats --watch
      qtask stats --watch 0.5 --active --namespace default
      qtask stats --json | jq '.queues[] | select(.failed > 0)'
    """
    from qtask_db.cli.screen import Source, page

    console = tables.console()
    with Source(state, namespace, active=active) as source:
        if watch is not None and console.is_terminal and not as_json:
            _watch(source, console, watch)
        if watch is not None:
            _repeat(source, watch, as_json)
        with output.patience("counting" if active else "counting, --active leaves out most of it"):
            snapshot = source.read()
        if as_json:
            output.echo_json(snapshot.as_dict())
        else:
            tables.show(console, page(snapshot, console))


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
@pass_state
def delivery(state: State, *, queue: str, kind: str, namespace: str | None) -> None:
    """Choose how a queue's tasks reach their consumers, also while it is in use.

    \b
    redis   relays put messages into Redis, and consumers take those
    direct  consumers take the tasks from the database: neither Redis nor a relay is needed

    Messages that are in Redis already stay valid. A task whose message nobody takes any more comes
    the other way when its interval has passed.

    \b
    Examples:
      qtask delivery GCR:ORDER:BIND direct
      qtask delivery GCR:ORDER:BIND redis --namespace billing
    """
    from qtask_db import calls

    with state.connect() as conn:
        known = _is_known(conn, queue, namespace)
        calls.set_delivery(conn, queue, kind, namespace)
    where = f"queue {queue} of namespace {namespace or DEFAULT['namespace']}"
    output.echo(f"{where} is delivered {'directly' if kind == 'direct' else 'through Redis'}")
    if not known:
        errors.say(_NEW)


_chunk = click.option(
    "--chunk",
    metavar="N",
    type=click.IntRange(1, LIMIT["rows"]),
    default=1000,
    show_default=True,
    help="Rows of one transaction.",
)
_all = click.option(
    "--all", "until_empty", is_flag=True, help="Chunk after chunk until none is left."
)


@click.command(short_help="Mark overdue tasks as failed.")
@_chunk
@_all
@database_options
@json_option
@pass_state
def expire(state: State, *, chunk: int, until_empty: bool, as_json: bool) -> None:
    """Mark overdue tasks as failed (deadline passed or attempts used up): one chunk, or all.

    A relay does the same as it goes.

    \b
    Examples:
      qtask expire --all
      qtask expire --chunk 5000 --json
    """
    from qtask_db import calls

    _in_chunks(state, calls.expire, "expired", chunk, until_empty, as_json)


@click.command(short_help="Delete terminal tasks whose delete time has come.")
@_chunk
@_all
@database_options
@json_option
@pass_state
def purge(state: State, *, chunk: int, until_empty: bool, as_json: bool) -> None:
    """Delete finished, cancelled and failed tasks whose delete time has come: one chunk, or all.

    A relay does the same as it goes.

    \b
    Examples:
      qtask purge --all
      qtask purge --chunk 5000 --json
    """
    from qtask_db import calls

    _in_chunks(state, calls.purge, "purged", chunk, until_empty, as_json)


Chunk = Callable[["Connection", int], int]


def _in_chunks(
    state: State, call: Chunk, done: str, chunk: int, until_empty: bool, as_json: bool
) -> None:
    """Run the command, and say how many tasks it has done it to."""
    started = time.monotonic()
    with state.connect() as conn:
        total, more = _count(conn, call, done, chunk, until_empty)
    if as_json:
        output.echo_json({done: total, "more": more})
        return
    output.echo(
        f"{done} {output.plural(total, 'task')} in {output.span(time.monotonic() - started)}"
    )
    if more:
        errors.say("there may be more; --all goes on until none is left")


def _count(
    conn: Connection, call: Chunk, done: str, chunk: int, until_empty: bool
) -> tuple[int, bool]:
    """Call chunk by chunk; how many tasks, and whether more may be left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn(done),
        BarColumn(),
        TextColumn("{task.completed:,} tasks"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    total, started = 0, time.monotonic()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        progress = bar.add_task("", total=None, rate="")
        while True:
            count = again(lambda: call(conn, chunk))
            total += count
            rate = f"{total / max(time.monotonic() - started, 1e-3):,.0f} tasks/s"
            bar.update(progress, advance=count, rate=rate)
            if count < chunk or not until_empty:
                return total, count == chunk


def again(call: Callable[[], int], times: int = 5) -> int:
    """Call again after a conflict with another transaction."""
    for _ in range(times - 1):
        with contextlib.suppress(Conflict):
            return call()
        time.sleep(0.1)
    return call()


def _repeat(source: Source, seconds: float, as_json: bool) -> NoReturn:
    """Snapshot after snapshot, for a pipe or a file."""
    from qtask_db.cli.screen import page

    console = tables.console()
    while True:
        snapshot = source.read()
        if as_json:
            output.echo_json(snapshot.as_dict(), indent=None)
        else:
            tables.show(console, page(snapshot, console), "")
        sys.stdout.flush()
        time.sleep(_pause(snapshot, seconds))


def _watch(source: Source, console: Console, seconds: float) -> NoReturn:
    """Keep one screen up to date, and leave its last state behind."""
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from qtask_db.cli.screen import page

    snapshot = source.read()
    shown = page(snapshot, console)
    trouble: Text | None = None
    try:
        with Live(shown, console=console, screen=True, auto_refresh=False) as live:
            while True:
                pause = _pause(snapshot, seconds)
                clock = Text(time.strftime("%H:%M:%S  "), style="bright_black")
                note = trouble or Text(f"every {pause:.3g} s, Ctrl-C leaves", style="bright_black")
                live.update(Group(shown, Text(), clock + note), refresh=True)
                time.sleep(pause)
                try:
                    snapshot, trouble = source.read(), None
                    shown = page(snapshot, console)
                except (DatabaseUnavailable, Conflict) as error:
                    # A server that goes away later is waited for.
                    trouble = Text(output.visible(mask(f"{error}; trying again")), style="red")
    finally:
        tables.show(console, shown)


def _pause(snapshot: Snapshot, seconds: float) -> float:
    """Looks that take long, beside millions of terminal tasks, take a tenth of the time at most."""
    return max(seconds, 9 * snapshot.took)
