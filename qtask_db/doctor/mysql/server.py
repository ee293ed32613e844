"""Checks of a MySQL or MariaDB server and of this account's privileges on it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qs

from qtask_db.constants import DEFAULT, Status
from qtask_db.dialects.mysql.driver import MySQL, rows_of
from qtask_db.doctor import encryption as ways
from qtask_db.doctor.check import (
    NAMED,
    Check,
    clock,
    fail,
    ok,
    safely,
    unseen,
    warn,
)
from qtask_db.doctor.mysql import accounts
from qtask_db.doctor.mysql import hiding as mysql_hiding
from qtask_db.doctor.mysql import settings as mysql_settings

MINIMUM = {"MySQL": (8, 0, 21), "MariaDB": (10, 6, 0)}
OLD_TRANSACTION = 600
"""Seconds after which an open transaction is told: it stops the cleaning of dead index entries."""
PURGE_TOLERANCE = 600
"""Seconds by which a purge may be late, beside the interval of the event."""

_CLOCK = "SELECT UTC_TIMESTAMP(6)"
_EVENT = """
SELECT STATUS, CAST(INTERVAL_VALUE AS UNSIGNED) FROM information_schema.EVENTS
WHERE EVENT_SCHEMA = DATABASE() AND EVENT_NAME = %s
"""
_OVERDUE = "SELECT TIMESTAMPDIFF(SECOND, MIN(due_at), UTC_TIMESTAMP()) FROM {}task WHERE lane = 0"
_PUT_OFF = f"""
SELECT task_id FROM {{}}task FORCE INDEX (due)
WHERE lane = 0
  AND due_at > UTC_TIMESTAMP(3)
  AND due_at < UTC_TIMESTAMP(3) + INTERVAL {DEFAULT["purge_retry"]} SECOND
  AND due_at > ended_at + INTERVAL IF(
    status = {Status.FINISHED:d} OR delete_deadline > 0,
    delete_deadline,
    {DEFAULT["keep_unfinished"]}
  ) SECOND
ORDER BY due_at LIMIT 1
"""  # noqa: S608
_OLDEST_TRANSACTION = """
SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS age
FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id > 0 ORDER BY trx_started LIMIT 1
"""
"""A transaction that is prepared and left by its coordinator has no thread."""
_WAITS = """
SELECT
  blocking.trx_mysql_thread_id,
  COUNT(DISTINCT waiting.trx_id),
  MAX(TIMESTAMPDIFF(SECOND, waiting.trx_wait_started, NOW())) AS longest
