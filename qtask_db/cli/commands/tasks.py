"""Commands that look at tasks: explain, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output, tables
from qtask_db.cli.output import STATUS_STYLE, json_option
from qtask_db.cli.state import State, any_namespace_option, database_options, pass_state
from qtask_db.cli.tables import Column
from qtask_db.constants import DEFAULT, LIMIT, Status

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.models import TaskInfo


@click.command(short_help="Say why a task is where it is, and what happens next.")
@click.argument("task_id", type=int, required=False)
@click.option("--order-no", "-o", metavar="TEXT", help="The newest task with this order number.")
@click.option("--queue", "-q", metavar="NAME", help="With --order-no: on this queue only.")
@any_namespace_option
@database_options
@json_option
@pass_state
def explain(
    state: State,
    *,
    task_id: int | None,
    order_no: str | None,
    queue: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Say in words why a task is where it is: times, attempts, last error, what happens next.

    \b
    Examples:
      qtask explain 17
      qtask explain --order-no 8973
    """
    from qtask_db import calls

    if (task_id is None) == (order_no is None):
        raise click.UsageError("Give a TASK_ID or --order-no, one of the two.")
    with state.connect() as conn:
        if task_id is None:
            task_id = _newest(conn, str(order_no), queue, namespace, quiet=as_json)
        explanation = calls.explain(conn, task_id)
    if as_json:
        output.echo_json(explanation)
        return
    from rich.padding import Padding
    from rich.text import Text

    console = tables.console()
    style = f"bold {STATUS_STYLE[explanation.status]}"
    head = Text(str(explanation.status), style=style)
    lines = [
        Padding(Text(output.visible(line)), (0, 0, 0, 2)) for line in explanation.text.splitlines()
    ]
    tables.show(console, head, *lines, Padding(Text("Times are UTC.", "dim"), (0, 0, 0, 2)))


@click.command("list", short_help="List tasks, newest first.")
@click.option("--queue", "-q", metavar="NAME", help="Only this queue.")
@click.option(
    "--status",
    "-s",
    type=click.Choice([str(status) for status in Status], case_sensitive=False),
    help="Only tasks that are in this state.",
)
@click.option("--order-no", "-o", metavar="TEXT", help="Only tasks with this order number.")
@any_namespace_option
@click.option(
    "--limit",
    "-l",
    metavar="N",
    type=click.IntRange(1, LIMIT["rows"]),
    default=20,
    show_default=True,
    help="Most tasks to show.",
)
@database_options
@json_option
@pass_state
def list_(state: State, /, *, status: str | None, limit: int, as_json: bool, **where: Any) -> None:
    """List tasks, newest first.

    \b
    Examples:
      qtask list --status failed
      qtask list --queue GCR:ORDER:BIND --limit 100
      qtask list -s failed -l 1000 --json | jq '.[].order_no'
    """
    from qtask_db import calls

    code = None if status is None else Status[status.upper()]
    with state.connect() as conn, output.patience("few tasks are such, looking at all of them"):
        tasks = calls.list_tasks(conn, status=code, limit=limit, **where)
    if as_json:
        output.echo_json(tasks)
    elif not tasks:
        errors.say("no tasks")
    else:
        _show_list(tasks)
        if len(tasks) == limit:
            errors.say(f"the newest {output.plural(limit, 'task')}; --limit shows more")


def _newest(
    conn: Connection, order_no: str, queue: str | None, namespace: str | None, *, quiet: bool
) -> int:
    from qtask_db import calls
    from qtask_db.errors import TaskNotFound

    tasks = calls.list_tasks(conn, order_no=order_no, queue=queue, namespace=namespace, limit=100)
    if not tasks:
        raise TaskNotFound(f"no task has the order number {order_no}")
    if len(tasks) > 1 and not quiet:
        errors.say(
            f"{len(tasks)} tasks have this order number, this is the newest;"
            f" see `qtask list --order-no {order_no}`"
        )
    return tasks[0].task_id


def _show_list(found: list[TaskInfo]) -> None:
    """The columns that say something about these tasks; the oldest habits of `ps` apply."""
    from rich.text import Text

    namespaces = {task.namespace for task in found}
    columns = [
        Column("Task", [str(task.task_id) for task in found], right=True),
        Column("Queue", [task.queue for task in found], fold=True),
        Column("Name", [task.name for task in found], fold=True, keep=2),
        Column("Order no", [task.order_no or "" for task in found], fold=True, keep=3),
        Column("Status", [Text(str(t.status), style=STATUS_STYLE[t.status]) for t in found]),
        Column("Attempts", [f"{t.attempts}/{t.max_count}" for t in found], right=True, keep=4),
        Column(
            "Age", [output.span(-output.ahead(t.created_at)) for t in found], right=True, keep=5
        ),
        Column("Next", [_next(task) for task in found], keep=6),
        Column(
            "Last error", [" ".join((t.last_error or "").split()) for t in found], cut=True, keep=1
        ),
    ]
    if namespaces != {DEFAULT["namespace"]}:
        columns.insert(1, Column("Namespace", [task.namespace for task in found], fold=True))
    used = [column for column in columns if any(str(cell) for cell in column.cells)]
    console = tables.console()
    tables.show(console, tables.table(console, used))


def _next(task: TaskInfo) -> str:
    """The meaning of `due_at` for a task in its state."""
    seconds = output.ahead(task.due_at)
    if not task.status.active:
        return f"purge in {output.span(seconds)}" if seconds > 0 else "purge"
    if seconds <= 0:
        return f"due since {output.span(-seconds)}"
    fails = task.due_at >= task.deadline_at
    return f"{'fails' if fails else 'queue'} in {output.span(seconds)}"
