"""report_process: a relay or a worker says that it is there."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from testing import age_processes, call, count, new, query, refused

from qtask_db import Connection, calls
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import InvalidArgument, TransactionOpen

HERE, KEPT = DEFAULT["process_here"], DEFAULT["process_kept"]
SMILE = "\N{GRINNING FACE}"
WHOLE = ("w", "worker", "host", 1, "program 1", '["Q"]', 16, 3, 60)
PLACES = ("name", "kind", "host", "pid", "program", "queues", "threads", "busy", "uptime")


def changed(**changes: Any) -> tuple[Any, ...]:
    return tuple((dict(zip(PLACES, WHOLE, strict=True)) | changes).values())


def test_it_is_listed(conn: Connection) -> None:
    calls.report_process(
        conn, "w", "worker", uptime=60, host="h", pid=7, program="p 1", queues=["A", "B"],
        threads=16, busy=3,
    )  # fmt: skip
    calls.report_process(conn, "r", "relay", uptime=0)
    relay, worker = calls.list_processes(conn)
    assert (worker.name, worker.kind, worker.state) == ("w", "worker", "here")
    assert (worker.host, worker.pid, worker.program) == ("h", 7, "p 1")
    assert (worker.queues, worker.threads, worker.busy) == (["A", "B"], 16, 3)
    assert (worker.seen_at - worker.started_at).total_seconds() == 60
    assert (relay.name, relay.kind, relay.queues, relay.threads) == ("r", "relay", None, None)


def test_it_has_one_row_which_says_the_last(conn: Connection) -> None:
    calls.report_process(conn, "w", "worker", uptime=60, busy=1, threads=2, pid=1)
    (first,) = calls.list_processes(conn)
    age_processes(conn, 15)
    calls.report_process(conn, "w", "worker", uptime=75, busy=2, threads=2, pid=1)
    (second,) = calls.list_processes(conn)
    assert (second.busy, count(conn, "process")) == (2, 1)
    assert (second.seen_at - second.started_at).total_seconds() == pytest.approx(75, abs=2)
    assert second.seen_at >= first.seen_at
    age_processes(conn, 15)
    calls.report_process(conn, "w", "worker", uptime=0, pid=2)  # it was started anew
    (third,) = calls.list_processes(conn)
    assert (third.pid, third.busy, third.threads) == (2, None, None)
    assert (third.seen_at - third.started_at).total_seconds() < 3


def test_one_that_says_nothing_has_vanished(conn: Connection) -> None:
    calls.report_process(conn, "w", "worker", uptime=60)
    age_processes(conn, HERE - 20)
    assert [found.state for found in calls.list_processes(conn)] == ["here"]
    age_processes(conn, 21)
    assert [found.state for found in calls.list_processes(conn)] == ["vanished"]
    calls.report_process(conn, "w", "worker", uptime=60)
    assert [found.state for found in calls.list_processes(conn)] == ["here"]


def test_after_the_clock_was_set_back_it_is_not_here_for_long(conn: Connection) -> None:
    calls.report_process(conn, "w", "worker", uptime=60)
    age_processes(conn, -3600)
    assert [found.state for found in calls.list_processes(conn)] == ["vanished"]


def test_one_that_has_vanished_is_forgotten_when_another_comes(conn: Connection) -> None:
    calls.report_process(conn, "old", "worker", uptime=60)
    age_processes(conn, KEPT - 3600)
    calls.report_process(conn, "vanished", "worker", uptime=60)
    age_processes(conn, 3601)
    assert [found.name for found in calls.list_processes(conn)] == ["vanished"]
    calls.report_process(conn, "vanished", "worker", uptime=60)
    assert count(conn, "process") == 2
    calls.report_process(conn, "new", "relay", uptime=0)
    assert sorted(query(conn, f"SELECT name FROM {conn.prefix}process")) == [
        ("new",),
        ("vanished",),
    ]


def test_many_that_report_at_once(conn: Connection, connect: Any) -> None:
    own = [connect() for _ in range(4)]

    def report(place: int) -> None:
        for turn in range(20):
            calls.report_process(own[place], f"p{(place + turn) % 5}", "worker", uptime=turn)
            if turn % 5 == 0:
                calls.forget_process(own[place], f"p{turn % 3}")

    threads = [threading.Thread(target=report, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for n in range(5):
        calls.report_process(conn, f"p{n}", "worker", uptime=1)
    assert [found.name for found in calls.list_processes(conn)] == [f"p{n}" for n in range(5)]


def test_names_of_any_kind_are_kept(conn: Connection) -> None:
    names = ["a", "A", "ä", SMILE * LIMIT["relay"], 'it\'s "x" \\ % _ \n;--']
    for name in names:
        calls.report_process(conn, name, "worker", uptime=0, host=name, program=name, queues=[name])
    found = {one.name: one for one in calls.list_processes(conn)}
    assert found.keys() == set(names)
    for name, one in found.items():
        assert (one.host, one.program, one.queues) == (name, name, [name])


def test_long_texts_are_cut(conn: Connection) -> None:
    calls.report_process(
        conn, "w", "worker", uptime=0, host=SMILE * 1000, program="p" * 1000,
        queues=[f"{n}" * 100 for n in range(1000, 2000)],
    )  # fmt: skip
    (found,) = calls.list_processes(conn)
    assert (found.host, found.program) == (SMILE * LIMIT["host"], "p" * LIMIT["program"])
    assert found.queues is not None
    assert found.queues[0] == "1000" * 100
    assert found.queues[-1] == "..."


def test_it_commits_by_itself(conn: Connection, connect: Any) -> None:
    own = connect(autocommit=False)
    new(own)
    with pytest.raises(TransactionOpen):
        calls.report_process(own, "w", "worker", uptime=0)
    own.rollback()
    calls.report_process(own, "w", "worker", uptime=0)
    own.rollback()
    assert [found.name for found in calls.list_processes(conn)] == ["w"]


@pytest.mark.parametrize("name", [None, "", " w", "w ", "w" * (LIMIT["relay"] + 1)])
def test_a_bad_name_is_refused(conn: Connection, name: Any) -> None:
    with refused(conn, InvalidArgument, "in_name", f"1 to {LIMIT['relay']}"):
        call(conn, "report_process", *changed(name=name))
    assert count(conn, "process") == 0


@pytest.mark.parametrize("kind", [None, "", "Relay", "worker ", "other"])
def test_a_bad_kind_is_refused(conn: Connection, kind: Any) -> None:
    with refused(conn, InvalidArgument, "in_kind", "relay or worker"):
        call(conn, "report_process", *changed(kind=kind))
    assert count(conn, "process") == 0


@pytest.mark.parametrize(
    ("argument", "highest"),
    [
        ("pid", LIMIT["pid"]),
        ("threads", LIMIT["threads"]),
        ("busy", LIMIT["threads"]),
        ("uptime", LIMIT["seconds"]),
    ],
)
def test_a_bad_number_is_refused(conn: Connection, argument: str, highest: int) -> None:
    for number in (-1, highest + 1):
        with refused(conn, InvalidArgument, f"in_{argument}", f"0 to {highest}"):
            call(conn, "report_process", *changed(**{argument: number}))
    for number in (0, highest):
        call(conn, "report_process", *changed(**{argument: number}))


def test_the_uptime_is_needed(conn: Connection) -> None:
    with refused(conn, InvalidArgument, "in_uptime"):
        call(conn, "report_process", *changed(uptime=None))


@pytest.mark.parametrize("queues", ["x", "{}", '"Q"', '["Q"'])
def test_bad_queues_are_refused(conn: Connection, queues: str) -> None:
    with refused(conn, InvalidArgument, "in_queues", "NULL or a JSON array"):
        call(conn, "report_process", *changed(queues=queues))
    assert count(conn, "process") == 0


def test_too_many_queues_are_refused(conn: Connection) -> None:
    with refused(conn, InvalidArgument, "in_queues", f"{LIMIT['process_queues']} bytes"):
        call(conn, "report_process", *changed(queues=f'["{"q" * LIMIT["process_queues"]}"]'))


def test_in_plain_sql(conn: Connection) -> None:
    assert call(conn, "report_process", *WHOLE) == []
    assert [found.name for found in calls.list_processes(conn)] == ["w"]
