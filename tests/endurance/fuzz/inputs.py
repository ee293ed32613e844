"""One input: a verb, sound arguments, and hostile ones in some of their places."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import sqlapi

from qtask_db.constants import ERROR, LIMIT
from qtask_db.schema.render import Renderer, dialects
from qtask_db.settings import Settings

from . import values

DIRECT_SHARE = 0.4
"""Of the calls in a dialect whose Python layer looks at the arguments: these pass it by."""


FARTHEST = 10**12
PATIENCE = 5
LONG_WAITS = range(PATIENCE + 1, LIMIT["wait_ms"] + 1)
"""Milliseconds that are allowed, and would be waited for."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A procedure, as one dialect's callers see it."""

    parameters: tuple[str, ...]
    """That are given."""
    options: frozenset[str]
    """Those that Python gives by name."""
    errors: frozenset[int]


def _verb(found: sqlapi.Procedure) -> Verb:
    return Verb(
        tuple(found.signature.inputs),
        frozenset(found.signature.options),
        frozenset(ERROR[name] for name, _ in sqlapi.errors_of(found)),
    )


VERBS = {
    name: {
        verb: _verb(found) for verb, found in sqlapi.procedures(Renderer(name, Settings())).items()
    }
    for name in dialects()
}
READING = {"explain_task", "list_tasks", "next_due", "select_tasks", "due_schedules"}
TICKING = {"run_schedule", "run_due_schedules", "advance_schedules"}
BULK_CREATING = {"create_tasks", "create_task_ranges"}
CREATING = {"create_task", "delay_task", "create_task_quiet", "delay_task_quiet"}


@dataclass(frozen=True, slots=True)
class Input:
    """A call."""

    verb: str
    given: dict[str, Any]
    task_ids: frozenset[int]
    """The tasks that it names and may therefore change, besides those that it creates."""
    direct: bool
    """As a program without the Python layer makes it: in a PL/SQL block."""
    settings: tuple[str, ...] = ()
    """Of the session, as SET SESSION takes them."""

    def __str__(self) -> str:
        shown = [f"{name} => {value!r:.200}" for name, value in self.given.items()]
        call = f"{'a block with ' if self.direct else ''}{self.verb}({', '.join(shown)})"
        session = f" after SET SESSION {', '.join(self.settings)}" if self.settings else ""
        return call + session


def make(random: Random, dialect: str, task_ids: Sequence[int], batches: Sequence[int]) -> Input:
    """The next call: at least one of its arguments is hostile."""
    verb = random.choice(list(VERBS[dialect]))
    names = VERBS[dialect][verb].parameters
    direct = dialect == "oracle" and random.random() < DIRECT_SHARE
    given = {name: _SOUND[name](random, task_ids, batches, verb) for name in names}
    for name in random.sample(names, min(len(names), random.choice((1, 1, 1, 2, 3)))):
        given[name] = (_hostile_to_plsql if direct else _hostile)(random, name)
    if _as_id(given.get("in_wait_ms")) in LONG_WAITS:
        given["in_wait_ms"] = PATIENCE
    if _as_id(given.get("in_above")) > FARTHEST:  # ids never go back, for whatever is tested next
        given["in_above"] = 0
    return Input(verb, given, frozenset(_named(given)), direct)


def _hostile(random: Random, name: str) -> Any:
    """Two of three fit the place, so that they come further than the first check."""
    return _fitting(random, name) if random.random() < 0.67 else values.value(random)


def _hostile_to_plsql(random: Random, name: str) -> Any:
    """A value that PL/SQL converts, or tries to, to the parameter's type: others do not compile."""
    roll = random.random()
    if roll < 0.1:
        return None
    if roll < 0.3:
        return values.expression(random, text=name in _FITTING)
    if name in _FITTING:
        return _fitting(random, name) if roll < 0.8 else values.any_text(random)
    return values.oracle_number(random) if roll < 0.8 else values.text(random)


def _fitting(random: Random, name: str) -> Any:
    return _FITTING.get(name, values.number)(random)


def _named(given: dict[str, Any]) -> set[int]:
    found: set[int] = set()
    for name, argument in given.items():
        if name == "in_task_id":
            found.add(_as_id(argument))
        elif name in ("in_tasks", "in_ends") and isinstance(argument, str):
            try:
                tasks = json.loads(argument)
            except (ValueError, RecursionError):
                continue
            if isinstance(tasks, list):
                found |= {_as_id(e.get("task_id")) for e in tasks if isinstance(e, dict)}
    return found


def _as_id(given: Any) -> int:
    """As a database may read it: a fraction is rounded. Ids may be larger than a float is exact."""
    if isinstance(given, int):
        return given
    for read in (int, float, lambda text: int(text, 0)) if isinstance(given, str) else (float,):
        with suppress(TypeError, ValueError, OverflowError):
            return round(read(given))
    return 0


def _tasks(random: Random, task_ids: Sequence[int], _batches: Sequence[int], verb: str) -> str:
    if verb in BULK_CREATING:
        return json.dumps([{"name": "job", "payload": {}, "interval": 60, "queue": "Q"}])
    task = {"task_id": random.choice(task_ids), "attempt": random.choice((1, 2))}
    queue = {"queue": random.choice("QR")} if verb == "receive_tasks" else {}
    return json.dumps([task | queue])


