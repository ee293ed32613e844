"""The commands of schedules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Qtask
from testing import age_schedules, content, count

from qtask_db import Connection, Schedule, calls

FILE = """
[[schedule]]
name = "A"
queue = "Q"
every = 60
payload = {n = 1}

[[schedule]]
name = "B"
queue = "Q"
cron = "0 2 * * *"
zone = "Europe/Berlin"
"""


def names(conn: Connection) -> list[str]:
    return [one.schedule.name for one in calls.list_schedules(conn)]


def test_set_list_and_remove(qtask: Qtask, conn: Connection) -> None:
    said = qtask("schedule", "set", "S", "Q", '{"n": 1}', "--every", "5m", "--task", "job")
    assert said.out == "schedule S of namespace default is set, revision 1\n"
    assert qtask("schedule", "list").out.splitlines()[1].split()[:5] == [
        "S", "Q", "every", "5m", "00s",
    ]  # fmt: skip
    (found,) = qtask("schedule", "list", "--json").json
    assert found["schedule"]["every"] == 300
    assert found["schedule"]["task"] == "job"
    again = qtask("schedule", "set", "S", "Q", "--cron", "0 2 * * *", "--json").json
    assert again == {"schedule": "S", "namespace": "default", "revision": 2}
    said = qtask("schedule", "remove", "S")
    assert said.out == "schedule S of namespace default is removed\n"
    assert "no schedules" in qtask("schedule", "list").err
    assert names(conn) == []


def test_pause_resume_and_run(qtask: Qtask, conn: Connection) -> None:
    qtask("schedule", "set", "S", "Q", "--every", "60", "-n", "n")
    assert "is paused" in qtask("schedule", "pause", "S", "-n", "n").out
    assert "paused" in qtask("schedule", "list").out
    task_id = int(qtask("schedule", "run", "S", "-n", "n").out)
    assert qtask("schedule", "run", "S", "-n", "n", "--json").json == {"task_id": task_id + 1}
    assert "is resumed" in qtask("schedule", "resume", "S", "-n", "n").out
    assert count(conn) == 2


def test_next(qtask: Qtask, conn: Connection) -> None:
    qtask("schedule", "set", "C", "Q", "--cron", "30 2 * * *", "--zone", "Europe/Berlin")
    lines = qtask("schedule", "next", "C", "--count", "3").out.splitlines()
    assert len(lines) == 3
    assert all(" 02:30:00 CE" in line for line in lines)
    qtask("schedule", "set", "S", "Q", "--every", "60")
    assert len(qtask("schedule", "next", "S", "--json").json) == 5
    calls.pause_schedule(conn, "S")
    assert "it is paused" in qtask("schedule", "next", "S").err


@pytest.mark.parametrize("verb", ["next", "pause", "resume", "run", "remove"])
def test_one_that_is_not_there(qtask: Qtask, verb: str) -> None:
    assert "no schedule" in qtask.fails(1, "schedule", verb, "S")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--cron", "0 0 30 2 *"], "in_cron"),
        (["--cron", "0 2 * * *", "--zone", "Europe/Berlim"], "in_zone"),
        (["--every", "60", "--cron", "0 2 * * *"], "in_every"),
        ([], "in_every"),
        (["--every", "0"], "in_every"),
    ],
)
def test_what_is_refused(qtask: Qtask, conn: Connection, options: list[str], word: str) -> None:
    assert word in qtask.fails(1, "schedule", "set", "S", "Q", *options)
    assert names(conn) == []


def test_a_file_is_applied(qtask: Qtask, conn: Connection, tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(FILE)
    calls.set_schedule(conn, Schedule("mine", "Q", every=60))
    calls.set_schedule(conn, Schedule("others", "Q", every=60, owner="other.toml"))
    before = content(conn)
    dry = qtask("schedule", "apply", file, "--dry-run")
    assert dry.out == "+ create default/A\n+ create default/B\n"
    assert "nothing was changed" in dry.err
    assert content(conn) == before
    assert qtask("schedule", "apply", file).out == dry.out
    assert names(conn) == ["A", "B", "mine", "others"]
    age_schedules(conn, 30)
    before = content(conn)
    assert qtask("schedule", "apply", file).out == "= keep default/A\n= keep default/B\n"
    assert content(conn) == before
    file.write_text(FILE.replace("n = 1", "n = 2").split('[[schedule]]\nname = "B"')[0])
    told = qtask("schedule", "apply", file, "--json").json
    assert told == {
        "applied": True,
        "steps": [
            {"does": "change", "namespace": "default", "name": "A", "changed": ["payload"]},
            {"does": "remove", "namespace": "default", "name": "B", "changed": []},
        ],
    }
    assert names(conn) == ["A", "mine", "others"]


def test_a_file_of_json(qtask: Qtask, conn: Connection, tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps({"schedule": [{"name": "A", "queue": "Q", "every": 60}]}))
    qtask("schedule", "apply", file, "--owner", "shop")
    (found,) = calls.list_schedules(conn)
    assert (found.schedule.name, found.schedule.owner) == ("A", "shop")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "cannot read"),
        ("a = 1", "must have a list `schedule`"),
        ("[[schedule]]\nqueue = 'Q'\nevery = 60", "must have a name"),
        ("[[schedule]]\nname = 'A'\nevery = 60", "must have a queue"),
        ("[[schedule]]\nname = 'A'\nqueue = 'Q'", "one of every and cron"),
        ("[[schedule]]\nname = 'A'\nqueue = 'Q'\nevery = 60\nevry = 1", "'evry' is not known"),
        (FILE + FILE, "is there twice"),
        (FILE.replace("Berlin", "Berlim"), "in_zone"),
        (FILE.replace("0 2 * * *", "0 0 30 2 *"), "in_cron"),
        (FILE.replace("every = 60", "every = 0"), "in_every"),
        (FILE.replace("every = 60", "every = '60'"), "in_every"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_is_wrong(
    qtask: Qtask, conn: Connection, tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(text)
    calls.set_schedule(conn, Schedule("old", "Q", every=60, owner="shop.toml"))
    said = qtask("schedule", "apply", file)
    assert said.code in (1, 3)
    assert words in said.err
    assert names(conn) == ["old"]


def test_a_file_that_is_not_there(qtask: Qtask, tmp_path: Path) -> None:
    assert "cannot read" in qtask("schedule", "apply", tmp_path / "none.toml").err
