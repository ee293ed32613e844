"""Changes to a schema of MySQL or MariaDB that is in use: nobody is refused, nobody waits for long.

A change waits for the open transactions that have used its object, and who comes meanwhile waits
behind it. So it waits for seconds only, lets the others pass and tries again.

MySQL has no CREATE OR REPLACE PROCEDURE. So that no call finds a procedure missing, its CREATE
queues up for the procedure's metadata lock behind the DROP before that begins, in another session:
calls that come meanwhile are let in when both are done. A GRANT of what the DROP takes along lines
up behind the CREATE. For as long as they do, another session holds the lock, by a call with too
many arguments, which does nothing else.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from qtask_db.dialects.mysql.driver import rows_of
from qtask_db.log import get_logger

log = get_logger("qtask_db.install")

_LOCK_WAIT_TIMEOUT = 1205
_NOT_INSTANT = {1845, 1846}
_WRONG_ARGUMENTS = {1305, 1318}
"""Of a call that has got the lock; 1305: an earlier try was cut off after its DROP."""
_WAIT = 2
"""Seconds."""
_LONG = 60
"""Of a CREATE that is there for a DROP to end."""
_PAUSE = 1.0
_TRIES = 60
_Replace = Callable[[str, str, Sequence[str]], None]


def execute(raw: Any, statement: str, arguments: Sequence[Any] | None = None) -> None:
    """Runs a statement, again and again while transactions of others are in its way."""
    _patiently(raw, lambda: _execute(raw, statement, arguments=arguments))


class Addition:
    """A migration's step that adds a column to a table, unless it is there: MySQL commits each by
    itself, so an installation that failed is run again over what it left.
    """

    def __init__(self, table: str, column: str, definition: str) -> None:
        self.change = f"ALTER TABLE {table} ADD COLUMN {column} {definition}"
        self._found = _column(table, column)

    @property
    def statement(self) -> str:
        """For a script, as MySQL has no IF NOT EXISTS here."""
        return _either(self._found, "DO 0", self.change)

    def __call__(self, raw: Any) -> None:
        """Raises the driver's error."""
        if not rows_of(raw, self._found):
            execute(raw, self.change)


class Comment:
    """A migration's step that gives a column without NULLs another comment. The servers change one
    only with the whole definition: a column of which somebody has made another one is left as it
    is, and so is one in a table that the server would have to copy.
    """

    def __init__(self, table: str, column: str, kind: str, default: str, comment: str) -> None:
        definition = f"{kind} NOT NULL" + (f" DEFAULT '{default}'" if default else "")
        self.change = f"ALTER TABLE {table} MODIFY COLUMN {column} {definition} COMMENT '{comment}'"
        # Of integers MariaDB gives a display width; of a column's own CHECK it makes its name.
        kinds = ", ".join(f"'{kind.lower()}{width}'" for width in ("", "(11)", "(20)"))
        self._found = (
            f"{_column(table, column)} AND column_type IN ({kinds}) AND is_nullable = 'NO' "  # noqa: S608
            f"AND COALESCE(TRIM(BOTH '''' FROM column_default), '') = '{default}' "
            f"AND extra = '' AND column_comment <> '{comment}' "
            "AND NOT EXISTS (SELECT 1 FROM information_schema.check_constraints "
            f"WHERE constraint_schema = DATABASE() AND constraint_name = '{column}')"
        )

    @property
    def _instant(self) -> str:
        return f"{self.change}, ALGORITHM = INSTANT"

    @property
    def statement(self) -> str:
        """For a script."""
        return _either(self._found, self._instant, "DO 0")

    def __call__(self, raw: Any) -> None:
        """Raises the driver's error."""
        if rows_of(raw, self._found):
            try:
                execute(raw, self._instant)
            except raw.Error as error:
                if error.args[0] not in _NOT_INSTANT:
                    raise


def _column(table: str, column: str) -> str:
    return (
        "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() "  # noqa: S608
        f"AND table_name = '{table}' AND column_name = '{column}'"
    )


def _either(query: str, found: str, missing: str) -> str:
    """One of two statements of a script: as the query finds something, or nothing."""
    one, other = (s.replace("\\", r"\\").replace("'", "''") for s in (found, missing))
    return (
        f"SET @statement = IF(EXISTS ({query}),\n  '{one}',\n  '{other}');\n"
        "PREPARE addition FROM @statement;\nEXECUTE addition;\nDEALLOCATE PREPARE addition"
    )


@contextmanager
def replacing(raw: Any) -> Iterator[_Replace]:
    """Gives a function that replaces a procedure of MySQL, of a name, by a CREATE statement, and
    runs the statements that give back its grants.
    """
    with ThreadPoolExecutor(3) as pool, _beside(raw) as holder, _beside(raw) as dropper:

        def replace(name: str, text: str, grants: Sequence[str]) -> None:
            # In a session that has seen the procedure before a GRANT would not wait for its lock.
            with _beside(raw) as granter:
                lined_up = [
                    (dropper, f"DROP PROCEDURE IF EXISTS {name}", _WAIT),
                    (raw, text, _LONG),
                    *((granter, grant, _LONG) for grant in grants[:1]),
                ]
                work = []
                _hold(holder, name)
                try:
                    for session, statement, seconds in lined_up:
                        work.append(pool.submit(_execute, session, statement, seconds))
                        _until_it_waits(holder, session, work[-1])
                finally:
                    holder.rollback()
                try:
                    work[0].result()
                except raw.Error:
                    _execute(holder, f"KILL QUERY {raw.thread_id()}")
                    wait(work)
                    raise
                for each in work[1:]:
                    each.result()
                for grant in grants[1:]:
                    execute(granter, grant)

        yield lambda name, text, grants: _patiently(raw, lambda: replace(name, text, grants))


def can_be_opened_again(raw: Any) -> bool:
    """Whether it is a connection of PyMySQL."""
    return hasattr(raw, "connect")


@contextmanager
def _beside(raw: Any) -> Iterator[Any]:
    """Another connection to the same server, with the same account."""
    other = copy.copy(raw)
    other._sock = other._rfile = None  # those of the first one
    other.connect()
    try:
        yield other
    finally:
        other.close()


def _hold(holder: Any, name: str) -> None:
    holder.begin()
    try:
        _execute(holder, f"CALL {name}({', '.join(['NULL'] * 99)})")
    except holder.Error as error:
        if error.args[0] not in _WRONG_ARGUMENTS:
            raise


def _until_it_waits(looker: Any, waiting: Any, work: Future[None]) -> None:
    """Until the statement of a connection waits for a metadata lock, or has ended."""
    while not work.done():
        rows = rows_of(looker, "SHOW PROCESSLIST")
        states = [row[6] for row in rows if row[0] == waiting.thread_id()]
        if any("metadata lock" in (state or "") for state in states):
            return
        time.sleep(0.001)


def _patiently(raw: Any, work: Callable[[], None]) -> None:
    for tries in range(1, _TRIES + 1):
        try:
            return work()
        except raw.Error as error:
            if error.args[0] != _LOCK_WAIT_TIMEOUT or tries == _TRIES:
                raise
            if tries == 1:
                log.warning("an open transaction is in the way of the installation, which waits")
        time.sleep(_PAUSE)
    return None


def _execute(
    raw: Any, statement: str, seconds: int = _WAIT, arguments: Sequence[Any] | None = None
) -> None:
    with raw.cursor() as cursor:
        cursor.execute(f"SET SESSION lock_wait_timeout = {seconds}")
        cursor.execute(statement, arguments)
