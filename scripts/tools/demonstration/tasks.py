"""The tasks of scripts/demo: how they are created, what must become of them, how fast they were."""

from __future__ import annotations

import datetime
import json
import threading
import time
from dataclasses import dataclass, field

from qtask_db import Client, NewTask, calls
from qtask_db.constants import Status
from qtask_db.database import Connection
from qtask_db.models import TaskInfo

REAL_TIME = "DEMO:REAL-TIME"
DELAYED = "DEMO:DELAYED"
FAILING = "DEMO:FAILING"
QUEUES = (REAL_TIME, DELAYED, FAILING)
STARTS = "DEMO_STARTS"
"""The variable that names the file in which the worker notes when a handler was started."""

COUNT = 1_000
"""Of real-time tasks, and of delayed ones."""
BATCH = 50
LONGEST_DELAY = 5
PACE = 0.004  # seconds between two real-time tasks, so that one can watch
INTERVAL = 60
KEEP = 600  # or finished tasks would be purged while we watch
# Most attempts, and the attempt that works; None: none does.
FAILURES = ((3, None), (2, None), (3, None), (2, None)) + ((5, 2), (5, 3)) * 4
EXPECTED = {REAL_TIME: COUNT, DELAYED: COUNT, FAILING: len(FAILURES)}


class Producer(threading.Thread):
    """The application: creates all tasks at a steady pace, as requests would come in."""

    def __init__(self, client: Client) -> None:
        super().__init__(name="demo-producer", daemon=True)
        self.error: Exception | None = None
        self.sent_at: dict[int, float] = {}
        """Real-time tasks: when the application began to create them."""
        self.delay_of: dict[int, int] = {}
        self.works_at: dict[int, int | None] = {}
        self.created = 0
        self._client = client
        self._ended = threading.Event()

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        try:
            self._create()
        except Exception as error:
            self.error = error

    def _create(self) -> None:
        self._create_failing()
        began = time.monotonic()
        for number in range(COUNT):
            if number % BATCH == 0:
                self._create_delayed(number)
            at = time.time()
            task = self._client.create(
                "bind order", {"order_no": f"R{number}"}, INTERVAL, REAL_TIME, delete_deadline=KEEP
            )
            self.sent_at[task.task_id] = at
            self.created += 1
            if self._ended.wait(max(0.0, began + number * PACE - time.monotonic())):
                return

    def _create_delayed(self, number: int) -> None:
        delays = [1 + (number + place) % LONGEST_DELAY for place in range(BATCH)]
        tasks = self._client.create_many(
            NewTask(
                "close order",
                {"order_no": f"D{number + place}"},
                INTERVAL,
                DELAYED,
                delay,
                delete_deadline=KEEP,
            )
            for place, delay in enumerate(delays)
        )
        self.delay_of.update(
            (task.task_id, delay) for task, delay in zip(tasks, delays, strict=True)
        )
        self.created += len(tasks)

    def _create_failing(self) -> None:
        for number, (max_count, works_at) in enumerate(FAILURES):
            order_no = f"F{number}"
            payload = {"order_no": order_no, "works_at_attempt": works_at}
            task = self._client.create(
                "pay order", payload, INTERVAL, FAILING,
                order_no=order_no, max_count=max_count, delete_deadline=KEEP,
            )  # fmt: skip
            self.works_at[task.task_id] = works_at
            self.created += 1


@dataclass
class Outcome:
    """The fate of the tasks."""

    wrong: list[str] = field(default_factory=list)
    """Sentences, one for each thing that is not as expected."""
    latencies: dict[str, list[float]] = field(default_factory=dict)
    """Seconds, sorted: created to handler started, or due to handler started."""
    recovered: int = 0
    given_up: list[TaskInfo] = field(default_factory=list)
    runs: int = 0
    attempts: int = 0


def outcome(conn: Connection, starts: str, producer: Producer) -> Outcome:
    """Compares every task with what was expected of it; `starts` are the worker's notes."""
    found = Outcome()
    tasks = {q: calls.list_tasks(conn, queue=q, limit=10_000) for q in QUEUES}
    for queue in (REAL_TIME, DELAYED):
        _check(found, queue, tasks[queue], dict.fromkeys((t.task_id for t in tasks[queue]), 1))
    _check(found, FAILING, tasks[FAILING], producer.works_at)
    found.given_up = [task for task in tasks[FAILING] if task.status is Status.FAILED]
    found.recovered = sum(task.status is Status.FINISHED for task in tasks[FAILING])
    found.attempts = sum(task.attempts for queue in QUEUES for task in tasks[queue])

    notes = [json.loads(line) for line in starts.splitlines()]
    found.runs = len(notes)
    started = {note["task_id"]: note["at"] for note in notes if note["attempt"] == 1}
    due = {t.task_id: _seconds(t.created_at) + producer.delay_of[t.task_id] for t in tasks[DELAYED]}
    for queue, since in ((REAL_TIME, producer.sent_at), (DELAYED, due)):
        found.latencies[queue] = sorted(started[t] - at for t, at in since.items() if t in started)
    if found.latencies[DELAYED] and found.latencies[DELAYED][0] < -0.002:
        found.wrong.append(f"a delayed task ran {-found.latencies[DELAYED][0]:.3f} s too early")
    return found


def _check(
    found: Outcome, queue: str, tasks: list[TaskInfo], works_at: dict[int, int | None]
) -> None:
    if len(tasks) != EXPECTED[queue]:
        found.wrong.append(f"{queue}: {len(tasks)} tasks instead of {EXPECTED[queue]}")
    for task in tasks:
        at = works_at[task.task_id]
        expected = (Status.FAILED, task.max_count) if at is None else (Status.FINISHED, at)
        if (task.status, task.attempts) != expected:
            found.wrong.append(
                f"{queue}: task {task.task_id} is {task.status.name.lower()} after {task.attempts} "
                f"attempts, not {expected[0].name.lower()} after {expected[1]}"
            )


def _seconds(at: datetime.datetime) -> float:
    return at.replace(tzinfo=datetime.timezone.utc).timestamp()
