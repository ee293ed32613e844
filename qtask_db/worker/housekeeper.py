"""Expiry and purge by a worker of direct queues, which may have no relay beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from qtask_db.database import Database
from qtask_db.log import get_logger
from qtask_db.process.retrying import Stop
from qtask_db.service import upkeep
from qtask_db.service.session import Session
from qtask_db.worker.job import WorkerCounters

logger = get_logger("qtask_db.worker")

SHARE = 4
"""It works for one part in so many of the time: creations and the worker's own calls go on."""
LOOK = 0.2
"""Seconds until it looks again whether it is wanted."""
LAST_STEP = 1.0
"""Seconds for the step that is under way when the worker stops."""


class Housekeeper:
    """A thread with a connection of its own, so that no task waits for it.

    `wanted` tells whether the worker has direct queues, `busy` whether tasks are there.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        counters: WorkerCounters,
        wanted: Callable[[], bool],
        busy: Callable[[], bool],
    ) -> None:
        self._session = Session(database)
        self._upkeep = upkeep.Upkeep(self._session, counters, logger, f"worker {name}")
        self._wanted = wanted
        self._busy = busy
        self._stop = Stop()
        self._thread = threading.Thread(target=self._run, name="qtask-upkeep", daemon=True)

    def start(self) -> None:
        """Begins to look whether there is something to do."""
        self._thread.start()

    def close(self) -> None:
        """Ends it after the step that is under way; a server that does not answer keeps the thread,
        but not the worker.
        """
        self._stop.set()
        self._thread.join(LAST_STEP)

    def _run(self) -> None:
        pause = LOOK
        while not self._stop.wait(pause):
            pause = LOOK
            if self._wanted() and not self._upkeep.rest:
                began = time.monotonic()
                more = self._upkeep.quietly(upkeep.BUSY_ROWS if self._busy() else upkeep.ROWS)
                if more:
                    pause = (SHARE - 1) * (time.monotonic() - began)
        self._session.close()
