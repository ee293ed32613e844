"""Queues that nobody wants: an application chooses their names, and how many there are."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest
from testing import age, empty, execute, kept_queues, query, refused

from qtask_db import Connection, Database, ImportTask, NewTask, Schedule, Status, calls
from qtask_db.errors import (
    AccessDenied,
    Conflict,
    NotInstalled,
    QueueInUse,
    QueueNotAllowed,
    TooManyQueues,
)
from qtask_db.install import install, uninstall

PREFIX = "names_"
SIGNS = r"x%_\'!.[a-z]+$(){}|^?;--&#y"
"""Each has a meaning in some language of patterns, and none here."""
PATTERN = f"GCR:*,MAIL,*:\u2713,{SIGNS},PO*ST*E"
MOST = 40
SOUND = ("job", {}, 60, "GCR:SOUND")
IDS = itertools.count(1_000_000)
Call = Callable[[Connection, str], object]
WAYS: dict[str, tuple[str, Call]] = {
    "create": ("app", lambda conn, queue: calls.create(conn, "job", {}, 60, queue)),
    "delay": ("app", lambda conn, queue: calls.delay(conn, "job", {}, 60, 60, queue)),
    "quiet": ("app", lambda conn, queue: _quiet(conn, queue)),
    "bulk": ("app", lambda conn, queue: _bulk(conn, "GCR:SOUND", queue)),
    "on_failure": (
        "app",
        lambda conn, queue: calls.create(conn, *SOUND, on_failure=queue),
    ),
    "bulk on_failure": (
        "app",
        lambda conn, queue: _each(conn, NewTask(*SOUND), NewTask(*SOUND, on_failure=queue)),
    ),
    "common on_failure": (
        "app",
        lambda conn, queue: _each(conn, *[NewTask(*SOUND, on_failure=queue)] * 2),
    ),
    "schedule's on_failure": (
        "operator",
        lambda conn, queue: calls.set_schedule(
            conn, Schedule("daily", "GCR:SOUND", every=60, on_failure=queue)
        ),
    ),
    "import": ("operator", lambda conn, queue: _import(conn, queue)),
    "pause": ("operator", calls.pause),
    "resume": ("operator", calls.resume),
}


def _import(conn: Connection, queue: str) -> None:
    task = ImportTask(
        next(IDS), "job", queue, Status.WAITING, attempts=0, max_count=1, interval=60,
        payload="{}", created=0, deadline=60,
    )  # fmt: skip
    (one,) = calls.import_tasks(conn, [task])
    if one.outcome == "refused":  # which would not hinder others
        raise QueueNotAllowed(str(one.reason))


def _quiet(conn: Connection, queue: str) -> None:
    conn.call("create_task_quiet", "job", "{}", 60, queue, options={})


def _bulk(conn: Connection, *queues: str) -> None:
    _each(conn, *(NewTask("job", {}, 60, queue) for queue in queues))


def _each(conn: Connection, *tasks: NewTask) -> None:
    calls.create_many(conn, list(tasks))


@pytest.fixture(scope="module")
def url(installed_url: str) -> Iterator[str]:
    """A schema that allows few names and few queues, beside the other one."""
    settings = {"prefix": PREFIX, "queue_pattern": PATTERN, "max_queues": str(MOST)}
    install(installed_url, settings, report=lambda _: None)
    yield installed_url
    uninstall(installed_url, PREFIX, report=lambda _: None)


@pytest.fixture
def owner(url: str) -> Iterator[Connection]:
    with Database(url, prefix=PREFIX).connect() as conn:
        empty(conn)
        yield conn


FIT = [
    "GCR:", "GCR:ORDER:BIND", "GCR:a\nb", "MAIL", "a:\u2713", ":\u2713", SIGNS, "POSTE",
    "PO ST ST E",
]  # fmt: skip
OTHERS = [
    "resque:queue:critical", "MAIL:bad", "MAILX", "POST", "a:\u2713x",
    "gcr:ORDER", "POSTe",  # case
    "\nMAIL", "x\nMAIL", "MAIL\nx", "MAIL\n", "MAIL.", "MAIL\0", "MAIL\0x", "a:\u2713\n",
    # Characters that weigh nothing in most collations:
    "\ufe0fGCR:A", "GCR\ufe0f:A", "GCR\x1a:A", "MAIL\x1a", "MAIL\ufe0f",
    "G\u0421R:A", "\uff27CR:A", "M\u0301AIL", "MA\u0130L",  # look the same, or mean it elsewhere
    SIGNS.replace("%", "anything"), SIGNS.replace("_", "-"), SIGNS.replace(".", "-"),
    SIGNS.replace("\\", ""), SIGNS.replace("[a-z]", "b"),
]  # fmt: skip


@pytest.fixture
def attackers(account: Callable[..., Connection]) -> dict[str, Connection]:
    """By role."""
    return {role: account(role, prefix=PREFIX) for role in ("app", "operator")}


def test_the_pattern_is_kept_as_it_was_given(owner: Connection) -> None:
    kept = query(owner, f"SELECT value FROM {PREFIX}setting WHERE name = 'queue_pattern'")
    assert kept == [(PATTERN,)]


@pytest.mark.parametrize("way", WAYS)
def test_names_that_fit_are_registered(
    owner: Connection, attackers: dict[str, Connection], way: str
) -> None:
    role, use = WAYS[way]
    for queue in FIT:
        use(attackers[role], queue)
        assert (queue, True) in kept_queues(owner)


@pytest.mark.parametrize("way", WAYS)
def test_others_are_refused(owner: Connection, attackers: dict[str, Connection], way: str) -> None:
    role, use = WAYS[way]
    for queue in OTHERS:
        with refused(owner, QueueNotAllowed, "queue_pattern"):
            use(attackers[role], queue)


def test_the_first_bad_element_is_named(
    owner: Connection, attackers: dict[str, Connection]
) -> None:
    conn = attackers["app"]
    _bulk(conn, "MAIL")
    with refused(owner, QueueNotAllowed, "in_tasks, element 3: "):
        _bulk(conn, "GCR:A", "MAIL", "mail", "GCR:B", "x")
    with refused(owner, QueueNotAllowed, "in_tasks, element 1: "):
        calls.create_many(conn, [NewTask("job", {}, 60, "x"), NewTask("job", {}, -1, "MAIL")])
    assert kept_queues(owner) == [("MAIL", True)]


def test_who_was_registered_before_goes_on(owner: Connection) -> None:
    """Also when an operator has removed the queue, until its row is gone."""
    for queue in ("OLD", "REMOVED"):
        calls.resume(owner, "MAIL")
        execute(owner, f"UPDATE {PREFIX}queue SET queue = '{queue}' WHERE queue = 'MAIL'")
    calls.remove_queue(owner, "REMOVED")
    for queue in ("OLD", "REMOVED"):
        for _, use in WAYS.values():
            use(owner, queue)
    with refused(owner, QueueNotAllowed):
        calls.create(owner, "job", {}, 60, "OLD", namespace="n")


def test_no_more_queues_than_allowed(owner: Connection, attackers: dict[str, Connection]) -> None:
    conn = attackers["app"]
    for n in range(MOST):
        calls.create(conn, "job", {}, 60, "GCR:", namespace=f"n{n}")
    for role, use in WAYS.values():
        with refused(owner, TooManyQueues, "max_queues", str(MOST)):
            use(attackers[role], "MAIL")
    calls.create(conn, "job", {}, 60, "GCR:", namespace="n0")
    for task in query(owner, f"SELECT task_id FROM {PREFIX}task"):
        calls.cancel(owner, task[0])
    calls.remove_queue(owner, "GCR:", "n1")
    _quiet(conn, "MAIL")


def test_a_bulk_call_registers_all_or_none(
    owner: Connection, attackers: dict[str, Connection]
) -> None:
    conn = attackers["app"]
    with refused(owner, TooManyQueues, "max_queues"):
        _bulk(conn, *(f"GCR:{n}" for n in range(10_000)))
    assert kept_queues(owner) == []
    _bulk(conn, *(f"GCR:{n}" for n in range(MOST)))
    _bulk(conn, *(f"GCR:{n}" for n in range(MOST)))
    with refused(owner, TooManyQueues):
        _bulk(conn, "GCR:0", "GCR:more")


def test_eight_at_once_exceed_it_by_what_is_under_way(
    owner: Connection, account: Callable[..., Connection]
) -> None:
    """In autocommit each counts what the others have committed."""
    conns = [account("app", prefix=PREFIX) for _ in range(8)]

    def fill(place: int) -> int:
        made = 0
        for n in range(MOST):
            try:
                calls.create(conns[place], "job", {}, 60, f"GCR:{place}:{n}")
            except TooManyQueues:
                break
            made += 1
        return made

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(fill, range(8)))
    assert len(kept_queues(owner)) == made
    assert MOST <= made < MOST + 8


def test_nothing_is_lost_while_its_queue_is_removed(
    owner: Connection, account: Callable[..., Connection]
) -> None:
    """Creators in autocommit and in transactions, beside an operator who removes all the time."""
    calls.resume(owner, "MAIL")
    conns = [account("app", prefix=PREFIX, autocommit=n % 2 == 0) for n in range(4)]
    operator = account("operator", prefix=PREFIX)
    ended = Event()

    def create(conn: Connection) -> int:
        for _ in range(30):
            task_id = calls.create(conn, "job", {}, 3600, "MAIL").task_id
            conn.commit()
            calls.finish(conn, task_id, calls.processing(conn, task_id))
            conn.commit()
            time.sleep(0.02)  # a queue with active tasks is not removed
        task_id = calls.create(conn, "job", {}, 3600, "MAIL").task_id
        conn.commit()
        return task_id

    def remove() -> int:
        removed = 0
        while not ended.is_set():
            with suppress(QueueInUse, Conflict):
                calls.remove_queue(operator, "MAIL")
                removed += 1
        return removed

    with ThreadPoolExecutor(5) as pool:
        removing = pool.submit(remove)
        made = set(pool.map(create, conns))
        ended.set()
        assert removing.result() > 0
    calls.purge(owner)
    age(owner, 60)
    assert {m.task_id for m in calls.scan(owner, "r").messages} == made


@pytest.mark.parametrize("role", ["app", "relay"])
def test_only_operators_remove(
    owner: Connection, account: Callable[..., Connection], role: str
) -> None:
    calls.resume(owner, "MAIL")
    conn = account(role, prefix=PREFIX)
    for attack in (
        lambda: calls.remove_queue(conn, "MAIL"),
        lambda: calls.remove_idle_queues(conn, 86400),
    ):
        with pytest.raises((AccessDenied, NotInstalled)):
            attack()
    assert kept_queues(owner) == [("MAIL", True)]


def test_a_queue_that_nobody_allows_any_more_keeps_no_task_from_failing(owner: Connection) -> None:
    """The pattern of another installation had allowed it, and it was deleted since."""
    tasks = [
        calls.create(owner, "job", {}, 60, "MAIL", on_failure=queue).task_id
        for queue in ("GCR:OLD", "GCR:DEAD")
    ]
    execute(owner, f"DELETE FROM {PREFIX}queue WHERE queue = 'GCR:OLD'")
    execute(owner, f"UPDATE {PREFIX}task SET on_failure = 'OLD' WHERE on_failure = 'GCR:OLD'")
    for task_id in tasks:
        calls.processing(owner, task_id)
        calls.reject(owner, task_id, 1, "broken")
    told = {one.task_id: one.last_error or "" for one in calls.list_tasks(owner, queue="MAIL")}
    assert "no task was created: broken" in told[tasks[0]]
    assert told[tasks[1]] == "broken"
    assert kept_queues(owner) == [("GCR:DEAD", True), ("MAIL", True)]
