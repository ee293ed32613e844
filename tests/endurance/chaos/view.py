"""How scripts/chaos shows a run: live on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .run import Report
from .system import System

NAMES = {
    "relay": "relays", "worker": "workers", "direct": "workers without Redis",
    "consumer": "consumers", "producer": "producers",
}  # fmt: skip
LINE = 5.0  # seconds between two lines if the output is not a terminal


@contextmanager
def shown(console: Console, system: System) -> Iterator[Callable[[Report], None]]:
    """A function that shows a report."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda report: live.update(_screen(system, report), refresh=True)
        return
    next_line = 0.0

    def show(report: Report) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            console.print(_line(system, report), soft_wrap=True)
            next_line = time.monotonic() + LINE

    yield show


def _line(system: System, report: Report) -> str:
    counts = system.counts
    return (
        f"{report.elapsed:6.1f} s  {report.phase}: tasks {report.committed:,}, "
        f"ended {report.ended:,}; kills {len(system.checker.kills):,}, pauses {counts.pauses}, "
        f"faults {sum(counts.faults.values())}"
        + (f"; now {report.fault}" if report.fault else "")
        + f"; violations {len(report.violations)}"
    )


def _screen(system: System, report: Report) -> Group:
    """Processes, what is being done to them, what became of the tasks."""
    processes = Text()
    for slot in list(system.slots):
        style = "yellow" if slot.paused_until else "green" if slot.alive else "red"
        processes.append(f" {slot.role[0]}{slot.number}", style=style)
    verdict = (
        Text(f"{len(report.violations)} violations", style="bold red")
        if report.violations
        else Text("every promise kept so far", style="bold green")
    )
    counts = system.counts
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_row("elapsed", f"{report.elapsed:.0f} s, {report.phase}")
    table.add_row("processes", processes)
    table.add_row(
        "fault now", Text(report.fault or "none", style="yellow" if report.fault else "dim")
    )
    table.add_row(
        "kills", f"{len(system.checker.kills):,} (paused {counts.pauses}, stopped {counts.stops})"
    )
    table.add_row("tasks", f"{report.committed:,} committed, {report.ended:,} ended")
    table.add_row("attempts", f"{report.runs:,}")
    return Group(table, verdict)


def summary(console: Console, system: System, report: Report) -> None:
    """Prints the faults, their effect on the tasks, and the verdict."""
    counts, checker = system.counts, system.checker
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    by_role = Counter(NAMES[name.partition("-")[0]] for name in checker.kills)
    parts = ", ".join(f"{by_role[name]:,} {name}" for name in NAMES.values() if by_role[name])
    table.add_row("kill -9", f"{len(checker.kills):,}: {parts}")
    table.add_row(
        "also",
        f"{counts.pauses} paused, {counts.stops} stopped, {counts.clock_steps} clocks stepped",
    )
    faults = ", ".join(f"{name} {count}" for name, count in sorted(counts.faults.items()))
    table.add_row("faults", f"{sum(counts.faults.values())}: {faults}" if faults else "none")
    table.add_row(
        "tasks",
        f"{report.committed:,} committed, {report.ended:,} ended, {report.still_active} still "
        "active and due later",
    )
    table.add_row(
        "attempts",
        f"{report.runs:,} ran, {checker.taken:,} were taken straight from the database, "
        f"{checker.lapses:,} lapsed",
    )
    table.add_row(
        "made",
        f"{sum(map(len, checker.ticks.values())):,} by ticks, {checker.follow_ups:,} by failures",
    )
    found = dict.fromkeys(("lost", "owned twice"), 0)
    for violation in report.violations:
        found[violation.promise] = found.get(violation.promise, 0) + 1
    for name, count in found.items():
        table.add_row(name, Text(str(count), style="bold red" if count else "green"))
    table.add_row("requeued", _requeued(checker.requeued, checker.lease))
    errors = ", ".join(f"{name} {count}" for name, count in sorted(system.errors.items()))
    table.add_row("producers saw", errors or "no error")
    console.print(table)
    for violation in report.violations[:10]:
        console.print(Text(f"  {violation}", style="bold red"), soft_wrap=True)
    if len(report.violations) > 10:
        console.print(f"  and {len(report.violations) - 10} more")


def _requeued(seconds: Sequence[float], lease: float) -> str:
    if not seconds:
        return "no killed relay had claimed tasks that it had not pushed"
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(s * len(ordered)))] for s in (0.5, 0.99))
    return (
        f"{len(ordered):,} tasks of killed relays, {p50:.1f} s after their claim (median), "
        f"{p99:.1f} s (p99), {ordered[-1]:.1f} s (longest); lease {lease:g} s"
    )
