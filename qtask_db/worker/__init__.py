"""The worker: takes messages, starts their tasks, runs the handlers, ends the tasks."""

from qtask_db.worker.job import Job
from qtask_db.worker.job import WorkerCounters as Counters
from qtask_db.worker.outcomes import Fail, Retry, Snooze
from qtask_db.worker.service import Worker

__all__ = ["Counters", "Fail", "Job", "Retry", "Snooze", "Worker"]
