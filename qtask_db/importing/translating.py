"""A row of the Go library's becomes a task."""

from __future__ import annotations

import json
import re

from qtask_db.constants import LIMIT, Status
from qtask_db.importing.source import OldTask
from qtask_db.task import ImportTask

DAY = 86_400
_STATES = (Status.WAITING, Status.PROCESSING, Status.FINISHED, Status.FAILED)
_decoder = json.JSONDecoder()
_blank = re.compile(r"[ \t\n\r]*")


class Unreadable(Exception):
    """A row that no task can be made of; the text says why."""


def translate(old: OldTask, *, keep: int, history: bool) -> ImportTask | None:
    """The task; None of one that has ended, unless `history` is wanted and it is still kept.

    `keep`: seconds from its end if the row does not say. Raises Unreadable.
    """
    if old.status not in _STATES:
        raise Unreadable(f"{old.status} is no status of the Go library")
    status, error = Status(old.status), None
    if old.created is None or old.deadline is None:
        raise Unreadable("create_time or max_execute_time is no time")
    ended = None if status.active else _end_of(old, old.created)
    delete_deadline = keep if old.delete_interval is None else old.delete_interval
    if status.active and old.deadline <= 0:
        status, error, ended = Status.FAILED, "its deadline passed in the Go library", old.deadline
    elif status.active and old.max_count is not None and old.attempts >= old.max_count:
        status, error = Status.FAILED, "its attempts were used up in the Go library"
        ended = _end_of(old, old.created)
    if ended is None:
        # As long as the old row may count as active, this one is there: it is not imported again.
        delete_deadline = max(delete_deadline, old.deadline + DAY)
    elif not history or ended + delete_deadline <= 0:
        return None
    return ImportTask(
        old.task_id,
        old.name,
        old.queue,
        status,
        namespace=old.namespace,
        attempts=_within(old.attempts, 1 if status is Status.PROCESSING else 0, "max_count"),
        # The first generation knew no limit.
        max_count=_within(old.max_count, 1, "max_count", LIMIT["max_count"]),
        interval=_within(old.interval, 1, "seconds"),
        payload=payload_of(old.content),
        created=old.created,
        deadline=old.deadline,
        order_no=old.order_no or None,
        started=old.started,
        due=old.due if ended is None else None,
        ended=ended,
        delete_deadline=_within(delete_deadline, 0, "seconds"),
        error=error,
    )


def _end_of(old: OldTask, created: int) -> int:
    """The library keeps no time of an end, but one of the deletion that follows it."""
    if old.deletion is not None and old.delete_interval is not None:
        return min(old.deletion - old.delete_interval, 0)
    return min(created if old.started is None else old.started, 0)


def _within(value: int | None, least: int, limit: str, absent: int = 0) -> int:
    return min(max(absent if value is None else value, least), LIMIT[limit])


def payload_of(content: str | None) -> str:
    """The object without the task's id. All else keeps its text, so that numbers keep each digit.

    Raises Unreadable.
    """
    text = (content or "").strip()
    try:
        value = json.loads(text)
        depth = _depth(value)
    except ValueError:
        value, depth = None, 0
    except RecursionError:
        value, depth = {}, LIMIT["depth"] + 1
    if not isinstance(value, dict):
        raise Unreadable(f"its msg_content is no JSON object: {text:.40}")
    if depth > LIMIT["depth"]:
        raise Unreadable("its msg_content is nested too deeply")
    if "task_id" not in value:
        return text
    members = (text[start:end] for key, start, end in _members(text) if key != "task_id")
    return "{" + ", ".join(members) + "}"


def _members(text: str) -> list[tuple[str, int, int]]:
    """The members of an object, each with its place in the text."""
    found, place = [], _next(text, 1)
    while text[place] != "}":
        start = place
        key, place = _decoder.raw_decode(text, start)
        _, end = _decoder.raw_decode(text, _next(text, _next(text, place) + 1))
        found.append((key, start, end))
        place = _next(text, end)
        if text[place] == ",":
            place = _next(text, place + 1)
    return found


def _next(text: str, place: int) -> int:
    found = _blank.match(text, place)
    return found.end() if found else place


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)
