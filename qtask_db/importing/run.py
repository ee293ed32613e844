"""The passes of an import: each reads what is new, and takes over what has ended there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from qtask_db import calls
from qtask_db.constants import LIMIT, Status
from qtask_db.database import Connection
from qtask_db.errors import QtaskError
from qtask_db.importing.source import PAGE_ROWS, Look, OldTask, Source
from qtask_db.importing.translating import Unreadable, payload_of, translate
from qtask_db.models import SelectedTask
from qtask_db.task import ImportTask

ACTIVE = (Status.WAITING, Status.PROCESSING)
CHARACTERS = 2_000_000
"""Most of the payloads of one call: servers refuse packets that are too large."""
REPORTED = 1000
"""Tasks that could not be imported whose reasons are kept."""

Group = tuple[str, str, str]
"""Namespace, queue and state of tasks."""


class StillScanned(QtaskError):
    """A program of the Go library still scans, and would go on with tasks that have moved."""

    def __init__(self) -> None:
        super().__init__(
            "a program still scans the tables of the Go library: switch off its scan and its "
            "clean-up (qtask.Bind) everywhere, then run this again"
        )


@dataclass(slots=True)
class Pass:
    """What one pass has done."""

    groups: dict[Group, Counter[str]] = field(default_factory=dict)
    """What has become of the tasks that it has read."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    """Ids and reasons of the first ones that could not be imported."""

    def count(self, outcome: str) -> int:
        """The tasks with this outcome."""
        return sum(outcomes[outcome] for outcomes in self.groups.values())

    def add(self, group: Group, outcome: str) -> None:
        """One more task."""
        self.groups.setdefault(group, Counter())[outcome] += 1


class Import:
    """Imports again and again, and may be cut off at any moment: what is here is not imported a
    second time. It keeps the ids that it has dealt with.
    """

    def __init__(
        self, *, keep: int, history: bool = False, reserve: int = 10**9, dry_run: bool = False
    ) -> None:
        self._keep = keep
        self._history = history
        self._reserve = reserve
        self._dry_run = dry_run
        self._last_id = 0
        self._reserved = 0
        self._imported: set[int] = set()
        self._passed: set[int] = set()  # refused or left out
        self._last_scan: int | None = None

    def look(self, source: Source) -> Look:
        """Looks at the old table. Raises StillScanned if it was scanned since the look before."""
        found = source.look(history=self._history)
        before, self._last_scan = self._last_scan, found.last_scan
        if before is not None and found.last_scan > before and not self._dry_run:
            raise StillScanned
        return found

    def run(
        self,
        source: Source,
        target: Connection,
        *,
        report: Callable[[int], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Pass:
        """One pass. It tells `report` how many tasks each step has read, and ends early between two
        steps if `stopped` says so.
        """
        done = Pass()
        self._last_id = max(self._last_id, self.look(source).last_id)
        if not self._dry_run:
            self._reserve_ids(target)
        there: set[int] = set()
        for page in source.pages(history=self._history):
            if stopped():
                return done
            there.update(old.task_id for old in page if old.status in ACTIVE)
            self._import(target, self._translated(page, done), done)
            report(len(page))
        if not self._dry_run:
            self._take_over(source, target, there, done, stopped)
        return done

    def _reserve_ids(self, target: Connection) -> None:
        """So far ahead that programs of the library may go on drawing ids for as long as both run;
        again when they have drawn half of them.
        """
        if self._last_id + self._reserve // 2 >= self._reserved:
            self._reserved = min(self._last_id + self._reserve, LIMIT["reserved"])
            calls.reserve_ids(target, self._reserved)

    def _translated(self, page: list[OldTask], done: Pass) -> Iterator[ImportTask]:
        for old in page:
            if old.task_id in self._imported or old.task_id in self._passed:
                continue
            group = (old.namespace, old.queue, _state_of(old.status))
            try:
                task = translate(old, keep=self._keep, history=self._history)
            except Unreadable as error:
                self._refuse(done, group, old.task_id, str(error))
                continue
            if task is not None:
                yield task
            else:
                done.add(group, "left out")
                self._passed.add(old.task_id)

    def _import(self, target: Connection, tasks: Iterator[ImportTask], done: Pass) -> None:
        for some in _parts(tasks):
            groups = [(task.namespace or "", task.queue, str(task.status)) for task in some]
            if self._dry_run:
                for group in groups:
                    done.add(group, "to import")
                continue
            found = calls.import_tasks(target, some)
            for task, group, one in zip(some, groups, found, strict=True):
                if one.outcome == "refused":
                    self._refuse(done, group, task.task_id, one.reason or "")
                else:
                    done.add(group, one.outcome)
                    self._imported.add(task.task_id)

    def _refuse(self, done: Pass, group: Group, task_id: int, reason: str) -> None:
        done.add(group, "refused")
        self._passed.add(task_id)
        if len(done.refused) < REPORTED:
            done.refused.append((task_id, reason))

    def _take_over(
        self,
        source: Source,
        target: Connection,
        there: set[int],
        done: Pass,
        stopped: Callable[[], bool],
    ) -> None:
        """Finishes what is active here and not `there`, if the old row says that it was finished.
        One that this import has seen, and that is gone, was deleted after its end.
        """
        after: int | None = 0
        while after is not None and after < self._last_id and not stopped():
            step = calls.select_tasks(target, status=ACTIVE, after_id=after)
            here = {
                one.task_id: one
                for one in step.tasks
                if one.task_id <= self._last_id and one.task_id not in there
            }
            for ids in _chunks(list(here)):
                old = {one.task_id: one for one in source.tasks(ids)}
                ends = list(_finished(old.values()))
                ends += [_end(here[i]) for i in ids if i not in old and i in self._imported]
                for end, one in zip(ends, calls.import_tasks(target, ends), strict=True):
                    if one.outcome == "finished":  # else it is another task with the same id
                        group = (end.namespace or "", end.queue, str(here[end.task_id].status))
                        done.add(group, "finished")
            after = step.next_id


def _finished(tasks: Iterable[OldTask]) -> Iterator[ImportTask]:
    """With their payloads: a task of ours may have the id of an old one, and its name and queue."""
    for one in tasks:
        if one.status == Status.FINISHED:
            with suppress(Unreadable):  # it was not imported
                yield _end(one, payload_of(one.content))


def _end(one: OldTask | SelectedTask, payload: str | None = None) -> ImportTask:
    return ImportTask(
        one.task_id,
        one.name,
        one.queue,
        Status.FINISHED,
        namespace=one.namespace,
        payload=payload,
    )


def _state_of(code: int) -> str:
    return str(Status(code)) if code in list(Status) else str(code)


def _parts(tasks: Iterator[ImportTask]) -> Iterator[list[ImportTask]]:
    """The tasks of one call each."""
    part: list[ImportTask] = []
    size = 0
    for task in tasks:
        part.append(task)
        size += len(task.payload or "")
        if len(part) == LIMIT["imported"] or size > CHARACTERS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, PAGE_ROWS)):
        yield some
