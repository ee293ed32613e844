"""Makes calls with hostile arguments and checks what each of them has left behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from qtask_db import Connection, Database, NewTask, calls
from qtask_db.dialects import signature
from qtask_db.dialects.mysql.errors import number_and_text
from qtask_db.dialects.oracle.driver import fetch_at_once
from qtask_db.errors import DatabaseUnavailable, InvalidArgument, ProcedureError
from qtask_db.schema.objects import objects_of
from qtask_db.settings import package

from . import inputs, settings, staging
from .changes import COLUMNS, Content, Rows, change_fault
from .inputs import Input
from .values import Expression

SENTINELS = [(1, "untouched"), (2, "'; --"), (3, "\\")]
SETTING_SHARE, TRANSACTION_SHARE, SESSION_SHARE = 0.05, 0.15, 0.35
INPUTS_OF_A_SCHEMA = 100
LONGEST_ERROR = 400


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
            if fault := change_fault(made, before, after, rows):
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
        for table in ("task", "batch", "queue", "process"):
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


def _content(conn: Connection) -> Content:
    tasks, batches, queues = (
        _rows(conn, f"SELECT {columns} FROM {conn.prefix}{table} ORDER BY 1")
        for table, columns in COLUMNS.items()
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
