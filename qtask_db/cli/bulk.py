"""Changes of many tasks by a filter: looked for, shown, confirmed, and then done step by step."""

from __future__ import annotations

import signal
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output, tables
from qtask_db.cli.output import DURATION, plural
from qtask_db.cli.tables import Column
from qtask_db.constants import DEFAULT, ERROR, Status
from qtask_db.errors import Conflict

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.models import Changes, SelectedTask

STEP = 500
"""Most tasks of one transaction."""
ASKED_ABOVE = 100
"""Fewer tasks are changed on a terminal without a question."""
EXAMPLES = 3
GROUPS = 10
BUSY_PAUSE = 0.5
"""Seconds until tasks that somebody has locked are tried again."""
BUSY_STEPS = (50, 1, 1)
"""Tasks of one transaction at each of these tries: one that stays locked keeps no others."""
_BUSY = ERROR["task_busy"]
_NAMES = {number: name for name, number in ERROR.items()}


@dataclass(frozen=True, slots=True)
class Filter:
    """The options of the filter, as `select_tasks` takes them."""

    queue: str | None
    name: str | None
    namespace: str | None
    status: str | None
    age: int | None
    error: str | None
    every: bool

    def check(self, task_ids: Sequence[int]) -> None:
        """Raises UsageError, unless exactly one of task ids, a filter and --all is given."""
        some = (self.queue, self.name, self.namespace, self.status, self.age, self.error)
        given = any(value is not None for value in some)
        if [bool(task_ids), given, self.every].count(True) != 1:
            raise click.UsageError(
                "Give TASK_IDs, or a filter such as --queue NAME, or --all, one of the three."
            )

    def arguments(self, possible: Sequence[Status]) -> dict[str, Any]:
        """Those of `select_tasks`."""
        wanted = possible if self.status is None else [Status[self.status.upper()]]
        return {
            "queue": self.queue,
            "name": self.name,
            "namespace": self.namespace,
            "status": wanted,
            "age": self.age,
            "error": self.error,
        }


def filter_options(*possible: Status) -> Callable[[Any], Any]:
    """Adds the options of a filter among tasks of these states, and those of a change of many."""
    states = click.Choice([str(status) for status in possible], case_sensitive=False)
    options = [
        click.option("--queue", "-q", metavar="NAME", help="All tasks of this queue."),
        click.option("--name", metavar="NAME", help="All tasks of this name."),
        click.option("--namespace", "-n", metavar="NAME", help="All tasks of this namespace."),
        click.option("--status", "-s", type=states, help="Only tasks in this state."),
        click.option(
            "--older",
            "age",
            type=DURATION,
            metavar="TIME",
            help="Only tasks that ended so long ago; active ones: were created.",
        ),
        click.option("--error", metavar="TEXT", help="Only tasks with this in their last error."),
        click.option("--all", "every", is_flag=True, help="All tasks, in place of a filter."),
        click.option(
            "--rate",
            metavar="N",
            type=click.IntRange(min=1),
            default=1000,
            show_default=True,
            help="Most tasks a second.",
        ),
        click.option("--yes", "-y", is_flag=True, help="Do not ask."),
    ]

    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@dataclass(slots=True)
class Frozen:
    """What a filter has found: these tasks will be changed, and no others."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    groups: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By namespace, queue and name."""
    examples: list[SelectedTask] = field(default_factory=list)

    def add(self, tasks: Sequence[SelectedTask]) -> None:
        """Those of one step."""
        self.ids.extend(task.task_id for task in tasks)
        self.groups.update((task.namespace, task.queue, task.name) for task in tasks)
        self.examples += tasks[: EXAMPLES - len(self.examples)]


@dataclass(slots=True)
class Done:
    """What has become of them."""

    changed: int = 0
    skipped: Counter[int] = field(default_factory=Counter)
    """By the number of the error."""
    interrupted: bool = False

    def tell(self, done: str, seconds: float) -> None:
        """What was done on stdout, what not on stderr."""
        output.echo(f"{done} {plural(self.changed, 'task')} in {output.span(seconds)}")
        if self.interrupted:
            errors.say("ended early: the others are as they were")
        for number, count in self.skipped.most_common():
            errors.say(f"{plural(count, 'task')} left alone: {_NAMES.get(number, number)}")

    def as_dict(self, done: str) -> dict[str, Any]:
        """For programs."""
        skipped = {str(_NAMES.get(number, number)): n for number, n in self.skipped.items()}
        return {done: self.changed, "skipped": skipped, "interrupted": self.interrupted}


