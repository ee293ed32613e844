"""The table of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtask_db.cli import output, tables
from qtask_db.cli.output import STATUS_STYLE
from qtask_db.cli.tables import Column
from qtask_db.constants import DEFAULT

if TYPE_CHECKING:
    from rich.text import Text

    from qtask_db.scheduling import ScheduleInfo


def show_schedules(found: list[ScheduleInfo]) -> None:
    """When each ticks next, when it last did, and what became of its last task."""
    from rich.text import Text

    def last(one: ScheduleInfo) -> Text | str:
        if one.last_error:
            return Text(" ".join(one.last_error.split()), style="red")
        if one.last_task_id is None:
            return ""
        if one.last_status is None:  # a finished task is purged at once, unless it is to be kept
            return f"{one.last_task_id} purged"
        return Text(f"{one.last_task_id} {one.last_status}", style=STATUS_STYLE[one.last_status])

    columns = [
        Column("Schedule", [one.schedule.name for one in found], fold=True),
        Column("Queue", [one.schedule.queue for one in found], fold=True, keep=3),
        Column("When", [_when(one) for one in found]),
        Column("Next", [_next(one) for one in found]),
        Column(
            "Last", ["" if one.last_at is None else output.iso(one.last_at)[:19] for one in found]
        ),
        Column("Last task", [last(one) for one in found], cut=True, keep=4),
        Column("Owner", [one.schedule.owner or "" for one in found], cut=True, keep=1),
    ]
    if {one.schedule.namespace for one in found} != {DEFAULT["namespace"]}:
        columns.insert(
            1, Column("Namespace", [one.schedule.namespace or "" for one in found], fold=True)
        )
    console = tables.console()
    used = [column for column in columns if any(str(cell) for cell in column.cells)]
    tables.show(console, tables.table(console, used))


def _when(one: ScheduleInfo) -> str:
    if one.schedule.cron is not None:
        return f"{one.schedule.cron} {one.schedule.zone}"
    return f"every {output.span(one.schedule.every or 0)}"


def _next(one: ScheduleInfo) -> str:
    if one.paused:
        return "paused"
    if one.next_at is None:
        return "never"
    seconds = output.ahead(one.next_at)
    return f"in {output.span(seconds)}" if seconds > 0 else f"due since {output.span(-seconds)}"
