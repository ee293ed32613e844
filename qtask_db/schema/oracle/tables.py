"""The tables of a schema in Oracle, beside what the migrations make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qtask_db.dialects.oracle.driver import rows_of
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

_CREATE = re.compile(r"CREATE TABLE (\w+) \((.*?)\n\)", re.DOTALL)
_ADD = re.compile(r"ALTER TABLE (\w+) ADD \((.*)\)$", re.DOTALL)
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (\w+)\s+ON (\w+) \(([^)]*)\)")
_COLUMN = re.compile(r"(\w+) (\w+(?:\([^)]*\))?) ?(.*)")
_DEFAULT = re.compile(r"DEFAULT (TIMESTAMP '[^']*'|'(?:[^']|'')*'|\S+)")
_GENERATED = re.compile(r"GENERATED ALWAYS AS \((.*)\) VIRTUAL")

_SCHEMA = "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual"
_COLUMNS = """
SELECT
  LOWER(table_name), LOWER(column_name), data_type, char_length, char_used, data_precision,
  nullable, data_default, virtual_column
FROM all_tab_cols WHERE owner = :1 AND hidden_column = 'NO'
"""
_INDEXES = """
SELECT
  LOWER(each.table_name), LOWER(each.index_name), each.uniqueness, each.status, each.visibility,
  LOWER(listed.column_name)
FROM all_indexes each
JOIN all_ind_columns listed
  ON listed.index_owner = each.owner AND listed.index_name = each.index_name
WHERE each.table_owner = :1
ORDER BY each.index_name, listed.column_position
"""


def differences(raw: Any, statements: Iterable[str]) -> Iterator[Difference]:
    """The parts that differ from those that these statements of the migrations make."""
    ((schema,),) = rows_of(raw, _SCHEMA)
    wanted = expected(statements)
    found = structure(rows_of(raw, _COLUMNS, (schema,)), rows_of(raw, _INDEXES, (schema,)))
    yield from compare(wanted, found, _mend)


def expected(statements: Iterable[str]) -> Structure:
    """The tables that these statements make."""
    made: Structure = {}
    for statement in statements:
        created = _CREATE.match(statement) or _ADD.match(statement)
        if created:
            table, body = created.groups()
            for item in items(body):
                if item.startswith("CONSTRAINT "):
                    _add_index(made, item, f"ALTER TABLE {table} ADD {item}")
                else:
                    made.setdefault(table, {}).update([_column(item)])
        else:
            _add_index(made, statement, statement)
    return made


def _add_index(made: Structure, text: str, definition: str) -> None:
    if found := _INDEX.search(text):
        unique, name, table, listed = found.groups()
        facts = {
            "columns": columns(listed),
            "unique": "yes" if unique else "no",
            "status": "valid",
            "visibility": "visible",
        }
        made[table]["index", name] = Part(facts, " ".join(definition.split()))


def _column(item: str) -> tuple[Place, Part]:
    name, kind, rest = _COLUMN.fullmatch(item).groups()  # type: ignore[union-attr]
    generated, default = _GENERATED.search(rest), _DEFAULT.search(rest)
    facts = {
        "type": kind.lower(),
        "null": "no" if "NOT NULL" in rest and not generated else "yes",
        "default": plain(default[1]) if default and not generated else "",
        "expression": plain(generated[1]) if generated else "",
    }
    return ("column", name), Part(facts, item)


def structure(
    of_columns: Iterable[tuple[Any, ...]], of_indexes: Iterable[tuple[Any, ...]]
) -> Structure:
    """The tables as the dictionary describes them."""
    found: Structure = {}
    for table, name, kind, length, used, precision, null, default, virtual in of_columns:
        size = f"({length} {'char' if used == 'C' else 'byte'})" if used else ""
        size = f"({precision})" if precision is not None and kind == "NUMBER" else size
        bare = plain(str(default or ""))
        facts = {
            "type": f"{kind.lower()}{size}",
            "null": "no" if null == "N" else "yes",
            "default": "" if virtual == "YES" or bare == "null" else bare,
            "expression": bare if virtual == "YES" else "",
        }
        found.setdefault(table, {})["column", name] = Part(facts)
    listed: dict[tuple[Any, ...], list[str]] = {}
    for *index, column in of_indexes:
        listed.setdefault(tuple(index), []).append(column)
    for (table, name, unique, status, visible), names in listed.items():
        facts = {
            "columns": columns(", ".join(names)),
            "unique": "yes" if unique == "UNIQUE" else "no",
            "status": "valid" if status in ("VALID", "N/A") else status.lower(),
            "visibility": visible.lower(),
        }
        found.setdefault(table, {})["index", name] = Part(facts)
    return found


def _mend(table: str, wrong: dict[Place, Part], there: Mapping[Place, Part | None]) -> str:
    return "; ".join(
        statement
        for (kind, name), part in wrong.items()
        for statement in _mends(table, kind, name, part, there[kind, name])
    )


def _mends(table: str, kind: str, name: str, part: Part, found: Part | None) -> Iterator[str]:
    if kind == "column":
        definition = part.definition
        if found and found.facts["null"] == part.facts["null"]:
            definition = definition.removesuffix(" NOT NULL")  # ORA-01442
        yield f"ALTER TABLE {table} {'MODIFY' if found else 'ADD'} ({definition})"
    elif found is None:
        yield part.definition
    elif (
        found.facts["columns"] != part.facts["columns"]
        or found.facts["unique"] != part.facts["unique"]
    ):
        yield f"DROP INDEX {name}"
        yield part.definition
    else:
        if found.facts["status"] != "valid":
            yield f"ALTER INDEX {name} REBUILD"
        if found.facts["visibility"] != "visible":
            yield f"ALTER INDEX {name} VISIBLE"
