"""Commands that change tasks, by their ids or many by a filter: cancel, retry, fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import bulk, errors, output
from qtask_db.cli.output import DURATION, json_option
from qtask_db.cli.state import State, database_options, pass_state
from qtask_db.constants import Status
from qtask_db.doctor.advice import with_advice
from qtask_db.errors import ProcedureError

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.models import Changes

_ACTIVE = (Status.WAITING, Status.PROCESSING)
_RETRYABLE = (Status.FAILED, Status.CANCELLED)
_task_ids = click.argument("task_ids", type=int, nargs=-1, metavar="[TASK_ID]...")


@click.command(short_help="Cancel tasks that are waiting or processing.")
@_task_ids
@bulk.filter_options(*_ACTIVE)
@database_options
@json_option
@pass_state
def cancel(
    state: State, /, *, task_ids: tuple[int, ...], rate: int, yes: bool, as_json: bool, **where: Any
) -> None:
    """Cancel tasks: they are not queued again, and their consumers can no longer finish them.

    A filter chooses many. It shows how many of which queue and name there are, and asks if they are
    more than 100; those and no others are cancelled then. Ctrl-C stops between two steps.

    \b
    Examples:
      qtask cancel 17
      qtask cancel 17 18 19
      qtask cancel --queue GCR:ORDER:BIND --name 'bind order' --older 1d
    """
    from qtask_db import calls

    chosen = bulk.Filter(**where)
    chosen.check(task_ids)
    if task_ids:
        _each(state, task_ids, calls.cancel, "cancelled", as_json)
        return
    _many(state, chosen.arguments(_ACTIVE), "cancel", "cancelled", rate, yes, as_json)


@click.command(short_help="Retry failed and cancelled tasks.")
@_task_ids
@click.option("--deadline", type=DURATION, metavar="TIME", help="The new deadline, from now.")
@bulk.filter_options(*_RETRYABLE)
@database_options
@json_option
@pass_state
def retry(
    state: State,
    /,
    *,
    task_ids: tuple[int, ...],
    deadline: int | None,
    rate: int,
    yes: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Retry failed and cancelled tasks: a relay puts them on their queues again.

    A filter chooses many. It shows how many of which queue and name there are, and asks if they are
    more than 100; those and no others are retried then. Ctrl-C stops between two steps.

    \b
    Examples:
      qtask retry 17
      qtask retry 17 18 --deadline 1d
      qtask retry --queue GCR:ORDER:BIND --status failed --error 'timed out' --rate 200
    """
    from qtask_db import calls

    def call(conn: Connection, task_id: int) -> None:
        calls.retry(conn, task_id, deadline=deadline)

    chosen = bulk.Filter(**where)
    chosen.check(task_ids)
    if task_ids:
        _each(state, task_ids, call, "retried", as_json)
        return
    arguments = chosen.arguments(_RETRYABLE)
    _many(state, arguments, "retry", "retried", rate, yes, as_json, deadline=deadline)


@click.command(short_help="Fail tasks for good, whatever attempts they have left.")
@_task_ids
@click.option("--reason", metavar="TEXT", help="Their last error.  [rejected by an operator]")
@bulk.filter_options(*_ACTIVE)
@database_options
@json_option
@pass_state
def fail(
    state: State,
    /,
    *,
    task_ids: tuple[int, ...],
    reason: str | None,
    rate: int,
    yes: bool,
    as_json: bool,
    **where: Any,
) -> None:
    """Fail tasks for good: those that cannot succeed are not attempted again, and are listed among
    the failed ones. Their consumers can no longer finish them; `qtask retry` makes them active.

    A filter chooses many. It shows how many of which queue and name there are, and asks if they are
    more than 100; those and no others fail then. Ctrl-C stops between two steps.

    \b
    Examples:
      qtask fail 17 --reason 'the customer is gone'
      qtask fail --name 'close order' --error 'no such order'
    """
    from qtask_db import calls
    from qtask_db.errors import ProcedureError as Refusal

    def call(conn: Connection, task_id: int) -> None:
        for refused in calls.change_tasks(conn, "reject", [task_id], error=reason).skipped:
            kind = Refusal.by_number[refused.number]
            raise kind((kind.__doc__ or "").partition("\n\n")[0])

    chosen = bulk.Filter(**where)
    chosen.check(task_ids)
    if task_ids:
        _each(state, task_ids, call, "failed", as_json)
        return
    _many(state, chosen.arguments(_ACTIVE), "reject", "failed", rate, yes, as_json, error=reason)


def _many(
    state: State,
    where: dict[str, Any],
    action: str,
    done: str,
    rate: int,
    yes: bool,
    as_json: bool,
    **others: Any,
) -> None:
    """Do one thing to all tasks that a filter finds; end with code 1 if some are as they were."""
    from qtask_db import calls

    verb = "fail" if action == "reject" else action
    with state.connect() as conn:
        found = bulk.freeze(conn, where)
        if found.ids and not yes:
            bulk.confirm(found, verb, state.database(), rate)

        def step(ids: Sequence[int]) -> Changes:
            return calls.change_tasks(conn, action, ids, **others)

        started = time.monotonic()
        change = bulk.Change(step, rate)
        try:
            with bulk.progress(f"to {verb}", len(found.ids)) as report:
                result = change.run(found.ids, report)
        except BaseException:
            errors.say(f"ended early: {done} {output.plural(change.done.changed, 'task')}")
            raise
    if as_json:
        output.echo_json(result.as_dict(done))
    elif not found.ids:
        errors.say("no task fits")
    else:
        result.tell(done, time.monotonic() - started)
    if result.interrupted:
        click.get_current_context().exit(errors.INTERRUPTED)
    if result.skipped:
        click.get_current_context().exit(errors.REFUSED)


def _say(text: str) -> None:
    """That nobody reads any more must not leave half of the tasks as they are."""
    try:
        output.echo(text)
    except BrokenPipeError:
        errors.silence_stdout()


def _each(
    state: State,
    task_ids: tuple[int, ...],
    call: Callable[[Connection, int], None],
    done: str,
    as_json: bool,
) -> None:
    """Do one thing to each task; go on after a refusal and end with code 1."""
    results: list[dict[str, Any]] = []
    with state.connect() as conn:
        for task_id in dict.fromkeys(task_ids):
            try:
                call(conn, task_id)
            except ProcedureError as error:
                results.append({"task_id": task_id, "done": False, "error": str(error)})
                errors.say(f"task {task_id}: {with_advice(error)}")
            else:
                results.append({"task_id": task_id, "done": True, "error": None})
                if not as_json:
                    _say(f"task {task_id} {done}")
    if as_json:
        output.echo_json(results)
    if not all(result["done"] for result in results):
        click.get_current_context().exit(errors.REFUSED)
