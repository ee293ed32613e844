"""Calls for schedules: operators set them, relays and workers run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtask_db.calls.arguments import (
    check_numbers,
    check_texts,
    json_array,
    payload_text,
    seconds_of,
    utc,
)
from qtask_db.constants import Status
from qtask_db.database import bind
from qtask_db.scheduling import (
    DueSchedule,
    PlannedTicks,
    Schedule,
    ScheduleAdvance,
    ScheduleInfo,
    ScheduleRun,
    ticks,
)

_DEFINITION = (
    "namespace", "schedule", "every_seconds", "cron", "zone", "misfire", "max_catch_up", "overlap",
    "owner", "name", "queue", "payload", "interval_seconds", "deadline", "delete_deadline",
    "max_count", "on_failure",
)  # fmt: skip
_STATE = (
    "revision", "paused_at", "next_at", "lag_seconds", "last_at", "last_task_id", "last_status",
    "last_error",
)  # fmt: skip


def set_schedule(conn: Any, schedule: Schedule) -> int:
    """Creates or changes a schedule; returns its revision, 1 if it is new. New times count from
    now; if nothing changes, it stays as it is. Calls set_schedule.

    Raises BadInput or TooManyQueues; ConfigurationError if a cron expression cannot be read here.
    """
    check_texts(
        in_schedule=schedule.name, in_queue=schedule.queue, in_cron=schedule.cron,
        in_zone=schedule.zone, in_name=schedule.task, in_namespace=schedule.namespace,
        in_misfire=schedule.misfire, in_overlap=schedule.overlap, in_owner=schedule.owner,
        in_on_failure=schedule.on_failure,
    )  # fmt: skip
    check_numbers(
        in_every=schedule.every, in_interval=schedule.interval,
        in_max_catch_up=schedule.max_catch_up, in_deadline=schedule.deadline,
        in_delete_deadline=schedule.delete_deadline, in_max_count=schedule.max_count,
    )  # fmt: skip
    if schedule.cron is not None:
        ticks.check(schedule.cron, schedule.zone)
    (revision,), _ = bind(conn).call(
        "set_schedule",
        schedule.name,
        schedule.every,
        schedule.cron,
        schedule.zone,
        schedule.name if schedule.task is None else schedule.task,
        payload_text(schedule.payload),
        schedule.interval,
        schedule.queue,
        options=schedule.options(),
    )
    return int(revision)


def remove_schedule(conn: Any, name: str, namespace: str | None = None) -> None:
    """Removes a schedule; its tasks stay. Calls remove_schedule. Raises ScheduleNotFound."""
    check_texts(in_schedule=name, in_namespace=namespace)
    bind(conn).call("remove_schedule", name, namespace)


def pause_schedule(conn: Any, name: str, namespace: str | None = None) -> None:
    """Pauses a schedule: it makes no task until it is resumed. Calls pause_schedule. Raises
    ScheduleNotFound.
    """
    check_texts(in_schedule=name, in_namespace=namespace)
    bind(conn).call("pause_schedule", name, namespace)


def resume_schedule(conn: Any, name: str, namespace: str | None = None) -> None:
    """Resumes a paused schedule: it counts from now. Calls resume_schedule. Raises
    ScheduleNotFound.
    """
    check_texts(in_schedule=name, in_namespace=namespace)
    bind(conn).call("resume_schedule", name, namespace)


def run_schedule(conn: Any, name: str, namespace: str | None = None) -> int:
    """Makes a task of a schedule now, whatever its state; the schedule does not move. Returns the
    task's id. Calls run_schedule. Raises ScheduleNotFound, BadInput or TooManyQueues.
    """
    check_texts(in_schedule=name, in_namespace=namespace)
    (task_id,), _ = bind(conn).call("run_schedule", name, namespace)
    return int(task_id)


def run_due_schedules(conn: Any, limit: int = 100) -> ScheduleRun:
    """Creates the tasks of at most `limit` due schedules that tick every so many seconds. Calls
    run_due_schedules.

    If the task of one cannot be created, the others run all the same. Raises TransactionOpen.
    """
    check_numbers(in_limit=limit)
    (created, error, wait_ms, cron_wait_ms), _ = bind(conn).call("run_due_schedules", limit)
    return ScheduleRun(int(created), error, seconds_of(wait_ms), seconds_of(cron_wait_ms))


def due_schedules(conn: Any, limit: int = 100) -> list[DueSchedule]:
    """At most `limit` due schedules with a cron expression. Calls due_schedules."""
    check_numbers(in_limit=limit)
    _, rows = bind(conn).call("due_schedules", limit)
    return [
        DueSchedule(
            namespace, name, int(revision), cron, zone, misfire, int(max_catch_up),
            *map(ticks.time_of, times),
        )
        for namespace, name, revision, cron, zone, misfire, max_catch_up, *times in rows
    ]  # fmt: skip


def advance_schedules(conn: Any, plans: Sequence[PlannedTicks]) -> ScheduleAdvance:
    """Creates the tasks of these ticks of due schedules and moves each to the tick that follows.
    One that somebody else has run, has locked or has changed is passed over. Calls
    advance_schedules. Raises TransactionOpen.
    """
    (advanced, created, error), _ = bind(conn).call(
        "advance_schedules", json_array([_advance(plan) for plan in plans])
    )
    return ScheduleAdvance(int(advanced), int(created), error)


def list_schedules(conn: Any, namespace: str | None = None) -> list[ScheduleInfo]:
    """All schedules, by name. Reads the view schedule_list."""
    columns = (*_DEFINITION, *_STATE)
    rows = (
        dict(zip(columns, row, strict=True)) for row in bind(conn).select("schedule_list", columns)
    )
    return sorted(
        (_info(row) for row in rows if namespace is None or row["namespace"] == namespace),
        key=lambda found: (found.schedule.namespace or "", found.schedule.name),
    )


def _advance(plan: PlannedTicks) -> dict[str, Any]:
    found: dict[str, Any] = {
        "namespace": plan.due.namespace,
        "schedule": plan.due.name,
        "revision": plan.due.revision,
        "next_at": ticks.text_of(plan.due.next_at),
        "ticks": [ticks.text_of(tick) for tick in plan.ticks],
    }
    if plan.following is not None:
        found["following_at"] = ticks.text_of(plan.following)
    if plan.error is not None:
        found["error"] = plan.error
    return found


def _info(row: dict[str, Any]) -> ScheduleInfo:
    return ScheduleInfo(
        Schedule(
            name=row["schedule"],
            queue=row["queue"],
            payload=row["payload"],
            every=_int(row["every_seconds"]),
            cron=row["cron"],
            zone=row["zone"],
            misfire=row["misfire"],
            max_catch_up=int(row["max_catch_up"]),
            overlap=row["overlap"],
            task=row["name"],
            interval=int(row["interval_seconds"]),
            namespace=row["namespace"],
            deadline=_int(row["deadline"]),
            delete_deadline=_int(row["delete_deadline"]),
            max_count=_int(row["max_count"]),
            on_failure=row["on_failure"],
            owner=row["owner"],
        ),
        revision=int(row["revision"]),
        paused=row["paused_at"] is not None,
        next_at=utc(row["next_at"]),
        lag=float(row["lag_seconds"]),
        last_at=utc(row["last_at"]),
        last_task_id=_int(row["last_task_id"]),
        last_status=None if row["last_status"] is None else Status(int(row["last_status"])),
        last_error=row["last_error"],
    )


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
