"""Hostile arguments."""

from __future__ import annotations

from typing import Any

from contract.inputs import REFUSED
from hypothesis import strategies as st
from hypothesis.stateful import rule
from testing import call

from qtask_db import NewTask, calls
from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument

from .comparing import Comparing
from .strategies import NOBODY, NUMBERS, UNIT, bad_numbers, hostile_texts, refused_creations


class Refusing(Comparing):
    """Stored as they are, or refused."""

    @rule(case=st.one_of(hostile_texts, refused_creations, bad_numbers))
    def hostile(self, case: tuple[Any, ...]) -> None:
        getattr(self, f"_{case[0]}")(*case[1:])

    def _text(self, field: str, text: str) -> None:
        """Stored as it is."""
        if len(text) <= LIMIT[field]:
            given = {"name": "x", "queue": "A", "order_no": "1", field: text}
            task = calls.create(self.conn, payload="{}", interval=UNIT, **given)
            found = (task.task_id, task.created, task.pushable)
            assert found == self.model.create(found[0], payload="{}", interval=UNIT, **given)

    def _creation(self, way: str, number: int) -> None:
        field, value, error, _ = REFUSED[number]
        given: dict[str, Any] = {"name": "x", "payload": "{}", "interval": UNIT, "queue": "A"}
        given[field] = value
        if way == "delay":
            given["delay"] = 0
        if way == "create_many":
            good = NewTask("x", "{}", UNIT, "A")
            self._refused(error, lambda: calls.create_many(self.conn, [good, NewTask(**given)]))
        else:
            self._refused(error, lambda: getattr(calls, way)(self.conn, **given))

    def _number(self, verb: str, place: int, bad: Any) -> None:
        arguments: list[Any] = [NOBODY, *NUMBERS[verb]]
        arguments[place % len(arguments)] = bad
        if arguments[0] is None or bad is not None:
            self._refused(InvalidArgument, lambda: call(self.conn, verb, *arguments))
