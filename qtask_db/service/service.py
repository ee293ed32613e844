"""Services run until told to stop: in the foreground, in a background thread, as a context."""

from __future__ import annotations

import abc
import os
import secrets
import socket
import threading
from types import TracebackType
from typing import TypeVar

from qtask_db.constants import LIMIT
from qtask_db.errors import ConfigurationError
from qtask_db.log import get_logger
from qtask_db.process.retrying import Stop

S = TypeVar("S", bound="Service")


class Service(abc.ABC):
    """Starts and stops a loop. `run` ends soon after `_stop` is set."""

    def __init__(self, thread_name: str) -> None:
        self._stop = Stop()
        self._thread: threading.Thread | None = None
        self._thread_name = thread_name
        self._failure: BaseException | None = None

    @property
    def running(self) -> bool:
        """Whether the background thread is alive: after `start` it is, until `stop`."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def failure(self) -> BaseException | None:
        """The error that ended the background thread, or None."""
        return self._failure

    @abc.abstractmethod
    def check(self) -> None:
        """Raises the first error of the settings or the servers."""

    def prepare(self) -> None:
        """Does what `run` and `start` do first, so that a person sees an error: `check`."""
        self.check()

    @abc.abstractmethod
    def run(self, *, patient: bool = False) -> None:
        """Runs until `stop` is called."""

    @property
    @abc.abstractmethod
    def longest_stop(self) -> float:
        """Seconds that stopping may take when nothing is wrong."""

    def start(self, *, patient: bool = False) -> None:
        """Runs in a background thread. An error at the start is raised here, as by `run`; an error
        that ends the thread later is logged, and is `failure`.

        Raises ConfigurationError if it runs already.
        """
        if self.running:
            raise ConfigurationError(f"this {type(self).__name__} runs already, or still")
        if not patient:
            self.prepare()
        self._stop.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._serve, name=self._thread_name, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            self.run(patient=True)
        except BaseException as error:
            self._failure = error
            get_logger("qtask_db").critical(
                "%s has ended, and nothing runs any more: %s: %s",
                self._thread_name, type(error).__name__, error, exc_info=error,
            )  # fmt: skip

    def stop(self, timeout: float | None = None) -> bool:
        """Asks the loop to end, and waits for a background thread. Returns whether it has ended.

        `timeout`: seconds to wait; None is `longest_stop`. May be called from any thread and from a
        signal handler.
        """
        self._stop.set()
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(self.longest_stop if timeout is None else timeout)
        return not thread.is_alive()

    def __enter__(self: S) -> S:
        """It starts in a background thread; the end of the block stops it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def process_name() -> str:
    """host:pid:random, as short as the contract wants a relay's name."""
    tail = f":{os.getpid()}:{secrets.token_hex(3)}"
    return socket.gethostname()[: LIMIT["relay"] - len(tail)] + tail
