"""What of a payload nobody is to see who looks at tasks."""

from __future__ import annotations

import json
import os
import re

HIDDEN = '"***"'
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:\s*)?', re.DOTALL)
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def redacted(payload: str) -> str:
    """The text of a payload with `"***"` in place of the values of the keys that `QTASK_REDACT`
    names, at any depth, in capitals or not. All else keeps its text.
    """
    keys = {name.strip().casefold() for name in os.environ.get("QTASK_REDACT", "").split(",")}
    return _without(payload, keys - {""}) if keys != {""} else payload


def _without(text: str, keys: set[str]) -> str:
    shown, place = [], 0
    while found := _STRING.search(text, place):
        shown.append(text[place : found.end()])
        place = found.end()
        if found[2] is None or _name(found[1]).casefold() not in keys:
            continue
        shown.append(HIDDEN)
        try:
            place = _DECODER.raw_decode(text, place)[1]
        except (ValueError, RecursionError):
            return "".join(shown)
    return "".join(shown) + text[place:]


def _name(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]
