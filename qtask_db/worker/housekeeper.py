"""What a worker does beside its tasks: it says that it is there, and expires and purges if it has
direct queues, which may have no relay.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from qtask_db.database import Database
from qtask_db.log import get_logger
from qtask_db.process.retrying import Stop
from qtask_db.service import upkeep
from qtask_db.service.presence import Presence
from qtask_db.service.session import Session
from qtask_db.worker.job import WorkerCounters

logger = get_logger("qtask_db.worker")

LOOK = 0.2
"""Seconds until it looks again whether it is wanted."""
LAST_STEP = 1.0
"""Seconds for the step that is under way when the worker stops."""


class Housekeeper:
    """A thread with a connection of its own, so that no task waits for it.

    `wanted` tells whether the worker has direct queues, `running` how many handlers run.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        counters: WorkerCounters,
        wanted: Callable[[], bool],
        *,
        queues: Sequence[str],
        threads: int,
        running: Callable[[], int],
    ) -> None:
        self._session = Session(database)
        self._upkeep = upkeep.Upkeep(self._session, counters, logger, f"worker {name}")
        self._presence = Presence(
            self._session, logger, "worker", name, queues=queues, threads=threads, busy=running
        )
        self._wanted = wanted
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
        while not self._stop.wait(min(LOOK, self._upkeep.rest) or LOOK):
            self._presence.quietly()
            if self._wanted() and not self._upkeep.rest:
                self._upkeep.quietly()
        self._presence.leave()
        self._session.close()
