"""One input: a verb, sound arguments, and hostile ones in some of their places."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import sqlapi

from qtask_db.constants import ERROR
from qtask_db.render import Renderer
from qtask_db.settings import Settings

from . import values

PROCEDURES = sqlapi.procedures(Renderer("mysql", Settings()))
ERRORS = {
    verb: {ERROR[name] for name, _ in sqlapi.errors_of(found)} for verb, found in PROCEDURES.items()
}
OUTS = {
    verb: sum(p.direction == "OUT" for p in found.parameters) for verb, found in PROCEDURES.items()
}
PARAMETERS = {
    verb: [p.name for p in found.parameters if p.direction == "IN"]
    for verb, found in PROCEDURES.items()
}
READING = {"explain_task", "list_tasks", "next_due"}


@dataclass(frozen=True, slots=True)
class Input:
    """A call."""

    verb: str
    arguments: tuple[Any, ...]
    task_ids: frozenset[int]
    """The tasks that it may change, besides those that it creates, where it names them."""

    def __str__(self) -> str:
        shown = [repr(a) if len(repr(a)) < 200 else repr(a)[:200] + "..." for a in self.arguments]
        return f"{self.verb}({', '.join(shown)})"


def make(random: Random, task_ids: Sequence[int], batches: Sequence[int]) -> Input:
    """The next call: at least one of its arguments is hostile."""
    verb = random.choice(list(PARAMETERS))
    names = PARAMETERS[verb]
    arguments = [_SOUND[name](random, task_ids, batches, verb) for name in names]
    for place in random.sample(range(len(names)), min(len(names), random.choice((1, 1, 1, 2, 3)))):
        arguments[place] = _hostile(random, names[place])
    return Input(verb, tuple(arguments), frozenset(_named(names, arguments)))


def _hostile(random: Random, name: str) -> Any:
    """Two of three fit the place, so that they come further than the first check."""
    fitting = {
        "in_payload": values.json_text,
        "in_options": values.options,
        "in_tasks": values.tasks,
        "in_held": values.json_text,
    }.get(name, values.text if name in _TEXTS else values.number)
    return fitting(random) if random.random() < 0.67 else values.value(random)


def _named(names: list[str], arguments: list[Any]) -> set[int]:
    found: set[int] = set()
    for name, argument in zip(names, arguments, strict=True):
        if name == "in_task_id":
            found.add(_as_id(argument))
        elif name == "in_tasks" and isinstance(argument, str):
            try:
                given = json.loads(argument)
            except (ValueError, RecursionError):
                continue
            if isinstance(given, list):
                found |= {_as_id(e.get("task_id")) for e in given if isinstance(e, dict)}
    return found


def _as_id(given: Any) -> int:
    """As the database reads it: a fraction is rounded."""
    try:
        return round(float(given))
    except (TypeError, ValueError, OverflowError):
        return 0


def _tasks(random: Random, task_ids: Sequence[int], _batches: Sequence[int], verb: str) -> str:
    if verb == "create_tasks":
        return json.dumps([{"name": "job", "payload": {}, "interval": 60, "queue": "Q"}])
    return json.dumps([{"task_id": random.choice(task_ids), "attempt": random.choice((1, 2))}])


Sound = Callable[[Random, Sequence[int], Sequence[int], str], Any]


def _one_of(*sound: Any) -> Sound:
    return lambda random, *_: random.choice(sound)


_TEXTS = {"in_name", "in_queue", "in_namespace", "in_order_no", "in_relay", "in_error"}
_SOUND: dict[str, Sound] = {
    "in_task_id": lambda random, task_ids, *_: random.choice(task_ids),
    "in_batch_id": lambda random, _, batches, __: random.choice([1, *batches]),
    "in_tasks": _tasks,
    "in_name": _one_of("job"),
    "in_payload": _one_of("{}", '{"order_no": "8973"}'),
    "in_options": _one_of(None, '{"order_no": "1"}', '{"max_count": 2, "namespace": "n"}'),
    "in_queue": _one_of("Q", "R"),
    "in_namespace": _one_of(None, "default", "n"),
    "in_order_no": _one_of(None, "1"),
    "in_relay": _one_of("r"),
    "in_error": _one_of(None, "it broke"),
    "in_status": _one_of(None, 0, 20, 30, 80, 90),
    "in_held": _one_of(None, '["Q"]'),
    "in_attempt": _one_of(None, 1, 2),
    "in_age": _one_of(None, 0),
    "in_delay": _one_of(0, 60),
    "in_interval": _one_of(60),
    "in_deadline": _one_of(None, 60),
    "in_seconds": _one_of(None, 60),
    "in_limit": _one_of(1, 10),
    "in_lease": _one_of(30),
}
