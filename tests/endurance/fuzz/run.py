"""Makes calls with hostile arguments and checks what each of them has left behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.constants import Status
from qtask_db.dialects import signature
from qtask_db.dialects.mysql.errors import number_and_text
from qtask_db.dialects.oracle.driver import fetch_at_once
from qtask_db.errors import DatabaseUnavailable, InvalidArgument, ProcedureError
from qtask_db.schema.objects import objects_of
from qtask_db.settings import package

from . import inputs, settings, staging
from .inputs import Input
from .values import Expression

SENTINELS = [(1, "untouched"), (2, "'; --"), (3, "\\")]
SETTING_SHARE, TRANSACTION_SHARE, SESSION_SHARE = 0.05, 0.15, 0.35
INPUTS_OF_A_SCHEMA = 100
LONGEST_ERROR = 400
OF_QUEUES = {"pause_queue", "resume_queue", "remove_queue", "set_delivery"}
Rows = list[tuple[Any, ...]]
Content = tuple[Rows, Rows, Rows]


@dataclass(slots=True)
class Violation(Exception):
    """The call that was tried, and the fault in what happened."""

    tried: str
    fault: str

    def __str__(self) -> str:
        return f"{self.fault}, by {self.tried}"


@dataclass(slots=True)
class Run:
    """Inputs from a seed against the schema of a database, which must be this run's alone."""

    database: Database
    random: Random
    done: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    _task_ids: list[int] = field(default_factory=list)
    _batches: list[int] = field(default_factory=list)
    _content: Content = ([], [], [])
    _settable: dict[str, list[str]] = field(default_factory=dict)

    def make(self, number: int, progress: Callable[[Run], None] = lambda _: None) -> None:
        """So many inputs. Raises Violation at the first one that breaks a promise."""
        with self.database.connect() as own, self.database.connect(autocommit=False) as joined:
            _create_sentinels(own)
            objects = _objects(own)
            for _ in range(number):
                if self.done % INPUTS_OF_A_SCHEMA == 0:
                    self._check_sentinels(own, objects)
                    self._begin_anew(own)
                    progress(self)
                self._one(own, joined)
                self.done += 1
            self._check_sentinels(own, objects)
            _execute(own, "DROP TABLE qtask_fuzz")

    def _one(self, own: Connection, joined: Connection) -> None:
        if self.random.random() < SETTING_SHARE:
            tried, fault = settings.check(self.random)
            if fault:
                raise Violation(tried, fault)
            self.outcomes["settings"] += 1
            return
        made = inputs.make(self.random, own.dialect.name, self._task_ids, self._batches)
        if own.dialect.name == "mysql" and self.random.random() < SESSION_SHARE:
            self._settable = self._settable or staging.settable(own)
            made = replace(made, settings=staging.choose(self.random, self._settable))
            self.outcomes["sessions"] += 1
        if self.random.random() < TRANSACTION_SHARE:
            self._check(joined, made)
            joined.rollback()
            self._content = _content(own)  # what commits by itself is not undone
        else:
            self._content = self._check(own, made)

    def _check(self, conn: Connection, made: Input) -> Content:
        """Makes the call; the tables' content after it."""
        before = self._content
        rows: Rows = []
        refusal: Exception | None = None
        with staging.played(conn, made.settings):
            own = conn.dialect.own_transaction(conn.raw)
            try:
                rows = _call(conn, made)
            except Exception as error:
                refusal = error
                self.outcomes[type(error).__name__] += 1
                if fault := _error_fault(conn.dialect.name, made, error):
                    raise Violation(str(made), fault) from error
            left_open = own and not conn.dialect.own_transaction(conn.raw)
        after = self._read(conn, made)
        if refusal is None:
            self.outcomes["accepted"] += 1
            if fault := _change_fault(made, before, after, rows):
                raise Violation(str(made), fault)
        elif after != before:
            fault = f"was refused and has changed something: {refusal}"
            raise Violation(str(made), fault) from refusal
        if left_open:
            raise Violation(str(made), "left a transaction open")
        return after

    def _read(self, conn: Connection, made: Input) -> Content:
        try:
            return _content(conn)
        except Exception as error:
            raise Violation(str(made), f"the tables cannot be read: {error}") from error

    def _begin_anew(self, conn: Connection) -> None:
        """A task in each state, a batch, and a direct queue: with one that is due, one that is
        overdue, and one for later.
        """
        for table in ("task", "batch", "queue"):
            _execute(conn, f"DELETE FROM {conn.prefix}{table}")
        made = calls.create_many(
            conn, [NewTask("job", {}, 60, "Q", delay=0, order_no=str(n)) for n in range(7)]
        )
        ids = [task.task_id for task in made]
        self._batches = [calls.scan(conn, "r", limit=1).batch_id or 0]
        calls.processing_many(conn, [(task_id, None) for task_id in ids[2:]])
        calls.finish(conn, ids[3])
        calls.cancel(conn, ids[4])
        calls.fail(conn, ids[5], delay=0)
        calls.set_delivery(conn, "D", "direct")
        direct = [NewTask("job", {}, 60, "D", delay=delay) for delay in (0, 0, 900)]
        ids += [task.task_id for task in calls.create_many(conn, direct)]
        over = f"UPDATE {conn.prefix}task SET deadline_at = due_at WHERE task_id = {ids[-2]}"
        _execute(conn, over)
        self._task_ids = ids
        self._content = _content(conn)

    def _check_sentinels(self, conn: Connection, objects: Rows) -> None:
        if _rows(conn, "SELECT n, s FROM qtask_fuzz ORDER BY n") != SENTINELS:
            raise Violation("one of the last inputs", "the sentinel rows have changed")
        if _objects(conn) != objects:
            raise Violation("one of the last inputs", "tables or procedures came or went")


