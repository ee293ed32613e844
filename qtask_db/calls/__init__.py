"""The stored procedures as functions: each has its procedure's name in Python's words, and calls it
once.

`conn` is anything that `qtask_db.database.bind` accepts. The calls of applications, consumers and
operators join its transaction and never commit; `scan`, `confirm`, `release`, `redrive`,
`take`, `remove_queue`, `remove_idle_queues`, `expire`, `purge`, `run_due_schedules` and
`advance_schedule` commit by themselves and need a connection without an open transaction. Times are
seconds. Every error is one of `qtask_db.errors`.
"""

from __future__ import annotations

from qtask_db.calls.consumer import (
    extend,
    fail,
    finish,
    finish_many,
    finish_once,
    processing,
    processing_many,
    receive,
    receive_many,
    return_many,
    take,
)
from qtask_db.calls.operator import (
    cancel,
    pause,
    redrive,
    remove_idle_queues,
    remove_queue,
    resume,
    retry,
    set_delivery,
)
from qtask_db.calls.producer import (
    create,
    create_many,
    delay,
)
from qtask_db.calls.relay import (
    confirm,
    expire,
    next_due,
    purge,
    release,
    scan,
)
from qtask_db.calls.scheduling import (
    advance_schedule,
    due_schedules,
    list_schedules,
    pause_schedule,
    remove_schedule,
    resume_schedule,
    run_due_schedules,
    run_schedule,
    set_schedule,
)
from qtask_db.calls.watcher import (
    audit,
    depth,
    explain,
    list_tasks,
    stats,
)
from qtask_db.constants import Status
from qtask_db.models import (
    Batch,
    Explanation,
    Message,
    QueueAudit,
    QueueDepth,
    QueueStats,
    ReceivedTask,
    Reception,
    Refused,
    Started,
    Taken,
    TaskInfo,
)
from qtask_db.scheduling import DueSchedule, Schedule, ScheduleInfo, ScheduleRun
from qtask_db.task import NewTask, Payload, Task

__all__ = [
    "Batch",
    "DueSchedule",
    "Explanation",
    "Message",
    "NewTask",
    "Payload",
    "QueueAudit",
    "QueueDepth",
    "QueueStats",
    "ReceivedTask",
    "Reception",
    "Refused",
    "Schedule",
    "ScheduleInfo",
    "ScheduleRun",
    "Started",
    "Status",
    "Taken",
    "Task",
    "TaskInfo",
    "advance_schedule",
    "audit",
    "cancel",
    "confirm",
    "create",
    "create_many",
    "delay",
    "depth",
    "due_schedules",
    "expire",
    "explain",
    "extend",
    "fail",
    "finish",
    "finish_many",
    "finish_once",
    "list_schedules",
    "list_tasks",
    "next_due",
    "pause",
    "pause_schedule",
    "processing",
    "processing_many",
    "purge",
    "receive",
    "receive_many",
    "redrive",
    "release",
    "remove_idle_queues",
    "remove_queue",
    "remove_schedule",
    "resume",
    "resume_schedule",
    "retry",
    "return_many",
    "run_due_schedules",
    "run_schedule",
    "scan",
    "set_delivery",
    "set_schedule",
    "stats",
    "take",
]
