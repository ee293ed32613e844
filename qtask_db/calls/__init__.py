"""The stored procedures as functions: each has its procedure's name in Python's words, and calls it
once.

`conn` is anything that `qtask_db.database.bind` accepts. The calls of applications, consumers and
operators join its transaction and never commit; `scan`, `confirm`, `release`, `redrive`,
`take`, `remove_queue`, `remove_idle_queues`, `expire` and `purge` commit by themselves and need a
connection without an open transaction. Times are seconds. Every error is one of `qtask_db.errors`.
"""

from __future__ import annotations

from qtask_db.calls.consumer import (
    end_many,
    extend,
    fail,
    finish,
    finish_many,
    finish_once,
    processing,
    processing_many,
    receive,
    receive_many,
    reject,
    return_many,
    snooze,
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
from qtask_db.calls.watcher import (
    audit,
    depth,
    explain,
    list_tasks,
    read_task,
    stats,
)
from qtask_db.constants import Status
from qtask_db.models import (
    AttemptEnd,
    AttemptInfo,
    Batch,
    Ended,
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
    TaskDetails,
    TaskInfo,
)
from qtask_db.task import NewTask, Payload, Task

__all__ = [
    "AttemptEnd",
    "AttemptInfo",
    "Batch",
    "Ended",
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
    "Started",
    "Status",
    "Taken",
    "Task",
    "TaskDetails",
    "TaskInfo",
    "audit",
    "cancel",
    "confirm",
    "create",
    "create_many",
    "delay",
    "depth",
    "end_many",
    "expire",
    "explain",
    "extend",
    "fail",
    "finish",
    "finish_many",
    "finish_once",
    "list_tasks",
    "next_due",
    "pause",
    "processing",
    "processing_many",
    "purge",
    "read_task",
    "receive",
    "receive_many",
    "redrive",
    "reject",
    "release",
    "remove_idle_queues",
    "remove_queue",
    "resume",
    "retry",
    "return_many",
    "scan",
    "set_delivery",
    "snooze",
    "stats",
    "take",
]
