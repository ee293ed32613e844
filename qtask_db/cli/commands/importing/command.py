"""The command import-original: the tasks of the Go library come here, once or for as long as both
run.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from qtask_db.cli import bulk, errors, output
from qtask_db.cli.commands.importing import result
from qtask_db.cli.output import DURATION, json_option
from qtask_db.cli.state import State, database_options, pass_state
from qtask_db.constants import DEFAULT
from qtask_db.errors import ConfigurationError, Conflict, DatabaseUnavailable
from qtask_db.registry.names import from_environment

if TYPE_CHECKING:
    from qtask_db.importing.run import Import, Pass
    from qtask_db.importing.source import Source

SOURCE = "QTASK_SOURCE_URL"
NOTICED = 0.2
"""Seconds in which a pause ends when it is to stop."""


@click.command("import-original", short_help="Import the tasks of the Go library.")
@click.argument("source", required=False)
@click.option(
    "--platform", "platforms", multiple=True, metavar="NAME", help="Only this platform.  [all]"
)
@click.option(
    "--namespace",
    "-n",
    metavar="NAME",
    help=f"Namespace of tasks from before there were platforms.  [{DEFAULT['namespace']}]",
)
@click.option(
    "--time-zone",
    metavar="+HH:MM",
    help="Of the times in the tables, if the old programs chose another than that of the server.",
)
@click.option("--dry-run", is_flag=True, help="Read and count only.")
@click.option("--history", is_flag=True, help="Also tasks that have ended, while they are kept.")
@click.option(
    "--keep",
    type=DURATION,
    metavar="TIME",
    default=DEFAULT["keep_unfinished"],
    help="Keep tasks so long after their end that have no delete_interval.  [7d]",
)
@click.option(
    "--reserve",
    metavar="N",
    type=click.IntRange(min=1),
    default=10**9,
    show_default=True,
    help="Ids that the old programs may still draw.",
)
@click.option(
    "--quiet",
    type=DURATION,
    metavar="TIME",
    default=10,
    show_default=True,
    help="Refuse to begin unless nothing was scanned for so long: more than the scan's interval.",
)
@click.option(
    "--follow", type=DURATION, metavar="TIME", help="Do it again after so long, until stopped."
)
@database_options
@json_option
@pass_state
def import_original(
    state: State,
    /,
    *,
    source: str | None,
    platforms: tuple[str, ...],
    namespace: str | None,
    time_zone: str | None,
    dry_run: bool,
    history: bool,
    keep: int,
    reserve: int,
    quiet: int,
    follow: int | None,
    as_json: bool,
) -> None:
    """Import the tasks of the Go library (micro-plat/qtask) from SOURCE, the URL of its database.
    Its table tsk_system_task is only read, and nothing is locked there.

    Tasks keep their ids, so that messages in Redis still mean them. Waiting and processing tasks
    come as they are. Switch off the library's scan and clean-up (qtask.Bind) everywhere before: the
    import refuses to begin while somebody scans. Producers and consumers may go on; with --follow
    the import takes over what they create and finish, until you stop it with Ctrl-C or SIGTERM.

    It may be cut off and run again: no task is imported twice. The exit code is 1 if a task could
    not be imported. QTASK_SOURCE_URL or QTASK_SOURCE_URL_FILE may name a SOURCE that is a secret.

    \b
    Examples:
      qtask import-original mysql://reader:password@old/shop --dry-run
      qtask import-original mysql://reader:password@old/shop --follow 1m
    """
    from qtask_db.database import Database
    from qtask_db.importing.run import Import, StillScanned
    from qtask_db.importing.source import Source

    if min(quiet, follow or 1) < 1:
        raise click.UsageError("--quiet and --follow must be 1 s at least.")
    old = Database(_source_of(source))

    def connect() -> Source:
        return Source(old, platforms=platforms, namespace=namespace, time_zone=time_zone)

    work = Import(keep=keep, history=history, reserve=reserve, dry_run=dry_run)
    with bulk.interrupts(signal.SIGTERM) as stopped:
        try:
            done = _begin(state, work, connect, 0 if dry_run else quiet, stopped, as_json)
            while follow is not None and not stopped():
                _pause(follow, stopped)
                _follow(state, work, connect, stopped, as_json)
        except StillScanned as error:
            raise click.ClickException(str(error)) from error
        interrupted = stopped()
    if done is None or (interrupted and follow is None):
        errors.say("ended early: run it again, which imports what is left")
        click.get_current_context().exit(errors.INTERRUPTED)
    if done.count("refused"):
        click.get_current_context().exit(errors.REFUSED)


def _source_of(argument: str | None) -> str:
    given = argument or from_environment(SOURCE)
    if not given:
        raise ConfigurationError(
            f"nothing to import from: pass the SOURCE, or set {SOURCE} or {SOURCE}_FILE"
        )
    return given if isinstance(given, str) else given.text


def _begin(
    state: State,
    work: Import,
    connect: Callable[[], Source],
    quiet: int,
    stopped: Callable[[], bool],
    as_json: bool,
) -> Pass | None:
    """The first pass; None if it was stopped before."""
    with connect() as source, state.connect() as target:
        expected = work.look(source).active
        with output.patience("looking whether anybody scans"):
            _pause(quiet, stopped)
        if stopped():
            return None
        before, started = result.counted(target), time.monotonic()
        with bulk.progress("importing", expected) as report:
            done = work.run(source, target, report=report, stopped=stopped)
        took, after = time.monotonic() - started, result.counted(target)
    if as_json:
        output.echo_json(result.as_dict(done, before, after))
    else:
        if done.groups:
            result.tell(done, before, after)
        output.echo(f"{result.line(done)}, in {output.span(took)}")
    result.complain(done)
    return done


def _follow(
    state: State,
    work: Import,
    connect: Callable[[], Source],
    stopped: Callable[[], bool],
    as_json: bool,
) -> None:
    """One more pass. A server that is away is asked again in the next one."""
    if stopped():
        return
    try:
        with connect() as source, state.connect() as target:
            done = work.run(source, target, stopped=stopped)
            counts = result.counted(target)
    except (DatabaseUnavailable, Conflict) as error:
        errors.say(str(error))
        return
    if as_json:
        output.echo_json(result.as_dict(done, counts, counts), indent=None)
    elif done.groups:
        output.echo(result.line(done))
    result.complain(done)


def _pause(seconds: float, stopped: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopped() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, NOTICED))
