"""How scripts/soak shows a run: a line every few seconds, and what came out."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from . import deadlocks
from .run import Soak

LINE = 5.0  # seconds between two lines
MOST = 12  # kinds of deadlocks, pairs of calls


def progress(console: Console) -> Callable[[Soak], None]:
    """A function that shows how far a run is."""
    next_line = 0.0

    def show(soak: Soak) -> None:
        nonlocal next_line
        if time.monotonic() < next_line:
            return
        next_line = time.monotonic() + LINE
        total = soak.checker.total
        console.print(
            f"{soak.elapsed:6.1f} s  {total.calls.total():,} calls, {total.transactions:,} "
            f"transactions; {total.retries.total():,} retries, {total.conflicts.total():,} "
            f"conflicts in transactions; violations {len(soak.checker.violations)}",
            soft_wrap=True,
        )

    return show


def summary(console: Console, soak: Soak, *, texts: bool) -> None:
    """Prints the calls, the transactions that the server rolled back, and the verdict."""
    total, violations = soak.checker.total, soak.checker.violations
    seconds = max(soak.elapsed, 0.001)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    count = total.calls.total()
    table.add_row(
        "calls",
        f"{count:,} in {seconds:.0f} s ({count / seconds:,.0f}/s), {total.refused:,} refused; "
        f"the longest took {total.slowest:.2f} s",
    )
    table.add_row("by verb", _counts(total.calls))
    table.add_row(
        "tasks",
        f"{len(total.created):,} created, {len(total.started):,} attempts, "
        f"{len(total.finished):,} finishes, {total.purged:,} purged",
    )
    table.add_row(
        "called again",
        f"{total.retries.total():,} times, at most {total.most_retries} for one call: "
        f"{_counts(total.retries)}",
    )
    share = total.conflicts.total() / max(total.transactions, 1)
    table.add_row(
        "transactions",
        f"{total.transactions:,}, {total.conflicts.total():,} with a conflict ({share:.2%}): "
        f"{_counts(_last(total.conflicts), MOST)}",
    )
    table.add_row("deadlocks", soak.server_counts)
    style = "bold red" if violations else "green"
    table.add_row("violations", Text(str(len(violations)), style=style))
    console.print(table)
    _show_kinds(console, total.deadlocks, texts=texts)
    for violation in violations[:10]:
        console.print(Text(f"  {violation}", style="bold red"), soft_wrap=True)


def _last(conflicts: Counter[str]) -> Counter[str]:
    """By the call that met it and the one before."""
    found: Counter[str] = Counter()
    for calls, count in conflicts.items():
        found[" then ".join(calls.split(", ")[-2:])] += count
    return found


def _counts(found: Counter[str], most: int | None = None) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in found.most_common(most)) or "none"


def _show_kinds(console: Console, reports: dict[str, str], *, texts: bool) -> None:
    kinds: dict[str, list[str]] = defaultdict(list)
    for text in reports.values():
        kinds[deadlocks.kind(text)].append(text)
    for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1]))[:MOST]:
        console.print(f"  {len(found):,} x {kind}", soft_wrap=True)
        if texts:
            console.print(found[0], soft_wrap=True, style="dim")