def freeze(conn: Connection, where: dict[str, Any]) -> Frozen:
    """Looks at all tasks, step by step."""
    from qtask_db import calls

    found, after_id = Frozen(), 0
    with output.patience("looking at all tasks"):
        while True:
            step = calls.select_tasks(conn, after_id=after_id, **where)
            found.add(step.tasks)
            if step.next_id is None:
                return found
            after_id = step.next_id


def confirm(found: Frozen, to: str, database: object, rate: int) -> None:
    """Shows what would be changed, and asks if they are many, or if nobody sees it."""
    _preview(found)
    count = len(found.ids)
    what = f"This is to {to} {plural(count, 'task')} of {database}"
    if count > rate:
        what += f", in {output.span(count / rate)} at {rate:,} a second"
    if count > ASKED_ABOVE or not sys.stdin.isatty():
        output.confirm(f"{what}.", "Continue?", to=to)


def _preview(found: Frozen) -> None:
    groups = found.groups.most_common(GROUPS)
    columns = [
        Column("Queue", [queue for (_, queue, _), _ in groups], fold=True),
        Column("Name", [name for (_, _, name), _ in groups], fold=True),
        Column("Tasks", [f"{count:,}" for _, count in groups], right=True),
    ]
    if any(namespace != DEFAULT["namespace"] for namespace, _, _ in found.groups):
        columns.insert(0, Column("Namespace", [namespace for (namespace, _, _), _ in groups]))
    console = tables.console(stderr=True)
    console.print(tables.table(console, columns))
    if len(found.groups) > GROUPS:
        output.echo(f"… and {plural(len(found.groups) - GROUPS, 'other')}", err=True)
    for task in found.examples:
        error = " ".join((task.last_error or "").split())
        output.echo(f"task {task.task_id}, {task.status}{error and ': '}{error}", err=True)


class Change:
    """Changes tasks step by step, no faster than `rate` a second. `call(ids)` is one step."""

    def __init__(self, call: Callable[[Sequence[int]], Changes], rate: int) -> None:
        self._call = call
        self._rate = rate
        self.done = Done()
        self._busy: list[int] = []

    def run(self, ids: Sequence[int], report: Callable[[int], None]) -> Done:
        """Until all are done, or Ctrl-C, which it heeds between two steps: what a step has done is
        always known. Tells `report` how many each step has dealt with.
        """
        with interrupts() as interrupted:
            self._steps(ids, min(STEP, max(1, self._rate // 2)), report, interrupted)
            for size in BUSY_STEPS:
                if self._busy and not interrupted():
                    time.sleep(BUSY_PAUSE)
                    again, self._busy = self._busy, []
                    self._steps(again, size, report, interrupted)
            self.done.interrupted = interrupted()
        if self._busy:
            self.done.skipped[_BUSY] += len(self._busy)
        return self.done

    def _steps(
        self,
        ids: Sequence[int],
        size: int,
        report: Callable[[int], None],
        interrupted: Callable[[], bool],
    ) -> None:
        began, tried = time.monotonic(), 0
        for start in range(0, len(ids), size):
            if interrupted():
                return
            some = ids[start : start + size]
            try:
                step = self._call(some)
            except Conflict:  # nothing was changed
                self._busy += some
                continue
            busy = [task.task_id for task in step.skipped if task.number == _BUSY]
            self._busy += busy
            self.done.changed += step.changed
            self.done.skipped.update(t.number for t in step.skipped if t.number != _BUSY)
            report(len(some) - len(busy))
            tried += len(some)
            time.sleep(max(0.0, began + tried / self._rate - time.monotonic()))


@contextmanager
def interrupts(*others: signal.Signals) -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, or one of the other signals has come; a second one ends the
    command at once.
    """
    pressed = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, *others)}
    try:
        yield lambda: pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress(doing: str, expected: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn(doing),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} tasks"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=expected)
        yield lambda count: bar.update(task, advance=count)
