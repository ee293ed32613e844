"""The tables of a schema on MySQL or MariaDB, beside what the migrations make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.schema.structure import (
    Difference,
    Part,
    Place,
    Structure,
    columns,
    compare,
    items,
    plain,
)

_CREATE = re.compile(
    r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*)\)\s*"
    r"ENGINE = (\w+) DEFAULT CHARACTER SET (\w+) COLLATE (\w+)",
    re.DOTALL,
)
_ALTER = re.compile(r"ALTER TABLE (\w+) (?:ADD|MODIFY) COLUMN (.*)", re.DOTALL)
_COMMENT = re.compile(r"\s*COMMENT '(?:[^'\\]|''|\\.)*'")
_INDEX = re.compile(r"(?:(PRIMARY|UNIQUE) )?KEY (\w+ )?\((.*)\)")
_COLUMN = re.compile(r"(\w+) (\w+(?:\(\d+\))?)(.*)")
_TEXT = re.compile(r"(var)?char|(tiny|medium|long)?text", re.IGNORECASE)
_DEFAULT = re.compile(r"DEFAULT ('(?:[^']|'')*'|\S+)")
_GENERATED = re.compile(r"GENERATED ALWAYS AS \((.*)\) (STORED|VIRTUAL)")
_ITSELF = ("table", "")
_IGNORED = 13

_TABLES = """
SELECT table_name, engine, table_collation FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""
_COLUMNS = """
SELECT
  table_name, column_name, column_type, is_nullable, column_default, collation_name, extra,
  generation_expression
FROM information_schema.columns WHERE table_schema = DATABASE()
"""


def differences(raw: Any, statements: Iterable[str]) -> Iterator[Difference]:
    """The parts that differ from those that these statements of the migrations make."""
    wanted = expected(statements)
    yield from compare(wanted, _found(raw, wanted), _mend)


def expected(statements: Iterable[str]) -> Structure:
    """The tables that these statements make."""
    made: Structure = {}
    for statement in statements:
        if created := _CREATE.match(statement):
            table, body, engine, charset, collation = created.groups()
            itself = f"ENGINE = {engine}, DEFAULT CHARACTER SET {charset} COLLATE {collation}"
            made[table] = {_ITSELF: Part({"engine": engine, "collation": collation}, itself)}
        elif altered := _ALTER.match(statement):
            table, body = altered.groups()
        else:
            continue
        collation = made[table][_ITSELF].facts["collation"]
        for item in items(body):
            place, part = _index(item) if _INDEX.match(item) else _column(item, collation)
            made[table][place] = part
    return made


def _index(item: str) -> tuple[Place, Part]:
    kind, name, listed = _INDEX.fullmatch(item).groups()  # type: ignore[union-attr]
    facts = {"columns": columns(listed), "unique": "yes" if kind else "no", "usable": "yes"}
    return ("index", (name or "PRIMARY").strip()), Part(facts, item)


def _column(item: str, collation: str) -> tuple[Place, Part]:
    name, kind, definition = _COLUMN.fullmatch(item).groups()  # type: ignore[union-attr]
    rest = _COMMENT.sub("", definition)
    generated, default = _GENERATED.search(rest), _DEFAULT.search(rest)
    text = _TEXT.match(kind)
    facts = {
        "type": kind.lower(),
        "collation": collation if text else "",
        "null": "no" if "NOT NULL" in rest else "yes",
        "default": _literal(default[1]) if default else "",
        "AUTO_INCREMENT": "yes" if "AUTO_INCREMENT" in rest else "no",
        "expression": plain(generated[1]) if generated else "",
        "generated": generated[2].lower() if generated else "",
    }
    charset = f" CHARACTER SET {collation.partition('_')[0]} COLLATE {collation}" if text else ""
    return ("column", name), Part(facts, f"{name} {kind}{charset}{definition}")


def _found(raw: Any, wanted: Structure) -> Structure:
    found: Structure = {
        table: {_ITSELF: Part({"engine": engine, "collation": collation})}
        for table, engine, collation in rows_of(raw, _TABLES)
        if table in wanted
    }
    for table, name, kind, null, default, collation, extra, expression in rows_of(raw, _COLUMNS):
        if table not in found:
            continue
        generated = re.search(r"(STORED|VIRTUAL) GENERATED", extra)
        facts = {
            # Of integers MariaDB, and MySQL of what it made long ago, give a display width.
            "type": re.sub(r"^(\w*int)\(\d+\)", r"\1", kind.lower()),
            "collation": collation or "",
            "null": null.lower(),
            "default": "" if generated else _literal(default),
            "AUTO_INCREMENT": "yes" if "auto_increment" in extra else "no",
            "expression": plain(expression or ""),
            "generated": generated[1].lower() if generated else "",
        }
        found[table]["column", name] = Part(facts)
    for table in found:
        listed: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows_of(raw, f"SHOW INDEX FROM {table}"):
            listed.setdefault(row[2], []).append(row)
        for name, rows in listed.items():
            # The column is "Visible" on MySQL, "Ignored" on MariaDB.
            hidden, shown = (
                ("NO", "VISIBLE") if len(rows[0]) > _IGNORED + 1 else ("YES", "NOT IGNORED")
            )
            parts = (f"{row[4]}({row[7]})" if row[7] else row[4] for row in rows)
            facts = {
                "columns": columns(", ".join(map(str, parts))),
                "unique": "no" if rows[0][1] else "yes",
                "usable": "no" if rows[0][_IGNORED] == hidden else "yes",
            }
            found[table]["index", name] = Part(facts, shown)
    return found


def _mend(table: str, wrong: dict[Place, Part], there: Mapping[Place, Part | None]) -> str:
    drops, changes = [], []
    for (kind, name), part in wrong.items():
        found = there[kind, name]
        if kind == "index" and found and dict(part.facts) == {**found.facts, "usable": "yes"}:
            changes.append(f"ALTER INDEX {name} {found.definition}")
        elif kind == "index":
            what = "PRIMARY KEY" if name == "PRIMARY" else f"INDEX {name}"
            drops += [f"DROP {what}"] if found else []
            changes.append(f"ADD {part.definition}")
        elif kind == "column":
            changes.append(f"{'MODIFY' if found else 'ADD'} COLUMN {part.definition}")
        else:
            changes.append(part.definition)
    return f"ALTER TABLE {table} {', '.join(drops + changes)}"


def _literal(text: str | None) -> str:
    """A default as MySQL and MariaDB both mean it; of a time without what is zero."""
    if text is None or text == "NULL":
        return ""
    bare = text[1:-1].replace("''", "'") if text.startswith("'") else text
    return re.sub(r"(\d-\d\d) 00:00:00(\.0+)?$", r"\1", bare)
