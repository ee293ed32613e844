"""The command stats: how many tasks each queue has, once or again and again."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NoReturn

import click

from qtask_db.cli import output, tables
from qtask_db.cli.output import json_option
from qtask_db.cli.state import (
    State,
    any_namespace_option,
    database_options,
    pass_state,
    redis_options,
)
from qtask_db.errors import Conflict, DatabaseUnavailable
from qtask_db.log import mask

if TYPE_CHECKING:
    from rich.console import Console

    from qtask_db.cli.screen import Snapshot, Source


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
@redis_options
@json_option
@pass_state
def stats(
    state: State, *, namespace: str | None, watch: float | None, active: bool, as_json: bool
) -> None:
    """Show how many tasks each queue has, in which state, and how far behind the relays are, or the
    workers of direct queues.

    \b
    Delivery  redis or direct (if a queue is direct)
    Due       tasks whose time has come and that no relay has claimed, no worker taken yet
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
