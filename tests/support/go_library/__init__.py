"""The tables of the Go library, of each of its generations, and what its programs do with them."""

from __future__ import annotations

import json
from typing import Any

from testing import execute, query

from qtask_db import Connection

GENERATIONS = (2019, 2020, 2021)
# Name, type on MySQL, type on Oracle, the generation that brought it.
COLUMNS = (
    ("task_id", "BIGINT NOT NULL AUTO_INCREMENT", "NUMBER(20) NOT NULL", 2019),
    ("plat_name", "VARCHAR(32) NOT NULL", "VARCHAR2(32) NOT NULL", 2021),
    ("name", "VARCHAR(32) NOT NULL", "VARCHAR2(32) NOT NULL", 2019),
    ("create_time", "DATETIME NOT NULL", "DATE NOT NULL", 2019),
    ("last_execute_time", "DATETIME NULL", "DATE", 2019),
    ("next_execute_time", "DATETIME NOT NULL", "DATE NOT NULL", 2019),
    ("max_execute_time", "DATETIME NOT NULL", "DATE NOT NULL", 2019),
    ("next_interval", "INT NOT NULL", "NUMBER(10) NOT NULL", 2019),
    ("delete_interval", "INT NULL", "NUMBER(10)", 2020),
    ("delete_time", "DATETIME NULL", "DATE", 2020),
    ("count", "INT NOT NULL DEFAULT 0", "NUMBER(10) DEFAULT 0 NOT NULL", 2019),
    ("max_count", "INT NOT NULL DEFAULT 0", "NUMBER(10) DEFAULT 0 NOT NULL", 2020),
    ("order_no", "VARCHAR(32) NULL", "VARCHAR2(32)", 2020),
    ("status", "TINYINT NOT NULL", "NUMBER(2) NOT NULL", 2019),
    ("batch_id", "BIGINT NULL", "NUMBER(20)", 2019),
    ("queue_name", "VARCHAR(64) NOT NULL", "VARCHAR2(64) NOT NULL", 2019),
    ("msg_content", "VARCHAR(256) NOT NULL", "VARCHAR2(256) NOT NULL", 2019),
)
LATER = {"mysql": "NOW() + INTERVAL {} SECOND", "oracle": "SYSDATE + {} / 86400"}
NEVER = {"mysql": "'2099-12-31'", "oracle": "DATE '2099-12-31'"}


class GoTables:
    """One system's tables, in the schema of a connection."""

    def __init__(self, conn: Connection, generation: int = 2021) -> None:
        self._conn = conn
        self._dialect = conn.dialect.name
        self.generation = generation
        kind = 1 if self._dialect == "mysql" else 2
        self._columns = [one for one in COLUMNS if one[3] <= generation]
        columns = ", ".join(f"{one[0]} {one[kind]}" for one in self._columns)
        execute(conn, f"CREATE TABLE tsk_system_task ({columns}, PRIMARY KEY (task_id))")
        if self._dialect == "mysql":
            execute(
                conn,
                "CREATE TABLE tsk_system_seq (seq_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
                "name VARCHAR(64) NOT NULL, create_time DATETIME NOT NULL)",
            )
        else:
            execute(conn, "CREATE SEQUENCE seq_qtask_system_task_id")
        self._commit()

    def drop(self) -> None:
        execute(self._conn, "DROP TABLE tsk_system_task")
        if self._dialect == "mysql":
            execute(self._conn, "DROP TABLE tsk_system_seq")
        else:
            execute(self._conn, "DROP SEQUENCE seq_qtask_system_task_id")
        self._commit()

    def draw(self) -> int:
        """A number of a task or a scan."""
        if self._dialect == "oracle":
            return int(query(self._conn, "SELECT seq_qtask_system_task_id.NEXTVAL FROM dual")[0][0])
        execute(self._conn, "INSERT INTO tsk_system_seq (name, create_time) VALUES ('q', NOW())")
        return int(query(self._conn, "SELECT LAST_INSERT_ID()")[0][0])

    def add(self, task_id: int | None = None, **others: Any) -> int:
        """A task. Times are seconds from now."""
        number = self.draw() if task_id is None else task_id
        self.add_many([number], **others)
        return number

    def add_many(self, task_ids: list[int], **others: Any) -> None:
        """Some that are alike."""
        given: dict[str, Any] = {
            "plat_name": "mall", "name": "job", "create_time": -100, "last_execute_time": None,
            "next_execute_time": 30, "max_execute_time": 3600, "next_interval": 60,
            "delete_interval": None, "delete_time": None, "count": 0, "max_count": 100,
            "order_no": None, "status": 20, "batch_id": None, "queue_name": "Q",
            "msg_content": None,
        } | others  # fmt: skip
        names = [one[0] for one in self._columns if one[0] != "task_id"]
        values = ", ".join(self._literal(name, given[name]) for name in names)
        for start in range(0, len(task_ids), 1000):
            rows = []
            for number in task_ids[start : start + 1000]:
                text = json.dumps({"n": number, "task_id": number}).replace("'", "''")
                rows.append(f"({number}, {values.replace('@content', chr(39) + text + chr(39))})")
            insert = f"INSERT INTO tsk_system_task (task_id, {', '.join(names)}) VALUES "
            for some in [", ".join(rows)] if self._dialect == "mysql" else rows:
                execute(self._conn, insert + some)
        self._commit()

    def finish(self, *task_ids: int) -> None:
        """As its consumers do: of tasks that are waiting or processing."""
        ids = ", ".join(map(str, task_ids))
        execute(
            self._conn,
            f"UPDATE tsk_system_task SET status = 0, next_execute_time = {NEVER[self._dialect]} "
            f"WHERE task_id IN ({ids}) AND status IN (20, 30)",
        )
        self._commit()

    def delete(self, *task_ids: int) -> None:
        """As its clean-up does."""
        ids = ", ".join(map(str, task_ids))
        execute(self._conn, f"DELETE FROM tsk_system_task WHERE task_id IN ({ids})")
        self._commit()

    def scan(self) -> None:
        """As its programs do each three seconds: of what is due or not, for a test."""
        execute(
            self._conn,
            f"UPDATE tsk_system_task SET batch_id = {self.draw()} WHERE status IN (20, 30)",
        )
        self._commit()

    def content(self) -> list[tuple[Any, ...]]:
        """All that is in the table."""
        names = ", ".join(one[0] for one in self._columns)
        return query(self._conn, f"SELECT {names} FROM tsk_system_task ORDER BY task_id")

    def _literal(self, name: str, value: Any) -> str:
        if name == "msg_content" and value is None:
            return "@content"
        if value is None:
            return "NULL"
        if name.endswith("_time"):
            return LATER[self._dialect].format(value) if value != "never" else NEVER[self._dialect]
        if isinstance(value, int):
            return str(value)
        text = str(value).replace("'", "''")
        return f"'{text.replace(chr(92), chr(92) * 2) if self._dialect == 'mysql' else text}'"

    def _commit(self) -> None:
        self._conn.raw.commit()
