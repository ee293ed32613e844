"""Checks of an Oracle Database and of this account's rights in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qs

from qtask_db.dialects.oracle.driver import Oracle, rows_of
from qtask_db.doctor.check import Check, clock, fail, ok, safely, warn
from qtask_db.doctor.encryption import is_loopback
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
_PROTOCOL = """
SELECT SYS_CONTEXT('USERENV', 'NETWORK_PROTOCOL'), SYS_CONTEXT('USERENV', 'IP_ADDRESS') FROM dual
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
_PREPARED = "SELECT local_tran_id FROM dba_2pc_pending WHERE state = 'prepared'"
_CURSORS = "SELECT value FROM v$parameter WHERE name = 'open_cursors'"

_LOST = """
SELECT ABS(lane), COUNT(*), MIN(task_id) FROM {0}task
WHERE (lane > 0 OR lane < 0) AND ABS(lane) NOT IN (SELECT queue_id FROM {0}queue)
GROUP BY ABS(lane) ORDER BY ABS(lane)
"""


def examine(raw: Any, prefix: str) -> Iterator[Check]:
    """Every check that a client can make, by statements that change nothing."""
    yield check_version(raw.version)
    for name, look, *needed in (
        ("writes", _role(raw)),
        ("server clock", _clock(raw)),
        ("comparison", _comparison(raw)),
        ("open cursors", _cursors(raw), "SELECT ON v_$parameter"),
        ("prepared", _prepared(raw), "SELECT ON dba_2pc_pending"),
        ("scheduler job", _job(raw, f"{prefix}maintenance".upper())),
        ("privileges", _package(raw, package(prefix).upper())),
    ):
        yield from safely(name, look, Oracle().translate, *needed)


def lost_queues(raw: Any, prefix: str) -> list[tuple[Any, ...]]:
    """Of active tasks, the numbers that no queue has; how many tasks have each, and the first."""
    return list(rows_of(raw, _LOST.format(prefix)))


def encryption(raw: Any, url: SplitResult) -> Iterator[Check]:
    """Whether others can read the traffic, or pose as the server. The driver never sends the
    password itself, but what it sends can be tried against a list of passwords.
    """
    ((protocol, address),) = rows_of(raw, _PROTOCOL)
    match = parse_qs(url.query).get("ssl_server_dn_match", ["on"])[-1]
    yield check_encryption(protocol, address, proves_host=match in ("on", "true"))


def check_encryption(protocol: str | None, address: str | None, *, proves_host: bool) -> Check:
    """The same, of what the server says of the session."""
    name, shown = "encryption", protocol or "no network"
    if protocol == "tcps" and proves_host:
        return ok(name, "tcps; the certificate proves the server's host name")
    if protocol == "tcps":
        return ok(name, "tcps; the certificate proves its authority, not its host name")
    if protocol in (None, "beq", "ipc") or (address and is_loopback(address)):
        return ok(name, f"{shown}, and it does not leave this machine")
    return warn(
        name,
        f"{shown}: whoever is on the way reads and changes what is sent",
        "?protocol=tcps in the URL, and wallet_location if the authority is not the system's",
    )


def _role(raw: Any) -> Iterator[Check]:
    _, _, role = rows_of(raw, _SESSION)[0]
    if role != "PRIMARY":
        yield fail("writes", f"this is a {role.lower()}", "give the URL of the primary's service")


def _clock(raw: Any) -> Iterator[Check]:
    started = time.monotonic()
    yield clock(rows_of(raw, _CLOCK)[0][0], time.monotonic() - started)


def _comparison(raw: Any) -> Iterator[Check]:
    yield check_comparison(rows_of(raw, _COMPARISON)[0][0])


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
    for (value,) in rows_of(raw, _CURSORS):
        if int(value) < CURSORS:
            yield warn(
                "open cursors",
                f"open_cursors = {value}: sessions may run out of them (ORA-01000)",
                "ALTER SYSTEM SET open_cursors = 300",
            )
        else:
            yield ok("open cursors", f"open_cursors = {value}")


def _prepared(raw: Any) -> Iterator[Check]:
    """Transactions whose coordinator has left them: their locks stay until somebody decides."""
    rows = rows_of(raw, _PREPARED)
    for (name,) in rows:
        yield warn(
            "prepared",
            f"a distributed transaction is prepared and holds its locks: {name}",
            f"unless its coordinator is about to end it: ROLLBACK FORCE '{name}'",
        )
    if not rows:
        yield ok("prepared", "no distributed transaction waits for its coordinator")


def _job(raw: Any, name: str) -> Iterator[Check]:
    rows = rows_of(raw, _JOB, (name,))
    if not rows:
        yield ok("scheduler job", "none; relays need none")
        return
    enabled, state, failures = rows[0]
    if enabled != "TRUE":
        yield fail(
            "scheduler job",
            f"{name} is {str(state).lower()}",
            f"EXEC DBMS_SCHEDULER.ENABLE('{name}')",
        )
    elif failures:
        yield warn(
            "scheduler job",
            f"{name} has failed {failures} times",
            "see USER_SCHEDULER_JOB_RUN_DETAILS",
        )
    else:
        yield ok("scheduler job", f"{name} is {str(state).lower()}")


def _package(raw: Any, name: str) -> Iterator[Check]:
    """Whether the account may call the package, or that of a role which its synonym names."""
    user, schema, _ = rows_of(raw, _SESSION)[0]
    synonyms = rows_of(raw, _SYNONYM, (schema, name))
    schema, name = synonyms[0] if synonyms else (schema, name)
    parts = dict(rows_of(raw, _PACKAGE, (schema, name)))
    invalid = sorted(kind for kind, status in parts.items() if status != "VALID")
    if "PACKAGE" not in parts:
        yield fail(
            "privileges",
            f"{user} may call no package {schema}.{name}",
            "`qtask render --dialect oracle --grants` makes roles; name the schema's owner by "
            "current_schema in the URL",
        )
    elif invalid:
        yield fail(
            "privileges",
            f"{' and '.join(invalid).lower()} {schema}.{name} is invalid",
            "`qtask install` says why",
        )
    else:
        yield ok("privileges", f"{user} may call {schema}.{name}")
