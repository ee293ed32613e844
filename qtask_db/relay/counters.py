"""The counters of a relay."""

from __future__ import annotations

import dataclasses

from qtask_db.log import get_logger

logger = get_logger("qtask_db.relay")


@dataclasses.dataclass(slots=True)
class RelayCounters:
    """Messages since the start, but for `scheduled`, `expired` and `purged` (tasks) and `errors`
    (steps).
    """

    claimed: int = 0
    """Claimed by scans."""
    pushed: int = 0
    """Put on their queues."""
    confirmed: int = 0
    """Recorded as being in Redis."""
    released: int = 0
    """Given back, as their push had failed."""
    reclaimed: int = 0
    """Of batches that were not ours any more when they were to be confirmed."""
    scheduled: int = 0
    """Created, as schedules were due."""
    expired: int = 0
    """Tasks of direct queues that have failed, as their time was over."""
    purged: int = 0
    """Terminal tasks that were deleted."""
    errors: int = 0
    """Steps that failed."""

    def __add__(self, other: RelayCounters) -> RelayCounters:
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return RelayCounters(*(ours + theirs for ours, theirs in pairs))
