"""The comparison: each side does the same in turn, on servers that store durably."""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from servers.base import Server, ServerError

from ..figure import at
from . import environment
from .known import RIVALS, Rival
from .process import PATIENCE, Driver, Records, until
from .sizes import Sizes

PRODUCERS = 8
WARM_UP = 50
AT_HAND = 20
"""Tasks of which the worker has some in progress when it is killed."""
KILL_TIMEOUT = 10
"""Seconds until a task of a dead worker comes again, for every side that can be told so."""
HANDLER = 60.0
"""Seconds that they would have taken."""


@dataclass(slots=True)
class Result:
    """The measurements of one side; None if one could not be made."""

    rival: Rival
    version: str = ""
    bulk: bool = True
    single: list[float] = field(default_factory=list)
    several: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    drain: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    """Seconds, infinite for those that had not come when the time was up."""
    in_progress: int = 0
    """Tasks that the worker ran when it was killed."""
    lost: int | None = None
    """Tasks that never come again, of those that the killed worker had."""
    stuck: int | None = None
    """Those that had not come when the time was up, and are stored still."""
    recovery: float | None = None
    problems: list[str] = field(default_factory=list)

    def value(self, column: str) -> float | None:
        """Of a column: single, several, batch, drain, p50, p99 or recovery."""
        if column in ("p50", "p99"):
            return at(self.late, int(column[1:]) / 100) if self.late else None
        if column == "recovery":
            return self.recovery
        values = getattr(self, column)
        return statistics.median(values) if values else None


@dataclass(slots=True)
class Comparison:
    """The results, qtask-db's first, and on which servers."""

    results: list[Result]
    servers: dict[str, str]
    sizes: Sizes

    @property
    def ours(self) -> Result:
        return self.results[0]


