"""Settings of a MySQL or MariaDB server that harm tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.doctor.check import Check, fail, ok, warn

_PACKET = 4 * 2**20
_IDLE = 60
_LONG = 60
_FULL = 0.8
_ID_LIMITS = {"queue": 2**31, "task": 2**63}
_ALL_ROWS = 2**32
_CHANGES = re.compile(
    r"autocommit|completion_type|isolation|sql_|auto_increment|tx_", re.IGNORECASE
)
_Dangers = tuple[tuple[str, Callable[[str], bool], str, str], ...]

_DANGERS: _Dangers = (
    ("autocommit", lambda v: v in ("OFF", "0"), "who does not commit stores nothing", "ON"),
    ("completion_type", lambda v: v not in ("NO_CHAIN", "0"), "COMMIT opens a transaction", "0"),
    ("sql_safe_updates", lambda v: v in ("ON", "1"), "changes without a key are refused", "0"),
    ("sql_select_limit", lambda v: int(v) < _ALL_ROWS, "lists are cut in silence", "DEFAULT"),
    ("init_connect", lambda v: bool(_CHANGES.search(v)), "it changes each session's modes", "''"),
    ("max_execution_time", lambda v: 0 < float(v) < 1000 * _LONG, "views may be cut off", "0"),
    ("max_statement_time", lambda v: 0 < float(v) < _LONG, "calls may be cut off", "0"),
    ("wait_timeout", lambda v: int(v) < _IDLE, "idle connections are closed", "28800"),
    ("max_allowed_packet", lambda v: int(v) < _PACKET, "bulk calls may be too large", "67108864"),
)
"""Variable, whether a value is dangerous, what it does, and what it should be."""
_IDS = """
SELECT table_name, auto_increment FROM information_schema.tables
WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL
"""


def examine(raw: Any, prefix: str) -> Iterator[Check]:
    """The checks that the settings of this session and of the server answer."""
    ((limit,),) = rows_of(raw, "SELECT @@SESSION.sql_select_limit")
    rows_of(raw, "SET SESSION sql_select_limit = 18446744073709551615")  # or it would cut all this
    session, server = (
        {str(name): str(value) for name, value in rows_of(raw, f"SHOW {scope} VARIABLES")}
        for scope in ("SESSION", "GLOBAL")
    )
    yield from check_variables(session)
    yield check_dangers({**session, "sql_select_limit": str(limit)}, server)
    status = dict(rows_of(raw, "SHOW GLOBAL STATUS LIKE 'Threads_connected'"))
    yield check_connections(int(status["Threads_connected"]), int(server["max_connections"]))
    yield check_ids({name: int(count) for name, count in rows_of(raw, _IDS)}, prefix)


def check_dangers(session: Mapping[str, str], server: Mapping[str, str]) -> Check:
    """Settings that change what a call or a commit does."""
    found, mends = [], []
    for name, dangerous, text, better in _DANGERS:
        for scope, values in (("SESSION", session), ("GLOBAL", server)):
            if name in values and dangerous(values[name]):
                found.append(f"{scope.lower()} {name} = {values[name][:60]}: {text}")
                mends.append(f"SET {scope} {name} = {better}")
    if found:
        server_side = "; ".join(one for one in mends if "GLOBAL" in one) or mends[0]
        return warn("settings", "; ".join(found), server_side)
    return ok("settings", f"none of {len(_DANGERS)} that endanger tasks is set")


def check_connections(used: int, most: int) -> Check:
    """Whether there is room for more."""
    text = f"{used:,} of {most:,} in use"
    if used > _FULL * most:
        return warn("connections", text, f"SET GLOBAL max_connections = {2 * most}")
    return ok("connections", text)


def check_ids(next_ids: Mapping[str, int], prefix: str) -> Check:
    """Whether the ranges of the ids will last."""
    for name, limit in _ID_LIMITS.items():
        used = next_ids.get(prefix + name, 0) / limit
        if used > 0.5:
            return warn(
                "range of ids",
                f"{used:.0%} of the ids of {prefix}{name} are used up",
                f"find who uses them up; ALTER TABLE {prefix}{name} AUTO_INCREMENT = 1 lets the "
                "next one follow the largest that is there",
            )
    return ok("range of ids", "more than half is left")


def check_variables(values: dict[str, str]) -> Iterator[Check]:
    """The checks that the server's variables answer."""
    yield from _writable(values)
    yield _isolation(values)
    yield _time_zone(values)
    charset = values.get("character_set_database", "?")
    yield ok("character set", f"{charset}; the tables are utf8mb4 whatever it is")
    yield from _binary_log(values)
    yield _durability(values)
    yield _ids(values)
    yield from _cluster(values)


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
    text = f"{level} in this session"
    if values.get("innodb_snapshot_isolation") == "ON":
        text += ", innodb_snapshot_isolation ON: what changed since the snapshot is a Conflict"
    return ok("isolation", text)


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