FROM {0} AS lock_wait
JOIN information_schema.INNODB_TRX AS waiting ON waiting.trx_id = lock_wait.requesting_{1}
JOIN information_schema.INNODB_TRX AS blocking ON blocking.trx_id = lock_wait.blocking_{1}
WHERE blocking.trx_state <> 'LOCK WAIT'
GROUP BY blocking.trx_mysql_thread_id ORDER BY longest DESC LIMIT {2}
"""
_LOCK_WAITS = {
    "MySQL": ("performance_schema.data_lock_waits", "engine_transaction_id"),
    "MariaDB": ("information_schema.INNODB_LOCK_WAITS", "trx_id"),
}
_SEE_WAITS = "PROCESS ON *.* and, on MySQL, SELECT ON performance_schema.*"
LONG_WAIT = 2
"""Seconds after which a wait for a lock is told."""
_NO_XA = 1401
"""So MySQL says that a privilege is missing."""

_LOST = """
SELECT ABS(lane), COUNT(*), MIN(task_id) FROM {0}task
WHERE (lane > 0 OR lane < 0) AND ABS(lane) NOT IN (SELECT queue_id FROM {0}queue)
GROUP BY ABS(lane) ORDER BY ABS(lane)
"""


def examine(raw: Any, prefix: str) -> Iterator[Check]:
    """Every check that a client can make, by statements that change nothing."""
    for name, look, *needed in (
        ("server", _version(raw)),
        ("settings", mysql_settings.examine(raw, prefix)),
        ("event scheduler", _event(raw, prefix)),
        ("purge", _purge(raw, prefix)),
        ("server clock", _clock(raw)),
        ("transactions", _transactions(raw), "PROCESS ON *.*"),
        ("lock waits", _waits(raw), _SEE_WAITS),
        ("prepared", _prepared(raw)),
        ("definers", accounts.definers(raw, prefix)),
        ("privileges", accounts.privileges(raw, prefix)),
        ("grants", accounts.roles(raw, prefix)),
        ("temporary tables", mysql_hiding.examine(raw, prefix)),
    ):
        yield from safely(name, look, MySQL().translate, *needed)


def lost_queues(raw: Any, prefix: str) -> list[tuple[Any, ...]]:
    """Of active tasks, the numbers that no queue has; how many tasks have each, and the first."""
    return list(rows_of(raw, _LOST.format(prefix)))


def encryption(raw: Any, url: SplitResult) -> Iterator[Check]:
    """Whether others can read the traffic, or pose as the server."""
    yield ways.examine(
        "encryption",
        raw._sock,
        authority="ssl_ca" in parse_qs(url.query),
        remedy="?ssl_mode=verify_identity&ssl_ca=<file of the server's authority> in the URL",
    )


def _version(raw: Any) -> Iterator[Check]:
    yield check_version(str(rows_of(raw, "SELECT VERSION()")[0][0]))


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


def _event(raw: Any, prefix: str) -> Iterator[Check]:
    scheduler = rows_of(raw, "SELECT @@GLOBAL.event_scheduler")[0][0]
    yield check_event(str(scheduler), prefix, rows_of(raw, _EVENT, (prefix + "maintenance",)))


def check_event(scheduler: str, prefix: str, event: list[tuple[Any, ...]]) -> Check:
    """Whether the event, given its status and minutes if there is one, is run."""
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


def _purge(raw: Any, prefix: str) -> Iterator[Check]:
    """Whether somebody purges the terminal tasks."""
    event = rows_of(raw, _EVENT, (prefix + "maintenance",))
    minutes = int(event[0][1]) if event else 0
    overdue = rows_of(raw, _OVERDUE.format(prefix))[0][0] or 0
    if overdue > PURGE_TOLERANCE + 60 * minutes:
        yield warn(
            "purge",
            f"tasks are there that should have been deleted {overdue:,} s ago",
            "let a relay purge, or a worker of direct queues whose account may, or `qtask install "
            "--maintenance-minutes 10`",
        )
    elif kept := rows_of(raw, _PUT_OFF.format(prefix)):
        yield warn(
            "purge",
            f"task {kept[0][0]} could not be deleted: a foreign key or a trigger keeps it",
            "delete the row that refers to it, or let ON DELETE CASCADE or SET NULL do so",
        )
    else:
        yield ok("purge", "terminal tasks are deleted in time")


def _clock(raw: Any) -> Iterator[Check]:
    started = time.monotonic()
    now = rows_of(raw, _CLOCK)[0][0]
    yield clock(now, time.monotonic() - started)


def _transactions(raw: Any) -> Iterator[Check]:
    """The oldest open transaction."""
    rows = rows_of(raw, _OLDEST_TRANSACTION)
    if rows and rows[0][1] > OLD_TRANSACTION:
        thread, age = rows[0]
        yield warn(
            "transactions",
            f"connection {thread} has had one open for {age:,} s: what is deleted meanwhile stays",
            f"end it (KILL {thread}), unless it is a backup that is nearly done",
        )
    else:
        yield ok("transactions", f"none open for longer than {OLD_TRANSACTION} s")


def _waits(raw: Any) -> Iterator[Check]:
    """Transactions that hold others up."""
    version = str(rows_of(raw, "SELECT VERSION()")[0][0])
    source = _LOCK_WAITS["MariaDB" if "mariadb" in version.lower() else "MySQL"]
    rows = rows_of(raw, _WAITS.format(*source, NAMED))
    told = [row for row in rows if row[2] >= LONG_WAIT]
    for thread, waiting, longest in told:
        who = f"connection {thread}" if thread else "a transaction without a connection"
        end = f"KILL {thread}" if thread else 'XA ROLLBACK, see "prepared"'
        yield warn(
            "lock waits",
            f"{who} holds up {waiting} others, one for {longest} s",
            f'end its transaction ({end}); see docs/internals/locks.md, "Holding up others"',
        )
    if not told:
        yield ok("lock waits", f"nobody has waited for another's lock for {LONG_WAIT} s")


def _prepared(raw: Any) -> Iterator[Check]:
    """XA transactions whose coordinator has left them: their locks stay until somebody decides."""
    try:
        rows = rows_of(raw, "XA RECOVER")
    except raw.Error as error:
        if error.args[0] != _NO_XA:
            raise
        yield unseen("prepared", str(error.args[1]), "XA_RECOVER_ADMIN ON *.*")
        return
    for form, length, _, data in rows[:NAMED]:
        whole = data if isinstance(data, bytes) else str(data).encode()
        parts = ", ".join(f"X'{part.hex()}'" for part in (whole[:length], whole[length:]))
        yield warn(
            "prepared",
            f"an XA transaction is prepared and holds its locks: {whole[:length]!r}",
            f"unless its coordinator is about to end it: XA ROLLBACK {parts}, {form}",
        )
    if not rows:
        yield ok("prepared", "no XA transaction waits for its coordinator")