class Setting:
    """The servers, and their addresses for the processes of a side."""

    def __init__(self, stack: ExitStack, folder: Path, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.say = say
        self.servers: dict[str, Server] = {}
        self.errors: dict[str, str] = {}
        self._stack = stack
        self._files = 0
        self._programs = {"own": Path(sys.executable)}
        for name, provide in (("python", environment.python), ("node", environment.node)):
            try:
                self._programs[name] = provide(say)
            except (RuntimeError, OSError) as error:
                self.errors[name] = str(error)

    def add(self, name: str, start: Callable[[], Server]) -> None:
        try:
            self.servers[name] = self._stack.enter_context(start())
        except ServerError as error:
            self.errors[name] = str(error).splitlines()[0]

    def missing(self, rival: Rival) -> str | None:
        """Why this rival cannot run here."""
        return self.errors.get(rival.runs_on) or self.errors.get(rival.server)

    @contextmanager
    def driver(
        self, rival: Rival, verb: str, records: Records | None = None, **more: object
    ) -> Iterator[Driver]:
        # A side that clears its Redis must not clear another's: each has a database of its own.
        number = RIVALS.index(rival)
        transport, url = (
            f"{server.url.rpartition('/')[0]}/{number}" if server.engine == "redis" else server.url
            for server in (self.servers["transport"], self.servers[rival.server])
        )
        given = {
            "QTASK_DATABASE_URL": url,
            "QTASK_REDIS_URL": transport,
            "QTASK_PREFIX": f"rival{number}_",
            "RIVALS_URL": url,
            "RIVALS_RECORD": str(records.path) if records is not None else "",
        } | {f"RIVALS_{name.upper()}": str(value) for name, value in more.items()}
        program = self._programs[rival.runs_on]
        log = self.folder / f"{rival.name}-{verb}.log"
        driver = Driver(program, rival.module or rival.name, verb, given, log)
        try:
            yield driver
        finally:
            driver.kill()

    def records(self) -> Records:
        self._files += 1
        return Records(self.folder / f"records-{self._files}")

    @contextmanager
    def running(self, rival: Rival, records: Records, **more: object) -> Iterator[list[Driver]]:
        """Its worker, and before it what else it needs."""
        with ExitStack() as stack:
            verbs = ("relay", "work") if rival.relay else ("work",)
            yield [stack.enter_context(self.driver(rival, verb, records, **more)) for verb in verbs]


def compare(setting: Setting, sizes: Sizes, chosen: tuple[Rival, ...] = RIVALS) -> Comparison:
    """Round by round each side in turn; the recoveries, which only wait, all at once."""
    say = setting.say
    results = [Result(rival) for rival in chosen]
    for result in results:
        if problem := setting.missing(result.rival):
            result.problems.append(problem)
    for number in range(sizes.rounds):
        for result in results if number % 2 == 0 else reversed(results):
            _guarded(result, say, partial(_round, setting, sizes, result))
    for result in results:
        _guarded(result, say, partial(_lateness, setting, sizes, result))
    _recoveries(setting, sizes, results)
    addresses = {
        name: f"{server.engine} {server.version}" for name, server in setting.servers.items()
    }
    return Comparison(results, addresses, sizes)


def _guarded(result: Result, say: Callable[[str], None], step: Callable[[], None]) -> None:
    """A side that fails has its line, and the others go on."""
    if result.problems:
        return
    began = time.monotonic()
    try:
        step()
    except (RuntimeError, OSError) as error:
        result.problems.append(str(error))
        say(f"  {result.rival.name}: {error}")
    else:
        say(f"  {result.rival.name}: {time.monotonic() - began:.0f} s")


def _round(setting: Setting, sizes: Sizes, result: Result) -> None:
    """Creates one by one, by thousands, and has the worker empty the queue."""
    rival = result.rival
    with setting.driver(rival, "serve") as serve:
        result.version, result.bulk = serve.ask("install")
        serve.ask("clear")
        result.single.append(serve.ask("singles", sizes.single))
        serve.ask("clear")
        result.several.append(_at_once(setting, sizes, rival, serve))
        serve.ask("clear")
        count, rate = serve.ask("batches", sizes.batches, sizes.backlog)
        result.batch.append(rate)
        records = setting.records()
        with setting.running(rival, records) as drivers:
            if not until(lambda: len(records), PATIENCE, *drivers):
                raise RuntimeError("its worker takes no tasks")
            ended = until(lambda: len(records) >= count, sizes.drain, *drivers)
            ended = ended and until(lambda: serve.ask("left") == 0, sizes.drain, *drivers)
            until_then = time.time()
            found = records.starts()
        began = min(found.values())
        result.drain.append(len(found) / (until_then - began))
        if ended and len(found) < count:
            raise RuntimeError(f"{count - len(found)} of {count} tasks did not run")
        serve.ask("clear")


def _at_once(setting: Setting, sizes: Sizes, rival: Rival, serve: Driver) -> float:
    """Creations one by one a second, of several processes together."""
    with ExitStack() as stack:
        drivers = [
            stack.enter_context(setting.driver(rival, "serve")) for _ in range(PRODUCERS - 1)
        ]
        for driver in drivers:
            driver.ask("install")
        every = [serve, *drivers]
        for driver in every:
            driver.tell("singles", sizes.single)
        return float(sum(driver.answer() for driver in every))


def _lateness(setting: Setting, sizes: Sizes, result: Result) -> None:
    """Many tasks are due at one instant, and the worker waits for them."""
    rival, records = result.rival, setting.records()
    with ExitStack() as stack:
        serve = stack.enter_context(setting.driver(rival, "serve"))
        serve.ask("install")
        serve.ask("clear")
        drivers = stack.enter_context(setting.running(rival, records))
        serve.ask("create", WARM_UP)
        if not until(lambda: len(records) >= WARM_UP, PATIENCE, *drivers):
            raise RuntimeError("its worker does not run the first tasks")
        lead = 2 + math.ceil(rival.lead * sizes.delayed / 1000)
        numbers, dues = serve.ask("delayed", sizes.delayed, lead)
        wait = max(dues) - time.time() + sizes.late
        until(lambda: len(records) >= WARM_UP + sizes.delayed, wait, *drivers)
        found = records.starts()
        result.late = [
            found.get(int(number), math.inf) - due
            for number, due in zip(numbers, dues, strict=True)
        ]
        serve.ask("clear")


@dataclass(slots=True)
class _Killed:
    """A side whose worker was killed."""

    result: Result
    serve: Driver
    drivers: list[Driver]
    records: Records
    at: float


def _recoveries(setting: Setting, sizes: Sizes, results: list[Result]) -> None:
    """Kills each worker in the middle of its tasks, starts another at once and waits for all."""
    with ExitStack() as stack:
        killed: list[_Killed] = []
        for result in results:
            _guarded(
                result,
                setting.say,
                partial(_kill, setting, stack, result, killed),
            )
        for one in killed:
            _guarded(one.result, setting.say, partial(_recovery, sizes, one))


def _recovery(sizes: Sizes, one: _Killed) -> None:
    """Waits for the tasks of a killed worker."""
    until(lambda: len(one.records) >= AT_HAND, one.at + sizes.recovery - time.time())
    starts = one.records.starts()
    missing = AT_HAND - len(starts)
    one.result.recovery = max(starts.values()) - one.at if not missing else math.inf
    one.result.lost = max(0, missing - one.serve.ask("left")) if missing else 0
    one.result.stuck = missing - one.result.lost


def _kill(setting: Setting, stack: ExitStack, result: Result, killed: list[_Killed]) -> None:
    rival, first, second = result.rival, setting.records(), setting.records()
    serve = stack.enter_context(setting.driver(rival, "serve", timeout=KILL_TIMEOUT))
    serve.ask("install")
    serve.ask("clear")
    serve.ask("create", AT_HAND)
    if rival.relay:
        stack.enter_context(setting.driver(rival, "relay", timeout=KILL_TIMEOUT))
    with setting.driver(rival, "work", first, sleep=HANDLER, timeout=KILL_TIMEOUT) as worker:
        if not until(lambda: len(first), PATIENCE, worker):
            raise RuntimeError("its worker takes no tasks")
        time.sleep(2)
        result.in_progress = len(first)
    at_kill = time.time()
    worker = stack.enter_context(setting.driver(rival, "work", second, timeout=KILL_TIMEOUT))
    killed.append(_Killed(result, serve, [worker], second, at_kill))
