"""The variables of a session that an account without privileges may set, as the server itself lists
them, and values for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymysql

from qtask_db import Connection

GUIDE = Path(__file__).parents[3] / "docs" / "reference" / "sessions.md"
CLASSES = ("Cannot be set without a privilege", "Harmless", "Neutralised", "Refused")
ENGINES = ("MySQL", "MariaDB")
LARGEST = 2**64 - 1
NUMBERS = ("0", "1", "-1", "2", "65535", str(2**31 - 1), str(2**63 - 1), str(LARGEST), "0.000001")
TEXTS = ("NULL", "''", "'*'", "'x'", "'utf8mb4'", "'utf8mb4_bin'")
OFTEN = {
    "character_set": ("'latin1'", "'ascii'", "'binary'", "'gbk'", "'sjis'", "'ucs2'", "'utf16'"),
    "collation": ("'latin1_swedish_ci'", "'utf8mb4_unicode_ci'", "'ucs2_bin'", "'gbk_chinese_ci'"),
    "storage_engine": ("'MEMORY'", "'MyISAM'", "'InnoDB'"),
    "time_zone": ("'+14:00'", "'-12:00'", "'SYSTEM'"),
    "timestamp": ("1", "1000000000.123456", "4102444800"),
    "lc_": ("'de_DE'", "'ja_JP'", "'ar_SA'"),
    "versioning_asof": ("'2000-01-01'", "'2100-01-01'", "DEFAULT"),
    "sql_mode": ("'ANSI'", "'TRADITIONAL'", "'ORACLE'", "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"),
    "optimizer_trace": ("'enabled=on'", "'enabled=off'"),
    "character_set_collations": ("'utf8mb4=utf8mb4_general_ci'", "'utf8mb4=utf8mb4_unicode_ci'"),
}
"""For the variables in whose names these words are: what only their kind understands."""
ONLY = {
    "character_set_client": ("'utf8mb4'", "'latin1'", "'ascii'", "'gbk'", "'sjis'"),
    "character_set_results": ("'utf8mb4'", "'latin1'", "'ascii'", "NULL"),
    "default_master_connection": ("''",),
}
"""The only values of these variables: others would spoil the answers or the next setting."""

RESET_CONNECTION = 0x1F


def classified() -> Iterator[tuple[str, str, str]]:
    """The class of each variable, for each engine, and its name, as the guide says it."""
    text = GUIDE.read_text()
    for kind in CLASSES:
        (block,) = re.findall(rf"^\*\*{kind}\.\*\*(.*?)\n\n", text, re.M | re.S)
        for name, engine in re.findall(r"`(\w+)`(?:\s+\((MySQL|MariaDB)\))?", block):
            for each in (engine,) if engine else ENGINES:
                yield kind, each, name


def settable(app: Connection, lister: Connection) -> dict[str, list[str]]:
    """The variables that `app` may set, each with values that the server takes, as SQL writes them.
    `lister` may read the server's list.
    """
    found = {}
    for name, values in _candidates(lister).items():
        outcomes = {value: _outcome(app, f"SET SESSION {name} = {value}") for value in values}
        reset(app)
        accepted = [value for value, error in outcomes.items() if not error]
        if {*accepted} - {"DEFAULT"}:
            found[name] = _distinct(app, name, accepted)
    return found


def reset(conn: Connection) -> None:
    """The session as it was at login, at less cost than another login."""
    conn.raw._execute_command(RESET_CONNECTION, b"")
    conn.raw._read_ok_packet()
    with conn.raw.cursor() as cursor:
        cursor.execute("SET NAMES utf8mb4")


def listed(lister: Connection) -> set[str]:
    """The variables of which a session has its own."""
    return set(_candidates(lister))


def _candidates(lister: Connection) -> dict[str, Sequence[str]]:
    """Extremes, each word of an enumeration, each flag of a set, what fits the variable's name."""
    mariadb = "mariadb" in lister.raw.get_server_info().lower()
    if mariadb:
        statement = (
            "SELECT variable_name, numeric_min_value, numeric_max_value, enum_value_list, "
            "session_value FROM information_schema.system_variables "
            "WHERE variable_scope <> 'GLOBAL'"
        )
    else:
        statement = (
            "SELECT variable_name, min_value, max_value, NULL, variable_value "
            "FROM performance_schema.variables_metadata "
            "JOIN performance_schema.session_variables USING (variable_name) "
            "WHERE variable_scope <> 'GLOBAL'"
        )
    found: dict[str, Sequence[str]] = {}
    for name, least, most, words, value in _rows(lister, statement):
        known = [str(n) for n in (least, most) if n not in (None, "")]
        known += [f"'{word}'" for word in (words or "").split(",") if word]
        known += [f"'{word}'" for word in (value or "").split(",")]
        known += [
            f"'{flag}={'off' if on == 'on' else 'on'}'"
            for flag, _, on in (word.partition("=") for word in (value or "").split(","))
            if on in ("on", "off")
        ]
        known += [text for part, texts in OFTEN.items() if part in name.lower() for text in texts]
        indexes = [] if known and not words and least else [str(n) for n in range(3, 9)]
        values = dict.fromkeys([*known, *NUMBERS, *indexes, *TEXTS, "DEFAULT"])
        if "timeout" in name.lower():  # an idle session would end
            values = dict.fromkeys(v for v in values if v not in ("1", "2"))
        found[name.lower()] = ONLY.get(name.lower(), list(values))
    return found


def _distinct(app: Connection, name: str, accepted: Sequence[str]) -> list[str]:
    """One text for each value that the variable takes on: many are cut to a bound."""
    kept: dict[object, str] = {}
    for value in accepted:
        _outcome(app, f"SET SESSION {name} = {value}")
        try:
            seen = _rows(app, f"SELECT CAST(@@SESSION.{name} AS BINARY)") or [(value,)]
        except pymysql.MySQLError:
            seen = [(value,)]
        kept.setdefault(seen[0], value)
        reset(app)
    return list(kept.values())


def _outcome(conn: Connection, statement: str) -> int:
    """0, or the number of the error."""
    try:
        with conn.raw.cursor() as cursor:
            cursor.execute(statement)
    except pymysql.MySQLError as error:
        return int(error.args[0])
    return 0


def _rows(conn: Connection, statement: str) -> list[tuple[Any, ...]]:
    with conn.raw.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
