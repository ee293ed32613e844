"""Commands that stay in the foreground: relay, worker."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli.process import (
    keep_log,
    log_to_stderr,
    reports,
    say_where,
    stopped_by_signals,
)
from qtask_db.cli.state import (
    DATABASE,
    REDIS,
    State,
    any_namespace_option,
    database_options,
    pass_state,
    redis_options,
    stream_option,
)
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import QtaskError
from qtask_db.log import get_logger

if TYPE_CHECKING:
    from qtask_db.worker.service import Worker

LEVELS = ("debug", "info", "warning", "error")

_log_level = click.option(
    "--log-level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="info",
    show_default=True,
    help="How much to log on stderr.",
)
_patient = click.option(
    "--patient", is_flag=True, help="Wait for a server that is away at the start."
)


@click.command(short_help="Put due tasks on Redis, until stopped.")
@any_namespace_option
@click.option("--name", metavar="NAME", help="Name in logs and batches.  [host:pid:random]")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, LIMIT["rows"]),
    default=1000,
    show_default=True,
    help="Most tasks of a batch.",
)
@click.option(
    "--scanners",
    metavar="N",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Threads that move batches while more than one is due.",
)
@click.option(
    "--lease",
    metavar="SECONDS",
    type=click.IntRange(min=1),
    default=DEFAULT["batch_lease"],
    show_default=True,
    help="Time after which an unconfirmed batch is claimed again.",
)
@click.option(
    "--scan-interval",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=3.0,
    show_default=True,
    help="Longest pause between two scans.",
)
@click.option(
    "--poll",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    help="Pause between two looks at the next due time.",
)
@click.option(
    "--queue-limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=DEFAULT["queue_limit"],
    show_default=True,
    help="Messages in Redis at which a queue is held back.",
)
@click.option("--purge/--no-purge", default=True, help="Purge terminal tasks, too.  [purge]")
@click.option(
    "--schedules/--no-schedules", default=True, help="Run due schedules, too.  [schedules]"
)
@stream_option
@_patient
@_log_level
@database_options
@redis_options
@pass_state
def relay(state: State, /, *, log_level: str, patient: bool, **options: Any) -> None:
    """Put due tasks on their Redis queues until SIGTERM, SIGHUP or Ctrl-C, which end the batch at
    hand.

    Any number of relays may run, on any number of machines. A second signal ends it at once, and
    loses nothing: the tasks at hand come again when the lease has run out.

    \b
    Examples:
      qtask relay
      qtask relay --namespace billing --log-level warning
      qtask relay --stream --queue-limit 10000
    """
    from qtask_db.relay.service import Relay

    database, redis_url = state.database(), state.required_redis_url()
    log_to_stderr(log_level)
    say_where("relay", database, redis_url)
    process = Relay(database, redis_url, queue_prefix=state.queue_prefix, **options)
    with stopped_by_signals(process.stop):
        process.run(patient=patient)


@click.command(short_help="Run the handlers of a worker, until stopped.")
@click.argument("target", metavar="MODULE:WORKER")
@_patient
@_log_level
@database_options
@redis_options
@pass_state
def worker(state: State, *, target: str, log_level: str, patient: bool) -> None:
    """Take the tasks of a worker's queues and run its handlers until SIGTERM, SIGHUP or Ctrl-C.

    MODULE is imported from the current folder, or from where Python finds it; WORKER is the name of
    the Worker in it. The URLs and the prefixes that are given here are in the environment while it
    is imported, as QTASK_DATABASE_URL, QTASK_REDIS_URL, QTASK_PREFIX and QTASK_QUEUE_PREFIX. After
    that the URLs are not, unless they were before: processes that handlers start inherit the
    environment. A worker of direct queues alone needs no Redis URL (`qtask delivery --help`).

    Handlers that run when the signal comes are waited for; a second signal ends them: their tasks
    come again.

    \b
    Examples:
      qtask worker orders:worker
      qtask worker shop.tasks:worker --log-level debug
    """
    import qtask_db.worker  # noqa: F401 - its loggers must be there to be kept

    log_to_stderr(log_level)
    keep_log()
    with _environment(state.known()):
        process = load(target)
    keep_log()
    get_logger("qtask_db").info("worker: %s", target)
    with stopped_by_signals(process.stop), reports(process):
        process.run(patient=patient)


@contextmanager
def _environment(known: dict[str, str]) -> Iterator[None]:
    """The variables that a module may read while it is imported; the secrets go again."""
    before = {name: os.environ.get(name) for name in (DATABASE, REDIS)}
    os.environ.update(known)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def load(target: str) -> Worker:
    """The Worker that `module:attribute` names, with an error that says which part is wrong."""
    from qtask_db.worker.service import Worker

    name, _, path = target.partition(":")
    if not name or not path:
        raise click.UsageError(f"{target!r} is not MODULE:WORKER, such as orders:worker")
    found: Any = _import(name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise click.UsageError(f"module {name!r} has no {path!r}{_suggest(found, Worker)}")
        found = getattr(found, part)
    if not isinstance(found, Worker):
        kind = type(found).__name__
        raise click.UsageError(f"{target} is not a qtask_db.Worker but of the type {kind}")
    return found


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that is missing inside of the user's one is another mistake.
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            text = f"no module {name!r} in {here} or on Python's path"
        else:
            text = f"module {name!r} cannot be imported: {error}"
    except QtaskError:
        raise
    except Exception as error:
        if State.current is not None and State.current.debug:
            raise
        text = (
            f"module {name!r} cannot be imported: {type(error).__name__}: {error}"
            " (--debug shows where)"
        )
    raise click.UsageError(text)


def _suggest(module: Any, kind: type) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, kind)]
    return f"; it has {', '.join(names)}" if names else "; it has no Worker at all"
