"""The command redrive: tasks whose messages Redis has lost are due again, without a flood."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import DURATION, json_option, plural
from qtask_db.cli.state import State, database_options, pass_state, redis_options
from qtask_db.constants import DEFAULT

if TYPE_CHECKING:
    from qtask_db.database import Connection

STEP = 1_000
"""Most tasks of one transaction."""
PAUSE = 0.5
"""Seconds between two looks at queues that are full."""


class Redrive:
    """Goes through the queues in turn, step by step; one that is full is left out for a while.

    `step(queue, age, limit)` makes tasks due again and says how many.
    """

    def __init__(
        self,
        step: Callable[[str, int, int], int],
        *,
        rate: int,
        queue_limit: int,
        age: int = 0,
    ) -> None:
        self._step = step
        self._rate = rate
        self._queue_limit = queue_limit
        self._age = age
        self.total = 0

    def run(
        self,
        queues: list[str],
        length: Callable[[str], int],
        report: Callable[[int, str], None],
    ) -> None:
        """Until nothing is left; tells `report` how many each step has redriven, or who waits.

        `length(queue)` tells the messages in Redis.
        """
        began = time.monotonic()
        first_done = None
        left = list(queues)
        while left:
            full = True
            for queue in list(left):
                room = self._queue_limit - length(queue)
                limit = min(room, STEP, max(1, self._rate // 2))
                if limit <= 0:
                    continue
                full = False
                # Whatever was queued since the first step was not lost.
                passed = 0 if first_done is None else math.ceil(time.monotonic() - first_done) + 1
                count = self._step(queue, self._age + passed, limit)
                first_done = first_done or time.monotonic()
                if count < limit:
                    left.remove(queue)
                self.total += count
                report(count, "")
                time.sleep(max(0.0, began + self.total / self._rate - time.monotonic()))
            if full:
                report(0, f"waiting for room in {', '.join(left)}")
                began += PAUSE  # a wait is not made up for by a burst
                time.sleep(PAUSE)


@click.command(short_help="Queue tasks again whose messages Redis has lost.")
@click.argument("queue", required=False)
@click.option("--all", "every", is_flag=True, help="All queues.")
@click.option("--namespace", "-n", metavar="NAME", help="Only tasks of this namespace.  [all]")
@click.option(
    "--rate",
    metavar="N",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Most tasks a second.",
)
@click.option(
    "--age",
    type=DURATION,
    metavar="TIME",
    default=0,
    help="Only tasks that were queued at least so long ago, before Redis lost them.  [0]",
)
@click.option(
    "--queue-limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=DEFAULT["queue_limit"],
    show_default=True,
    help="Wait while the queue holds so many messages, as relays do.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@database_options
@redis_options
@json_option
@pass_state
def redrive(
    state: State,
    /,
    *,
    queue: str | None,
    every: bool,
    namespace: str | None,
    yes: bool,
    as_json: bool,
    **limits: int,
) -> None:
    """Make tasks due again that are queued and waiting. It asks first.

    Use it if Redis has come back empty, or older than it was: otherwise each task waits until its
    interval has passed. Relays put the messages on the queues. If a message is still there, the
    new one is a copy, which consumers drop. Delays and deadlines stay as they are.

    Tasks of a direct queue that were queued in Redis before are taken by its workers at once.

    \b
    Examples:
      qtask redrive GCR:ORDER:BIND
      qtask redrive --all --rate 5000 --yes
      qtask redrive --all --age 10m
    """
    from qtask_db import calls

    if (queue is None) == (not every):
        raise click.UsageError("Give a QUEUE or --all, one of the two.")
    started = time.monotonic()
    with state.connect() as conn:
        waiting: dict[str, int] = {}
        for row in calls.audit(conn):
            if row.waiting and queue in (None, row.queue) and namespace in (None, row.namespace):
                waiting[row.queue] = waiting.get(row.queue, 0) + row.waiting
        if waiting and not yes:
            _ask(sum(waiting.values()), len(waiting), limits["rate"])
        total = _run(state, conn, namespace, waiting, limits)
    if as_json:
        output.echo_json({"redriven": total})
        return
    output.echo(f"redriven {plural(total, 'task')} in {output.span(time.monotonic() - started)}")


def _ask(tasks: int, queues: int, rate: int) -> None:
    output.confirm(
        f"{plural(tasks, 'task')} of {plural(queues, 'queue')} wait for a consumer that takes their"
        f" messages. To queue them again takes {output.span(tasks / rate)} at {rate:,} a second.",
        "Continue?",
        to="redrive",
    )


def _run(
    state: State,
    conn: Connection,
    namespace: str | None,
    waiting: dict[str, int],
    limits: dict[str, int],
) -> int:
    from qtask_db import calls
    from qtask_db.cli.commands.upkeep import again

    def step(queue: str, age: int, limit: int) -> int:
        return again(lambda: calls.redrive(conn, queue, namespace=namespace, age=age, limit=limit))

    work = Redrive(step, **limits)
    try:
        with _lengths(state) as length, _progress(sum(waiting.values())) as report:
            work.run(list(waiting), length, report)
    except BaseException:
        errors.say(f"ended early: redriven {plural(work.total, 'task')}")
        raise
    return work.total


@contextmanager
def _lengths(state: State) -> Iterator[Callable[[str], int]]:
    """How many messages a queue holds; 0 without a Redis URL: then only relays hold back."""
    if not state.redis_url:
        yield lambda _: 0
        return
    from qtask_db.transport.queues import count_messages
    from qtask_db.transport.url import connect

    with connect(state.redis_url) as redis:
        yield lambda queue: count_messages(redis, [queue], state.queue_prefix).get(queue, 0)


@contextmanager
def _progress(expected: int) -> Iterator[Callable[[int, str], None]]:
    """A bar on a terminal; elsewhere one line for each wait."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns: tuple[Any, ...] = (
        TextColumn("redriving"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} tasks"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="yellow"),
    )
    said = ""
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=expected, note="")

        def report(count: int, note: str) -> None:
            nonlocal said
            bar.update(task, advance=count, note=note)
            if note and note != said and not console.is_terminal:
                errors.say(note)
            said = note

        yield report
