"""A server as a child process, which never outlives this one."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import account
from .base import READY_SECONDS, Server, ServerError, Unavailable

# Reads the server's pid whenever it changes. Its input ends when this process dies, however
# that happens; then the server is killed and its folder removed. PR_SET_PDEATHSIG would not do:
# it fires when the thread that started the server ends, and leaves the data behind.
WATCHER = """
pid=0
while read -r line; do pid=$line; done
[ "$pid" -gt 0 ] && kill -9 "$pid" 2>/dev/null
[ "$pid" -gt 0 ] && sleep 0.2
rm -rf "$1"
"""

_running: set[ProcessServer] = set()


class ProcessServer(Server):
    """Runs `command`, and asks `probe` (which returns the version) whether it answers."""

    def __init__(
        self,
        engine: str,
        url: str,
        source: str,
        *,
        command: list[str],
        folder: Path,
        probe: Callable[[str, str], str],
    ) -> None:
        super().__init__(engine, url, "", source)
        self.folder = folder
        self._command = account.within_reach(command, folder)
        self._probe = probe
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = _watch(folder)
        _running.add(self)
        try:
            self._launch()
        except ServerError as error:
            self.stop()
            raise Unavailable(str(error)) from error
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int | None:
        """The server process, while there is one (to pause it with SIGSTOP, or to measure it)."""
        return self._process.pid if self._process else None

    @property
    def log_file(self) -> Path:
        return self.folder / "server.log"

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        if not self.folder.exists():
            raise ServerError(f"this {self.engine} server was stopped and its data removed")
        self._end(signal.SIGTERM)
        self._launch()

    def stop(self) -> None:
        if os.getpid() != self._owner:
            return  # a forked child must not end its parent's server
        _running.discard(self)
        self._end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._watcher.stdin and not self._watcher.stdin.closed:
            self._watcher.stdin.close()
            self._watcher.wait()

    def _launch(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = account.start(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            )
        self._tell_watcher(self._process.pid)
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            if process.poll() is not None:
                raise ServerError(self._failure(f"ended with status {process.returncode}"))
            try:
                self.version = self._probe(self.engine, self.url)
            except ServerError as error:
                if time.monotonic() > deadline:
                    reason = f"does not answer after {READY_SECONDS:.0f} s ({error})"
                    raise ServerError(self._failure(reason)) from error
                time.sleep(0.02)
            else:
                return

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._tell_watcher(0)  # the number may soon belong to somebody else

    def _tell_watcher(self, pid: int) -> None:
        if self._watcher.stdin:
            with contextlib.suppress(OSError):
                self._watcher.stdin.write(f"{pid}\n".encode())
                self._watcher.stdin.flush()

    def _failure(self, what: str) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-15:]
        return "\n    ".join([f"{self.engine} server {what}; the end of its log:", *lines])


@contextlib.contextmanager
def paused(*servers: Server) -> Iterator[None]:
    """They hang: SIGSTOP at first, SIGCONT at last."""
    numbers = [server.pid for server in servers if isinstance(server, ProcessServer) and server.pid]
    for number in numbers:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in numbers:
            os.kill(number, signal.SIGCONT)


def _watch(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", WATCHER, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )


@atexit.register
def _stop_all() -> None:
    for server in list(_running):
        server.stop()
