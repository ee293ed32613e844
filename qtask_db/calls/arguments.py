"""The checks and conversions of the calls' arguments, before the database sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from operator import is_
from typing import Any

from qtask_db.constants import LIMIT
from qtask_db.errors import InvalidArgument, InvalidPayload
from qtask_db.models import AttemptEnd
from qtask_db.task import SHARED, NewTask, Payload, shared

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def _quick_encoder() -> Callable[[Any], str]:
    """That of the json module, made once: `encode` makes one for each text, which takes longer than
    the text. It does not look for what contains itself.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _encoder.encode
    separators = _encoder.key_separator, _encoder.item_separator
    strings = json.encoder.encode_basestring
    encode = make(None, _encoder.default, strings, None, *separators, False, False, False)
    return lambda value: "".join(encode(value, 0))


_encode = _quick_encoder()
_quoted = json.encoder.encode_basestring_ascii

_LARGE = 4_000_000
"""Characters that all servers take, as usual, and merge."""


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


def json_array(elements: list[Any]) -> str:
    """The argument of the bulk calls, as JSON. Raises InvalidArgument."""
    try:
        return json.dumps(elements, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"an element cannot be written as JSON: {error}") from error


def json_object(members: Mapping[str, Any]) -> str:
    """An argument with names, as JSON. Raises InvalidArgument."""
    return json_array([dict(members)])[1:-1]


def payload_text(payload: Payload) -> str:
    """The text that is stored; one that was given stays as it is. Raises InvalidPayload."""
    if isinstance(payload, str):
        return payload
    if type(payload) is not dict and isinstance(payload, Mapping):
        payload = dict(payload)
    with suppress(Exception):
        return _encode(payload)
    try:
        return _encoder.encode(payload)
    except (TypeError, ValueError) as error:
        raise InvalidPayload(f"the payload cannot be written as JSON: {error}") from error


def new_tasks(tasks: Sequence[NewTask], payloads: Sequence[str]) -> tuple[str, str | None]:
    """The arguments of create_task_ranges. If the tasks differ in payload and order number alone,
    the array has nothing else. Raises InvalidArgument.
    """
    common = _in_common(tasks)
    if common is not None and len(common) <= LIMIT["common"]:
        text = ",".join(
            [
                f'{{"payload":{_quoted(payload)}}}'
                if task.order_no is None
                else f'{{"order_no":{_json(task.order_no)},"payload":{_quoted(payload)}}}'
                for task, payload in zip(tasks, payloads, strict=True)
            ]
        )
        if len(text) + len(tasks) * len(common) <= _LARGE:
            return f"[{text}]", common
    elements = (task.as_element(text) for task, text in zip(tasks, payloads, strict=True))
    return json_array(list(elements)), None


def _in_common(tasks: Sequence[NewTask]) -> str | None:
    """All but payload and order number as a JSON object, if all tasks have it."""
    if not tasks:
        return None
    first = shared(tasks[0])
    for task in tasks:
        values = shared(task)
        if not all(map(is_, values, first)) and (
            values != first or [*map(type, values)] != [*map(type, first)]  # True is 1
        ):
            return None
    return json_array([{n: v for n, v in zip(SHARED, first, strict=True) if v is not None}])[1:-1]


def _json(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else json_array([value])[1:-1]


def options_of(
    order_no: str | None,
    namespace: str | None,
    deadline: int | None,
    delete_deadline: int | None,
    max_count: int | None,
    on_failure: str | None,
) -> dict[str, Any]:
    """Those that were given, by name. Raises InvalidArgument."""
    texts = {"order_no": order_no, "namespace": namespace, "on_failure": on_failure}
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


def json_ends(ends: Iterable[AttemptEnd]) -> str:
    """In the order of the ids, too."""
    given = sorted(map(asdict, ends), key=lambda end: end["task_id"])
    return json_array(
        [{name: value for name, value in end.items() if value is not None} for end in given]
    )


def _element(task_id: int, attempt: int | None) -> dict[str, Any]:
    return {"task_id": task_id} if attempt is None else {"task_id": task_id, "attempt": attempt}


def json_names(queues: Sequence[str]) -> str | None:
    """Unescaped: MariaDB's JSON_CONTAINS compares strings as they are written."""
    return json.dumps(list(queues), ensure_ascii=False) if queues else None
