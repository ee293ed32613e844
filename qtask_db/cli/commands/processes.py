"""The command ps: the relays and workers of a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qtask_db.cli import errors, output, tables
from qtask_db.cli.output import json_option
from qtask_db.cli.state import State, database_options, pass_state
from qtask_db.cli.tables import Column

if TYPE_CHECKING:
    from qtask_db.models import ProcessInfo

_STYLE = {"here": "green", "vanished": "red"}


@click.command("ps", short_help="List the relays and workers.")
@database_options
@json_option
@pass_state
def ps(state: State, *, as_json: bool) -> None:
    """List the relays and workers that have reported within a day.

    \b
    State     here, or vanished: it has said nothing for a minute, nor that it ends
    Busy      handlers that run, and those that can run at one time
    Seen      how long ago it last reported, which it does each 15 s

    \b
    Examples:
      qtask ps
      qtask ps --json | jq '.[] | select(.state == "vanished") | .host'
    """
    from qtask_db import calls

    with state.connect() as conn:
        found = calls.list_processes(conn)
    if as_json:
        output.echo_json(found)
    elif not found:
        errors.say("no relay and no worker has reported within a day")
    else:
        _show(found)


def _show(found: list[ProcessInfo]) -> None:
    from rich.text import Text

    queues = [", ".join(process.queues or []) for process in found]
    ages = [output.span(max(0.0, -output.ahead(process.started_at))) for process in found]
    seen = [output.span(max(0.0, -output.ahead(process.seen_at))) for process in found]
    columns = [
        Column("Name", [process.name for process in found], fold=True),
        Column("Kind", [process.kind for process in found]),
        Column("State", [Text(one.state, style=_STYLE.get(one.state, "")) for one in found]),
        Column("Queues", [*queues], cut=True, keep=2),
        Column("Busy", [_busy(process) for process in found], right=True, keep=5),
        Column("Up", [*ages], right=True, keep=4),
        Column("Seen", [f"{text} ago" for text in seen], right=True, keep=6),
        Column("Host", [process.host or "" for process in found], fold=True, keep=3),
        Column("PID", [str(process.pid or "") for process in found], right=True, keep=1),
        Column("Program", [process.program or "" for process in found], keep=3),
    ]
    used = [column for column in columns if any(str(cell) for cell in column.cells)]
    console = tables.console()
    tables.show(console, tables.table(console, used))


def _busy(process: ProcessInfo) -> str:
    if process.threads is None:
        return ""
    return f"{process.busy or 0}/{process.threads}"
