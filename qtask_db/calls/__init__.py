"""The stored procedures as functions: each has its procedure's name in Python's words, and calls it
once.

`conn` is anything that `qtask_db.database.bind` accepts. The calls of applications, consumers and
operators join its transaction and never commit; `scan`, `confirm`, `release`, `redrive`,
`take`, `remove_queue`, `remove_idle_queues`, `change_tasks`, `expire`, `purge`, `report_process`
and `forget_process` commit by themselves and need a connection without an open transaction. Times
are seconds. Every error is one of `qtask_db.errors`.
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
    change_tasks,
    pause,
    redrive,
    remove_idle_queues,
    remove_queue,
    resume,
    retry,
    select_tasks,
    set_delivery,
)
from qtask_db.calls.process import (
    forget_process,
    report_process,
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
    list_processes,
    list_tasks,
    stats,
)
from qtask_db.constants import Status
from qtask_db.models import (
    Batch,
    Changes,
    Explanation,
    Message,
    ProcessInfo,
    QueueAudit,
    QueueDepth,
    QueueStats,
    ReceivedTask,
    Reception,
    Refused,
    SelectedTask,
    Selection,
    Started,
    Taken,
    TaskInfo,
)
from qtask_db.task import NewTask, Payload, Task

__all__ = [
    "Batch",
    "Changes",
    "Explanation",
    "Message",
    "NewTask",
    "Payload",
    "ProcessInfo",
    "QueueAudit",
    "QueueDepth",
    "QueueStats",
    "ReceivedTask",
    "Reception",
    "Refused",
    "SelectedTask",
    "Selection",
    "Started",
    "Status",
    "Taken",
    "Task",
    "TaskInfo",
    "audit",
    "cancel",
    "change_tasks",
    "confirm",
    "create",
    "create_many",
    "delay",
    "depth",
    "expire",
    "explain",
    "extend",
    "fail",
    "finish",
    "finish_many",
    "finish_once",
    "forget_process",
    "list_processes",
    "list_tasks",
    "next_due",
    "pause",
    "processing",
    "processing_many",
    "purge",
    "receive",
    "receive_many",
    "redrive",
    "release",
    "remove_idle_queues",
    "remove_queue",
    "report_process",
    "resume",
    "retry",
    "return_many",
    "scan",
    "select_tasks",
    "set_delivery",
    "stats",
    "take",
]
