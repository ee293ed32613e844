"""The life of tasks in plain Python: what the procedures must do, without a database.

Time is a number of seconds that only `age` moves. If the procedures may choose (which queue comes
first when there are more tasks than a scan may take), the model is told what they chose, and checks
that they were free to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from qtask_db.errors import QtaskError

from .verbs.ending import Ending
from .verbs.maintaining import Maintaining
from .verbs.operating import Operating
from .verbs.relaying import Relaying
from .verbs.scheduling import Scheduling
from .verbs.starting import Starting


class Model(Starting, Ending, Operating, Relaying, Maintaining, Scheduling):
    """Every verb of the contract, with the same errors as the procedures."""

    def each(
        self, verb: Callable[[int, int | None], Any], pairs: Iterable[tuple[int, int | None]]
    ) -> dict[int, Any]:
        """Does the same to each task, as a bulk verb does; errors stand in for results."""
        results: dict[int, Any] = {}
        for task_id, attempt in pairs:
            try:
                results[task_id] = verb(task_id, attempt)
            except QtaskError as error:
                results[task_id] = type(error)
        return results
