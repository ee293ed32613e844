"""A relay's further scanners: threads that claim and push beside its own loop in a backlog."""

from __future__ import annotations

import threading
from collections.abc import Callable

from qtask_db.errors import Conflict, QueueUnavailable
from qtask_db.process.retrying import Duty
from qtask_db.relay.counters import RelayCounters, logger
from qtask_db.relay.steps import Steps


class Scanners:
    """They sleep until `wake` says that more is due than one batch holds.

    While one scanner waits for the database, another reads its rows and pushes them.
    """

    def __init__(self, make: Callable[[], Steps], count: int) -> None:
        self._all = [_Scanner(make()) for _ in range(count)]

    def wake(self) -> None:
        """Lets each scan until nothing more is due; one that does already goes on."""
        for scanner in self._all:
            scanner.wake()

    @property
    def counters(self) -> RelayCounters:
        """The sums of their counters."""
        return sum((scanner.steps.counters for scanner in self._all), RelayCounters())

    def close(self) -> None:
        """Waits for their present batches and closes their connections; `wake` starts them anew."""
        for scanner in self._all:
            scanner.close()


class _Scanner:
    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self._thread: threading.Thread | None = None
        self._backlog = threading.Event()
        self._ending = False
        self._duty = Duty(logger, "database, a further scanner")

    def wake(self) -> None:
        if self._duty.rest:
            return
        if self._thread is None or not self._thread.is_alive():
            self._ending = False
            self._thread = threading.Thread(target=self._run, name="qtask-scanner", daemon=True)
            self._thread.start()
        self._backlog.set()

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending = True
            self._backlog.set()
            thread.join()

    def _run(self) -> None:
        try:
            while not self._ending:
                self._backlog.wait()
                self._backlog.clear()
                self._scan()
        finally:
            self.steps.close()

    def _scan(self) -> None:
        try:
            while not self._ending and self.steps.step() == 0.0:
                pass
            self._duty.works()
        except (Conflict, QueueUnavailable) as error:
            # The relay's own loop meets it, too, reports it and backs off.
            logger.debug("a scanner rests: %s", error)
            self.steps.counters.errors += 1
        except Exception as error:
            self.steps.counters.errors += 1
            self.steps.close()
            self._duty.failed_beside(error)