def _call(conn: Connection, made: Input) -> Rows:
    if made.direct:
        return _block(conn, made)
    verb = inputs.VERBS[conn.dialect.name][made.verb]
    outs, rows = conn.call(
        made.verb,
        *(value for name, value in made.given.items() if name not in verb.options),
        options={name.removeprefix("in_"): made.given[name] for name in verb.options} or None,
    )
    return [outs, *rows] if outs else rows


def _block(conn: Connection, made: Input) -> Rows:
    """The same in a PL/SQL block, which converts the arguments itself."""
    bound: dict[str, Any] = {}
    passed = []
    with conn.raw.cursor() as cursor, conn.raw.cursor() as found:
        for name, value in made.given.items():
            if isinstance(value, Expression):
                passed.append(f"{name} => {value.text}")
            else:
                bound[name] = value
        declared = signature.read("oracle", made.verb)
        outs = {out.name: cursor.var(int if out.type == "NUMBER" else str) for out in declared.outs}
        bound |= outs
        if declared.rows:
            fetch_at_once(found)
            bound["out_rows"] = found
        passed += [f"{name} => :{name}" for name in bound]
        block = f"BEGIN {package(conn.prefix)}.{made.verb}({', '.join(passed)}); END;"
        try:
            cursor.execute(block, bound)
            rows = found.fetchall() if declared.rows else []
        except Exception as error:
            raise conn.dialect.translate(error) or error from error
        return [tuple(out.getvalue() for out in outs.values()), *rows] if outs else rows


def _error_fault(dialect: str, made: Input, error: Exception) -> str | None:
    """A refusal is one of the verb's errors, or the server's own about an argument or what the
    session has set.
    """
    said = error.__cause__ if isinstance(error.__cause__, Exception) else error
    if number_and_text(said)[0] in staging.refusals(made.settings):
        return None
    if isinstance(error, DatabaseUnavailable):
        return f"the connection is lost: {error}"
    clear = isinstance(error, InvalidArgument) or (
        isinstance(error, ProcedureError)
        and error.number in inputs.VERBS[dialect][made.verb].errors
    )
    if not clear:
        return f"unclear error {type(error).__name__}: {error}"
    if not 5 < len(str(error)) < LONGEST_ERROR:
        return f"the text of the error has {len(str(error))} characters"
    return None


def _change_fault(made: Input, before: Content, after: Content, rows: Rows) -> str | None:
    """Only what the call names has changed, and what was given is stored as it was given."""
    if made.verb in inputs.READING:
        return None if after == before else "reading has changed something"
    old, new = ({row[0]: row for row in content[0]} for content in (before, after))
    changed = {task_id for task_id in old if new.get(task_id) != old[task_id]}
    if made.verb in ("scan_tasks", "redrive_tasks", "expire_tasks", "purge_tasks", "release_batch"):
        return None if new.keys() <= old.keys() else "tasks came into being"
    if made.verb == "take_tasks":
        return _take_fault(before, after, rows[1:])
    if strange := changed - made.task_ids:
        return f"tasks that it does not name have changed: {strange}"
    if made.verb == "receive_task" and changed and _others(made, after, changed):
        return "a task of another queue was started"
    created = new.keys() - old.keys()
    if created and made.verb not in inputs.CREATING | inputs.BULK_CREATING:
        return "tasks came into being"
    if made.verb in inputs.CREATING and created:
        return _store_fault(made, after, rows[0][0])
    if made.verb in OF_QUEUES and len(set(after[2]) - set(before[2])) > 1:
        return "other queues have changed"
    return None


