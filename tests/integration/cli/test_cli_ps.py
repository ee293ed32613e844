"""ps: which relays and workers are there."""

from __future__ import annotations

from command_line import Qtask
from testing import age_processes

from qtask_db import calls
from qtask_db.database import Connection


def test_who_is_there(qtask: Qtask, conn: Connection) -> None:
    nobody = qtask("ps")
    assert (nobody.code, nobody.out) == (0, "")
    assert "no relay and no worker" in nobody.err
    assert qtask("ps", "--json").json == []
    calls.report_process(
        conn, "w1", "worker", uptime=3600, host="shop-7", pid=4711, program="qtask-db 9",
        queues=["A", "B"], threads=16, busy=3,
    )  # fmt: skip
    age_processes(conn, 100)
    calls.report_process(conn, "r1", "relay", uptime=5)
    result = qtask("ps")
    header, relay, worker = (line.split() for line in result.out.splitlines())
    assert header[:3] == ["Name", "Kind", "State"]
    assert relay[:3] == ["r1", "relay", "here"]
    assert worker[:3] == ["w1", "worker", "vanished"]
    for text in ("A, B", "3/16", "1h 01m", "shop-7", "4711", "qtask-db 9", "1m 4"):
        assert text in result.out.splitlines()[2], text
    one, other = qtask("ps", "--json").json
    assert (one["name"], one["queues"], one["busy"]) == ("r1", None, None)
    assert (other["state"], other["queues"], other["threads"]) == ("vanished", ["A", "B"], 16)


def test_what_a_terminal_would_obey_is_shown(qtask: Qtask, conn: Connection) -> None:
    hostile = "a\x1b[2J\nb\u2028c\u202ed"
    calls.report_process(
        conn, hostile, "worker", uptime=0, host=hostile, program=hostile, queues=[hostile]
    )
    for options in ((), ("--json",)):
        result = qtask("ps", *options, COLUMNS="300")
        assert not set(result.out) & set("\x1b\u2028\u202e")
    assert qtask("ps", "--json").json[0]["name"] == hostile


def test_doctor_tells_who_has_vanished(qtask: Qtask, conn: Connection) -> None:
    def told() -> tuple[str, str]:
        checks = qtask("doctor", "--json").json["checks"]
        (found,) = (check for check in checks if check["name"] == "processes")
        return found["level"], found["text"]

    for name, program in (("w1", "qtask-db 1"), ("w2", "qtask-db 2")):
        calls.report_process(conn, name, "worker", uptime=0, program=program, host="shop-7")
    assert told() == ("ok", "0 relays, 2 workers, of qtask-db 1, qtask-db 2")
    age_processes(conn, 100)
    calls.report_process(conn, "w2", "worker", uptime=0)
    level, text = told()
    assert (level, "worker w1 (shop-7)" in text) == ("warn", True)
