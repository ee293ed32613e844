"""What can be wrong with a MySQL or MariaDB server and with this account's privileges on it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from qtask_db.dialects import mysql_grants, mysql_schema
from qtask_db.dialects.mysql import rows_of
from qtask_db.doctor import Check, clock, fail, ok, procedures_by_role, warn

MINIMUM = {"MySQL": (8, 0, 21), "MariaDB": (10, 6, 0)}
OLD_TRANSACTION = 600
"""Seconds after which an open transaction is told: it stops the cleaning of dead index entries."""
PURGE_TOLERANCE = 600
"""Seconds by which a purge may be late, beside the interval of the event."""

_VARIABLES = """
SHOW VARIABLES WHERE Variable_name IN (
  'version', 'transaction_isolation', 'tx_isolation', 'event_scheduler', 'time_zone',
  'system_time_zone', 'log_bin', 'binlog_format', 'log_bin_trust_function_creators',
  'innodb_flush_log_at_trx_commit', 'sync_binlog', 'innodb_autoinc_lock_mode', 'read_only',
  'super_read_only', 'max_allowed_packet', 'wsrep_on', 'group_replication_single_primary_mode'
)
"""
_CLOCK = "SELECT UTC_TIMESTAMP(6)"
_EVENT = """
SELECT STATUS, CAST(INTERVAL_VALUE AS UNSIGNED) FROM information_schema.EVENTS
WHERE EVENT_SCHEMA = DATABASE() AND EVENT_NAME = %s
"""
_OVERDUE = "SELECT TIMESTAMPDIFF(SECOND, MIN(due_at), UTC_TIMESTAMP()) FROM {}task WHERE lane = 0"
_OLDEST_TRANSACTION = """
SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS age
FROM information_schema.INNODB_TRX ORDER BY trx_started LIMIT 1
"""
_ACCOUNT = "SELECT DATABASE(), CURRENT_USER(), CURRENT_ROLE()"
_GRANTS = "SHOW GRANTS"


def examine(raw: Any, prefix: str) -> Iterator[Check]:
    """Every check that a client can make, by statements that change nothing."""
    values: dict[str, str] = {str(name): str(value) for name, value in rows_of(raw, _VARIABLES)}
    yield check_version(values["version"])
    yield from check_variables(values)
    event = rows_of(raw, _EVENT, (prefix + "maintenance",))
    yield check_event(values.get("event_scheduler", "OFF"), prefix, event)
    yield from _purge(raw, prefix, int(event[0][1]) if event else 0)
    yield from _clock(raw)
    yield from _transactions(raw)
    yield from _definers(raw, prefix)
    yield from _privileges(raw, prefix)


def check_variables(values: dict[str, str]) -> Iterator[Check]:
    """The checks that the server's variables answer."""
    yield from _writable(values)
    yield _isolation(values)
    yield _time_zone(values)
    yield from _binary_log(values)
    yield _durability(values)
    yield _ids(values)
    yield from _cluster(values)


def check_version(text: str) -> Check:
    """Whether the server is one of those that are supported."""
    product = "MariaDB" if "mariadb" in text.lower() else "MySQL"
    # MariaDB has been putting 5.5.5- before its version, for old replicas.
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text.removeprefix("5.5.5-"))
    numbers = tuple(map(int, found.groups())) if found else ()
    needed = MINIMUM[product]
    if numbers >= needed:
        return ok("server", f"{product} {text}")
    least = ".".join(map(str, needed))
    return fail("server", f"{product} {text} is too old", f"upgrade to {product} {least} or later")


def _writable(values: dict[str, str]) -> Iterator[Check]:
    if "ON" in (values.get("read_only"), values.get("super_read_only")):
        yield fail(
            "writes", "the server is read-only", "give the URL of the primary, not of a replica"
        )


def _isolation(values: dict[str, str]) -> Check:
    level = values.get("transaction_isolation") or values.get("tx_isolation") or "?"
    if level == "SERIALIZABLE":
        return warn(
            "isolation",
            f"{level}: every read locks, creates and scans wait for each other",
            "SET GLOBAL transaction_isolation = 'READ-COMMITTED'",
        )
    return ok("isolation", f"{level} in this session")


def check_event(scheduler: str, prefix: str, event: list[tuple[Any, ...]]) -> Check:
    """Whether the event, given its status and minutes where there is one, is run."""
    name = f"{prefix}maintenance"
    if not event:
        return ok("event scheduler", f"{scheduler}; relays need none")
    ((status, minutes),) = event
    if status != "ENABLED":
        # So it is on a replica, and stays when that becomes the primary.
        return fail("event scheduler", f"{name} is {status}", f"ALTER EVENT {name} ENABLE")
    if scheduler != "ON":
        return fail(
            "event scheduler",
            f"{scheduler}, but {name} waits for it",
            "SET GLOBAL event_scheduler = ON, and the same in the server's configuration",
        )
    return ok("event scheduler", f"ON, {name} runs each {minutes} min")


def _purge(raw: Any, prefix: str, minutes: int) -> Iterator[Check]:
    """Whether somebody deletes what has ended, where the account may see it."""
    try:
        overdue = rows_of(raw, _OVERDUE.format(prefix))[0][0] or 0
    except raw.Error:
        return
    if overdue > PURGE_TOLERANCE + 60 * minutes:
        yield warn(
            "purge",
            f"tasks are there that should have been deleted {overdue:,} s ago",
            "let a relay purge, or `qtask install --maintenance-minutes 10`",
        )
    else:
        yield ok("purge", "what has ended is deleted in time")


