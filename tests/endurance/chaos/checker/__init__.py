"""Decides from a history whether the promises were kept.

    lost          a committed task has neither ended nor a due time in the future; a commit is gone;
                  it was taken for a duplicate of a task that it was not
    owned twice   two handlers ran one attempt; one ran an attempt that no message of its process
                  announced; two tasks of one order were active
    fence         a result was accepted though that attempt's handler had not returned
    early         a delayed task was on its way to Redis before its delay; an attempt began in the
                  interval of the one before
    rolled back   a task was queued before its commit, or though there was none
    lease         a claimed task that was not pushed was not claimed again within lease and slack,
                  though relays did scan
    life          a task failed without a reason, or lived on after its end
    paused        an attempt of a paused queue was taken straight from the database
    message       one task's message carried another one's payload; one of a stream was taken after
                  it was acknowledged, or is never taken
    tick          a tick of a schedule has made no task, or two, or one too soon
    follow-up     a task that has failed has made none on its queue for failures in the same
                  transaction, or two; or one that has not failed has
    history       what the table of attempts tells of one is not how it ended

Events come in the order of the history; those of the database's journal may come late.
"""

from __future__ import annotations

from .attempts import HASTE
from .facts import Violation
from .verdict import Checker

__all__ = ["HASTE", "Checker", "Violation"]
