"""Calls of somebody who watches: they change nothing."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from qtask_db.calls.arguments import check_numbers, check_texts
from qtask_db.constants import Status
from qtask_db.database import bind
from qtask_db.models import (
    PLACES,
    AttemptInfo,
    Explanation,
    ProcessInfo,
    QueueAudit,
    QueueDepth,
    QueueStats,
    TaskDetails,
    TaskInfo,
)

_TASK = (
    "task_id", "namespace", "queue", "name", "order_no", "status", "attempts", "max_count",
    "created_at", "started_at", "ended_at", "due_at", "deadline_at", "last_error",
)  # fmt: skip
"""The columns that list_tasks returns."""
_QUEUE = ("namespace", "queue", "paused_at", "delivery")
_PROCESS = (
    "name", "kind", "state", "host", "pid", "program", "queues", "threads", "busy", "started_at",
    "seen_at",
)  # fmt: skip
_ACTIVE = ("waiting", "processing", "due")
_ENDED = ("finished", "cancelled", "failed")


def explain(conn: Any, task_id: int) -> Explanation:
    """Says in words why the task is where it is. Calls explain_task. Raises TaskNotFound."""
    check_numbers(in_task_id=task_id)
    _, ((found, status, text),) = bind(conn).call("explain_task", task_id)
    return Explanation(int(found), Status(int(status)), text)


def list_tasks(
    conn: Any,
    *,
    queue: str | None = None,
    status: Status | None = None,
    order_no: str | None = None,
    namespace: str | None = None,
    limit: int = 100,
) -> list[TaskInfo]:
    """Lists at most `limit` tasks that fit all that is given, newest first. Calls list_tasks."""
    check_texts(in_queue=queue, in_order_no=order_no, in_namespace=namespace)
    check_numbers(in_limit=limit)
    _, rows = bind(conn).call(
        "list_tasks",
        queue,
        None if status is None else int(status),
        order_no,
        namespace,
        limit,
    )
    return [_task(row) for row in _named(_TASK, rows)]


def read_task(conn: Any, task_id: int) -> TaskDetails:
    """Reads all of a task, with its payload and the attempts that did not succeed. Calls read_task.
    Raises TaskNotFound.
    """
    check_numbers(in_task_id=task_id)
    _, rows = bind(conn).call("read_task", task_id)
    (row,) = _named(
        (*_TASK, "interval_seconds", "on_failure", "lapses", "payload", "history"), rows
    )
    return TaskDetails(
        task=_task(row),
        interval=int(row["interval_seconds"]),
        on_failure=row["on_failure"],
        lapses=int(row["lapses"]),
        payload=row["payload"],
        attempts=[
            AttemptInfo(**{n: _utc(v) if n.endswith("_at") else v for n, v in found.items()})
            for found in json.loads(row["history"])
        ],
    )


def stats(conn: Any, namespace: str | None = None) -> list[QueueStats]:
    """Counts the tasks of each queue, the terminal ones, too. Reads the view queue_statistics."""
    columns = (*_QUEUE, *_ACTIVE, *_ENDED, "lag_seconds")
    rows = _named(columns, bind(conn).select("queue_statistics", columns))
    return sorted(
        (
            QueueStats(**_queue(row, (*_ACTIVE, *_ENDED)), lag=float(row["lag_seconds"]))
            for row in rows
            if namespace is None or row["namespace"] == namespace
        ),
        key=lambda found: (found.namespace, found.queue),
    )


def depth(conn: Any, namespace: str | None = None) -> list[QueueDepth]:
    """Counts the active tasks of each queue: quick, however many are terminal. Reads the view
    queue_depth.
    """
    columns = (*_QUEUE, *_ACTIVE, "lag_seconds")
    rows = _named(columns, bind(conn).select("queue_depth", columns))
    return sorted(
        (
            QueueDepth(**_queue(row, _ACTIVE), lag=float(row["lag_seconds"]))
            for row in rows
            if namespace is None or row["namespace"] == namespace
        ),
        key=lambda found: (found.namespace, found.queue),
    )


def audit(conn: Any) -> list[QueueAudit]:
    """Counts, for each queue, the tasks whose message should be in Redis, and says where the others
    are. Reads the view queue_audit.
    """
    columns = (*_QUEUE, *PLACES)
    rows = _named(columns, bind(conn).select("queue_audit", columns))
    return sorted(
        (QueueAudit(**_queue(row, PLACES)) for row in rows),
        key=lambda found: (found.queue, found.namespace),
    )


def _task(row: Mapping[str, Any]) -> TaskInfo:
    return TaskInfo(
        task_id=int(row["task_id"]),
        status=Status(int(row["status"])),
        attempts=int(row["attempts"]),
        max_count=int(row["max_count"]),
        **{name: row[name] for name in ("namespace", "queue", "name", "order_no")},
        **{name: _utc(row[name]) for name in _TASK if name.endswith("_at")},
        last_error=row["last_error"],
    )


def list_processes(conn: Any) -> list[ProcessInfo]:
    """The relays and workers that have reported within a day, and whether they still do. Reads the
    view process_list.
    """
    rows = _named(_PROCESS, bind(conn).select("process_list", _PROCESS))
    return sorted(
        (
            ProcessInfo(
                **{name: row[name] for name in ("name", "kind", "state", "host", "program")},
                pid=_number(row["pid"]),
                threads=_number(row["threads"]),
                busy=_number(row["busy"]),
                queues=None if row["queues"] is None else json.loads(row["queues"]),
                started_at=_utc(row["started_at"]),
                seen_at=_utc(row["seen_at"]),
            )
            for row in rows
        ),
        key=lambda found: (found.kind, found.name),
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    return (dict(zip(columns, row, strict=True)) for row in rows)


def _queue(row: Mapping[str, Any], counts: Sequence[str]) -> dict[str, Any]:
    """The columns that all rows of queues have in common, and these counts."""
    return {
        "namespace": row["namespace"],
        "queue": row["queue"],
        "paused": row["paused_at"] is not None,
        "delivery": row["delivery"],
        **{name: int(row[name]) for name in counts},
    }


def _utc(value: Any) -> Any:
    """The databases return times without a zone; a driver that converts nothing, texts."""
    if value is None:
        return None
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    return value.replace(tzinfo=datetime.timezone.utc)
