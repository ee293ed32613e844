"""A relay or a worker tells the database now and then that it is there: `qtask ps` lists them."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

from qtask_db import calls
from qtask_db.constants import LIMIT
from qtask_db.errors import AccessDenied, Conflict, DatabaseUnavailable, NotInstalled
from qtask_db.process.retrying import Duty
from qtask_db.service.session import Session

INTERVAL = 15.0
"""Seconds between two reports: several may fail before others take the process for vanished."""
DENIED_INTERVAL = 600.0


class Presence:
    """It is never worth more than a task: it fails quietly, and rests then.

    `queues`: those that the process serves, None for any. `busy` tells how many handlers run.
    """

    def __init__(
        self,
        session: Session,
        logger: logging.Logger,
        kind: str,
        name: str,
        *,
        queues: Sequence[str] | None = None,
        threads: int | None = None,
        busy: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._session = session
        self._logger = logger
        self._kind = kind
        self._name = name[: LIMIT["relay"]].strip()
        self._queues = queues
        self._threads = threads
        self._busy = busy
        self._duty = Duty(logger, "database, reporting the process", first=INTERVAL, longest=60.0)
        self._began = time.monotonic()
        self._at = 0.0
        self._denied = False
        self._listed = False

    def quietly(self) -> None:
        """Reports, if it is time. A failure is only told: the process does its work unseen."""
        if time.monotonic() < self._at:
            return
        self._at = time.monotonic() + INTERVAL
        try:
            self._report()
        except (Conflict, DatabaseUnavailable) as error:
            # Others meet it, too, and tell.
            self._session.close_after(error)
        except (AccessDenied, NotInstalled) as error:
            # The account's roles, or the schema, are older than this program.
            if not self._denied:
                self._logger.warning("%s %s is not listed: %s", self._kind, self._name, error)
            self._denied = True
            self._at = time.monotonic() + DENIED_INTERVAL
        except Exception as error:
            self._session.close_after(error)
            self._at = time.monotonic() + max(INTERVAL, self._duty.failed(error))
        else:
            self._duty.works()
            self._listed = True

    def leave(self) -> None:
        """Says that the process ends, if it was listed and the database is there."""
        if self._listed:
            self._listed = False
            with contextlib.suppress(Exception):
                calls.forget_process(self._session.connection, self._name)
        self._at = 0.0

    def _report(self) -> None:
        calls.report_process(
            self._session.connection,
            self._name,
            self._kind,
            uptime=int(time.monotonic() - self._began),
            host=socket.gethostname(),
            pid=os.getpid(),
            program=_program(),
            queues=self._queues,
            threads=self._threads,
            busy=self._busy(),
        )


def _program() -> str:
    try:
        return f"qtask-db {version('qtask-db')}"
    except PackageNotFoundError:
        return "qtask-db"
