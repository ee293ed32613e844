"""Maintenance deletes tasks and fails them."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from testing import forget_low_ends

from qtask_db import calls

from .comparing import Comparing


class Maintaining(Comparing):
    """One at a time, or all."""

    @rule(limit=st.sampled_from((1, 100)))
    def purge(self, limit: int) -> None:
        if not self._refused_in_transaction(lambda: calls.purge(self.conn, limit)):
            deleted = calls.purge(self.conn, limit)
            forget_low_ends(self.conn)
            gone = self.model.tasks.keys() - {row[0] for row in self._rows()}
            assert deleted == self.model.purge(limit, gone)

    @rule(limit=st.sampled_from((1, 100)))
    def expire(self, limit: int) -> None:
        if not self._refused_in_transaction(lambda: calls.expire(self.conn, limit)):
            expired = calls.expire(self.conn, limit)
            assert expired == self.model.expire(limit, self._touched(None))
