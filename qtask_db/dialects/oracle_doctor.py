"""What can be wrong with an Oracle Database and with this account's rights in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import oracledb

from qtask_db.dialects.oracle import rows_of
from qtask_db.doctor import Check, clock, fail, ok, warn
from qtask_db.settings import package

MINIMUM = (19,)
CURSORS = 100
"""Fewer are too few: the driver keeps 20 statements open, and each call has a few of its own."""

_SESSION = """
SELECT
  SYS_CONTEXT('USERENV', 'SESSION_USER'),
  SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'),
  SYS_CONTEXT('USERENV', 'DATABASE_ROLE')
FROM dual
"""
_CLOCK = "SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) FROM dual"
_PACKAGE = """
SELECT object_type, status FROM all_objects
WHERE owner = :1 AND object_name = :2 AND object_type IN ('PACKAGE', 'PACKAGE BODY')
"""
_SYNONYM = """
SELECT table_owner, table_name FROM all_synonyms WHERE owner = :1 AND synonym_name = :2
"""
_JOB = """
SELECT enabled, state, failure_count FROM user_scheduler_jobs WHERE job_name = :1
"""
_COMPARISON = """
SELECT value FROM nls_session_parameters WHERE parameter = 'NLS_COMP'
"""
_CURSORS = "SELECT value FROM v$parameter WHERE name = 'open_cursors'"


def examine(raw: Any, prefix: str) -> Iterator[Check]:
    """Every check that a client can make, by statements that change nothing."""
    yield check_version(raw.version)
    user, schema, role = rows_of(raw, _SESSION)[0]
    if role != "PRIMARY":
        yield fail("writes", f"this is a {role.lower()}", "give the URL of the primary's service")
    started = time.monotonic()
    yield clock(rows_of(raw, _CLOCK)[0][0], time.monotonic() - started)
    yield check_comparison(rows_of(raw, _COMPARISON)[0][0])
    yield from _cursors(raw)
    yield _job(raw, f"{prefix}maintenance".upper())
    yield _package(raw, user, schema, package(prefix).upper())


def check_version(text: str) -> Check:
    """Whether the server is one of those that are supported."""
    numbers = tuple(int(part) for part in text.split(".")[:2])
    if numbers >= MINIMUM:
        return ok("server", f"Oracle Database {text}")
    least = ".".join(map(str, MINIMUM))
    return fail("server", f"Oracle Database {text} is too old", f"upgrade to {least} or later")


def check_comparison(value: str) -> Check:
    """Whether names are found through their indexes."""
    if value == "BINARY":
        return ok("comparison", "NLS_COMP = BINARY")
    return warn(
        "comparison",
        f"NLS_COMP = {value}: calls look for names without their indexes",
        "ALTER SYSTEM SET NLS_COMP = BINARY SCOPE = SPFILE, or a logon trigger that sets it for "
        "the sessions of this account",
    )


def _cursors(raw: Any) -> Iterator[Check]:
    """Where the account may see it."""
    try:
        rows = rows_of(raw, _CURSORS)
    except oracledb.DatabaseError:
        return
    for (value,) in rows:
        if int(value) < CURSORS:
            yield warn(
                "open cursors",
                f"open_cursors = {value}: sessions may run out of them (ORA-01000)",
                "ALTER SYSTEM SET open_cursors = 300",
            )
        else:
            yield ok("open cursors", f"open_cursors = {value}")


def _job(raw: Any, name: str) -> Check:
    rows = rows_of(raw, _JOB, (name,))
    if not rows:
        return ok("scheduler job", "none; relays need none")
    enabled, state, failures = rows[0]
    if enabled != "TRUE":
        return fail(
            "scheduler job",
            f"{name} is {str(state).lower()}",
            f"EXEC DBMS_SCHEDULER.ENABLE('{name}')",
        )
    if failures:
        return warn(
            "scheduler job",
            f"{name} has failed {failures} times",
            "see USER_SCHEDULER_JOB_RUN_DETAILS",
        )
    return ok("scheduler job", f"{name} is {str(state).lower()}")


def _package(raw: Any, user: str, schema: str, name: str) -> Check:
    """Whether the account may call the package, or that of a role which its synonym names."""
    synonyms = rows_of(raw, _SYNONYM, (schema, name))
    schema, name = synonyms[0] if synonyms else (schema, name)
    parts = dict(rows_of(raw, _PACKAGE, (schema, name)))
    if "PACKAGE" not in parts:
        return fail(
            "privileges",
            f"{user} may call no package {schema}.{name}",
            "`qtask render --dialect oracle --grants` makes roles; name the schema's owner by "
            "current_schema in the URL",
        )
    invalid = sorted(kind for kind, status in parts.items() if status != "VALID")
    if invalid:
        return fail(
            "privileges",
            f"{' and '.join(invalid).lower()} {schema}.{name} is invalid",
            "`qtask install` says why",
        )
    return ok("privileges", f"{user} may call {schema}.{name}")
