"""Runs each kind of call once, as it will be run, and leaves nothing behind.

Those of applications and operators live a task's life in a transaction that is rolled back; those
of relays ask for tasks of a namespace that nobody has, or are refused by the procedure itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from qtask_db import calls, errors
from qtask_db.constants import NO_TASK
from qtask_db.doctor.advice import advice
from qtask_db.doctor.check import Check, fail, ok
from qtask_db.errors import AccessDenied, NotInstalled, QtaskError
from qtask_db.models import AttemptEnd
from qtask_db.scheduling import Schedule
from qtask_db.task import NewTask

if TYPE_CHECKING:
    from qtask_db.database import Connection

NAME = "qtask doctor"
"""Of the task, its queue and its namespace."""
_Step = tuple[str, Callable[[], object], type[QtaskError] | None]
"""The procedure, its call, the error that it must raise, if any."""


def examine_calls(conn: Connection) -> Iterator[Check]:
    """One check: how many procedures answer, or the first that does not."""
    answered, denied, broken = set(), set(), None
    for lives, autocommit in ((_life, False), (_other_lives, False), (_relay, True)):
        conn.set_autocommit(autocommit)
        try:
            for verb, call, expected in lives(conn):
                try:
                    call()
                except (AccessDenied, NotInstalled):
                    denied.add(verb)
                    continue
                except QtaskError as error:
                    if not (expected and isinstance(error, expected)):
                        broken = broken or (verb, error)
                        break
                answered.add(verb)
        finally:
            conn.rollback()
            conn.set_autocommit(True)
    if broken:
        yield fail("calls", f"{broken[0]}: {broken[1]}", advice(broken[1]))
        return
    text = f"{len(answered)} procedures have been called and answer"
    if answered or _reads(conn):
        yield ok("calls", text + (f", {len(denied)} are not for this account" if denied else ""))
    else:
        yield fail(
            "calls", "this account may call nothing", "run `qtask install`, or grant it a role"
        )


def _reads(conn: Connection) -> bool:
    """Whether this is a monitor, which calls nothing."""
    try:
        calls.depth(conn)
    except (AccessDenied, NotInstalled):
        return False
    return True


def _life(conn: Connection) -> Iterator[_Step]:
    made: list[int] = []

    def create() -> None:
        task = calls.create(conn, NAME, {}, 3600, NAME, namespace=NAME, order_no=NAME)
        made.append(task.task_id)

    yield "create_task", create, None
    task_id, absent = (made[0], None) if made else (NO_TASK, errors.TaskNotFound)
    yield "start_task", lambda: calls.processing(conn, task_id), absent
    yield "extend_task", lambda: calls.extend(conn, task_id, 1), absent
    yield "explain_task", lambda: calls.explain(conn, task_id), absent
    yield "fail_task", lambda: calls.fail(conn, task_id, 1, NAME, 0), absent
    yield "read_task", lambda: calls.read_task(conn, task_id), absent
    yield "start_tasks", lambda: calls.processing_many(conn, [(task_id, None)]), None
    yield "return_tasks", lambda: calls.return_many(conn, [(task_id, 2)]), None
    yield "start_task", lambda: calls.processing(conn, task_id), absent
    yield "snooze_task", lambda: calls.snooze(conn, task_id, 3, 1), absent
    yield "start_task", lambda: calls.processing(conn, task_id), absent
    ends = [AttemptEnd(task_id, 4, "fail", NAME, 0)]
    yield "end_attempts", lambda: calls.end_many(conn, NAME, ends), None
    yield "cancel_task", lambda: calls.cancel(conn, task_id), absent
    yield "retry_task", lambda: calls.retry(conn, task_id), absent
    named = [(task_id, None, NAME)]
    yield "receive_tasks", lambda: calls.receive_many(conn, named), None
    yield "receive_task", lambda: calls.receive(conn, *named[0]), absent
    attempts = [1]
    yield "start_task", lambda: attempts.append(calls.processing(conn, task_id)), absent
    yield "finish_task", lambda: calls.finish(conn, task_id, attempts[-1]), absent
    again = absent or errors.AlreadyFinished
    yield "finish_task_once", lambda: calls.finish_once(conn, task_id, attempts[-1]), again
    yield "finish_tasks", lambda: calls.finish_many(conn, [(task_id, None)]), None
    over = absent or errors.TaskNotActive
    yield "reject_task", lambda: calls.reject(conn, task_id, attempts[-1]), over


def _other_lives(conn: Connection) -> Iterator[_Step]:
    tasks = [NewTask(NAME, {}, 3600, NAME, namespace=NAME, order_no=NAME)]
    yield "create_task_ranges", lambda: calls.create_many(conn, tasks), None
    yield "create_tasks", lambda: conn.call("create_tasks", "[]"), None
    yield "delay_task", lambda: calls.delay(conn, NAME, {}, 60, 3600, NAME, namespace=NAME), None
    yield "pause_queue", lambda: calls.pause(conn, NAME, NAME), None
    yield "resume_queue", lambda: calls.resume(conn, NAME, NAME), None
    yield "set_delivery", lambda: calls.set_delivery(conn, NAME, "direct", NAME), None
    yield "list_tasks", lambda: calls.list_tasks(conn, namespace=NAME, limit=1), None
    yield "select_tasks", lambda: calls.select_tasks(conn, namespace=NAME, limit=1), None
    schedule = Schedule(NAME, NAME, every=3600, namespace=NAME)
    may = [False]

    def set_schedule() -> None:
        calls.set_schedule(conn, schedule)
        may[0] = True

    yield "set_schedule", set_schedule, None
    absent = None if may[0] else errors.ScheduleNotFound
    yield "pause_schedule", lambda: calls.pause_schedule(conn, NAME, NAME), absent
    yield "resume_schedule", lambda: calls.resume_schedule(conn, NAME, NAME), absent
    yield "run_schedule", lambda: calls.run_schedule(conn, NAME, NAME), absent
    yield "remove_schedule", lambda: calls.remove_schedule(conn, NAME, NAME), absent


def _relay(conn: Connection) -> Iterator[_Step]:
    """They commit by themselves."""
    yield "next_due", lambda: calls.next_due(conn, NAME), None
    yield "scan_tasks", lambda: calls.scan(conn, NAME, namespace=NAME, limit=1), None
    yield "confirm_batch", lambda: calls.confirm(conn, 1, NAME), errors.BatchNotFound
    yield "release_batch", lambda: calls.release(conn, 1, NAME), errors.BatchNotFound
    # Others would take what is there, whatever it is.
    refused = errors.InvalidArgument
    yield "take_tasks", lambda: calls.take(conn, NAME, [NAME], 0), refused
    yield "expire_tasks", lambda: calls.expire(conn, 0), refused
    yield "purge_tasks", lambda: calls.purge(conn, 0), refused
    report = calls.report_process
    yield "report_process", lambda: report(conn, NAME, "nothing", uptime=0), refused
    yield "forget_process", lambda: calls.forget_process(conn, NAME), None
    yield "run_due_schedules", lambda: calls.run_due_schedules(conn, 0), refused
    yield "due_schedules", lambda: calls.due_schedules(conn, 0), refused
    yield "advance_schedules", lambda: conn.call("advance_schedules", None), refused
    yield "remove_queue", lambda: calls.remove_queue(conn, ""), refused
    yield "remove_idle_queues", lambda: calls.remove_idle_queues(conn, 0), refused
    yield "change_tasks", lambda: calls.change_tasks(conn, "retry", [], deadline=0), refused
    yield "reserve_ids", lambda: calls.reserve_ids(conn, 0), refused
    yield "import_tasks", lambda: conn.call("import_tasks", "{}"), refused
    yield "redrive_tasks", lambda: calls.redrive(conn, NAME, limit=0), refused
