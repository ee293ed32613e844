"""The numbers of the contract, read from `sql/constants.toml`, which the SQL templates read too."""

from __future__ import annotations

import enum
from typing import Any

from qtask_db.resources import read_toml

CONSTANTS: dict[str, dict[str, Any]] = read_toml("constants.toml")
DEFAULT = CONSTANTS["default"]
LIMIT: dict[str, int] = CONSTANTS["limit"]
ERROR: dict[str, int] = CONSTANTS["error"]


class Status(enum.IntEnum):
    """The state of a task. Waiting and processing tasks are active, the others are terminal."""

    FINISHED = CONSTANTS["status"]["finished"]
    WAITING = CONSTANTS["status"]["waiting"]
    PROCESSING = CONSTANTS["status"]["processing"]
    CANCELLED = CONSTANTS["status"]["cancelled"]
    FAILED = CONSTANTS["status"]["failed"]

    @property
    def active(self) -> bool:
        """Whether the task will be queued again unless somebody ends it."""
        return self in (Status.WAITING, Status.PROCESSING)

    def __str__(self) -> str:
        return self.name.lower()


NO_TASK = 10**18 - 1
"""The number of a task that never was."""
