"""The checks and conversions of the calls' arguments, before the database sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qtask_db.errors import InvalidArgument, InvalidPayload
from qtask_db.task import Payload

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def check_texts(**given: object) -> None:
    """Raises InvalidArgument: drivers would send much else, and servers make something of it."""
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise InvalidArgument(f"{name} must be a text, not {value!r}")


def check_numbers(**given: object) -> None:
    """Raises InvalidArgument, for the same reason."""
    for name, value in given.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise InvalidArgument(f"{name} must be a whole number, not {value!r}")


def milliseconds(**given: float) -> int:
    """Of seconds. Raises InvalidArgument."""
    ((name, seconds),) = given.items()
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
        raise InvalidArgument(f"{name} must be a number of seconds, not {seconds!r}")
    return round(seconds * 1000)


def json_array(elements: list[dict[str, Any]]) -> str:
    """The argument of the bulk calls, as JSON. Raises InvalidArgument."""
    try:
        return json.dumps(elements, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"an element cannot be written as JSON: {error}") from error


def payload_text(payload: Payload) -> str:
    """The text that is stored; one that was given stays as it is. Raises InvalidPayload."""
    if isinstance(payload, str):
        return payload
    try:
        return _encode(dict(payload) if isinstance(payload, Mapping) else payload)
    except (TypeError, ValueError) as error:
        raise InvalidPayload(f"the payload cannot be written as JSON: {error}") from error


def options_of(
    order_no: str | None,
    namespace: str | None,
    deadline: int | None,
    delete_deadline: int | None,
    max_count: int | None,
) -> dict[str, Any]:
    """Those that were given, by name. Raises InvalidArgument."""
    texts = {"order_no": order_no, "namespace": namespace}
    numbers = {
        "deadline": deadline,
        "delete_deadline": delete_deadline,
        "max_count": max_count,
    }
    check_texts(**texts)
    check_numbers(**numbers)
    given: dict[str, Any] = texts | numbers
    return {name: value for name, value in given.items() if value is not None}


def json_attempts(tasks: Iterable[tuple[int, int | None]]) -> str:
    """In the order of the ids: two calls on the same tasks then lock them in one order."""
    return json_array([_element(*pair) for pair in sorted(tasks, key=lambda pair: pair[0])])


def json_messages(messages: Sequence[tuple[int, int | None, str]]) -> str:
    """As they are ordered."""
    for _, _, queue in messages:
        check_texts(queue=queue)
    return json_array(
        [{**_element(task_id, attempt), "queue": queue} for task_id, attempt, queue in messages]
    )


def _element(task_id: int, attempt: int | None) -> dict[str, Any]:
    return {"task_id": task_id} if attempt is None else {"task_id": task_id, "attempt": attempt}


def json_names(queues: Sequence[str]) -> str | None:
    """Unescaped: MariaDB's JSON_CONTAINS compares strings as they are written."""
    return json.dumps(list(queues), ensure_ascii=False) if queues else None
