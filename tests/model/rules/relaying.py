"""Relays claim tasks, and confirm or release what they have claimed."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from testing import forget_low_ends

from qtask_db import calls

from .comparing import Comparing
from .strategies import helds, some_units, which


class Relaying(Comparing):
    """Two of them, of all namespaces or one."""

    @rule(
        relay=st.sampled_from(("r1", "r2")), limit=st.sampled_from((1, 2, 3, 100, 100, 100)),
        lease=some_units, namespace=st.sampled_from((None, None, None, "other")),
        held=helds,
    )  # fmt: skip
    def scan(
        self, relay: str, limit: int, lease: int, namespace: str | None, held: list[str]
    ) -> None:
        if self._refused_in_transaction(lambda: calls.scan(self.conn, relay)):
            return
        batch = calls.scan(
            self.conn, relay, limit=limit, lease=lease, namespace=namespace, held=held
        )
        if batch.batch_id is not None:
            self.batch_ids.append((batch.batch_id, relay))
        handed, wait = self.model.scan(
            relay, limit, lease, namespace, held, batch.batch_id, self._touched(batch.batch_id)
        )
        forget_low_ends(self.conn)
        assert {m.task_id: m.attempt for m in batch.messages} == handed
        for message in batch.messages:
            task = self.model.tasks[message.task_id]
            assert (message.queue, message.payload) == (task.queue[1], task.payload)
        self._same_wait(batch.wait, wait)

    @rule(namespace=st.sampled_from((None, "other")), held=helds)
    def next_due(self, namespace: str | None, held: list[str]) -> None:
        self._same_wait(
            calls.next_due(self.conn, namespace, held), self.model.next_due(namespace, held)
        )

    @rule(batch=which, wrong=st.sampled_from((False, False, False, True)), confirm=st.booleans())
    def end_batch(self, batch: int, wrong: bool, confirm: bool) -> None:
        batch_id, relay = self.batch_ids[-1 - batch % len(self.batch_ids)]
        relay = "somebody" if wrong else relay
        real, modelled = (
            (calls.confirm, self.model.confirm) if confirm else (calls.release, self.model.release)
        )
        if not self._refused_in_transaction(lambda: real(self.conn, batch_id, relay)):
            self._same(lambda: real(self.conn, batch_id, relay), lambda: modelled(batch_id, relay))
