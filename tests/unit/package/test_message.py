"""The message on the queue: spliced without touching a digit, read back strictly."""

from __future__ import annotations

import base64
import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtask_db.errors import InvalidPayload
from qtask_db.models import Message
from qtask_db.transport.message import BadMessage, Received, decode, encode

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip
PAYLOADS = st.dictionaries(
    st.text().filter(lambda key: key not in ("task_id", "task_attempt")), JSON_VALUES
)


def message(payload: str, task_id: int = 17, attempt: int = 1) -> Message:
    return Message(task_id, attempt, "Q", payload)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ('{"order_no": "897"}', '{"task_id": 17, "task_attempt": 1, "order_no": "897"}'),
        ("{}", '{"task_id": 17, "task_attempt": 1}'),
        ("{ \t\r\n}", '{"task_id": 17, "task_attempt": 1}'),
        (' \n{  "a": {}} \r\n', '{"task_id": 17, "task_attempt": 1, "a": {}}'),
        ('{"a":1 }', '{"task_id": 17, "task_attempt": 1, "a":1 }'),
        ('{"a": "}"}', '{"task_id": 17, "task_attempt": 1, "a": "}"}'),
    ],
)
def test_encode_splices(payload: str, text: str) -> None:
    assert encode(message(payload)) == text


def test_numbers_survive_to_the_last_digit() -> None:
    number = "12345678901234567890.123456789012345678901234567890"
    text = encode(message(f'{{"amount": {number}, "e": 1E+2}}'))
    assert json.loads(text, parse_float=Decimal)["amount"] == Decimal(number)
    assert text.endswith(f'"amount": {number}, "e": 1E+2}}')


@pytest.mark.parametrize("payload", ["", "{", "}", "[]", "null", '"{}"', "{]", "x{}"])
def test_encode_refuses_what_is_no_object(payload: str) -> None:
    with pytest.raises(InvalidPayload, match="17"):
        encode(message(payload))


@given(
    PAYLOADS, st.integers(1, 10**18 - 1), st.integers(1, 2**31 - 1), st.booleans(),
    st.sampled_from([None, 2]),
)  # fmt: skip
def test_decode_returns_what_encode_got(
    payload: dict[str, object], task_id: int, attempt: int, ascii_only: bool, indent: int | None
) -> None:
    stored = json.dumps(payload, ensure_ascii=ascii_only, indent=indent)
    text = encode(message(stored, task_id, attempt))
    wanted = Received(task_id, attempt, payload)
    assert decode(text) == wanted
    assert decode(text.encode()) == wanted


def test_decode_without_an_attempt() -> None:
    assert decode(b'{"task_id": 5, "a": 1}') == Received(5, None, {"a": 1})
    assert decode('{"a": 1, "task_attempt": null, "task_id": 5}') == Received(5, None, {"a": 1})


def test_decode_reads_numbers_that_are_texts() -> None:
    raw = b'{"task_id": "999999999999999999", "task_attempt": "2", "n": "3"}'
    assert decode(raw) == Received(10**18 - 1, 2, {"n": "3"})


def wrapped(text: str | bytes, **beside: object) -> bytes:
    """A message in the form of hydra 1.x."""
    data = base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
    header = {"X-Request-Id": "9f8e"}
    return json.dumps({"__data__": data, "__header__": header, **beside}).encode()


def test_decode_unwraps_messages_of_hydra() -> None:
    raw = wrapped('{"order_no": "897", "task_id": 5, "shop": "\u5546\u57ce"}')
    assert decode(raw) == Received(5, None, {"order_no": "897", "shop": "\u5546\u57ce"})
    assert decode(raw).text == raw.decode()


def test_a_payload_may_have_the_key_that_hydra_uses() -> None:
    for payload in ({"__data__": "bm8="}, {"__data__": {"task_id": 6}, "__header__": {}}):
        text = encode(message(json.dumps(payload)))
        assert decode(text) == Received(17, 1, payload)
    inner = '{"task_id": 5, "__data__": "eyJ0YXNrX2lkIjogNn0="}'
    assert decode(wrapped(inner)).task_id == 5


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (wrapped("[1]"), "__data__: the message is not a JSON object"),
        (wrapped("{"), "__data__: the message is not JSON"),
        (wrapped(b"\xff"), "__data__ is not text in base64"),
        (wrapped("{}"), "no task_id"),
        (wrapped(wrapped('{"task_id": 1}')), "no task_id"),
        (wrapped('{"task_id": 0}'), "task_id is not an integer"),
        (wrapped("", __data__="e30"), "__data__ is not text in base64"),
        (wrapped("", __data__="{}"), "__data__ is not text in base64"),
        (wrapped("", __data__="\u00e4"), "__data__ is not text in base64"),
        (wrapped("", __data__={"task_id": 1}), "no task_id"),
        (wrapped('{"task_id": 1}', task_id=None), "no task_id"),
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b'{"task_id": 1', "not JSON"),
        (b'{"task_id": 1, "x": NaN}', "not JSON: NaN"),
        (b'{"task_id": 1, "x": -Infinity}', "not JSON: -Infinity"),
        (b'{"task_id": 1} {"task_id": 2}', "not JSON"),
        (b'{"task_id": 1, "x": "\xff"}', "not UTF-8"),
        (b"[1]", "not a JSON object"),
        (b"17", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "no task_id"),
        (b'{"task_id": null}', "no task_id"),
        (b'{"task_id": ""}', "task_id is not an integer"),
        (b'{"task_id": "01"}', "task_id is not an integer"),
        (b'{"task_id": "+1"}', "task_id is not an integer"),
        (b'{"task_id": " 1"}', "task_id is not an integer"),
        (b'{"task_id": "1.0"}', "task_id is not an integer"),
        (b'{"task_id": "1000000000000000000"}', "task_id is not an integer"),
        ('{"task_id": "\u0661"}'.encode(), "task_id is not an integer"),
        (b'{"task_id": 1.0}', "task_id is not an integer"),
        (b'{"task_id": true}', "task_id is not an integer"),
        (b'{"task_id": 0}', "task_id is not an integer"),
        (b'{"task_id": -1}', "task_id is not an integer"),
        (b'{"task_id": 1000000000000000000}', "task_id is not an integer"),
        (b'{"task_id": 1, "task_attempt": 0}', "task_attempt is not an integer"),
        (b'{"task_id": 1, "task_attempt": "2147483648"}', "task_attempt is not an integer"),
        (b'{"task_id": 1, "x": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"task_id": 1, "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else None,
)
def test_decode_says_what_is_wrong(raw: bytes, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        decode(raw)


def test_a_bad_message_is_not_quoted() -> None:
    with pytest.raises(BadMessage) as caught:
        decode(b'{"card": "4111111111111111"')
    assert "4111" not in str(caught.value)


@given(st.binary())
def test_decode_raises_nothing_else(raw: bytes) -> None:
    for message in (raw, wrapped(raw)):
        with contextlib.suppress(BadMessage):
            assert decode(message).task_id
