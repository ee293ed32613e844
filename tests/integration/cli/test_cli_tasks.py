"""create, delay, explain, list, cancel, retry."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from command_line import AWAY, PAYLOAD, Qtask, create, status
from redis import Redis
from testing import started

from qtask_db import AttemptEnd, NewTask, calls
from qtask_db.cli import main
from qtask_db.constants import DEFAULT, Status
from qtask_db.database import Connection


def test_create_pushes_after_the_commit(qtask: Qtask, conn: Connection, redis: Redis) -> None:
    result = qtask("create", "bind order", PAYLOAD, "1h", "GCR:ORDER:BIND")
    task_id = int(result.out)
    assert "stored; on queue GCR:ORDER:BIND" in result.err
    message = json.loads(redis.lpop("GCR:ORDER:BIND"))
    assert message == {"task_id": task_id, "task_attempt": 1, "order_no": "8973"}
    assert status(conn, task_id) is Status.WAITING
    (task,) = calls.list_tasks(conn)
    assert (task.name, task.queue, task.max_count) == (
        "bind order",
        "GCR:ORDER:BIND",
        DEFAULT["max_count"],
    )


def test_create_to_a_stream(qtask: Qtask, redis: Redis) -> None:
    create(qtask, "--stream", queue="S")
    ((_, fields),) = redis.xrange("S")
    assert json.loads(fields["message"])["order_no"] == "8973"
    stats = qtask("stats", "--json").json
    assert stats["queues"][0]["in_redis"] == 1


def test_create_options_arrive(qtask: Qtask, conn: Connection) -> None:
    result = qtask(
        "create", "bind", PAYLOAD, "1h30m", "Q", "--order-no", "8973", "--deadline", "1d",
        "--delete-deadline", "2h", "--max-count", 7, "--namespace", "billing", "--json",
    )  # fmt: skip
    assert result.json == {
        "task_id": result.json["task_id"],
        "created": True,
        "queue": "Q",
        "pushed": True,
    }
    (task,) = calls.list_tasks(conn, namespace="billing")
    assert (task.order_no, task.max_count) == ("8973", 7)
    assert task.deadline_at - task.created_at == datetime.timedelta(days=1)


def test_an_active_order_is_returned_and_not_pushed_again(qtask: Qtask, redis: Redis) -> None:
    first = create(qtask, "--order-no", "8973")
    again = qtask("create", "bind", PAYLOAD, 3600, "Q", "-o", "8973")
    assert int(again.out) == first
    assert "nothing was created" in again.err
    assert redis.llen("Q") == 1
    result = qtask("create", "bind", PAYLOAD, 3600, "Q", "-o", "8973", "--json").json
    assert (result["created"], result["pushed"]) == (False, False)


@pytest.mark.parametrize("source", ["stdin", "file"])
def test_payload_from_elsewhere(qtask: Qtask, redis: Redis, tmp_path: Path, source: str) -> None:
    text = '{"name": "Zoë \N{GRINNING FACE}"}\n'
    (tmp_path / "payload.json").write_text(text, encoding="utf-8")
    argument = "-" if source == "stdin" else "@payload.json"
    assert qtask("create", "bind", argument, 60, "Q", input=text).code == 0
    assert json.loads(redis.lpop("Q"))["name"] == "Zoë \N{GRINNING FACE}"


def test_create_without_redis_leaves_it_to_a_relay(qtask: Qtask, redis: Redis) -> None:
    result = qtask("create", "bind", PAYLOAD, 60, "Q", QTASK_REDIS_URL=None)
    assert result.code == 0
    assert "a relay puts it on the queue when the push grace has passed" in result.err
    assert not redis.llen("Q")


def test_create_with_redis_away_stores_the_task(qtask: Qtask, conn: Connection) -> None:
    url = f"redis://:s3cret@{AWAY}/0"
    result = qtask("create", "bind", PAYLOAD, 60, "Q", "--json", QTASK_REDIS_URL=url)
    assert result.code == 0
    assert result.json["pushed"] is False
    assert "is stored and a relay puts it on the queue" in result.err
    assert status(conn, result.json["task_id"]) is Status.WAITING


def test_delay_says_when(qtask: Qtask, conn: Connection, redis: Redis) -> None:
    result = qtask("delay", "close", PAYLOAD, "15m", "1h", "Q")
    assert "a relay puts it on Q in 15m 00s" in result.err
    (task,) = calls.list_tasks(conn)
    assert task.due_at - task.created_at == datetime.timedelta(minutes=15)
    assert not redis.llen("Q")
    assert qtask("delay", "close", PAYLOAD, 0, 60, "Q", "--json").json["pushed"] is False


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["create", "a", "[1]", "60", "Q"], "in_payload"),
        (["create", "a", "nonsense", "60", "Q"], "in_payload"),
        (["create", "a", '{"task_id": 1}', "60", "Q"], "task_id"),
        (["create", "a", '{"x": "' + "y" * 70_000 + '"}', "60", "Q"], "in_payload"),
        (["create", "", "{}", "60", "Q"], "in_name"),
        (["create", "a" * 129, "{}", "60", "Q"], "in_name"),
        (["create", "a", "{}", "0", "Q"], "in_interval"),
        (["create", "a", "{}", "60", ""], "in_queue"),
        (["create", "a", "{}", "60", "Q", "--max-count", "0"], "max_count"),
        (["create", "a", "{}", "60", "Q", "--deadline", "0"], "deadline"),
        (["create", "a", "{}", "60", "Q", "--deadline", "-5"], "deadline"),
        (["delay", "a", "{}", "9999999999", "60", "Q"], "in_delay"),
        (["explain", "999999"], "task"),
        (["explain", "--order-no", "none"], "no task has the order number none"),
        (["cancel", "999999"], "task"),
        (["show", "999999"], "task"),
        (["retry", "999999"], "task"),
    ],
)
def test_what_the_database_refuses_is_1(
    qtask: Qtask, conn: Connection, args: list[str], text: str
) -> None:
    assert text in qtask.fails(1, *args)
    assert calls.list_tasks(conn) == []


def test_explain(qtask: Qtask) -> None:
    task_id = create(qtask, "--order-no", "8973")
    plain = qtask("explain", task_id)
    assert plain.out.startswith("waiting\n")
    assert "8973" in plain.out
    result = qtask("explain", "--order-no", "8973", "--json").json
    assert result["task_id"] == task_id
    assert result["status"] == "waiting"
    assert result["text"].splitlines()[0] in plain.out


def test_explain_takes_the_newest_task_of_an_order(qtask: Qtask) -> None:
    first = create(qtask, "--order-no", "8973")
    assert qtask("cancel", first).code == 0
    second = create(qtask, "--order-no", "8973")
    result = qtask("explain", "-o", "8973")
    assert str(second) in result.out
    assert "2 tasks have this order number" in result.err


def test_list(qtask: Qtask) -> None:
    assert "no tasks" in qtask("list").err
    assert qtask("list", "--json").json == []
    first = create(qtask, "--order-no", "8973")
    second = create(qtask, queue="R", name="other")
    rows = qtask("list", "--json").json
    assert [row["task_id"] for row in rows] == [second, first]
    assert rows[1]["status"] == "waiting"
    created = datetime.datetime.fromisoformat(rows[0]["created_at"].replace("Z", "+00:00"))
    assert rows[0]["created_at"].endswith("Z")
    assert abs(datetime.datetime.now(datetime.timezone.utc) - created).total_seconds() < 60
    assert rows[0]["started_at"] is None
    table = qtask("list").out.splitlines()
    assert table[0].split() == [
        "Task", "Queue", "Name", "Order", "no", "Status", "Attempts", "Age", "Next",
    ]  # fmt: skip
    assert table[1].split()[:2] == [str(second), "R"]
    assert [line for line in table if line != line.rstrip()] == []
    limited = qtask("list", "--limit", 1)
    assert len(limited.out.splitlines()) == 2
    assert "--limit shows more" in limited.err


def test_list_filters(qtask: Qtask) -> None:
    first = create(qtask, "--order-no", "8973")
    second = create(qtask, queue="R")
    third = create(qtask, "--namespace", "billing")
    qtask("cancel", second)

    def ids(*args: str) -> list[int]:
        return [row["task_id"] for row in qtask("list", "--json", *args).json]

    assert ids("--queue", "R") == [second]
    assert ids("--status", "cancelled") == [second]
    assert ids("--order-no", "8973") == [first]
    assert ids("--namespace", "billing") == [third]


def test_a_narrow_terminal_loses_columns_and_not_tasks(qtask: Qtask) -> None:
    create(qtask, "--order-no", "8973", queue="A:RATHER:LONG:QUEUE:NAME")
    result = qtask("list", COLUMNS="40")
    assert max(map(len, result.out.splitlines())) <= 40
    assert "waiting" in result.out


def test_cancel_and_retry_several(qtask: Qtask, conn: Connection) -> None:
    first, second = create(qtask), create(qtask)
    result = qtask("cancel", first, second, first)
    assert result.out.splitlines() == [f"task {first} cancelled", f"task {second} cancelled"]
    assert status(conn, first) is Status.CANCELLED
    mixed = qtask("retry", first, 999_999, second, "--deadline", "1d", "--json")
    assert mixed.code == 1
    assert [(row["task_id"], row["done"]) for row in mixed.json] == [
        (first, True),
        (999_999, False),
        (second, True),
    ]
    assert status(conn, second) is Status.WAITING
    assert "`qtask list`" in mixed.err
    assert qtask("retry", first).code == 1


@pytest.mark.parametrize("url", ["valkey://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0?foo=bar"])
def test_a_wrong_redis_url_stores_nothing(qtask: Qtask, conn: Connection, url: str) -> None:
    result = qtask("create", "bind", PAYLOAD, 60, "Q", QTASK_REDIS_URL=url)
    assert (result.code, result.out) == (3, "")
    assert calls.list_tasks(conn) == []


def test_what_a_terminal_would_obey_is_shown(qtask: Qtask, conn: Connection) -> None:
    hostile = "a\x1b[2J\nb\u2028c\u202ed\x9be"
    task = started(conn, hostile, name=hostile, namespace=hostile, order_no=hostile)
    calls.fail(conn, task, 1, error=hostile)
    place = (hostile, "--namespace", hostile)
    for command in (
        ("list",), ("explain", task), ("explain", "--order-no", hostile), ("stats",), ("audit",),
        ("pause", *place), ("resume", *place), ("doctor",), ("redrive", *place),
        ("list", "--json"), ("stats", "--json"), ("explain", task, "--json"), ("doctor", "--json"),
        ("explain", "--order-no", hostile * 2), ("cancel", hostile), (hostile,),
        ("remove-queue", *place, "--yes"),
    ):  # fmt: skip
        wide = qtask.env | {"COLUMNS": "300"}  # a cell is not broken into lines
        result = CliRunner().invoke(main, [str(word) for word in command], env=wide)
        assert result.output, result
        assert not set(result.output) & set("\x1b\x9b\u2028\u202e"), (command, result.output)
        lines = result.output.splitlines()
        assert not any(line.startswith("b") for line in lines), (command, lines)
    assert "a\\x1b[2J\\x0ab\\u2028c\\u202ed\\x9be" in qtask("list").out
    assert qtask("list", "--json").json[0]["queue"] == hostile


def test_all_are_cancelled_though_nobody_reads_on(qtask: Qtask, conn: Connection) -> None:
    ids = [task.task_id for task in calls.create_many(conn, [NewTask("job", {}, 60, "Q")] * 50)]
    process = qtask.start("cancel", *ids)
    process.stdout.close()
    process.stderr.read()
    process.wait(60)
    assert {status(conn, task_id) for task_id in ids} == {Status.CANCELLED}


def test_closed_streams_and_poor_encodings(qtask: Qtask, conn: Connection) -> None:
    script = 'exec "$0" -m qtask_db "$@" >&-'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, "create", "bind", PAYLOAD, "60", "\u03a9"],
        env=qtask.env, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\\u03a9" in qtask("list", PYTHONIOENCODING="latin-1", PYTHONUTF8="0").out
    assert len(calls.list_tasks(conn)) == 1


@pytest.mark.parametrize("options", [("7d",), ("2h", "--deadline", "1h")])
def test_a_delay_beyond_the_deadline_stores_nothing(
    qtask: Qtask, conn: Connection, options: tuple[str, ...]
) -> None:
    result = qtask("delay", "bind", PAYLOAD, options[0], "1h", "Q", *options[1:])
    assert (result.code, "--deadline" in result.err) == (2, True)
    assert calls.list_tasks(conn) == []


def test_show(qtask: Qtask, conn: Connection) -> None:
    hidden = {"QTASK_REDACT": "card_no"}
    task_id = started(conn, payload={"card_no": 17, "text": "x" * 200})
    end = AttemptEnd(task_id, 1, "fail", "broken\x1b[2J", traceback="line 1\nline \x1b2")
    calls.end_many(conn, "worker-1", [end])
    plain = qtask("show", task_id, **hidden).out
    assert 'payload {"card_no": "***", "text": "xxx' in plain
    assert "characters)" in plain
    assert "broken\\x1b[2J" in plain
    assert "worker-1" in plain
    assert "line 1" not in plain
    more = qtask("show", task_id, "--payload", "--traceback", **hidden).out
    assert "x" * 200 in more
    assert "line 1\n  line \\x1b2" in more
    found = qtask("show", task_id, "--json", **hidden).json
    assert found["task"]["status"] == "waiting"
    assert json.loads(found["payload"]) == {"card_no": "***", "text": "x" * 200}
    assert [one["outcome"] for one in found["attempts"]] == ["failed"]
