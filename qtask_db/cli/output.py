"""Values for people and for programs: durations, times as people say them, JSON."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from qtask_db.constants import Status
from qtask_db.log import UNSAFE

STATUS_STYLE = {
    Status.WAITING: "cyan",
    Status.PROCESSING: "bright_blue",
    Status.FINISHED: "green",
    Status.CANCELLED: "bright_black",
    Status.FAILED: "red",
}
_UNREADABLE = re.compile(rf"(?!\n){UNSAFE.pattern}")
"""The only line ends in JSON are those between its values."""
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


class Duration(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """Seconds, or a sum of units: `90`, `90s`, `1h30m`, `7d`. The database checks the range."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        if isinstance(value, int):
            return value
        text = value.strip().lower()
        if re.fullmatch(r"-?\d{1,18}", text):
            return int(text)
        if not re.fullmatch(r"(\d{1,12}[wdhms])+", text):
            self.fail(f"{value!r} is not a duration such as 90, 90s, 5m, 1h30m or 7d", param, ctx)
        return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([wdhms])", text))


DURATION = Duration()


def confirm(what: str, question: str, to: str) -> None:
    """Say what is about to happen and ask; where nobody can be asked, name the option to use."""
    click.echo(what, err=True)
    if not sys.stdin.isatty():
        raise click.UsageError(f"Nobody can be asked here: pass --yes to {to} them.")
    click.confirm(question, abort=True, err=True)


@contextmanager
def patience(text: str) -> Iterator[None]:
    """Show on a terminal what is being waited for, if it takes longer than a second."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(text)
    timer = threading.Timer(1.0, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def echo_json(value: Any, *, indent: int | None = 2) -> None:
    """Write a value as JSON: rows as objects, times in ISO 8601 and UTC, a status by its name."""
    text = json.dumps(plain(value), indent=indent, ensure_ascii=False)
    click.echo(_UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def echo(text: str, *, err: bool = False) -> None:
    """Write a line that has somebody's text in it."""
    click.echo(visible(text), err=err)


def visible(text: str) -> str:
    """The text without what a terminal would obey: order numbers and errors come from outside."""
    return UNSAFE.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def plain(value: Any) -> Any:
    """The value with nothing in it that JSON does not know."""
    if isinstance(value, Status):
        return str(value)
    if isinstance(value, datetime.datetime):
        return iso(value)
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def utc(value: datetime.datetime) -> datetime.datetime:
    """The time with its zone: the database's times are UTC, whether or not they carry it."""
    if value.tzinfo is None:
        return value.replace(tzinfo=datetime.timezone.utc)
    return value.astimezone(datetime.timezone.utc)


def iso(value: datetime.datetime) -> str:
    """ISO 8601 in UTC to the millisecond, such as `2026-11-22T15:52:48.123Z`."""
    return utc(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """A length of time as people say it, with at most two units: `40 ms`, `3.2 s`, `2h 05m`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h {minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours:02d}h" if days < 1000 else f"{days / 365.25:.0f} years"


def ahead(value: datetime.datetime) -> float:
    """Seconds from now to a time; negative if it has passed."""
    return (utc(value) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def plural(count: int, noun: str) -> str:
    """`1 task`, `2,000 tasks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def json_option(command: Any) -> Any:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)
