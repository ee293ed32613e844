"""What `import_tasks` takes and returns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from qtask_db.constants import Status


@dataclass(frozen=True, slots=True)
class ImportTask:
    """A task of another system, for `import_tasks`. Times are seconds from now, negative in the
    past. What has no default is enough to finish a task that is here.
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
        values = ((name, getattr(self, name)) for name in _KEYS)
        return {name: value for name, value in values if value is not None}


_KEYS = tuple(field.name for field in fields(ImportTask))


@dataclass(frozen=True, slots=True)
class Imported:
    """What has become of one of them."""

    task_id: int | None
    """None if it is no number that a task can have."""
    outcome: Literal["imported", "cancelled", "present", "finished", "refused"]
    """`cancelled`: imported as such, since another task with its order number is active. `present`:
    it is here already. `finished`: it was active here, and is finished now.
    """
    reason: str | None
    """Why it was refused."""
