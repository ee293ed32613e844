"""The tables of the Go library, which are only read: page by page along their key, and unlocked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.database import Connection, Database
from qtask_db.errors import ConfigurationError, QtaskError

TABLE = "tsk_system_task"
PAGE_ROWS = LIMIT["imported"]


class OldTask(NamedTuple):
    """A row. Times are seconds from now by its server's clock, None where there is no time."""

    task_id: int
    name: str
    namespace: str
    queue: str
    status: int
    attempts: int
    max_count: int | None
    interval: int | None
    delete_interval: int | None
    order_no: str | None
    content: str | None
    created: int | None
    started: int | None
    due: int | None
    deadline: int | None
    deletion: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """What the table is like at one moment."""

    active: int
    """Its tasks that are waiting or processing."""
    last_id: int
    """The largest id that was drawn there."""
    last_scan: int
    """The largest number of a scan."""


class Source:
    """One connection to the tables. The columns tell which of the library's three generations has
    made them: `order_no` and what is deleted came in 2020, the platforms in 2021.
    """

    def __init__(
        self,
        database: Database,
        *,
        platforms: Collection[str] = (),
        namespace: str | None = None,
        time_zone: str | None = None,
    ) -> None:
        """Raises ConfigurationError, DatabaseUnavailable or AccessDenied."""
        self._platforms = frozenset(platforms)
        self._conn = database.connect()
        self._words = _words(self._conn)
        try:
            self._select = self._statement(database, namespace, time_zone)
        except BaseException:
            self._conn.close()
            raise

    def _statement(self, database: Database, namespace: str | None, zone: str | None) -> str:
        columns = self._columns(database)
        if "plat_name" not in columns:
            if self._platforms:
                raise ConfigurationError(f"{TABLE} has no platforms: leave --platform out")
            name = (namespace or DEFAULT["namespace"]).replace("'", "''")
            platform = f"'{name}'"
        elif namespace is not None:
            raise ConfigurationError(
                f"the platforms of {TABLE} become the namespaces: leave --namespace out"
            )
        else:
            platform = "plat_name"

        def present(column: str) -> str:
            return column if column in columns else "NULL"

        def seconds(column: str) -> str:
            if column not in columns:
                return "NULL"
            return str(self._words.AGE.format(now=_now(self._words, zone), column=column))

        found = [
            "task_id", "name", platform, "queue_name", "status", "count",
            present("max_count"), "next_interval", present("delete_interval"),
            present("order_no"), "msg_content",
            *map(seconds, (
                "create_time", "last_execute_time", "next_execute_time", "max_execute_time",
                "delete_time",
            )),
        ]  # fmt: skip
        return f"SELECT {', '.join(found)} FROM {TABLE}"  # noqa: S608 - names of columns

    def _columns(self, database: Database) -> set[str]:
        try:
            with self._conn.raw.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {TABLE} WHERE 1 = 0")  # noqa: S608
                return {column[0].lower() for column in cursor.description}
        except Exception as error:
            if self._conn.dialect.translate(error) is None:
                raise
            raise ConfigurationError(
                f"{database} has no table {TABLE} that this account may read: {error}"
            ) from error

    def look(self, *, history: bool = False) -> Look:
        """Reads the whole table once, in the server."""
        active = "1" if history else "CASE WHEN status IN (20, 30) THEN 1 ELSE 0 END"
        ((count, last_id, last_scan),) = self._rows(
            f"SELECT SUM({active}), MAX(task_id), MAX(batch_id) FROM {TABLE}"  # noqa: S608
        )
        try:
            ((drawn,),) = self._rows(self._words.LAST_ID)
        except QtaskError:  # the account may not read it, or somebody has made tables of his own
            drawn = None
        return Look(int(count or 0), max(int(last_id or 0), int(drawn or 0)), int(last_scan or 0))

    def pages(self, *, history: bool) -> Iterator[list[OldTask]]:
        """All tasks, or those that are waiting or processing, in the order of their ids."""
        wanted = "" if history else " AND status IN (20, 30)"
        after = -1
        while True:
            select = f"{self._select} WHERE task_id > {after}{wanted}"
            page = self._rows(self._words.PAGE.format(select=select, rows=PAGE_ROWS))
            if page:
                yield list(self._chosen(page))
            if len(page) < PAGE_ROWS:
                return
            after = int(page[-1][0])

    def tasks(self, task_ids: Collection[int]) -> list[OldTask]:
        """Those of these ids that are there."""
        ids = ", ".join(str(int(task_id)) for task_id in task_ids)
        return list(self._chosen(self._rows(f"{self._select} WHERE task_id IN ({ids})")))

    def _chosen(self, rows: list[tuple[Any, ...]]) -> Iterator[OldTask]:
        for row in rows:
            texts = [value or "" for value in row[1:4]]  # Oracle's empty text is NULL
            if not self._platforms or texts[1] in self._platforms:
                numbers = (None if value is None else int(value) for value in row[4:9])
                times = (None if value is None else int(value) for value in row[11:])
                yield OldTask(int(row[0]), *texts, *numbers, *row[9:11], *times)  # type: ignore[arg-type]

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        try:
            return list(self._words.rows_of(self._conn.raw, statement))
        except Exception as error:
            raise self._conn.dialect.translate(error) or error from error

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._conn.close()


def _words(conn: Connection) -> Any:
    if conn.dialect.name == "oracle":
        from qtask_db.importing import oracle

        return oracle
    from qtask_db.importing import mysql

    return mysql


def _now(words: Any, zone: str | None) -> str:
    """The old programs have written the local time of their sessions: the server's, unless they
    have chosen another.
    """
    if zone is None:
        return str(words.NOW)
    if not re.fullmatch(r"[+-]\d\d:\d\d", zone):
        raise ConfigurationError(f"a time zone must be like +08:00, not {zone!r}")
    return str(words.NOW_IN.format(zone=zone))
