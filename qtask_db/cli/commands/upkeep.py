"""Commands of the upkeep, which relays and workers do by themselves: expire, purge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import json_option
from qtask_db.cli.state import State, database_options, pass_state
from qtask_db.constants import LIMIT
from qtask_db.errors import Conflict

if TYPE_CHECKING:
    from qtask_db.database import Connection

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

    A relay does the same as it goes, and so does a worker of direct queues whose account may.

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

    A relay does the same as it goes, and so does a worker of direct queues whose account may.

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