def _ends(random: Random, task_ids: Sequence[int], _batches: Sequence[int], _verb: str) -> str:
    end: dict[str, Any] = {"task_id": random.choice(task_ids), "attempt": random.choice((1, 2))}
    outcome = random.choice(("fail", "reject", "snooze"))
    delay = {"delay": 60} if outcome == "snooze" else {}
    return json.dumps([end | {"outcome": outcome, "error": "it broke"} | delay])


_DUE = {
    "namespace": "default", "schedule": "C", "revision": 1, "next_at": "2026-11-29T02:00:00Z",
    "ticks": ["2026-11-29T02:00:00Z"], "following_at": "2999-11-29T02:00:00Z",
}  # fmt: skip
Sound = Callable[[Random, Sequence[int], Sequence[int], str], Any]


def _one_of(*sound: Any) -> Sound:
    return lambda random, *_: random.choice(sound)


_TEXTS = (
    "in_name", "in_queue", "in_namespace", "in_order_no", "in_relay", "in_worker", "in_error",
    "in_reason", "in_on_failure", "in_delivery", "in_kind", "in_host", "in_program", "in_action",
    "in_schedule", "in_cron", "in_zone", "in_misfire", "in_overlap", "in_owner",
)  # fmt: skip
_FITTING: dict[str, Callable[[Random], Any]] = {
    **dict.fromkeys(_TEXTS, values.text),
    "in_payload": values.json_text,
    "in_options": values.options,
    "in_tasks": values.tasks,
    "in_common": values.common,
    "in_ends": values.ends,
    "in_held": values.json_text,
    "in_queues": values.names,
    "in_filter": values.filters,
    "in_schedules": values.schedules,
}
"""The parameters that are texts, with their values; all others are numbers."""
_SOUND: dict[str, Sound] = {
    "in_task_id": lambda random, task_ids, *_: random.choice(task_ids),
    "in_batch_id": lambda random, _, batches, __: random.choice([1, *batches]),
    "in_tasks": _tasks,
    "in_common": _one_of(None, '{"queue": "R"}', '{"name": "job", "interval": 60, "queue": "Q"}'),
    "in_name": _one_of("job"),
    "in_payload": _one_of("{}", '{"order_no": "8973"}'),
    "in_on_failure": _one_of(None, "R"),
    "in_options": _one_of(
        None, '{"order_no": "1", "on_failure": "R"}', '{"max_count": 2, "namespace": "n"}'
    ),
    "in_queue": _one_of("Q", "R"),
    "in_namespace": _one_of(None, "default", "n"),
    "in_order_no": _one_of(None, "1"),
    "in_relay": _one_of("r"),
    "in_worker": _one_of("w"),
    "in_delivery": _one_of("direct", "redis"),
    "in_queues": _one_of('["D"]', '["Q", "D"]', '["D", "Q", "R", "NEW"]'),
    "in_wait_ms": _one_of(0, 0, 3),
    "in_error": _one_of(None, "it broke"),
    "in_reason": _one_of(None, "not yet"),
    "in_ends": _ends,
    "in_status": _one_of(None, 0, 20, 30, 80, 90),
    "in_held": _one_of(None, '["Q"]'),
    "in_attempt": _one_of(None, 1, 2),
    "in_age": _one_of(None, 0),
    "in_idle": _one_of(86400),
    "in_delay": _one_of(0, 60),
    "in_interval": _one_of(60),
    "in_deadline": _one_of(None, 60),
    "in_delete_deadline": _one_of(None, 0),
    "in_max_count": _one_of(None, 2),
    "in_seconds": _one_of(None, 60),
    "in_limit": _one_of(1, 10),
    "in_lease": _one_of(30),
    "in_action": _one_of("retry", "cancel", "reject"),
    "in_filter": _one_of("{}", '{"queue": "Q", "status": [20, 30]}', '{"age": 0, "error": "b"}'),
    "in_after_id": _one_of(0, 1),
    "in_above": _one_of(1, 1_000_000),
    "in_kind": _one_of("relay", "worker"),
    "in_host": _one_of(None, "h"),
    "in_program": _one_of(None, "p 1"),
    "in_pid": _one_of(None, 1),
    "in_threads": _one_of(None, 16),
    "in_busy": _one_of(None, 0),
    "in_uptime": _one_of(0, 60),
    "in_schedule": _one_of("S", "C"),
    "in_every": _one_of(None, 60),
    "in_cron": _one_of(None, "0 2 * * *"),
    "in_zone": _one_of(None, "UTC"),
    "in_misfire": _one_of(None, "skip", "once", "all"),
    "in_max_catch_up": _one_of(None, 5),
    "in_overlap": _one_of(None, "allow", "skip"),
    "in_owner": _one_of(None, "o"),
    "in_schedules": _one_of("[]", json.dumps([_DUE]), json.dumps([_DUE | {"error": "why"}])),
}
