"""A check of doctor: its level, its words, and how the error that it meets is told."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qtask_db.doctor.advice import advice
from qtask_db.errors import AccessDenied, NotInstalled, QtaskError
from qtask_db.resources import read_toml

CLOCK_TOLERANCE = 1.0
"""Seconds."""


class Level(enum.Enum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    level: Level
    text: str
    advice: str = ""
    """The remedy; empty if nothing is wrong."""


def ok(name: str, text: str) -> Check:
    """Nothing to do."""
    return Check(name, Level.OK, text)


def warn(name: str, text: str, advice: str) -> Check:
    """It works, but not as well or as safely as it should."""
    return Check(name, Level.WARN, text, advice)


def fail(name: str, text: str, advice: str) -> Check:
    """It does not work."""
    return Check(name, Level.FAIL, text, advice)


NAMED = 5


def named(found: Mapping[str, Any]) -> str:
    """Some of these, with what was found of each."""
    shown = [
        f"{name} ({what:,})" if isinstance(what, int) else f"{name} ({what})"
        for name, what in sorted(found.items())[:NAMED]
    ]
    return ", ".join(shown) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")


def safely(
    name: str,
    checks: Iterator[Check],
    translate: Callable[[Exception], QtaskError | None],
    needed: str = "",
) -> Iterator[Check]:
    """The checks; an error of theirs is what they have found. `needed` is the privilege that they
    need, if it is not one of the account that has installed the schema.
    """
    try:
        yield from checks
    except Exception as error:
        found = error if isinstance(error, QtaskError) else translate(error)
        if found is None:
            raise
        # Oracle says the same of both.
        if isinstance(found, (AccessDenied, NotInstalled)) and not found.orphaned:
            yield unseen(name, str(found), needed)
        else:
            yield fail(name, str(found), advice(found))


def unseen(name: str, why: str, needed: str = "") -> Check:
    """A warning that this account may not look at something."""
    todo = (
        f"GRANT {needed} TO this account, or run `qtask doctor` by one that has it"
        if needed
        else "run `qtask doctor` by the account that has installed the schema, too"
    )
    return warn(name, f"not seen: {why}", todo)


def procedures_by_role(prefix: str) -> dict[str, set[str]]:
    """The names of the procedures that each role calls."""
    roles: dict[str, set[str]] = {}
    for entry in read_toml("index.toml")["procedure"]:
        for role in entry.get("role", ()):
            roles.setdefault(role, set()).add(prefix + entry["name"])
    return roles


def clock(server: datetime.datetime, round_trip: float) -> Check:
    """Compare the server's UTC with this machine's, give or take half a round trip."""
    here = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    off = (server - here).total_seconds() + round_trip / 2
    text = f"{abs(off) * 1000:.0f} ms {'ahead of' if off > 0 else 'behind'} this machine"
    if abs(off) <= CLOCK_TOLERANCE + round_trip:
        return ok("server clock", text)
    return warn(
        "server clock",
        f"{abs(off):,.1f} s {'ahead of' if off > 0 else 'behind'} this machine",
        "tasks go by the server's clock alone; synchronise both with NTP so that logs agree",
    )
