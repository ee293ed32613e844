"""The command schedule: what makes tasks by the clock."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output
from qtask_db.cli.commands.create import payload_of
from qtask_db.cli.commands.schedules.files import apply
from qtask_db.cli.commands.schedules.table import show_schedules
from qtask_db.cli.output import DURATION, json_option
from qtask_db.cli.state import (
    State,
    any_namespace_option,
    database_options,
    namespace_option,
    pass_state,
)
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import ScheduleNotFound

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.scheduling import ScheduleInfo


@click.group(short_help="Make tasks by the clock: set, list, pause, run, apply a file.")
def schedule() -> None:
    """Make tasks by the clock, each so many seconds or at the times of a cron expression.

    Relays run schedules, and workers of direct queues. Cron expressions need
    `pip install 'qtask-db[schedules]'`.

    \b
    Examples:
      qtask schedule set heartbeat MONITOR --every 60s
      qtask schedule list
    """


@schedule.command("set", short_help="Create or change a schedule.")
@click.argument("name")
@click.argument("queue")
@click.argument("payload", default="{}")
@click.option("--every", type=DURATION, metavar="TIME", help="Time between two ticks.")
@click.option("--cron", metavar="TEXT", help="Minute, hour, day, month, day of the week.")
@click.option("--zone", metavar="NAME", help=f"Time zone of --cron.  [{DEFAULT['zone']}]")
@click.option(
    "--misfire",
    type=click.Choice(["skip", "once", "all"]),
    default=DEFAULT["misfire"],
    show_default=True,
    help="Of the ticks that nobody ran in time: run none, the newest, or all.",
)
@click.option(
    "--max-catch-up",
    metavar="N",
    type=click.IntRange(1, LIMIT["catch_up"]),
    default=DEFAULT["max_catch_up"],
    show_default=True,
    help="Most ticks that `all` runs: the newest.",
)
@click.option(
    "--overlap",
    type=click.Choice(["allow", "skip"]),
    default=DEFAULT["overlap"],
    show_default=True,
    help="Ticks while the last task is active.",
)
@click.option("--task", metavar="TEXT", help="Name of its tasks.  [that of the schedule]")
@click.option(
    "--interval",
    type=DURATION,
    metavar="TIME",
    default="10m",
    show_default=True,
    help="Time after which an unfinished task is queued again.",
)
@click.option("--deadline", type=DURATION, metavar="TIME", help="Of its tasks, as of `create`.")
@click.option(
    "--delete-deadline", type=DURATION, metavar="TIME", help="Of its tasks, as of `create`."
)
@click.option("--max-count", type=int, metavar="N", help="Of its tasks, as of `create`.")
@click.option("--on-failure", metavar="QUEUE", help="Of its tasks, as of `create`.")
@namespace_option
@database_options
@json_option
@pass_state
def set_(
    state: State, /, *, name: str, queue: str, payload: str, as_json: bool, **rest: Any
) -> None:
    """Create or change a schedule. New times count from now; the rest changes nothing of them.

    PAYLOAD is a JSON object, `@FILE`, or `-` for stdin; each task has the time of its tick in the
    key `tick`, too.

    \b
    Examples:
      qtask schedule set heartbeat MONITOR --every 60s
      qtask schedule set invoices INVOICES '{"kind": "monthly"}' --cron '0 2 1 * *' \\
          --zone Europe/Berlin --misfire once --overlap skip
    """
    from qtask_db import calls
    from qtask_db.scheduling import Schedule

    given = Schedule(name, queue, payload_of(payload), **rest)
    with state.connect() as conn:
        revision = calls.set_schedule(conn, given)
    if as_json:
        output.echo_json({"schedule": name, "namespace": _space(rest), "revision": revision})
    else:
        output.echo(f"schedule {name} of namespace {_space(rest)} is set, revision {revision}")


@schedule.command("list", short_help="List schedules: next and last, what became of it.")
@any_namespace_option
@database_options
@json_option
@pass_state
def list_(state: State, *, namespace: str | None, as_json: bool) -> None:
    """List schedules: when each ticks next, when it last did, and what became of its last task.

    \b
    Examples:
      qtask schedule list
      qtask schedule list --json | jq '.[] | select(.lag > 60)'
    """
    from qtask_db import calls

    with state.connect() as conn:
        found = calls.list_schedules(conn, namespace)
    if as_json:
        output.echo_json(found)
    elif found:
        show_schedules(found)
    else:
        errors.say("no schedules")


@schedule.command("next", short_help="Say when a schedule ticks next.")
@click.argument("name")
@click.option(
    "--count",
    "-c",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="How many ticks.",
)
@namespace_option
@database_options
@json_option
@pass_state
def next_(state: State, *, name: str, count: int, namespace: str | None, as_json: bool) -> None:
    """Say when a schedule ticks next, in its time zone and in UTC.

    \b
    Examples:
      qtask schedule next invoices --count 12
    """
    with state.connect() as conn:
        found = _ticks(_one(conn, name, namespace), count)
    if as_json:
        output.echo_json([tick.astimezone(datetime.timezone.utc) for tick in found])
        return
    for tick in found:
        output.echo(f"{output.iso(tick)[:-5]}Z  {tick:%a %Y-%m-%d %H:%M:%S %Z}")
    if not found:
        errors.say("it is paused, or no tick will come")


def _verb(verb: str, done: str, short: str, text: str) -> click.Command:
    """A command that does one thing to a schedule."""

    @click.command(verb, short_help=short, help=text)
    @click.argument("name")
    @namespace_option
    @database_options
    @pass_state
    def command(state: State, *, name: str, namespace: str | None) -> None:
        from qtask_db import calls

        with state.connect() as conn:
            getattr(calls, f"{verb}_schedule")(conn, name, namespace)
        output.echo(f"schedule {name} of namespace {namespace or DEFAULT['namespace']} is {done}")

    return command


schedule.add_command(
    _verb(
        "pause",
        "paused",
        "Let a schedule make no tasks.",
        """Let a schedule make no tasks until it is resumed. The ticks until then do not count.

    \b
    Examples:
      qtask schedule pause invoices
    """,
    )
)
schedule.add_command(
    _verb(
        "resume",
        "resumed",
        "Let a paused schedule make tasks again.",
        """Let a paused schedule make tasks again. It counts from now.

    \b
    Examples:
      qtask schedule resume invoices
    """,
    )
)
schedule.add_command(
    _verb(
        "remove",
        "removed",
        "Remove a schedule.",
        """Remove a schedule. The tasks that it has made stay.

    \b
    Examples:
      qtask schedule remove invoices
    """,
    )
)


@schedule.command("run", short_help="Make a task of a schedule now.")
@click.argument("name")
@namespace_option
@database_options
@json_option
@pass_state
def run(state: State, *, name: str, namespace: str | None, as_json: bool) -> None:
    """Make a task of a schedule now, also while it is paused. The schedule does not move.

    \b
    Examples:
      qtask schedule run invoices
    """
    from qtask_db import calls

    with state.connect() as conn:
        task_id = calls.run_schedule(conn, name, namespace)
    if as_json:
        output.echo_json({"task_id": task_id})
    else:
        click.echo(task_id)


schedule.add_command(apply)


def _space(options: dict[str, Any]) -> str:
    return str(options["namespace"] or DEFAULT["namespace"])


def _one(conn: Connection, name: str, namespace: str | None) -> ScheduleInfo:
    from qtask_db import calls

    for found in calls.list_schedules(conn, namespace or DEFAULT["namespace"]):
        if found.schedule.name == name:
            return found
    raise ScheduleNotFound(f"there is no schedule {name}")


def _ticks(found: ScheduleInfo, count: int) -> list[datetime.datetime]:
    from qtask_db.scheduling import ticks

    if found.next_at is None:
        return []
    if found.schedule.cron is None:
        step = datetime.timedelta(seconds=found.schedule.every or 0)
        return [found.next_at + number * step for number in range(count)]
    start = found.next_at - datetime.timedelta(seconds=1)
    zone = ticks.zone_of(found.schedule.zone)
    upcoming = ticks.upcoming(found.schedule.cron, found.schedule.zone, start, count)
    return [tick.astimezone(zone) for tick in upcoming]
