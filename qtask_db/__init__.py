"""Durable tasks in MySQL, MariaDB or Oracle: stored procedures keep them, a relay queues them on
Redis until they are done. `conn` is a connection to the database, `redis` a client of redis-py:

    task = qtask_db.create(conn, "bind order", {"id": 17}, 3600, "ORDER:BIND", order_no="17")
    conn.commit()
    task.push(redis)

Public are the names in `__all__` and the modules `calls` (one function for each stored procedure),
`client` (commits and pushes by itself), `constants`, `database`, `errors` (every error), `install`,
`models`, `relay`, `scheduling`, `settings`, `task` and `worker`, each with all that it defines
without an underscore. All else is private: it may change in any release.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from qtask_db.calls import (
    advance_schedules,
    audit,
    cancel,
    change_tasks,
    confirm,
    create,
    create_many,
    delay,
    depth,
    due_schedules,
    end_many,
    expire,
    explain,
    extend,
    fail,
    finish,
    finish_many,
    finish_once,
    forget_process,
    import_tasks,
    list_processes,
    list_schedules,
    list_tasks,
    next_due,
    pause,
    pause_schedule,
    processing,
    processing_many,
    purge,
    read_task,
    receive,
    receive_many,
    redrive,
    reject,
    release,
    remove_idle_queues,
    remove_queue,
    remove_schedule,
    report_process,
    reserve_ids,
    resume,
    resume_schedule,
    retry,
    return_many,
    run_due_schedules,
    run_schedule,
    scan,
    select_tasks,
    set_delivery,
    set_schedule,
    snooze,
    stats,
    take,
)
from qtask_db.constants import Status
from qtask_db.database import Connection, Database, bind
from qtask_db.errors import QtaskError
from qtask_db.models import AttemptEnd, Ended
from qtask_db.registry.names import configure
from qtask_db.scheduling import Schedule
from qtask_db.task import Imported, ImportTask, NewTask, Task

if TYPE_CHECKING:
    from qtask_db.client import Client
    from qtask_db.relay import Relay
    from qtask_db.transport.pushing import push_tasks as push
    from qtask_db.worker import Fail, Job, Retry, Snooze, Worker

__all__ = [
    "AttemptEnd",
    "Client",
    "Connection",
    "Database",
    "Ended",
    "Fail",
    "ImportTask",
    "Imported",
    "Job",
    "NewTask",
    "QtaskError",
    "Relay",
    "Retry",
    "Schedule",
    "Snooze",
    "Status",
    "Task",
    "Worker",
    "advance_schedules",
    "audit",
    "bind",
    "cancel",
    "change_tasks",
    "configure",
    "confirm",
    "create",
    "create_many",
    "delay",
    "depth",
    "due_schedules",
    "end_many",
    "expire",
    "explain",
    "extend",
    "fail",
    "finish",
    "finish_many",
    "finish_once",
    "forget_process",
    "import_tasks",
    "list_processes",
    "list_schedules",
    "list_tasks",
    "next_due",
    "pause",
    "pause_schedule",
    "processing",
    "processing_many",
    "purge",
    "push",
    "read_task",
    "receive",
    "receive_many",
    "redrive",
    "reject",
    "release",
    "remove_idle_queues",
    "remove_queue",
    "remove_schedule",
    "report_process",
    "reserve_ids",
    "resume",
    "resume_schedule",
    "retry",
    "return_many",
    "run_due_schedules",
    "run_schedule",
    "scan",
    "select_tasks",
    "set_delivery",
    "set_schedule",
    "snooze",
    "stats",
    "take",
]

# A program that only creates tasks does not load the services.
_ON_DEMAND = {
    "Client": ("qtask_db.client", "Client"),
    "Fail": ("qtask_db.worker", "Fail"),
    "Job": ("qtask_db.worker", "Job"),
    "Relay": ("qtask_db.relay", "Relay"),
    "Retry": ("qtask_db.worker", "Retry"),
    "Snooze": ("qtask_db.worker", "Snooze"),
    "Worker": ("qtask_db.worker", "Worker"),
    "push": ("qtask_db.transport.pushing", "push_tasks"),
}


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _ON_DEMAND[name]
    return getattr(importlib.import_module(module), attribute)
