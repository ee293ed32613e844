"""The checker of scripts/chaos on tasks that nobody creates: of ticks, and because others fail."""

from __future__ import annotations

from typing import Any

import pytest
from chaos.checker import Checker
from chaos.history import Event
from chaos.process import AFTER, SCHEDULE
from histories import (
    COMMIT,
    CREATED,
    LEASE,
    SLACK,
    SOUND,
    STARTED_ROW,
    STORED,
    STORED_ROW,
    create,
    event,
    row,
)

SPANS = {"second": (10, 13), "minute": (0, 120), "newest": (10, 13)}
HISTORY = {(7, 1): "failed"}
RAISED = event("raised", 1.7, id=7, attempt=1)
FATAL = event("raised", 1.7, id=7, attempt=1, fatal=True)
FAILED_ROW = row(1.8, 90, 1)
FOLLOW_UP = {**row(1.8, 20, 0, "I"), "id": 9, "failed": 7}
ENDED = {**row(3.0, 80, 0), "id": 9}
WISHES = create(on_failure="F", max_count=1)
FAILED = [WISHES, *SOUND[1:-2], RAISED, FAILED_ROW, FOLLOW_UP, ENDED]


def tick(number: int, name: str, at: int, late: float = 0.2) -> list[Event]:
    """A task of a tick, which ends at once."""
    made = {**row(2.0, 20, 0, "I"), "id": number, "tick": (name, at, late)}
    return [made, {**row(2.1, 80, 0), "id": number}]


TICKS = [*tick(20, "second", 11), *tick(21, "second", 12), *tick(22, "minute", 60)]


def judged(events: list[Event], history: Any = None) -> list[str]:
    checker = Checker(LEASE, SLACK)
    checker.feed(events)
    checker.check_follow_ups()
    checker.check_ticks(SPANS)
    checker.check_history(HISTORY if history is None else history)
    checker.close(STORED, {})
    return [str(found) for found in checker.violations]


def test_a_failure_and_some_ticks() -> None:
    assert judged([*FAILED, *TICKS]) == []
    assert judged([*FAILED, *TICKS, *tick(23, "newest", 12)]) == [], "the newest alone"
    rejected = [create(on_failure="F"), *FAILED[1:-4], FATAL, *FAILED[-3:]]
    assert judged([*rejected, *TICKS], {(7, 1): "rejected"}) == []


def test_their_messages_may_be_seen_before_their_rows() -> None:
    for key in (f"{SCHEDULE}second:11", f"{AFTER}7"):
        early = event("push", 1.9, "relay-1.1", messages=[[99, 1, key]])
        assert judged([early, *FAILED, *TICKS]) == []


BROKEN: dict[str, tuple[str, list[Event], Any]] = {
    "a failure without its task": ("follow-up", [*FAILED[:-2], *TICKS], None),
    "a failure with two": (
        "follow-up", [*FAILED, *({**one, "id": 10} for one in FAILED[-2:]), *TICKS], None
    ),
    "one because of a task that is finished": (
        "follow-up", [WISHES, *SOUND[1:], FOLLOW_UP, ENDED, *TICKS], {}
    ),
    "one because of a task that is told to create none": (
        "follow-up", [create(max_count=1), *FAILED[1:], *TICKS], None
    ),
    "a tick without a task": ("tick", [*FAILED, *TICKS[:2], *TICKS[4:]], None),
    "a minute without a task": ("tick", [*FAILED, *TICKS[:4]], None),
    "a tick with two": ("tick", [*FAILED, *TICKS, *tick(23, "second", 11)], None),
    "a tick of the newest with two": (
        "tick", [*FAILED, *TICKS, *tick(23, "newest", 12), *tick(24, "newest", 12)], None
    ),
    "a tick before its time": ("tick", [*FAILED, *TICKS, *tick(23, "second", 13, -0.5)], None),
    "a message of a tick that was never stored": (
        "lost",
        [event("take", 3.0, messages=[[99, 1, f"{SCHEDULE}second:13"]]), *FAILED, *TICKS], None,
    ),
    "a tick whose task does not end": ("lost", [*FAILED, *TICKS, tick(23, "second", 13)[0]], None),
    "a failure that is not in the history": ("history", [*FAILED, *TICKS], {}),
    "a failure that is told as a lapse": ("history", [*FAILED, *TICKS], {(7, 1): "snoozed"}),
    "a success that is told as a failure": ("history", [*SOUND, *TICKS], None),
    "a return that is told as a failure": (
        "history", [*SOUND[:-4], STARTED_ROW, row(1.8, 20, 1), row(1.9, 80, 1), *TICKS], None
    ),
    "a lapse that is not in the history": (
        "history",
        [create(interval=0), CREATED, COMMIT, STORED_ROW, *SOUND[4:7], row(5.5, 30, 2),
         row(5.6, 80, 2), *TICKS],
        {},
    ),
    "an attempt in the history that never was": (
        "history", [*FAILED, *TICKS], {**HISTORY, (7, 2): "lapsed"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_promise(case: str) -> None:
    promise, events, history = BROKEN[case]
    assert {text.partition(":")[0] for text in judged(events, history)} == {promise}
