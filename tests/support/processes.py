"""Commands of `qtask` as child processes that end with the one that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

TOOLS = Path(__file__).resolve().parents[2] / "scripts" / "tools"
QTASK = Path(sys.executable).with_name("qtask")
READY = 20.0  # seconds that a process gets to start
PATIENCE = 10.0  # seconds that it gets to end by itself
_PR_SET_PDEATHSIG = 1
_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux only


class CommandError(RuntimeError):
    """A command of qtask ended when it should not, or not as it should."""


class Command:
    """A `qtask` command that runs until `stop`; what it says goes to `log`."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], log: Path) -> None:
        self.text = " ".join(("qtask", *arguments))
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(_qtask()), *arguments],
                env={**os.environ, **environment},
                cwd=TOOLS,  # the folder of the worker modules
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the parent, which then stops it
                preexec_fn=end_with_parent,
            )
        self.pid = self._process.pid

    def check(self) -> None:
        """Raises CommandError if it has ended."""
        if (status := self._process.poll()) is not None:
            raise CommandError(f"`{self.text}` ended with status {status}{self.last_lines()}")

    def wait_for(self, text: str) -> None:
        """Until its log has the text. Raises CommandError if it ends, or after READY seconds."""
        deadline = time.monotonic() + READY
        while text not in self._log.read_text(errors="replace"):
            self.check()
            if time.monotonic() > deadline:
                raise CommandError(f"`{self.text}` is not ready{self.last_lines()}")
            time.sleep(0.02)

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, to follow a message."""
        lines = self._log.read_text(errors="replace").splitlines()[-count:]
        return "\n    ".join(["; the end of its log:", *lines]) if lines else ""

    def memory(self) -> tuple[float, float]:
        """Resident megabytes: now, and at most since its start."""
        found = {}
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                found[name] = int(value.split()[0]) / 1024
        return found["VmRSS"], found["VmHWM"]

    def stop(self) -> int:
        """Ends it as an operator would, and returns its status."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def run(*arguments: str, environment: Mapping[str, str]) -> None:
    """Runs a command to its end. Raises CommandError with what it said where it fails."""
    done = subprocess.run(
        [str(_qtask()), *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise CommandError(f"`qtask {' '.join(arguments)}`: {said}")


class Ended(SystemExit):
    """A signal asked this process to end."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Signals unwind the stack, so that everything is cleaned up."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise Ended(128 + number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Impatient signals must not cut cleaning up short."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _qtask() -> Path:
    if not QTASK.exists():
        raise CommandError(f"{QTASK} is missing: this Python has no qtask-db installed")
    return QTASK


def end_with_parent() -> None:
    """This process dies with its parent, even if that is killed."""
    if _prctl is not None:
        with contextlib.suppress(OSError):
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
