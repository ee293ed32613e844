"""The drawing of docs/internals/states.md has the arrows of the model, and no other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import product

import pytest
import states

from qtask_db.errors import QtaskError
from qtask_db.models import AttemptEnd
from qtask_db.schema.render import INDEX

from .model import Model
from .verbs.tables import ENDED

INTERVAL, DEADLINE, STEPS = 10, 100, 4
Step = Callable[[Model], object]


def expire(model: Model) -> object:
    task = model.tasks[1]
    over = task.deadline <= model.now or task.exhausted
    return model.expire(9, {1} if task.lane != ENDED and task.due <= model.now and over else set())


def purge(model: Model) -> object:
    task = model.tasks[1]
    return model.purge(9, {1} if task.lane == ENDED and task.due <= model.now else set())


def take(model: Model) -> object:
    task = model.tasks[1]
    return model.take(
        ["Q"], 9, None, {1} if task.lane != ENDED and task.due <= model.now else set()
    )


def end(model: Model) -> object:
    return model.end(AttemptEnd(1, model.tasks[1].attempts, "fail"))


VERBS: dict[str, Step] = {
    "start_task": lambda model: model.start(1, None),
    "receive_task": lambda model: model.receive(1, None, "Q"),
    "take_tasks": take,
    "finish_task": lambda model: model.finish(1, None),
    "finish_task_once": lambda model: model.finish_once(1, model.tasks[1].attempts),
    "fail_task": lambda model: model.fail(1, None, None, None),
    "reject_task": lambda model: model.reject_attempt(1, None, None),
    "snooze_task": lambda model: model.snooze(1, None, INTERVAL, None),
    "end_attempts": end,
    "return_tasks": lambda model: model.give_back(1, None),
    "extend_task": lambda model: model.extend(1, None, None),
    "cancel_task": lambda model: model.cancel(1),
    "retry_task": lambda model: model.retry(1, DEADLINE),
    "change_tasks": lambda model: model.reject(1, None),
    "scan_tasks": lambda model: model.scan("r", 9, 1, None, (), 5, {1}),
    "expire_tasks": expire,
    "purge_tasks": purge,
}
TIMES: tuple[Step, ...] = (lambda model: model.age(INTERVAL), lambda model: model.age(10**7))
ALIKE = {
    "create_task": "delay_task create_tasks create_task_ranges create_task_quiet delay_task_quiet",
    "start_task": "start_tasks",
    "receive_task": "receive_tasks",
    "finish_task": "finish_tasks",
    "cancel_task": "change_tasks",
    "retry_task": "change_tasks",
}
"""Verbs that do the same in another way; the contract compares them."""


def state(model: Model) -> str:
    return model.tasks[1].status.name.lower() if model.tasks else states.GONE


def attempts(model: Model) -> list[int]:
    return [task.attempts for task in model.tasks.values()]


def walks() -> Iterator[tuple[str, str, str]]:
    """Status, verb and status of each transition in all short lives of a task: another status, or
    another attempt.
    """
    lives = []
    for max_count, direct in product((1, 3), (False, True)):
        model = Model(grace=0, made=lambda _key: (0, ""))
        model.deliver("Q", None, direct=direct)
        model.create(1, "job", "{}", INTERVAL, "Q", deadline=DEADLINE, max_count=max_count)
        yield states.NEW, "create_task", state(model)
        lives.append(model)
    for _ in range(STEPS):
        longer = []
        for model in lives:
            for verb, step in VERBS.items():
                after = copy.deepcopy(model)
                try:
                    step(after)
                except QtaskError:
                    continue
                if state(after) != state(model) or attempts(after) != attempts(model):
                    yield state(model), verb, state(after)
                if after.tasks and after.tasks != model.tasks:
                    longer.append(after)
            for step in TIMES:
                step(after := copy.deepcopy(model))
                longer.append(after)
        lives = longer


def test_the_arrows_are_those_of_the_model() -> None:
    found = {
        (old, new, name)
        for old, verb, new in walks()
        for name in (verb, *ALIKE.get(verb, "").split())
    }
    drawn = {(a.old, a.new, verb) for a in states.ARROWS for verb in a.verbs.split()}
    assert drawn == found
    assert {verb for _, _, verb in drawn} <= {entry["name"] for entry in INDEX["procedure"]}


@pytest.mark.parametrize("name", states.figures())
def test_the_figures_are_current(name: str) -> None:
    drawn = (states.FIGURES / name).read_text(encoding="utf-8")
    assert drawn == states.figures()[name], "run scripts/tools/states.py"
