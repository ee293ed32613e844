"""The tables of the Go library in MySQL and MariaDB."""

from __future__ import annotations

from qtask_db.dialects.mysql.driver import rows_of

__all__ = ["AGE", "LAST_ID", "NOW", "NOW_IN", "PAGE", "rows_of"]

AGE = "TIMESTAMPDIFF(SECOND, {now}, {column})"
NOW = "NOW()"
NOW_IN = "CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', '{zone}')"
PAGE = "{select} ORDER BY task_id LIMIT {rows}"
LAST_ID = "SELECT MAX(seq_id) FROM tsk_system_seq"
"""Ids of tasks and of scans come from it."""
