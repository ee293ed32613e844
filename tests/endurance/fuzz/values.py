"""Hostile values: what breaks quoting, encodings, JSON, numbers and sizes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

FRAGMENTS = (
    "'", '"', "`", "\\", "\\'", "''", '""', ";", "--", "-- ", "#", "/*", "*/", "/*!50000 ", "*/;",
    "%", "%s", "%(x)s", "%%", "?", ":1", "@x", "@@version", "$.task_id", "$[0]", "$**", "[*]",
    "${x}", "{{ p }}", "{% raise %}", "{#", "\x00", "\x1a", "\x7f", "\n", "\r\n", "\t", "\u2028",
    "\ufeff", "\u202e", "\u0301", "\ufffd", "\uffff", "\xa0", "\xbf\x27", "\u02bc", "\uff07",
    "\u5c5c", "\\u0000", "\\ud800", "\\u0027", "\N{GRINNING FACE}", "\U0010ffff",
    "\N{LATIN SMALL LETTER SHARP S}", "I\u0307", "NULL", "null", "true", "0x27", "1e999", "NaN",
    "__proto__", "../", "a" * 129, " ", "", "é", "'; DROP TABLE qtask_task; --", "' OR '1'='1",
    "1; DELETE FROM qtask_fuzz", "') ON DUPLICATE KEY", "\\'; UPDATE qtask_fuzz SET s = 0; -- ",
    "' UNION SELECT * FROM qtask_fuzz -- ", "SLEEP(9)", "' INTO OUTFILE '/tmp/x", "task_id",
    "task_attempt", '{"a": 1}', "[1]", "CALL qtask_purge_tasks(1)",
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63),
    -(2**63) - 1, 2**64, 10**30, -(10**30), 10**400, 1.5, -0.0, 1e308, 1e-320, True, False,
    1576800000, 1576800001, 10000, 10001, "1", "0", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x10",
    "1_0", "\u0661", "1;", "1--", "", "9" * 400, "1e400", "Infinity", "NaN", "0b1", "1'", "one",
    "1\x00", "true", "null",
)  # fmt: skip
JSON_TEXTS = (
    "", " ", "{", "}", "[", "[]", "{}", "null", "true", "0", "-", "-0", "1.", ".5", "1e",
    "1e999999", '"', '""', '"\\', '"\\u12"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"',
    '{"":""}', "{'a': 1}", "{a: 1}", '{"a": 1,}', "[1,]", "[,]", '{"a"}', '{"a":}', "[1 2]", "{}{}",
    "[][]", "{} x", "/* c */ {}", "// c\n{}", "\ufeff{}", "{}\x00", '{"\x00": 1}', '{"a": NaN}',
    '{"a": 01}', '{"a": +1}', '{"a": 1, "a": 2}', '{"task_id": 1}', '{"task\\u005fid": 1}',
    '{"\\u0074ask_attempt": 1}', '{"$.a": 1}', '{"a.b": {"c": 1}}', '{"a\\"b": 1}', '{"a`b": 1}',
    "[[[]]]", "[null]", "[{}]", "[1]", '["a"]', '[{"task_id": null}]', '[{"task_id": "1"}]',
    '[{"task_id": 1.0}]', '[{"task_id": 1e0}]', '[{"task_id": -1}]',
    '[{"task_id": 1, "attempt": {}}]', '[{"task_id": 99999999999999999999}]', '[{"name": "x"}]',
    '[{"name": "x", "payload": {}, "interval": 60, "queue": "Q", "x": 1}]',
)  # fmt: skip
NUMERIC_EXPRESSIONS = (
    "1e125", "-1e125", "9.99e125", "1e-130", "0.5", "1 / 3", "-0.000001", "1e38", "1e39",
    "1e38 + 0.5", "BINARY_DOUBLE_NAN", "BINARY_DOUBLE_INFINITY", "-BINARY_DOUBLE_INFINITY",
    "1e200D", "''", "NULL", "'1e3'", "' 7 '", "'7,5'", "'NaN'",
)  # fmt: skip
TEXT_EXPRESSIONS = (
    "''", "NULL", "' '", "CHR(0)", "CHR(0) || 'x'", "EMPTY_CLOB()", "TO_CLOB('')", "TO_CLOB('[]')",
    "TO_CLOB('{}')", "TO_CLOB('x')", "RPAD('x', 4000, 'x')", "RPAD('x', 4001, 'x')",
    "RPAD('x', 32767, 'x')", "RPAD('[', 32767, '[')", "RPAD('\u00e4', 32767, 'x')",
    "RPAD(TO_CLOB('x'), 32768, 'x')", "RPAD(TO_CLOB(' '), 200000)", "'{\"a\": 1}'", "q'[it's]'",
)  # fmt: skip
SIZES = (129, 300, 2001, 5_000, 70_000)
DEPTHS = (20, 31, 32, 33, 99, 100, 101, 200, 5_000)


def value(random: Random) -> Any:
    """Anything."""
    return random.choice(_KINDS)(random)


def text(random: Random) -> str:
    """A text of fragments and letters."""
    parts = random.choices(FRAGMENTS, k=random.choice((1, 1, 1, 2, 3, 6)))
    if random.random() < 0.3:
        parts.append("".join(chr(_code_point(random)) for _ in range(random.randrange(1, 20))))
    random.shuffle(parts)
    return "".join(parts)


def long_text(random: Random) -> str:
    """A text that is too long, at least for some arguments."""
    unit = random.choice(("x", "'", "\\", "\N{GRINNING FACE}", "ab c", "[", '{"a":', '"', "%s"))
    return (unit * random.choice(SIZES))[: SIZES[-1]]


def number(random: Random) -> Any:
    """A number, or what looks like one."""
    if random.random() < 0.2:
        return random.randrange(-(2 ** random.randrange(1, 80)), 2 ** random.randrange(1, 80))
    return random.choice(NUMBERS)


@dataclass(frozen=True, slots=True)
class Expression:
    """Stands in a PL/SQL block as it is."""

    text: str


def expression(random: Random, *, text: bool) -> Expression:
    """An expression that only PL/SQL can say."""
    return Expression(random.choice(TEXT_EXPRESSIONS if text else NUMERIC_EXPRESSIONS))


def oracle_number(random: Random) -> Any:
    """A number within the range of NUMBER: the driver sends no others."""
    found = number(random)
    if isinstance(found, bool):
        return int(found)
    return found if isinstance(found, str) or abs(found) < 10**125 else 10**37 + 1


def any_text(random: Random) -> str:
    """A text of any kind."""
    return random.choice((text, long_text, json_text, options, tasks, surrogate))(random)


def json_text(random: Random) -> str:
    """JSON, nearly JSON, or a bomb."""
    roll = random.random()
    if roll < 0.4:
        return random.choice(JSON_TEXTS)
    if roll < 0.5:
        return _bomb(random)
    written = json.dumps(_json_value(random, 3), ensure_ascii=random.random() < 0.5)
    return written if roll < 0.7 else _mutated(random, written)


def options(random: Random) -> str:
    """A JSON object with the options of a task, most of them wrong."""
    names = (
        "namespace",
        "order_no",
        "deadline",
        "delete_deadline",
        "max_count",
        "on_failure",
        "owner",
        text(random),
    )
    chosen = {random.choice(names): _json_value(random, 1) for _ in range(random.randrange(1, 5))}
    return json.dumps(chosen, ensure_ascii=random.random() < 0.5)


def tasks(random: Random) -> str:
    """A JSON array of tasks to create, to start or to finish, most of them wrong."""
    sound = {"name": "job", "payload": {}, "interval": 60, "queue": "Q"}
    own = {"payload": {}, "order_no": random.choice("12")}
    given = random.choice((sound, {**sound, "delay": 5}, own, {"task_id": 1, "attempt": 1}))
    elements = [dict(given) for _ in range(random.choice((1, 1, 2, 3)))]
    for _ in range(random.randrange(1, 3)):
        hurt = random.choice(elements)
        key = random.choice(
            (
                *sound,
                "delay",
                "order_no",
                "namespace",
                "on_failure",
                "max_count",
                "task_id",
                "attempt",
            )
        )
        hurt[key if random.random() < 0.9 else text(random)] = _json_value(random, 2)
    return json.dumps(elements, ensure_ascii=random.random() < 0.5)


def ends(random: Random) -> str:
    """A JSON array of ends of attempts, most of them wrong."""
    sound = {"task_id": 1, "attempt": 1, "outcome": random.choice(("fail", "reject", "snooze"))}
    elements = [{**sound, "attempt": n} for n in range(random.choice((1, 1, 2, 3)))]
    for _ in range(random.randrange(1, 3)):
        hurt = random.choice(elements)
        key = random.choice((*sound, "error", "delay", "traceback"))
        hurt[key if random.random() < 0.9 else text(random)] = _json_value(random, 2)
    return json.dumps(elements, ensure_ascii=random.random() < 0.5)


def schedules(random: Random) -> str:
    """A JSON array of due schedules, most of them wrong."""
    times = {"next_at": "2026-11-29T02:00:00Z", "following_at": "2999-11-29T02:00:00Z"}
    sound = {"namespace": "default", "schedule": "C", "revision": 1, "ticks": [], **times}
    elements = [dict(sound) for _ in range(random.choice((1, 1, 2, 3)))]
    for _ in range(random.randrange(1, 3)):
        hurt = random.choice(elements)
        key = random.choice((*sound, "error"))
        hurt[key if random.random() < 0.9 else text(random)] = _json_value(random, 2)
    return json.dumps(elements, ensure_ascii=random.random() < 0.5)


def names(random: Random) -> str:
    """A JSON array of names of queues, or nearly; most of them hold a queue that is there."""
    given = [random.choice((text, number, nothing))(random) for _ in range(random.randrange(3))]
    given.insert(random.randrange(len(given) + 1), random.choice(("D", "D", "Q", "d", "D ")))
    if random.random() < 0.3:
        return json_text(random)
    given *= random.choice((1, 1, 1, 2, 500, 10_000))
    return json.dumps(given, ensure_ascii=random.random() < 0.5)


def common(random: Random) -> str:
    """A JSON object with what new tasks have in common, some of it wrong."""
    given: dict[str, Any] = {"name": "job", "interval": 60, "queue": random.choice("QR")}
    keys = (*given, "payload", "delay", "order_no", "namespace", "max_count", "owner")
    for _ in range(random.randrange(3)):
        key = random.choice(keys) if random.random() < 0.9 else text(random)
        given[key] = _json_value(random, 2)
    return json.dumps(given, ensure_ascii=random.random() < 0.5)


def filters(random: Random) -> str:
    """A JSON object with the keys of a filter, most of them wrong."""
    sound = {"queue": "Q", "namespace": "default", "name": "job", "status": [20, 30, 90], "age": 0}
    given: dict[str, Any] = {key: sound[key] for key in sound if random.random() < 0.5}
    for _ in range(random.randrange(3)):
        key = random.choice((*sound, "error")) if random.random() < 0.9 else text(random)
        given[key] = _json_value(random, 2)
    return json.dumps(given, ensure_ascii=random.random() < 0.5)


def raw_bytes(random: Random) -> bytes:
    """Bytes that are no UTF-8, or hardly."""
    parts = [
        b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88", b"\xe2\x82", b"\xbf'", b"\x00", b"{}",
    ]  # fmt: skip
    return b"".join(random.choices([*parts, random.randbytes(4)], k=random.randrange(1, 5)))


def surrogate(random: Random) -> str:
    """A text that cannot be written as UTF-8."""
    return text(random) + chr(random.randrange(0xD800, 0xE000)) + random.choice(FRAGMENTS)


def nothing(_random: Random) -> None:
    """NULL."""


_KINDS: tuple[Callable[[Random], Any], ...] = (
    text, text, text, long_text, number, number, json_text, options, tasks, raw_bytes, surrogate,
    nothing,
)  # fmt: skip


def _code_point(random: Random) -> int:
    top = random.choice((0x20, 0x80, 0x100, 0x3000, 0xD800, 0x110000))
    found = random.randrange(top)
    return found if not 0xD800 <= found < 0xE000 else 0xFFFD


def _json_value(random: Random, depth: int) -> Any:
    roll = random.random()
    if depth and roll < 0.2:
        return {text(random): _json_value(random, depth - 1) for _ in range(random.randrange(4))}
    if depth and roll < 0.3:
        return [_json_value(random, depth - 1) for _ in range(random.randrange(4))]
    if roll < 0.6:
        return text(random)
    if roll < 0.9:
        found = number(random)
        return found if found not in (10**400,) else "1e400"
    return random.choice((None, True, False, {}, [], "", " ", "x" * 200))


def _bomb(random: Random) -> str:
    depth = random.choice(DEPTHS)
    return random.choice(
        (
            "[" * depth,
            "[" * depth + "]" * depth,
            '{"a":' * depth + "1" + "}" * depth,
            '[{"payload":' * depth + "1" + "}]" * depth,
            "[" + "1," * random.choice((9_999, 10_000, 20_000)) + "1]",
            '{"a": "' + "\\u0041" * depth + '"}',
            '{"a": ' + "9" * depth + "}",
            "{" + ",".join(f'"k{n}": {n}' for n in range(depth)) + "}",
        )
    )


def _mutated(random: Random, written: str) -> str:
    characters = list(written)
    for _ in range(random.randrange(1, 4)):
        place = random.randrange(len(characters) + 1)
        change = random.randrange(3)
        if change == 0:
            characters.insert(place, random.choice(FRAGMENTS))
        elif change == 1:
            del characters[place : place + 1]
        else:
            characters[place : place + 1] = [random.choice('{}[]",:\\\x00')]
    return "".join(characters)
