"""A text that is longer than anything that is allowed is refused for its length, before it is read.
The server makes the texts: an attacker's need not be sent.
"""

from __future__ import annotations

import re

import pytest
from testing import execute, refused

from qtask_db import Connection
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, QtaskError, UnknownOption
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

LONG = 1_000_000
CREATIONS = {
    "create_task": "'job', '{{}}', 60, 'Q', {}, @a, @b, @c",
    "delay_task": "'job', '{{}}', 0, 60, 'Q', {}, @a, @b",
    "create_task_quiet": "'job', '{{}}', 60, 'Q', {}, @a, @b, @c",
    "delay_task_quiet": "'job', '{{}}', 0, 60, 'Q', {}, @a, @b",
}
LISTS = {
    "start_tasks": ("{}", "in_tasks", LIMIT["attempts"]),
    "receive_tasks": ("{}, @a", "in_tasks", LIMIT["attempts"]),
    "finish_tasks": ("{}", "in_tasks", LIMIT["attempts"]),
    "return_tasks": ("{}, @a", "in_tasks", LIMIT["attempts"]),
    "end_attempts": ("'w', {}", "in_ends", LIMIT["attempts"]),
    "next_due": ("NULL, {}, @a", "in_held", LIMIT["held"]),
    "scan_tasks": ("'r', 1, 1, NULL, {}, @a, @b", "in_held", LIMIT["held"]),
}
NAMES = {
    "name": "create_task({}, '{{}}', 60, 'Q', NULL, @a, @b, @c)",
    "queue": "create_task('job', '{{}}', 60, {}, NULL, @a, @b, @c)",
    "payload": "create_task('job', {}, 60, 'Q', NULL, @a, @b, @c)",
    "tasks": "create_tasks({})",
    "an element": "create_tasks(CONCAT('[', {}, ']'))",
    "the name of an element": """create_tasks(CONCAT('[{{"name": "', {}, '"}}]'))""",
    "a key of an element": """create_tasks(CONCAT('[{{"', {}, '": 1}}]'))""",
    "the interval of an element": (
        'create_tasks(CONCAT(\'[{{"name": "n", "queue": "Q", "payload": {{}}, '
        "\"interval\": \"60.', REPEAT('0', LENGTH({})), 'x\"}}]'))"
    ),
    "an id": "start_tasks(CONCAT('[{{\"task_id\": \"1.', REPEAT('0', 4000000), 'x\"}}]'))",
    "a queue to pause": "pause_queue({}, NULL)",
    "a namespace to pause": "pause_queue('Q', {})",
    "a relay": "scan_tasks({}, 1, 1, NULL, NULL, @a, @b)",
    "a batch": "confirm_batch(1, {})",
    "an error": "fail_task(1, 1, {}, 0, @a)",
}


def use(conn: Connection, call: str) -> None:
    try:
        execute(conn, f"CALL {conn.prefix}{call}")
    except Exception as error:
        raise conn.dialect.translate(error) or error from error


@pytest.mark.parametrize("verb", CREATIONS)
def test_options(conn: Connection, attacker: Connection, verb: str) -> None:
    call, longest = f"{verb}({CREATIONS[verb]})", LIMIT["options"]
    use(attacker, call.format(f"RPAD('{{}}', {longest}, ' ')"))
    for text in (f"RPAD('{{}}', {longest + 1}, ' ')", f"REPEAT('{{', {LONG})"):
        with refused(conn, InvalidArgument, "in_options", f"at most {longest} bytes"):
            use(attacker, call.format(text))


@pytest.mark.parametrize("verb", LISTS)
def test_lists(conn: Connection, verb: str) -> None:
    arguments, name, longest = LISTS[verb]

    def blanks(count: int) -> str:
        return f"{verb}({arguments})".format(f"CONCAT('[]', REPEAT(' ', {count}))")

    use(conn, blanks(longest - 2))
    with refused(conn, InvalidArgument, name, f"at most {longest} bytes"):
        use(conn, blanks(longest - 1))


@pytest.mark.parametrize("place", NAMES)
def test_every_text_is_refused_by_an_error_of_ours(conn: Connection, place: str) -> None:
    with pytest.raises(QtaskError) as error:
        use(conn, NAMES[place].format(f"REPEAT('x', {LONG})"))
    assert len(str(error.value)) < 200


def test_an_unknown_key_is_named_whatever_it_is(conn: Connection) -> None:
    """MariaDB finds the keys of an object by comparing each with each: so nobody asks for all."""
    keys = {
        "other": '"other"',
        "a\\\\" + '\\"b': '"a\\\\\\"b"',
        "x" * 99: '"' + "x" * 39,
    }
    for key, told in keys.items():
        with refused(conn, UnknownOption, f"in_tasks, element 1: {told} is not a key of a task"):
            use(conn, f"""create_tasks('[{{"name": "n", "{key}": 1}}]')""".replace("\\", "\\\\"))


READERS = {"qtask_parse_options", "qtask_read_schedule_options"}


def test_nothing_takes_the_square_of_the_time() -> None:
    """Of MariaDB: JSON_KEYS in the number of keys, MIN and MAX over a window in that of its rows.
    Options have few.
    """
    for one in Renderer("mysql", Settings()).objects:
        code = re.sub(r"/\*.*?\*/", "", one.text, flags=re.DOTALL)
        assert "JSON_KEYS" not in code or one.name in READERS
        assert not re.search(r"\b(MIN|MAX)\([^()]*\)\s*OVER", code)
