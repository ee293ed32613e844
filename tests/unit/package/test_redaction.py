"""What qtask shows of payloads: keys that QTASK_REDACT names have no values there."""

from __future__ import annotations

import json

import pytest

from qtask_db.payloads.redaction import redacted


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ('{"card_no": 12345678901234567890.10, "n": 1.2300}', '{"card_no": "***", "n": 1.2300}'),
        (
            '{"a": [{"PassWord" : {"x": [1, "}"]}, "b": 1}]}',
            '{"a": [{"PassWord" : "***", "b": 1}]}',
        ),
        ('{"\\u0063ard_no": "x\\"y", "b": 1}', '{"\\u0063ard_no": "***", "b": 1}'),
        ('{"text": "\\"card_no\\": 5"}', '{"text": "\\"card_no\\": 5"}'),
        ('{"card_number": 5}', '{"card_number": 5}'),
        ('{"card_no":', '{"card_no":"***"'),
        ('{"card_no": ' + "[" * 100_000, '{"card_no": "***"'),
    ],
)
def test_their_values_are_hidden(payload: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_REDACT", "card_no, Password,")
    assert redacted(payload) == shown


@pytest.mark.parametrize("names", ["", " , "])
def test_nothing_is_hidden_unless_told(names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QTASK_REDACT", names)
    payload = json.dumps({"card_no": 5})
    assert redacted(payload) == payload