def _clock(raw: Any) -> Iterator[Check]:
    started = time.monotonic()
    now = rows_of(raw, _CLOCK)[0][0]
    yield clock(now, time.monotonic() - started)


def _time_zone(values: dict[str, str]) -> Check:
    zone = values.get("time_zone", "?")
    if zone == "SYSTEM":
        zone = f"SYSTEM ({values.get('system_time_zone', '?')})"
    return ok("time zone", f"{zone}; tasks keep their times in UTC whatever it is")


def _binary_log(values: dict[str, str]) -> Iterator[Check]:
    if values.get("log_bin") != "ON":
        yield ok("binary log", "off: no replication, no point-in-time recovery")
        return
    form = values.get("binlog_format", "ROW")
    trust = values.get("log_bin_trust_function_creators", "OFF")
    text = f"on, {form}, log_bin_trust_function_creators {trust}"
    if form == "STATEMENT":
        yield fail(
            "binary log",
            f"{text}: READ COMMITTED cannot write to it (error 1665)",
            "SET GLOBAL binlog_format = 'ROW'",
        )
    else:
        yield ok("binary log", text)


def _durability(values: dict[str, str]) -> Check:
    flush = values.get("innodb_flush_log_at_trx_commit", "1")
    sync = values.get("sync_binlog", "1") if values.get("log_bin") == "ON" else "1"
    text = f"innodb_flush_log_at_trx_commit = {flush}"
    if values.get("log_bin") == "ON":
        text += f", sync_binlog = {sync}"
    if flush == "1" and sync == "1":
        return ok("durability", text)
    return warn(
        "durability",
        f"{text}: a crash of the machine can lose the last committed tasks",
        "set both to 1 unless that is acceptable",
    )


def _ids(values: dict[str, str]) -> Check:
    mode = values.get("innodb_autoinc_lock_mode", "2")
    text = f"innodb_autoinc_lock_mode = {mode}"
    if mode == "2":
        return ok("ids", text)
    return warn(
        "ids",
        f"{text}: bulk creations wait for each other, and meet more deadlocks",
        "start the server with 2, and binlog_format = ROW or MIXED",
    )


def _cluster(values: dict[str, str]) -> Iterator[Check]:
    if values.get("wsrep_on") == "ON":
        yield warn(
            "cluster",
            "Galera: conflicts between nodes show at commit",
            "let all relays and consumers write to one node",
        )
    if values.get("group_replication_single_primary_mode") == "OFF":
        yield warn(
            "cluster",
            "Group Replication with several primaries: conflicts show at commit",
            "let all relays and consumers write to one member",
        )


def _transactions(raw: Any) -> Iterator[Check]:
    """The oldest open transaction, where the account may see it (PROCESS)."""
    try:
        rows = rows_of(raw, _OLDEST_TRANSACTION)
    except raw.Error:
        return
    if rows and rows[0][1] > OLD_TRANSACTION:
        thread, age = rows[0]
        yield warn(
            "transactions",
            f"connection {thread} has had one open for {age:,} s: what is deleted meanwhile stays",
            f"end it (KILL {thread}), unless it is a backup that is nearly done",
        )
    else:
        yield ok("transactions", f"none open for longer than {OLD_TRANSACTION} s")


def _definers(raw: Any, prefix: str) -> Iterator[Check]:
    """With whose rights procedures, views and event run, as far as this account may see them."""
    created = mysql_schema.definers(raw, prefix)
    gone = mysql_schema.gone(raw, created)
    listed = ", ".join(f"{who} ({len(names)})" for who, names in sorted(created.items()))
    for who in sorted(gone):
        yield fail(
            "definers",
            f"{who}, with whose rights {len(created[who])} objects run, is gone",
            "`qtask install` by an account that stays creates them again",
        )
    if created and not gone:
        yield ok("definers", f"procedures and views run with the rights of {listed}")


def _privileges(raw: Any, prefix: str) -> Iterator[Check]:
    """Which of the roles' procedures this account may call."""
    schema, account, current = rows_of(raw, _ACCOUNT)[0]
    grants = [row[0] for row in rows_of(raw, _GRANTS)]
    needed = procedures_by_role(prefix)
    everything = set().union(*needed.values())
    may = mysql_grants.executable(grants, schema, everything)
    full = [role for role, names in needed.items() if names <= may]
    explained = set().union(*(needed[role] for role in full))
    part = {
        role: names - may
        for role, names in needed.items()
        if role not in full and names & may - explained
    }
    idle = sorted(mysql_grants.roles(grants) - mysql_grants.active(current))
    idle = [role for role in idle if role.startswith(prefix)]
    if full:
        lacks = [role for role in needed if role not in full]
        text = f"{account} can act as {', '.join(full)}"
        yield ok("privileges", text + (f", not as {', '.join(lacks)}" if lacks else ""))
    elif idle:
        yield fail(
            "privileges",
            f"{account} has the role {', '.join(idle)}, which is not active",
            f"SET DEFAULT ROLE '{idle[0]}' TO the account (MariaDB: FOR)",
        )
    elif not part:
        yield fail(
            "privileges",
            f"{account} may call no procedure",
            f"`qtask render --grants` makes roles; GRANT '{prefix}app' to the account",
        )
    for role, missing in part.items():
        yield warn(
            "privileges",
            f"{account} lacks {', '.join(sorted(missing))} to act as {role}",
            "run the script of `qtask render --grants` again",
        )
