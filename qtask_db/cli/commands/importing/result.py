"""What an import has done, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from qtask_db.cli import errors, tables
from qtask_db.cli.output import plural
from qtask_db.cli.tables import Column
from qtask_db.constants import Status

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.importing.run import Group, Pass

OUTCOMES = ("to import", "imported", "cancelled", "present", "finished", "left out", "refused")
SHOWN = 20
"""Tasks that could not be imported that are listed on stderr."""


def counted(conn: Connection) -> Counter[Group]:
    """The tasks that are here."""
    from qtask_db import calls

    return Counter(
        {
            (row.namespace, row.queue, str(status)): getattr(row, str(status))
            for row in calls.stats(conn)
            for status in Status
        }
    )


def as_dict(done: Pass, before: Counter[Group], after: Counter[Group]) -> dict[str, Any]:
    """For programs."""
    return {
        **{name.replace(" ", "_"): done.count(name) for name in OUTCOMES},
        "groups": [
            {
                "namespace": group[0],
                "queue": group[1],
                "status": group[2],
                **{name.replace(" ", "_"): outcomes[name] for name in OUTCOMES},
                "before": before[group],
                "after": after[group],
            }
            for group, outcomes in sorted(done.groups.items())
        ],
        "reasons": [{"task_id": task_id, "reason": reason} for task_id, reason in done.refused],
    }


def line(done: Pass) -> str:
    """What has happened, without what has not."""
    some = [f"{done.count(name):,} {name}" for name in OUTCOMES if done.count(name)]
    return ", ".join(some) or "nothing new"


def tell(done: Pass, before: Counter[Group], after: Counter[Group]) -> None:
    """A table of what was read, by namespace, queue and state, beside what was here and is now."""
    groups = sorted(done.groups)
    rows = [done.groups[group] for group in groups]
    columns = [
        Column("Namespace", [namespace for namespace, _, _ in groups], fold=True),
        Column("Queue", [queue for _, queue, _ in groups], fold=True),
        Column("Status", [status for _, _, status in groups]),
        *(
            Column(name.capitalize(), [f"{row[name]:,}" for row in rows], right=True)
            for name in OUTCOMES
            if done.count(name)
        ),
        Column("Before", [f"{before[group]:,}" for group in groups], right=True),
        Column("After", [f"{after[group]:,}" for group in groups], right=True),
    ]
    console = tables.console()
    console.print(tables.table(console, columns))


def complain(done: Pass) -> None:
    """Names the tasks that could not be imported."""
    for task_id, reason in done.refused[:SHOWN]:
        errors.say(f"task {task_id} was not imported: {reason}")
    if (others := done.count("refused") - SHOWN) > 0:
        errors.say(f"and {plural(others, 'other')}: --json lists them")
