"""The text on a queue: a task's payload with `task_id` and `task_attempt` in it.

Programs of the Go library on hydra 1.x write it in another form, which is read, too:
`{"__data__": "<base64 of that text>", "__header__": {…}}`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from qtask_db.errors import InvalidPayload, QtaskError
from qtask_db.models import Message

_WHITESPACE = " \t\n\r"
_DATA = "__data__"
_LARGEST_ID = 10**18 - 1
"""The procedures read 18 digits."""
_LARGEST_ATTEMPT = 2**31 - 1
_CHUNK_MESSAGES = 1_000
_CHUNK_BYTES = 1_000_000


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


_parse = json.JSONDecoder(parse_constant=_refuse_constant).decode


class BadMessage(QtaskError):
    """A message is not a JSON object with a usable `task_id`; the text says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a consumer reads it."""

    task_id: int
    attempt: int | None
    """The attempt that was announced; None if the message has no `task_attempt`."""
    payload: dict[str, Any]
    """The payload as its creator gave it, without the two reserved keys."""
    text: str = field(default="", compare=False, repr=False)
    """The message as it came."""


def encode(message: Message) -> str:
    """The message's text. Raises InvalidPayload if the stored payload is not a JSON object.

    The payload is spliced, never parsed: a number keeps every digit that was stored, and a push
    costs no JSON work.
    """
    text = message.payload.strip(_WHITESPACE)
    if len(text) < 2 or text[0] != "{" or text[-1] != "}":
        raise InvalidPayload(f"the payload of task {message.task_id} is not a JSON object")
    rest = text[1:].lstrip(_WHITESPACE)
    separator = "" if rest == "}" else ", "
    head = f'{{"task_id": {message.task_id}, "task_attempt": {message.attempt}'
    return head + separator + rest


def decode(raw: bytes | str) -> Received:
    """Reads a message. Raises BadMessage if it is not one."""
    try:
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        raise BadMessage("the message is not UTF-8") from None
    payload = decode_payload(text)
    if "task_id" not in payload and isinstance(data := payload.get(_DATA), str):
        payload = _unwrapped(data)
    task_id = _number(payload, "task_id", _LARGEST_ID)
    attempt = _number(payload, "task_attempt", _LARGEST_ATTEMPT)
    if task_id is None:
        raise BadMessage("the message has no task_id")
    return Received(task_id, attempt, payload, text)


def decode_payload(text: str) -> dict[str, Any]:
    """Reads a payload as it is stored, or a message with its reserved keys. Raises BadMessage."""
    try:
        payload = _parse(text)
    except RecursionError:
        raise BadMessage("the message is nested too deeply") from None
    except ValueError as error:
        # json's own errors quote a position, never the text, so nothing secret gets out.
        raise BadMessage(f"the message is not JSON: {error}") from None
    if not isinstance(payload, dict):
        raise BadMessage("the message is not a JSON object")
    return payload


def _unwrapped(data: str) -> dict[str, Any]:
    """The object that a message of hydra 1.x carries. Raises BadMessage."""
    try:
        text = base64.b64decode(data, validate=True).decode("utf-8")
    except ValueError:
        raise BadMessage(f"{_DATA} is not text in base64") from None
    try:
        return decode_payload(text)
    except BadMessage as error:
        raise BadMessage(f"{_DATA}: {error}") from None


def _number(payload: dict[str, Any], key: str, largest: int) -> int | None:
    """Takes a reserved key out of the payload; a missing one and null are None."""
    value = payload.pop(key, None)
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,17}", value):
        value = int(value)  # JavaScript and others cannot write every number of 18 digits
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= largest:
        raise BadMessage(f"{key} is not an integer from 1 to {largest}")
    return value


def by_queue(messages: Iterable[Message]) -> dict[str, list[bytes]]:
    """The texts of each queue, in their order. Raises InvalidPayload."""
    queues: dict[str, list[bytes]] = {}
    for message in messages:
        queues.setdefault(message.queue, []).append(encode(message).encode())
    return queues


def chunks(texts: list[bytes]) -> Iterator[list[bytes]]:
    """Pieces of bounded length and size, so that no command blocks Redis for long."""
    chunk: list[bytes] = []
    size = 0
    for text in texts:
        if chunk and (len(chunk) == _CHUNK_MESSAGES or size + len(text) > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += len(text)
    if chunk:
        yield chunk
