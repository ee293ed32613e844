"""A reader with several terminals, who does what a document says and looks whether it is so."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

SERVICES = ("scripts/servers", "qtask relay", "qtask worker")
"""Commands that run until they are stopped, in a terminal of their own."""
STOP = "scripts/servers stop"
LOOKS = ("qtask explain", "qtask stats")
"""Commands that a reader gives again if they were too early."""
READY = re.compile(r" started|running until")
PATIENCE = 120.0
"""Seconds for what takes less: on a busy machine Python alone needs several to start."""


class Terminal:
    """A shell, and what it and its commands have said."""

    def __init__(self, folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self._log, self._statuses = log, log.with_suffix(".statuses")
        self._statuses.touch()
        self._serves = False
        self._read = 0
        with log.open("wb") as output:
            self._shell = subprocess.Popen(
                ["sh"], cwd=folder, env=environment, start_new_session=True,
                stdin=subprocess.PIPE, stdout=output, stderr=output, text=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def shows(self, expected: str) -> bool:
        """Whether it has said this since it was last asked."""
        found = re.compile(_pattern(expected), re.MULTILINE).search(self.said, self._read)
        if found:
            self._read = found.end()
        return found is not None

    def run(self, line: str) -> None:
        """Returns when the command has ended, well."""
        before = len(self._ended())
        self._type(f"{line}\necho $? >>{self._statuses}")
        self._wait(line, lambda: len(self._ended()) > before)
        assert self._ended()[-1] == "0", f"{line}\n{self.said}"

    def serve(self, line: str) -> None:
        """Returns when the command is ready; it takes the place of the shell."""
        self._serves = True
        self._type(f"exec {line}")
        self._wait(line, lambda: READY.search(self.said) is not None)

    def end(self, *, interrupted: bool = True) -> None:
        """A service by Ctrl-C, unless it ends by itself; a shell by the end of its input."""
        if self._serves and interrupted:
            self._shell.send_signal(signal.SIGINT)
        try:
            self._shell.communicate(timeout=PATIENCE)
        finally:
            self._shell.kill()
        assert self._shell.returncode == 0, self.said

    def _type(self, text: str) -> None:
        assert self._shell.stdin
        self._shell.stdin.write(f"{text}\n")
        self._shell.stdin.flush()

    def _wait(self, line: str, condition: Callable[[], bool]) -> None:
        ended = self._shell.poll
        _until(lambda: condition() or ended() is not None, lambda: f"{line}\n{self.said}")
        assert condition(), f"{line}\n{self.said}"

    def _ended(self) -> list[str]:
        return self._statuses.read_text(encoding="utf-8").split()


class Reader:
    """Has a terminal for commands that end, and opens one for each that does not."""

    def __init__(self, folder: Path, environment: Mapping[str, str], stack: ExitStack) -> None:
        self._folder, self._environment, self._stack = folder, environment, stack
        self._terminals: list[Terminal] = []
        self._main = self._open()
        self._look: str | None = None

    def python(self, block: str) -> None:
        """Saves a program under the name that its first line tells."""
        name = re.match(r"# (\w+\.py)\n", block)
        assert name, block
        (self._folder / name[1]).write_text(block, encoding="utf-8")

    def sh(self, block: str) -> None:
        *before, last = block.splitlines()
        if last == STOP:
            _, servers, *services = self._terminals
            for one in services:
                one.end()
            self._main.run(last)
            servers.end(interrupted=False)
            return
        self._look = block if block.startswith(LOOKS) else None
        service = last.startswith(SERVICES)
        terminal = self._open() if service else self._main
        for line in before:
            terminal.run(line)
        if service:
            terminal.serve(last)
        else:
            terminal.run(last)

    def text(self, block: str) -> None:
        """Some terminal shows this, or soon will."""

        def shown() -> bool:
            if any(terminal.shows(block) for terminal in self._terminals):
                return True
            if self._look is not None:
                self.sh(self._look)
            return False

        _until(
            shown,
            lambda: "\n====\n".join([block, *(terminal.said for terminal in self._terminals)]),
        )

    def _open(self) -> Terminal:
        log = self._folder / f"terminal-{len(self._terminals)}.log"
        terminal = Terminal(self._folder, self._environment, log)
        self._terminals.append(terminal)
        self._stack.callback(terminal.end)
        return terminal


def _until(condition: Callable[[], bool], said: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, said()
        time.sleep(0.05)


def _pattern(expected: str) -> str:
    """`…` is anything in a line, or any lines if it stands alone."""
    lines = [
        "(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n"
        for line in expected.splitlines()
    ]
    return f"^{''.join(lines)}"
