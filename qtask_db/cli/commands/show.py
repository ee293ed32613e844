"""The command that shows all of one task."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from qtask_db.cli import output, tables
from qtask_db.cli.output import STATUS_STYLE, json_option
from qtask_db.cli.state import State, database_options, pass_state
from qtask_db.cli.tables import Column
from qtask_db.payloads.redaction import redacted

if TYPE_CHECKING:
    from qtask_db.models import AttemptInfo, TaskDetails

_FOLDED = 80
"""Characters of a payload on its one line."""


@click.command(short_help="Show all of a task: its payload and its attempts.")
@click.argument("task_id", type=int)
@click.option("--payload", "whole", is_flag=True, help="All of the payload, not its beginning.")
@click.option("--traceback", is_flag=True, help="The tracebacks of the attempts, too.")
@database_options
@json_option
@pass_state
def show(state: State, *, task_id: int, whole: bool, traceback: bool, as_json: bool) -> None:
    """Show all of a task: its times, its payload, and the attempts that did not succeed.

    The values of keys that QTASK_REDACT names, such as `card_no,password`, are shown as ***.

    \b
    Examples:
      qtask show 17
      qtask show 17 --payload --traceback
      qtask show 17 --json | jq .attempts
    """
    from qtask_db import calls

    with state.connect() as conn:
        found = calls.read_task(conn, task_id)
    found = dataclasses.replace(found, payload=redacted(found.payload))
    if as_json:
        output.echo_json(found)
        return
    _show(found, whole=whole, traceback=traceback)


def _show(found: TaskDetails, *, whole: bool, traceback: bool) -> None:
    from rich.padding import Padding
    from rich.text import Text

    task, console = found.task, tables.console()
    payload = found.payload if whole else _folded(found.payload)
    lines = [
        f"{task.name} on queue {task.queue} in namespace {task.namespace}"
        + (f", order number {task.order_no}" if task.order_no else ""),
        f"attempts {task.attempts} of {task.max_count}, interval {output.span(found.interval)}",
        *(
            f"{name} {output.iso(time)}"
            for name, time in (
                ("created", task.created_at),
                ("started", task.started_at),
                ("ended", task.ended_at),
                ("deadline", task.deadline_at),
                ("due" if task.status.active else "purged from", task.due_at),
            )
            if time is not None
        ),
        *([f"last error: {task.last_error}"] if task.last_error else []),
        f"payload {payload}",
    ]
    head = Text(f"{task.task_id} {task.status}", style=f"bold {STATUS_STYLE[task.status]}")
    tables.show(
        console, head, *(Padding(Text(output.visible(line)), (0, 0, 0, 2)) for line in lines)
    )
    if found.attempts:
        tables.show(console, "", tables.table(console, _columns(found.attempts)))
    for attempt in found.attempts if traceback else []:
        if attempt.traceback:
            output.echo(f"\nattempt {attempt.attempt}:")
            for line in attempt.traceback.splitlines():
                output.echo(f"  {line}")


def _folded(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _FOLDED else f"{line[:_FOLDED]}… ({len(text):,} characters)"


def _columns(attempts: list[AttemptInfo]) -> list[Column]:
    columns = [
        Column("Attempt", [str(one.attempt) for one in attempts], right=True),
        Column("Outcome", [one.outcome for one in attempts]),
        Column("Started", [output.iso(one.started_at) for one in attempts], keep=3),
        Column(
            "Took",
            [output.span((one.ended_at - one.started_at).total_seconds()) for one in attempts],
            right=True,
            keep=4,
        ),
        Column("Worker", [one.worker or "" for one in attempts], fold=True, keep=2),
        Column("Error", [" ".join((one.error or "").split()) for one in attempts], cut=True),
    ]
    return [column for column in columns if any(str(cell) for cell in column.cells)]
