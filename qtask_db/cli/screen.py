"""The statistics screen: what is read for it, and the table that shows it."""

from __future__ import annotations

import contextlib
import datetime
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtask_db.cli import output, tables
from qtask_db.cli.state import State
from qtask_db.cli.tables import Column
from qtask_db.constants import DEFAULT
from qtask_db.errors import DatabaseUnavailable, QtaskError
from qtask_db.log import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, Group, RenderableType
    from rich.text import Text

    from qtask_db.database import Connection
    from qtask_db.models import QueueDepth, QueueStats

COUNTS = {
    "waiting": 9,
    "processing": 9,
    "due": 6,
    "finished": 3,
    "cancelled": 1,
    "failed": 9,
}
"""The counts, and how much each matters if the terminal is narrow."""
STYLES = {
    "waiting": "cyan",
    "processing": "bright_blue",
    "due": "yellow",
    "finished": "green",
    "cancelled": "",
    "failed": "bold red",
}
SLOW, LATE = 10.0, 60.0
"""Seconds of lag from which it is shown as a warning, and as an alarm."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All queues at one moment."""

    at: datetime.datetime
    queues: Sequence[QueueStats | QueueDepth]
    lengths: dict[str, int] | None
    """Messages in Redis by queue; None without a Redis URL or if Redis cannot be asked."""
    redis_error: str | None
    took: float
    """Seconds."""

    @property
    def counts(self) -> dict[str, int]:
        """Those of COUNTS that were asked for."""
        return {n: k for n, k in COUNTS.items() if all(hasattr(row, n) for row in self.queues)}

    def total(self, name: str) -> int:
        """The sum of one count over the queues."""
        return sum(getattr(row, name) for row in self.queues)

    def lag(self) -> float:
        """The largest lag of a queue that is not paused: a paused one is behind on purpose."""
        return max((float(row.lag) for row in self.queues if not row.paused), default=0.0)

    def as_dict(self) -> dict[str, Any]:
        """The snapshot for JSON."""
        rows = [output.plain(row) for row in self.queues]
        for row in rows:
            row["lag"] = round(float(row["lag"]), 3)
            row["in_redis"] = None if self.lengths is None else self.lengths.get(row["queue"])
        total: dict[str, Any] = {name: self.total(name) for name in self.counts}
        total["lag"] = round(self.lag(), 3)
        total["in_redis"] = None if self.lengths is None else sum(self.lengths.values())
        return {
            "at": output.iso(self.at),
            "queues": rows,
            "total": total,
            "redis_error": self.redis_error,
        }


class Source:
    """Reads snapshots over connections that it keeps; it replaces those that were lost."""

    def __init__(self, state: State, namespace: str | None, *, active: bool = False) -> None:
        self._state = state
        self._namespace = namespace
        self._active = active
        self._connection: Connection | None = None
        self._redis: Any = None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        if self._redis is not None:
            with contextlib.suppress(Exception):
                self._redis.close()

    def read(self) -> Snapshot:
        """The state of now. Redis is asked for what it adds; its absence is told, not fatal."""
        from qtask_db import calls

        began = time.monotonic()
        if self._connection is None:
            self._connection = self._state.database().connect(autocommit=True)
        try:
            look = calls.depth if self._active else calls.stats
            queues: Sequence[QueueStats | QueueDepth] = look(self._connection, self._namespace)
        except DatabaseUnavailable:
            self._close()
            raise
        lengths, problem = None, None
        if self._state.redis_url:
            try:
                lengths = self._lengths({row.queue for row in queues})
            except QtaskError as error:
                problem = mask(str(error))
        now = datetime.datetime.now(datetime.timezone.utc)
        return Snapshot(now, queues, lengths, problem, time.monotonic() - began)

    def _lengths(self, names: set[str]) -> dict[str, int]:
        from qtask_db.transport.queues import count_messages
        from qtask_db.transport.url import connect

        if self._redis is None:
            self._redis = connect(self._state.required_redis_url())
        return count_messages(self._redis, names, self._state.queue_prefix)

    def _close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None


def page(snapshot: Snapshot, console: Console) -> Group:
    """One row a queue and a row of totals; a zero is quiet, trouble is loud."""
    from rich.console import Group
    from rich.text import Text

    if not snapshot.queues:
        return Group(Text("no tasks yet"))
    parts: list[RenderableType] = [tables.table(console, _columns(snapshot, console.is_terminal))]
    if snapshot.redis_error:
        parts += ["", Text(output.visible(snapshot.redis_error), style="red")]
    return Group(*parts)


def _columns(snapshot: Snapshot, terminal: bool) -> list[Column]:
    rows = snapshot.queues
    columns = [Column("Queue", [_name(row) for row in rows], fold=True)]
    for name, keep in snapshot.counts.items():
        cells = [_number(getattr(row, name), STYLES[name], terminal) for row in rows]
        footer = _number(snapshot.total(name), STYLES[name], terminal)
        columns.append(Column(name.capitalize(), list(cells), footer, right=True, keep=keep))
    if any(row.delivery == "direct" for row in rows):
        ways = [row.delivery for row in rows]
        columns.insert(1, Column("Delivery", list(ways), keep=2))
    lags = [_lag(float(row.lag), row.paused) for row in rows]
    due = next(place for place, column in enumerate(columns) if column.title == "Due")
    columns.insert(
        due + 1, Column("Lag", list(lags), _lag(snapshot.lag(), False), right=True, keep=5)
    )
    if snapshot.lengths is not None:
        waiting = [_number(snapshot.lengths.get(row.queue, 0), "magenta", terminal) for row in rows]
        total = _number(sum(snapshot.lengths.values()), "magenta", terminal)
        columns.append(Column("In Redis", list(waiting), total, right=True, keep=4))
    if len(rows) > 1:
        columns[0].footer = output.plural(len(rows), "queue")
    else:
        for column in columns:
            column.footer = ""
    if {row.namespace for row in rows} != {DEFAULT["namespace"]}:
        columns.insert(0, Column("Namespace", [row.namespace for row in rows], fold=True))
    return columns


def _name(row: QueueStats | QueueDepth) -> Text:
    from rich.text import Text

    return Text.assemble(row.queue, ("  paused", "bold yellow") if row.paused else "")


def _number(value: int, style: str, terminal: bool) -> Text:
    from rich.text import Text

    text = f"{value:,}" if terminal else str(value)
    return Text(text, style=style if value else "bright_black")


def _lag(seconds: float, paused: bool) -> Text:
    from rich.text import Text

    if seconds <= 0:
        return Text("-", style="bright_black")
    style = "red" if seconds >= LATE else "yellow" if seconds >= SLOW else "green"
    return Text(output.span(seconds), style="bright_black" if paused else style)
