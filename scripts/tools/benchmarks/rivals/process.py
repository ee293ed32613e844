"""The processes of a side: one that creates its tasks, and those that run them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from processes import TOOLS, end_with_parent

from .side import RECORD

PATIENCE = 30.0


class Records:
    """The notes of handlers: each task's number and when it started."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return self.path.stat().st_size // RECORD.size if self.path.exists() else 0

    def read(self) -> list[tuple[int, float]]:
        return list(RECORD.iter_unpack(self.path.read_bytes())) if len(self) else []

    def starts(self) -> dict[int, float]:
        """When each task was started first."""
        return dict(reversed(self.read()))


class Driver:
    """A process of a side: `serve` answers what it is asked, others run until they are ended."""

    def __init__(
        self, program: Path, side: str, verb: str, environment: Mapping[str, str], log: Path
    ) -> None:
        self.text = f"{side} {verb}"
        self._log = log
        self._asked = ""
        pipe = subprocess.PIPE if verb == "serve" else None
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(program), *_arguments(program, side), verb],
                env={**os.environ, **environment},
                cwd=TOOLS,
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or output,
                stderr=output,
                text=True,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def ask(self, request: str, *arguments: Any) -> Any:
        """Sends a request and waits. Raises RuntimeError if the process ends instead."""
        self.tell(request, *arguments)
        return self.answer()

    def tell(self, request: str, *arguments: Any) -> None:
        """Sends a request."""
        assert self._process.stdin is not None
        self._asked = request
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps([request, *arguments]), file=self._process.stdin, flush=True)

    def answer(self) -> Any:
        """Waits for the answer to it. Raises RuntimeError if the process ends instead."""
        assert self._process.stdout is not None
        if answer := self._process.stdout.readline():
            return json.loads(answer)
        raise RuntimeError(f"{self.text}: {self._asked} failed{self.last_line()}")

    def check(self) -> None:
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.text} ended{self.last_line()}")

    def last_line(self) -> str:
        lines = self._log.read_text(errors="replace").split("\n")
        said = [line for line in lines if line.strip()]
        return f": {said[-1].strip()[:200]}" if said else ""

    def kill(self) -> None:
        """As if its machine had gone: itself and all that it has started, at once."""
        for pid in _family(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


def _arguments(program: Path, side: str) -> list[str]:
    if program.name == "node":
        return [str(Path(__file__).parent / "sides" / f"{side}.cjs")]
    return ["-m", "benchmarks.rivals.driver", side]


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def until(reached: Any, seconds: float, *drivers: Driver) -> bool:
    """Waits for a condition while the processes live; whether it came within so many seconds."""
    deadline = time.monotonic() + seconds
    while not reached():
        for driver in drivers:
            driver.check()
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
