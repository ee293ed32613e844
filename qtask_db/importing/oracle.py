"""The tables of the Go library in Oracle Database."""

from __future__ import annotations

from qtask_db.dialects.oracle.driver import rows_of

__all__ = ["AGE", "LAST_ID", "NOW", "NOW_IN", "PAGE", "rows_of"]

AGE = "ROUND((CAST({column} AS DATE) - {now}) * 86400)"
NOW = "SYSDATE"
NOW_IN = "CAST(SYSTIMESTAMP AT TIME ZONE '{zone}' AS DATE)"
PAGE = "{select} ORDER BY task_id FETCH FIRST {rows} ROWS ONLY"
LAST_ID = (
    "SELECT MAX(last_number) FROM user_sequences "
    "WHERE sequence_name IN ('SEQ_QTASK_SYSTEM_TASK_ID', 'SEQ_SYSTEM_TASK_ID')"
)
