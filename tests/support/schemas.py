"""Schemas of MySQL and MariaDB as a whole: what is in one, and how a script makes one."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from testing import execute, query

from qtask_db import Database
from qtask_db.schema.render import INDEX, Renderer
from qtask_db.settings import Settings


def schema(url: str, prefix: str = "qtask_") -> dict[str, list[tuple[Any, ...]]]:
    """Everything that information_schema tells of the objects of a prefix."""
    name = urlsplit(url).path.lstrip("/")
    parts = {
        "tables": ("table_name, table_type, engine, table_collation, table_comment", "table"),
        "columns": (
            "table_name, ordinal_position, column_name, column_type, is_nullable, column_default, "
            "collation_name, extra, generation_expression, column_comment",
            "table",
        ),
        "statistics": (
            "table_name, index_name, seq_in_index, column_name, non_unique, index_type, sub_part",
            "table",
        ),
        "views": ("table_name, view_definition, security_type, is_updatable", "table"),
        "routines": (
            "routine_name, routine_definition, routine_comment, sql_mode, security_type, "
            "sql_data_access, character_set_client, collation_connection",
            "routine",
        ),
        "parameters": (
            "specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier, "
            "collation_name",
            "specific",
        ),
        "events": (
            "event_name, event_definition, interval_value, interval_field, sql_mode, "
            "event_comment, character_set_client, collation_connection",
            "event",
        ),
    }
    found: dict[str, list[tuple[Any, ...]]] = {}
    with Database(url).connect() as conn:
        for part, (columns, kind) in parts.items():
            rows = query(
                conn,
                f"SELECT {columns} FROM information_schema.{part} WHERE {kind}_schema = '{name}' "
                f"AND {kind}_name LIKE '{prefix.replace('_', '!_')}%' ESCAPE '!'",
            )
            found[part] = sorted(
                tuple(_plain(v, name) if isinstance(v, str) else v for v in row) for row in rows
            )
        found["settings"] = sorted(query(conn, f"SELECT name, value FROM {prefix}setting"))
    assert len(found["routines"]) == len(Renderer("mysql", Settings()).procedures)
    assert len(found["views"]) == len(INDEX["view"])
    return found


def _plain(text: str, database: str) -> str:
    """Without what may differ: the database, and which version created a procedure first."""
    return re.sub(r"^qtask-db \S+", "qtask-db", text.replace(f"`{database}`.", ""))


def run_script(url: str, script: str) -> None:
    """As the vendor's client does: DELIMITER is its own command, comments are dropped."""
    delimiter, statement = ";", ""
    with Database(url).connect() as conn:
        for line in script.splitlines():
            if line.startswith("DELIMITER "):
                assert not statement.strip(), f"a statement has no end: {statement[:80]}"
                delimiter = line.split()[1]
            elif statement or (line.strip() and not line.startswith("--")):
                statement += line + "\n"
                if line.rstrip().endswith(delimiter):
                    execute(conn, statement.rstrip()[: -len(delimiter)])
                    statement = ""
        assert not statement.strip(), f"a statement has no end: {statement[:80]}"
        conn.commit()
