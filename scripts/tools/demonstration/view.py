"""How scripts/demo shows what happens: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from qtask_db.models import QueueStats

from .tasks import DELAYED, EXPECTED, QUEUES, REAL_TIME, Outcome

_EMPTY = QueueStats("", "", False, 0, 0, 0, 0, 0, 0, 0.0)


class View:
    """One moment of the tasks' flow, to be shown again and again."""

    def __init__(
        self,
        stats: Sequence[QueueStats],
        lengths: Mapping[str, int] | None,
        created: int,
        elapsed: float,
    ) -> None:
        self._stats = {one.queue: one for one in stats}
        self._lengths = lengths
        self._created = created
        self._elapsed = elapsed

    @property
    def ended(self) -> int:
        return sum(self._ended(queue) for queue in QUEUES)

    @property
    def complete(self) -> bool:
        return self.ended >= sum(EXPECTED.values())

    def _ended(self, queue: str) -> int:
        one = self._stats.get(queue, _EMPTY)
        return one.finished + one.failed

    def table(self) -> Padding:
        """For rich's Live."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=True)
        table.add_column("queue", no_wrap=True)
        for title in ("waiting", "in Redis", "processing", "finished", "failed"):
            if title != "in Redis" or self._lengths is not None:
                table.add_column(title, justify="right", no_wrap=True)
        table.add_column("ended", ratio=1, no_wrap=True)
        for queue in QUEUES:
            one = self._stats.get(queue, _EMPTY)
            table.add_row(
                queue,
                _number(one.waiting, "yellow"),
                *([] if self._lengths is None else [_number(self._lengths[queue], "magenta")]),
                _number(one.processing, "cyan"),
                _number(one.finished, "green"),
                _number(one.failed, "red"),
                ProgressBar(
                    EXPECTED[queue],
                    self._ended(queue),
                    complete_style="cyan",
                    finished_style="green",
                ),
            )
        total = sum(EXPECTED.values())
        line = Text.assemble(
            (f"{self._elapsed:5.1f} s", "bold"),
            f"   {self._created:,} of {total:,} created, ",
            (f"{self.ended:,} ended", "bold"),
        )
        return Padding(Group(table, line), (0, 0, 0, 1))

    def line(self) -> str:
        """For a file or a pipe."""
        parts = []
        for queue in QUEUES:
            one = self._stats.get(queue, _EMPTY)
            failed = f"+{one.failed} failed" if one.failed else ""
            name = queue.partition(":")[2].lower()
            parts.append(f"{name} {one.finished:,}{failed}/{EXPECTED[queue]:,}")
        waiting = sum(one.waiting for one in self._stats.values())
        queued = "" if self._lengths is None else f", in Redis {sum(self._lengths.values()):,}"
        parts.append(f"waiting {waiting:,}{queued}")
        return f"  {self._elapsed:4.1f} s  finished: {'; '.join(parts)}"


def results(console: Console, outcome: Outcome, explanation: str) -> None:
    """How fast it was, and why one task failed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("latency", no_wrap=True)
    for title in ("tasks", "p50", "p99", "max"):
        table.add_column(title, justify="right", no_wrap=True)
    names = {
        REAL_TIME: "real-time: create -> handler",
        DELAYED: "delayed: due -> handler",
    }
    for queue, name in names.items():
        seconds = outcome.latencies[queue]
        if seconds:
            figures = (at(seconds, 0.5), at(seconds, 0.99), seconds[-1])
            table.add_row(name, f"{len(seconds):,}", *(f"{1000 * s:.1f} ms" for s in figures))
    console.print(Padding(table, (0, 0, 0, 1)))
    if explanation:
        panel = Panel(
            Text(explanation),
            title=f"qtask explain {outcome.given_up[0].task_id}",
            title_align="left",
            border_style="red",
            width=min(console.width - 2, 110),
        )
        console.print(Padding(panel, (0, 0, 0, 1)))


def verdict(console: Console, outcome: Outcome, *, direct: bool) -> None:
    """Says in plain sentences what the demonstration has shown, or what went wrong."""
    if outcome.wrong:
        for text in outcome.wrong[:10]:
            console.print(Text(f"  wrong: {text}", style="bold red"))
        if len(outcome.wrong) > 10:
            console.print(f"  and {len(outcome.wrong) - 10} more")
        return
    total = sum(EXPECTED.values())
    failed = len(outcome.given_up)
    brought = "taken" if direct else "pushed"
    shown = (
        f"{EXPECTED[REAL_TIME]:,} real-time tasks were committed, {brought} and finished.",
        f"{EXPECTED[DELAYED]:,} delayed tasks came when their 1 to 5 s had passed, none before.",
        f"{outcome.recovered} tasks failed at first, came again after 1 to 3 s and finished.",
        f"{failed} tasks always fail: given up after 2 or 3 attempts, with the reason kept.",
        f"{outcome.runs:,} handler runs for {outcome.attempts:,} attempts of {total:,} tasks: "
        "none lost, none done twice.",
    )
    for text in shown:
        console.print(Text.assemble("  ", ("ok", "bold green"), f"  {text}"), soft_wrap=True)


def at(seconds: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values lies."""
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))]


def _number(value: int, style: str) -> Text:
    return Text(f"{value:,}", style=style if value else "dim")