def _take_fault(before: Content, after: Content, rows: Rows) -> str | None:
    """What it has started is what it returns, of open direct queues; others it has only failed."""
    old, new = ({row[0]: row for row in content[0]} for content in (before, after))
    if new.keys() != old.keys():
        return "tasks came or went"
    status, attempts = _COLUMN["status"], _COLUMN["attempts"]
    changed = [row for row in new.values() if row != old[row[0]]]
    started = {row[0] for row in changed if row[attempts] == old[row[0]][attempts] + 1}
    if started != {row[0] for row in rows}:
        return f"it has started {started}"
    if any(row[1] != new[row[0]][attempts] or row[4] != new[row[0]][4] for row in rows):
        return "an attempt or a payload is not the task's"
    if any(row[status] != Status.FAILED for row in changed if row[0] not in started):
        return "it has changed tasks that it has neither started nor failed"
    queues = {row[0] for row in before[2] if row[4] and row[3] is None}
    return None if {row[1] for row in changed} <= queues else "a queue is paused or not direct"


def _others(made: Input, after: Content, changed: set[int]) -> bool:
    """Whether one of them belongs to another queue than the call names."""
    queues = {row[0]: row[1] for row in after[2]}
    named = [queues[row[1]] for row in after[0] if row[0] in changed]
    return not all(_same(made, "in_queue", queue) for queue in named)


def _store_fault(made: Input, after: Content, task_id: int) -> str | None:
    _, queue_id, status, name, payload, *_ = next(r for r in after[0] if r[0] == task_id)
    queue = next(row[1] for row in after[2] if row[0] == queue_id)
    if status != Status.WAITING:
        return f"the new task has the status {status}"
    stored = {"in_name": name, "in_payload": payload, "in_queue": queue}
    for place, found in stored.items():
        if not _same(made, place, found):
            return f"{place} is stored as {found!r:.200}"
    return None


def _same(made: Input, place: str, found: str) -> bool:
    """A number for a text is the driver's and the server's to write."""
    given = made.given[place]
    if isinstance(given, bytes):
        return given == found.encode()
    if (
        isinstance(given, str)
        and not given.isascii()
        and staging.LOSSY & staging.names(made.settings)
    ):
        return True
    return not isinstance(given, str) or given == found


_COLUMNS = {
    "task": "task_id, queue_id, status, name, payload, lane, attempts, attempts_before, max_count, "
    "interval_seconds, delete_deadline, batch_id, created_at, deadline_at, due_at, started_at, "
    "ended_at, order_no, order_key, active, last_error, lapses",
    "batch": "batch_id, relay, lapses_at, task_ids",
    "queue": "queue_id, queue, namespace, paused_at, direct",
}
_COLUMN = {name: place for place, name in enumerate(_COLUMNS["task"].split(", "))}


def _content(conn: Connection) -> Content:
    tasks, batches, queues = (
        _rows(conn, f"SELECT {columns} FROM {conn.prefix}{table} ORDER BY 1")
        for table, columns in _COLUMNS.items()
    )
    return tasks, batches, queues


def _create_sentinels(conn: Connection) -> None:
    if "qtask_fuzz" in objects_of(conn.dialect.name).tables(conn.raw):
        _execute(conn, "DROP TABLE qtask_fuzz")
    _execute(conn, "CREATE TABLE qtask_fuzz (n INT PRIMARY KEY, s VARCHAR(20) NOT NULL)")
    marks = ":1, :2" if conn.dialect.name == "oracle" else "%s, %s"
    for sentinel in SENTINELS:
        with conn.raw.cursor() as cursor:
            cursor.execute(f"INSERT INTO qtask_fuzz VALUES ({marks})", sentinel)


def _objects(conn: Connection) -> Rows:
    return list(objects_of(conn.dialect.name).installed(conn.raw, conn.prefix))


def _rows(conn: Connection, statement: str) -> Rows:
    with conn.raw.cursor() as cursor:
        if conn.dialect.name == "oracle":
            fetch_at_once(cursor)
        cursor.execute(statement)
        return list(cursor.fetchall())


def _execute(conn: Connection, statement: str) -> None:
    with conn.raw.cursor() as cursor:
        cursor.execute(statement)
