"""One run: the system is disturbed, left in peace until its tasks have ended, and judged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .checker import Violation
from .faults import Assassin, Troublemaker, Villain
from .producer import LONG
from .system import PROCESSES_OF_DIRECT, System

LOOK = 0.5
WARM_UP = 180.0
PEACE = 60.0
"""Seconds within which, when nothing disturbs any more, another task must end until all of a short
interval have."""


@dataclass
class Report:
    """One moment of a run, and at last its result."""

    phase: str = "starting"
    elapsed: float = 0.0
    fault: str = ""
    committed: int = 0
    ended: int = 0
    runs: int = 0
    violations: list[Violation] = field(default_factory=list)
    still_active: int = 0


class Run:
    """`warm_up`, `disturb` and `settle`; `show` is given the report again and again."""

    def __init__(self, system: System, show: Callable[[Report], None]) -> None:
        self._system = system
        self._show = show
        self._began = time.monotonic()
        self.report = Report()

    def warm_up(self) -> None:
        """Until tasks flow from end to end: a run that disturbs nothing proves nothing."""
        end = time.monotonic() + WARM_UP
        while not self.report.ended:
            if time.monotonic() > end:
                raise RuntimeError(f"no task has ended within {WARM_UP:g} s, undisturbed")
            time.sleep(LOOK)
            self._system.look()
            self._tell("starting", "")

    def disturb(self, seconds: float, *, kills: float, faults: list[str]) -> bool:
        """Whether all promises were kept so far; ends at the first that was not."""
        system = self._system
        trouble = Troublemaker(system, faults) if faults else None
        villains: list[Villain] = [trouble] if trouble else []
        if kills:
            villains.append(Assassin(system, 1 / kills))
        for villain in villains:
            villain.start()
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end and not system.checker.violations:
                time.sleep(LOOK)
                system.look()
                for villain in villains:
                    villain.check()
                self._tell("disturbed", trouble.present if trouble else "")
        finally:
            for villain in villains:
                villain.stop()
        return not system.checker.violations

    def settle(self) -> None:
        """No new tasks, no faults: the rest must come to its end. Then everything is judged."""
        system = self._system
        system.end_processes("producer")
        system.settings.peace.touch()
        system.state.forgive()
        until = time.monotonic() + PEACE
        while not system.state.in_time() and time.monotonic() < until:
            system.look()
            self._tell("settling", "")
            time.sleep(LOOK)
        spans = system.state.stop_ticking()
        ended, until = self.report.ended, time.monotonic() + PEACE
        while time.monotonic() < until and not system.checker.violations:
            system.look()
            self._tell("settling", "")
            if self.report.ended > ended:
                ended, until = self.report.ended, time.monotonic() + PEACE
            active = system.state.active()
            short = [number for number, (_, interval, _) in active.items() if interval < LONG]
            if not short and not system.checker.owing and not system.left():
                break
            time.sleep(LOOK)
        active = system.state.active()
        overdue = {
            # One that should have ended by now is as good as lost, whatever its due time says; and
            # so is one that is due later than it can be.
            number: late if interval >= LONG and -late <= longest else float("inf")
            for number, (late, interval, longest) in active.items()
        }
        left = system.left()
        system.end_processes(*PROCESSES_OF_DIRECT)
        if not system.look():
            raise RuntimeError("the database does not answer, though nothing disturbs it")
        self.report.still_active = len(active)
        system.checker.check_ticks(spans)
        system.checker.check_history(system.state.history())
        system.checker.close(system.state.ledger(), overdue, left)
        self._tell("ended", "")

    def _tell(self, phase: str, fault: str) -> None:
        checker, report = self._system.checker, self.report
        report.phase, report.fault = phase, fault
        report.elapsed = time.monotonic() - self._began
        report.committed = checker.committed
        report.ended = sum(row.ended_at is not None for row in checker.rows.values())
        report.runs = len(checker.runs)
        report.violations = checker.violations
        self._show(report)
