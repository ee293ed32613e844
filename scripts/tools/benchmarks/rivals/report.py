"""The comparison as a table for people, as Markdown, and as figures for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from .. import report
from ..figure import Figure
from .compare import AT_HAND, KILL_TIMEOUT, PRODUCERS, Comparison, Result
from .known import DIRECT, ONE_LOG

RATES = {
    "single": "single enqueue/s",
    "several": f"{PRODUCERS} at once/s",
    "batch": "batch enqueue/s",
    "drain": "drain/s",
}
TIMES = {
    "p50": "late p50",
    "p99": "late p99",
    "recovery": "recovered",
}
COLUMNS = RATES | TIMES
OTHERS = {"lost": "lost", "version": "version", "server": "stored in"}
TABLES = (tuple(RATES), (*TIMES, "lost"), ("version", "server"))
"""Each of them fits into a terminal."""


def show(found: Comparison) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 100
    for columns in TABLES:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for number, title in enumerate(_titles(columns)):
            table.add_column(title, justify="right" if number else "left", no_wrap=True)
        for result in found.results:
            table.add_row(*_cells(found, result, columns))
        console.print(table)
    for line in _notes(found):
        console.print(line)


def markdown(found: Comparison) -> str:
    """For docs/internals/benchmarks.md."""
    tables = [
        report.table(_titles(columns), [_cells(found, result, columns) for result in found.results])
        for columns in TABLES
    ]
    return "\n\n".join([*tables, report.bullets(_notes(found))])


def figures(found: Comparison) -> list[Figure]:
    """Each column of each rival; a durable one must not be ahead."""
    return list(_figures(found))


def _figures(found: Comparison) -> Iterator[Figure]:
    for result in found.results[1:]:
        name = f"{result.rival.title} on {result.rival.server}"
        for column, title in COLUMNS.items():
            ours, theirs = found.ours.value(column), result.value(column)
            if ours is None or theirs is None or math.inf in (ours, theirs):
                continue
            yield Figure(
                f"rivals: {title}, {name}",
                ours if column in RATES else 1000 * ours,
                "tasks/s" if column in RATES else "ms",
                floor=theirs if column in RATES else 1000 * theirs,
                floor_is=name,
                ratio=ours / theirs,
                # How long a recovery takes is a setting, the same for all.
                reach=1.0 if _counts(result) and column != "recovery" else None,
                at_most=column in TIMES,
                of_ratio=True,
                note=result.version,
            )
    if found.ours.lost is not None:
        yield Figure("rivals: lost", found.ours.lost, "tasks", reach=0.0, at_most=True)


def _counts(result: Result) -> bool:
    """Whether it must not be ahead."""
    return result.rival.durable and not result.rival.ours


def _titles(columns: Sequence[str]) -> list[str]:
    return ["system", *((COLUMNS | OTHERS)[column] for column in columns)]


def _cells(found: Comparison, result: Result, columns: Sequence[str]) -> list[str]:
    rival = result.rival
    cells = [rival.title if rival.durable else f"{rival.title}, not durable"]
    for column in columns:
        if column == "version":
            cells.append(result.version or "-")
        elif column == "server":
            cells.append(rival.server)
        elif column == "lost":
            cells.append(_lost(result))
        else:
            text = _amount(found, result, column)
            if result is not found.ours and (ratio := _ratio(found, result, column)):
                text += f" ({ratio})"
            if column == "batch" and not result.bulk:
                text += " *"
            cells.append(text)
    return cells


def _amount(found: Comparison, result: Result, column: str) -> str:
    value = result.value(column)
    if value is None:
        return "-"
    if column in RATES:
        return f"{value:,.0f}"
    if value == math.inf:
        sizes = found.sizes
        return f"> {sizes.recovery if column == 'recovery' else sizes.late:.0f} s"
    return f"{value:.1f} s" if column == "recovery" or value >= 10 else f"{1000 * value:,.0f} ms"


def _ratio(found: Comparison, result: Result, column: str) -> str:
    """The value of the first line by the rival's."""
    ours, theirs = found.ours.value(column), result.value(column)
    if ours is None or not theirs or math.inf in (ours, theirs):
        return ""
    ratio = ours / theirs
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}"


def _lost(result: Result) -> str:
    if result.lost is None:
        return "-"
    stuck = f", {result.stuck} stuck" if result.stuck else ""
    return f"{result.lost} of {result.in_progress}{stuck}"


def _notes(found: Comparison) -> list[str]:
    sizes = found.sizes
    notes = [
        f"in brackets: the value of {DIRECT}, by that of the line; of a rate, above 1 is faster; "
        "of a time, below 1 is sooner",
        "*: this system has no call that creates many tasks",
        "by Redis: qtask-db and the original push each new task to a Redis that is not synced: it "
        "need not be",
        "a commit of MySQL syncs two files, its binary log too, one of PostgreSQL one, and one of "
        f"a MySQL without binary log; {ONE_LOG}: {DIRECT}, on such a server",
        f"{PRODUCERS} at once: so many processes that create one by one",
        f"drain: {sizes.backlog:,} no-op tasks or those created in {sizes.batches:g} s, one "
        f"worker; at most {sizes.drain:g} s are counted; median of {sizes.rounds}",
        f"late: handler's start after the due time of {sizes.delayed:,} tasks due at one instant",
        f"recovered: kill -9 of the worker, another one starts at once, until its {AT_HAND} tasks "
        f"have run; a system with a time-out for that has it at {KILL_TIMEOUT} s; "
        "stuck: not back by then",
    ]
    return notes + [
        f"{result.rival.title} on {result.rival.server}: {problem}"
        for result in found.results
        for problem in result.problems
    ]
