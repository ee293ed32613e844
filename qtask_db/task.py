"""A task before and after its creation, or its import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from qtask_db.constants import DEFAULT, Status
from qtask_db.models import Message
from qtask_db.payloads.objects import Model

if TYPE_CHECKING:
    from qtask_db.transport.url import RedisClient

Payload: TypeAlias = "Mapping[str, Any] | str | Model"
"""A JSON object, its text, or an object of a dataclass, of pydantic or msgspec."""


class Options(TypedDict, total=False):
    """The arguments that `create` and `delay` take by name only; NewTask explains them."""

    order_no: str | None
    namespace: str | None
    deadline: int | None
    delete_deadline: int | None
    max_count: int | None
    on_failure: str | None


_OPTIONAL = ("delay", *Options.__annotations__)
SHARED = ("name", "interval", "queue", *(key for key in _OPTIONAL if key != "order_no"))
"""The keys that many tasks may have in common."""
shared = attrgetter(*SHARED)


@dataclass(slots=True)
class NewTask:
    """A task for `create_many`. The fields are the arguments of `create` and `delay`."""

    name: str
    """Says what is to be done, for people and handlers."""
    payload: Payload
    """An object, the text of a JSON object, or an object of a dataclass, of pydantic or msgspec."""
    interval: int
    """Seconds until the task is queued again if it has not ended."""
    queue: str
    """Name of the Redis list or stream."""
    delay: int | None = None
    """Seconds until it is queued first; None makes a real-time task, which its creator pushes."""
    order_no: str | None = None
    """Unique among active tasks of the same namespace, name and queue."""
    namespace: str | None = None
    """Keeps order numbers and statistics apart; None is `default`."""
    deadline: int | None = None
    """Seconds after creation; no attempt starts later."""
    delete_deadline: int | None = None
    """Seconds from the task's end to its deletion."""
    max_count: int | None = None
    """Most attempts."""
    on_failure: str | None = None
    """A queue: if the task ends in failure or is cancelled, a task is created there that has it in
    its payload.
    """

    def as_element(self, payload: str) -> dict[str, Any]:
        """An element of the array that `create_tasks` takes, with the payload as text."""
        element: dict[str, Any] = {
            "name": self.name,
            "interval": self.interval,
            "queue": self.queue,
        }
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value is not None:
                element[name] = value
        element["payload"] = payload  # last: a server that looks for the others passes over it
        return element


@dataclass(frozen=True, slots=True)
class Task:
    """A created task, or the active one that already has its order number."""

    task_id: int
    """Number of the task."""
    queue: str
    """Name of its queue."""
    payload: str
    """The JSON object as it was given; that of a duplicate is not the stored one."""
    created: bool
    """False if an active task with the same order number was returned instead."""
    pushable: bool
    """Whether its creator should push it: a new real-time task of a queue that is not paused."""

    @property
    def message(self) -> Message:
        """The message that announces the first attempt."""
        return Message(self.task_id, 1, self.queue, self.payload)

    def push(
        self,
        redis: RedisClient | str,
        *,
        limit: int = DEFAULT["queue_limit"],
        stream: bool = False,
        queue_prefix: str | None = None,
    ) -> bool:
        """Puts a new real-time task on its queue. Call it after the commit, never before.

        Returns False if the task is not `pushable`, the queue holds `limit` messages or Redis
        refuses or is away. That is logged and raises no error: the task is committed, and a relay
        pushes it later.
        """
        # A program that leaves the pushing to a relay needs no Redis client.
        from qtask_db.transport.pushing import push_tasks

        pushed = push_tasks(redis, (self,), limit=limit, stream=stream, queue_prefix=queue_prefix)
        return pushed == 1


@dataclass(frozen=True, slots=True)
class ImportTask:
    """A task of another system, for `import_tasks`. Times are seconds from now, negative in the
    past. To finish a task that is here, give those without a default alone.
    """

    task_id: int
    name: str
    queue: str
    status: Status
    namespace: str | None = None
    """None is `default`."""
    attempts: int | None = None
    """Those that were made, with the one that is under way."""
    max_count: int | None = None
    interval: int | None = None
    payload: str | None = None
    """The text of a JSON object."""
    created: int | None = None
    deadline: int | None = None
    order_no: str | None = None
    started: int | None = None
    """The last attempt; None if there was none."""
    due: int | None = None
    """None is now."""
    ended: int | None = None
    """Of a terminal task; None is now."""
    delete_deadline: int | None = None
    error: str | None = None
    """Its last error."""

    def as_element(self) -> dict[str, Any]:
        """The element of `import_tasks`."""
        values = ((name, getattr(self, name)) for name in _IMPORT_KEYS)
        return {name: value for name, value in values if value is not None}


_IMPORT_KEYS = tuple(field.name for field in fields(ImportTask))


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of one of them."""

    task_id: int | None
    """None if it is no number that a task can have."""
    outcome: Literal["imported", "cancelled", "present", "finished", "refused"]
    """`cancelled`: imported as such, since another task with its order number is active. `present`:
    it is here already. `finished`: it was active here, and is finished now.
    """
    reason: str | None
    """Why it was refused."""
