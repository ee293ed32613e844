"""The checker of scripts/chaos on small histories: one sound, and one for each promise broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chaos.checker import HASTE, Checker
from chaos.history import Event, Reader, Recorder
from histories import (
    COMMIT,
    CREATED,
    DONE,
    FINISHED_ROW,
    KEY,
    LEASE,
    PUSH,
    ROLLBACK,
    RUN,
    SLACK,
    SOUND,
    STARTED_ROW,
    STORED,
    STORED_ROW,
    TAKE,
    batch,
    create,
    event,
    judged,
    message,
    row,
)

RAISED = event("raised", 1.7, id=7, attempt=1)
TAKE_2 = message("take", 5.4, "worker-1.1", attempt=2)
RUN_2 = event("run", 5.6, id=7, attempt=2, k=KEY)
ORDERED = [create(order="5"), *SOUND[1:]]
OTHER = [
    {**create(), "k": "other", "t": 2.0},
    {**CREATED, "k": "other", "id": 8},
    {**COMMIT, "keys": ["other"]},
    {**STORED_ROW, "id": 8, "t": 2.1},
    {**row(2.2, 80, 0), "id": 8},
]
COPY = [
    {**create(), "k": "copy", "t": 1.5},
    {**CREATED, "k": "copy", "new": False},
    {**COMMIT, "keys": ["copy"]},
]
ACKNOWLEDGED = event("acknowledged", 1.9, entries=["A 1-1"])
TROUBLE = event("trouble", 7.0, name="crash-database", since=2.0, until=7.0)
SCANS = [event("scan", 7.0 + n / 20, "relay-2.1") for n in range(30)]
TAKEN = event("taken", 1.55, messages=[[7, 1, KEY, "Q"]])
DIRECT = [TAKEN if one == TAKE else one for one in SOUND if one != PUSH]
PAUSED = event("paused", -1.0, "chaos", queue="Q")
RESUMED = event("resumed", 9.0, "chaos", queue="Q")
KILL = event("kill", 3.0, "chaos", name="relay-1.1")


def without(*left_out: Event) -> list[Event]:
    return [one for one in SOUND if one not in left_out]


def test_a_sound_history() -> None:
    assert judged(SOUND) == []
    assert judged([*SOUND, row(2.0, 0, 1, "D")]) == [], "purged"


def test_a_sound_history_without_a_message() -> None:
    assert judged(DIRECT) == []
    assert judged([*DIRECT[:4], STARTED_ROW, *DIRECT[4:]]) == [], "the row is read late"
    assert judged([{**PAUSED, "t": 0.0}, *DIRECT, RESUMED]) == [], "it was under way"
    assert judged([PAUSED, {**RESUMED, "t": 1.0}, *DIRECT]) == []
    assert judged([{**PAUSED, "queue": "R"}, *DIRECT, {**RESUMED, "queue": "R"}]) == []


def test_a_message_announces_a_later_attempt() -> None:
    later = [*SOUND[:-2], TAKE, TAKE_2, row(5.5, 30, 2), RUN_2]
    assert judged(later, overdue={7: -1.0}) == []


def test_what_nobody_knows_is_decided_by_the_database() -> None:
    assert judged(without(COMMIT, PUSH)) == []
    assert judged([create(), CREATED], ledger={}) == []


def test_an_active_task_that_is_due_later_is_not_lost() -> None:
    active = without(DONE, FINISHED_ROW)
    assert judged(active, overdue={7: -3.0}) == []
    assert judged(active, overdue={7: SLACK}) == []


BROKEN: dict[str, tuple[str, list[Event], Any, Any]] = {
    "a committed task is not there": ("lost", [create(), CREATED, COMMIT], {}, {}),
    "its row never was": ("lost", [create(), CREATED, COMMIT], STORED, {}),
    "it is overdue and nobody comes": (
        "lost", without(DONE, FINISHED_ROW), STORED, {7: SLACK + 0.1}
    ),
    "it is active and gone": ("lost", without(DONE, FINISHED_ROW), STORED, {}),
    "it was deleted before its end": (
        "lost", [*without(DONE, FINISHED_ROW), row(2.0, 30, 1, "D")], STORED, {7: -1.0}
    ),
    "two workers ran one attempt": (
        "owned twice", [*SOUND, {**RUN, "by": "worker-2.1"}], STORED, {}
    ),
    "one worker ran one attempt twice": ("owned twice", [*SOUND, RUN], STORED, {}),
    "a copy of a message started a later attempt": (
        "owned twice", [*SOUND[:-2], TAKE, row(5.5, 30, 2), RUN_2], STORED, {7: -1.0}
    ),
    "a copy at another worker started a later attempt": (
        "owned twice",
        [*SOUND[:-2], {**TAKE, "by": "worker-2.1"}, row(5.5, 30, 2), {**RUN_2, "by": "worker-2.1"}],
        STORED, {7: -1.0},
    ),
    "another worker's message started a later attempt": (
        "owned twice", [*SOUND[:-2], TAKE_2, row(5.5, 30, 2), {**RUN_2, "by": "worker-2.1"}],
        STORED, {7: -1.0},
    ),
    "an attempt ran without a message": ("owned twice", without(TAKE), STORED, {}),
    "two were given one attempt": (
        "owned twice", [*DIRECT, {**TAKEN, "by": "worker-2.1"}], STORED, {}
    ),
    "an attempt was given that was never started": (
        "owned twice", [*DIRECT, {**TAKEN, "messages": [[7, 2, KEY, "Q"]]}], STORED, {}
    ),
    "an attempt ran that another one was given": (
        "owned twice", [{**one, "by": "worker-2.1"} if one == TAKEN else one for one in DIRECT],
        STORED, {},
    ),
    "a paused queue's task was given": ("paused", [PAUSED, *DIRECT, RESUMED], STORED, {}),
    "the end of the pause came first": ("paused", [PAUSED, RESUMED, *DIRECT], STORED, {}),
    "a take came before the delay": (
        "early", [create(delay=3), *DIRECT[1:]], STORED, {}
    ),
    "a take brought what was rolled back": (
        "rolled back", [create(), CREATED, STORED_ROW, ROLLBACK, TAKEN, STARTED_ROW], {}, {}
    ),
    "a stale attempt finished the task": (
        "fence", [*SOUND[:-1], row(5.5, 30, 2), row(5.6, 0, 2)], STORED, {}
    ),
    "a task was finished that nobody had run": ("fence", without(DONE), STORED, {}),
    "a relay came before the delay": (
        "early", [create(delay=3), *SOUND[1:4], message("push", 3.9, "relay-1.1")], STORED,
        {7: -1.0},
    ),
    "a worker had it before the delay": (
        "early", [create(delay=3), *without(PUSH)[1:]], STORED, {}
    ),
    "a producer pushed before its commit": ("rolled back", without(COMMIT), STORED, {}),
    "rolled back, then queued": (
        "rolled back", [create(), CREATED, ROLLBACK, message("push", 9.0, "relay-1.1")], {}, {}
    ),
    "queued, then rolled back": ("rolled back", [create(), CREATED, TAKE, ROLLBACK], {}, {}),
    "taken, but never committed": ("rolled back", [create(), CREATED, TAKE], {}, {}),
    "rolled back, and stored": (
        "rolled back", [create(), CREATED, ROLLBACK, STORED_ROW], STORED, {7: 0}
    ),
    "stored without its producer's row": (
        "rolled back", [*SOUND, {**STORED_ROW, "id": 8}], STORED, {}
    ),
    "a message that nobody created": ("rolled back", [message("take", 1, "worker-1.1")], {}, {}),
    "an attempt failed while its handler ran": (
        "fence", [*SOUND[:-2], row(1.8, 20, 1)], STORED, {7: -1.0}
    ),
    "a stale attempt failed the next one": (
        "fence",
        [*SOUND[:-2], TAKE_2, row(5.5, 30, 2), RUN_2, RAISED, row(5.6, 90, 2)],
        STORED, {},
    ),
    "an attempt began in the interval of the one before": (
        "early", [*SOUND[:-2], row(5.4 - HASTE, 30, 2)], STORED, {7: -1.0}
    ),
    "it failed with attempts left": (
        "life", [*SOUND[:-2], RAISED, row(1.8, 90, 1)], STORED, {}
    ),
    "it was started after its end": ("life", [*SOUND, row(2.0, 0, 2)], STORED, {}),
    "one task's message carried another's payload": (
        "message", [*SOUND, *OTHER, message("take", 3.0, "worker-1.1", key="other")],
        {**STORED, "other": (8, True)}, {},
    ),
    "an entry was taken again after it was acknowledged": (
        "message", [*SOUND, ACKNOWLEDGED, {**TAKE, "since": 3.0, "entries": ["A 1-1"]}], STORED, {}
    ),
    "a task without an order was taken for a duplicate": (
        "lost", [*SOUND, *COPY], {**STORED, "copy": (7, False)}, {}
    ),
    "one of an order was taken for a duplicate of an ended task": (
        "lost", [*ORDERED, COPY[0] | {"t": 9.0, "order": "5"}, *COPY[1:]],
        {**STORED, "copy": (7, False)}, {},
    ),
    "two tasks of one order are active": (
        "owned twice", [*ORDERED[:-3], OTHER[0] | {"order": "5"}, *OTHER[1:]],
        {**STORED, "other": (8, True)}, {7: -1.0},
    ),
    "it lived on after its end": ("life", [*SOUND, row(2.0, 30, 2)], STORED, {7: -1.0}),
    "attempts jumped": ("life", [*SOUND[:-2], row(1.8, 30, 3)], STORED, {7: -1.0}),
    "a killed relay's task did not come": (
        "lease", [*SOUND[:4], batch(2.0), KILL, *SCANS], STORED, {7: -1.0}
    ),
    "a batch was confirmed that was not pushed": (
        "lease", [*SOUND[:4], batch(2.0), batch(2.9, "E"), *SCANS], STORED, {7: -1.0}
    ),
    "late by a trouble that keeps nobody from scanning": (
        "lease", [*SOUND[:4], batch(2.0), TROUBLE | {"name": "snapshot"}, *SCANS], STORED, {7: -1.0}
    ),
    "it came too late": (
        "lease",
        [*SOUND[:4], batch(2.0), KILL, *SCANS, message("push", 8.1 + SLACK, "relay-2.1")],
        STORED, {7: -1.0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_promise(case: str) -> None:
    promise, events, ledger, overdue = BROKEN[case]
    assert {text.partition(":")[0] for text in judged(events, ledger, overdue)} == {promise}


@pytest.mark.parametrize(
    "after",
    [
        [message("push", 2.1, "relay-1.1"), event("pushed", 2.2, "relay-1.1", ids=[7])],
        [message("push", 1.9 + LEASE + SLACK, "relay-2.1")],
        [TROUBLE, message("push", 12.0, "relay-2.1")],
        [row(2.5, 30, 1)],
        [{**batch(2.5), "id": 71, "relay": "relay-2.1"}],
        SCANS[:10],
        [PAUSED, event("resumed", 12.0, queue="Q"), message("push", 13.0, "relay-2.1")],
        [event("delivery", 6.0, queue="Q"), message("push", 13.0, "relay-2.1")],
    ],
    ids=[
        "pushed",
        "in time",
        "late by a trouble",
        "started",
        "claimed again",
        "no relay to claim it",
        "late by a pause",
        "late by a change of the delivery",
    ],
)
def test_the_lease_is_kept(after: list[Event]) -> None:
    scans = [] if after == SCANS[:10] else SCANS
    assert judged([*SOUND[:4], batch(2.0), *scans, *after, KILL], overdue={7: -1.0}) == []


def test_failing_by_deadline_or_attempts_is_as_it_should_be() -> None:
    assert judged([create(deadline=3), CREATED, COMMIT, STORED_ROW, row(4.0, 90, 0)]) == []
    assert judged([*SOUND[:-2], row(5.5, 30, 2), row(9.6, 90, 2)]) == []


def test_an_attempt_may_fail_when_its_handler_has_or_never_began() -> None:
    waits = row(1.8, 20, 1)
    for before in ([*SOUND[:-2], RAISED], without(RUN, DONE, FINISHED_ROW)):
        assert judged([*before, waits], overdue={7: -1.0}) == []


def test_a_duplicate_is_one_of_an_active_task_of_its_order() -> None:
    copy = [COPY[0] | {"order": "5"}, *COPY[1:]]
    ledger = {**STORED, "copy": (7, False)}
    assert judged([*ORDERED[:-3], *copy, *ORDERED[-3:]], ledger) == []
    later = [OTHER[0] | {"order": "5"}, *OTHER[1:]]
    assert judged([*ORDERED, *later], {**STORED, "other": (8, True)}) == []


def test_messages_are_left_in_a_stream() -> None:
    checker = Checker(LEASE, SLACK)
    checker.close({}, {}, {"A": 2})
    assert [str(found) for found in checker.violations] == ["message: 2 messages of A were left"]


def test_an_entry_that_another_one_acknowledges_meanwhile() -> None:
    taken = {**TAKE, "since": 1.85, "entries": ["A 1-1"]}
    assert judged([*SOUND, ACKNOWLEDGED, taken]) == []


def test_a_line_that_a_kill_cut_short_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    path = tmp_path / "history"
    first, second = Recorder(path, "a"), Recorder(path, "b")
    reader = Reader(path)
    first.note("run", id=1)
    with path.open("ab") as file:
        file.write(b'\n{"e": "push", "messages": [[1, ')
    assert [(one["e"], one["by"]) for one in reader.read()] == [("run", "a")]
    second.note("done", id=2)
    assert [(one["e"], one["by"], one["id"]) for one in reader.read()] == [("done", "b", 2)]
