"""Reads what InnoDB tells of a deadlock."""

from __future__ import annotations

import re
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of

_METRICS = (
    "SELECT name, count FROM information_schema.innodb_metrics "
    "WHERE name IN ('lock_deadlocks', 'lock_timeouts')"
)
_SECTION = re.compile(r"LATEST DETECTED DEADLOCK\n-+\n(.*?)\n-+\nTRANSACTIONS\n", re.DOTALL)
_TRANSACTION = re.compile(r"\*\*\* \(\d+\) TRANSACTION:\n")
_STATEMENT = re.compile(r"^(?:MySQL|MariaDB) thread id [^\n]*\n(.*?)(?=\n\*\*\*|\Z)", re.M | re.S)
_WHO = {
    r"INSERT INTO \w*task .*\) VALUES": "create_task",
    r"INSERT INTO \w*task": "create_tasks",
    r"INSERT INTO \w*queue": "a new queue",
    r"UPDATE .*queue SET (?:paused_at|direct)": "pause_queue, resume_queue or set_delivery",
    r"FORCE INDEX \(active_order\)": "find_active_task",
    r"SELECT given\.task_id|task\.status = 0\b": "finish_tasks",
    r"UPDATE JSON_TABLE\(.*\battempts \+ 1": "take_tasks",
    r"UPDATE \(.*\battempts \+ 1": "start_tasks or receive_tasks",
    r"\battempts \+ 1": "start_task or receive_task",
    r"attempts_before \+ 1": "return_tasks",
    r"attempts_before = task\.attempts|rejected by an operator": "change_tasks",
    r"attempts_before = attempts": "retry_task",
    r"\bstatus = 0\b": "finish_task",
    r"\bstatus = 80\b": "cancel_task",
    r"status = LAST_INSERT_ID": "fail_task",
    r"COALESCE\(in_seconds": "extend_task",
    r"lane = -task|batch_id = ": "scan_tasks",
    r"task\.status = 90": "scan_tasks or expire_tasks",
    r"^DELETE": "purge_tasks",
    r"SUM\(expired\)": "scan_tasks or take_tasks",
}
_WAIT = re.compile(
    r"WAITING FOR THIS LOCK TO BE GRANTED:\n(?:RECORD|TABLE) LOCKS?[^\n]*? "
    r"(?:index (\S+) of )?table `?\w+`?\.`?(\w+)`? trx id \d+ (?:lock[_ ]mode )?([^\n]*)"
)


def counted(raw: Any) -> str:
    """The server's count of deadlocks since its start, in words."""
    found = dict(rows_of(raw, "SHOW GLOBAL STATUS LIKE 'Innodb%deadlocks'"))
    found |= dict(rows_of(raw, _METRICS))
    return ", ".join(f"{name} {int(count):,}" for name, count in sorted(found.items()))


def latest(status: str) -> tuple[str, str] | None:
    """Of SHOW ENGINE INNODB STATUS: when the last deadlock was, and the server's text about it."""
    if found := _SECTION.search(status):
        stamp, _, text = found[1].partition("\n")
        return stamp, text
    return None


def kind(text: str) -> str:
    """The statements that took part, each with its lock; the same text for the same kind."""
    sides = {_side(part) for part in _TRANSACTION.split(text)[1:]}
    return " and ".join(sorted(sides))


def _side(text: str) -> str:
    statement = _STATEMENT.search(text)
    words = " ".join(statement[1].split()) if statement else "?"
    words = re.sub(r"^SET STATEMENT .*? FOR ", "", words)
    who = next((name for mark, name in _WHO.items() if re.search(mark, words)), words[:60])
    wait = _WAIT.search(text)
    if wait is None:
        return who
    mode = wait[3].removesuffix(" waiting").replace("locks ", "").replace("but not gap", "")
    return f"{who} ({wait[1] or wait[2]} {mode.strip()})"
