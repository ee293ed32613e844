"""Transactions of the caller's, with a savepoint."""

from __future__ import annotations

import copy

from hypothesis.stateful import precondition, rule
from testing import execute, query

from .operating import Operating


class Transacting(Operating):
    """Rolled back, the model is again as it was."""

    @precondition(lambda self: not self.saved)
    @rule()
    def begin(self) -> None:
        self.conn.set_autocommit(False)
        query(self.conn, f"SELECT COUNT(*) FROM {self.conn.prefix}task")
        self.saved = [copy.deepcopy(self.model)]
        # In Oracle no query opens a transaction.
        self.pause_or_resume(queue="A", namespace=None, paused=False)

    @precondition(lambda self: len(self.saved) == 1)
    @rule()
    def savepoint(self) -> None:
        execute(self.conn, "SAVEPOINT model")
        self.saved.append(copy.deepcopy(self.model))

    @precondition(lambda self: len(self.saved) == 2)
    @rule()
    def roll_back_to_savepoint(self) -> None:
        execute(self.conn, "ROLLBACK TO SAVEPOINT model")
        self.model = self.saved.pop()

    @precondition(lambda self: self.saved)
    @rule()
    def commit(self) -> None:
        self.conn.commit()
        self._end_transaction()

    @precondition(lambda self: self.saved)
    @rule()
    def roll_back(self) -> None:
        self.conn.rollback()
        self.model = self.saved[0]
        self._end_transaction()

    def _end_transaction(self) -> None:
        self.saved = []
        self.conn.set_autocommit(True)
