"""Hostile settings: refused with a clear error, or harmless in every script."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from functools import lru_cache
from random import Random
from typing import Any

from qtask_db.errors import ConfigurationError
from qtask_db.schema.render import Renderer, dialects
from qtask_db.settings import Settings

from . import values

NAMES = [field.name for field in fields(Settings)]
HARMLESS = re.compile(r"[A-Za-z0-9_$#]{0,30}", re.ASCII)
SCRIPTS_SHARE = 0.05  # of the accepted ones; rendering takes as long as hundreds of calls
_USUAL: dict[str, Any] = {
    "prefix": "qtask_",
    "payload_limit": 65536,
    "push_grace": 5,
    "max_lapses": 10,
    "maintenance_minutes": 10,
    "tablespace": "USERS",
    "index_tablespace": "USERS",
    "sequence_cache": 1000,
}
_COMMENT = r"--[^\n]*|/\*.*?\*/|"
_QUOTED = {
    "mysql": re.compile(_COMMENT + r"'(?:[^'\\]|''|\\.)*'", re.DOTALL),
    "oracle": re.compile(_COMMENT + r"'(?:[^']|'')*'", re.DOTALL),
}
_GOOD = (
    "GCR:*,MAIL*",
    "pay_",
    "a",
    "x9_",
    "10",
    "1440",
    "2",
    "TS_1",
    "none",
    "reverse",
    "hash",
    "",
    " 7",
    "1_0",
)


def check(random: Random) -> tuple[str, str | None]:
    """The setting that was tried, and the fault in what happened."""
    name = random.choice(NAMES)
    text = random.choice(
        (values.text, values.long_text, values.json_text, lambda r: str(values.number(r)), _near)
    )(random)
    tried = f"{name}={text!r:.200}"
    try:
        chosen = Settings().updated({name: text})
    except ConfigurationError as error:
        return tried, None if name in str(error) else f"the error does not name it: {error}"
    if name != "queue_pattern" and not HARMLESS.fullmatch(str(getattr(chosen, name))):
        return tried, f"was accepted as {getattr(chosen, name)!r}"
    return tried, _script_fault(chosen) if random.random() < SCRIPTS_SHARE else None


def _near(random: Random) -> str:
    """A good value, or one character off."""
    good = random.choice(_GOOD)
    return good if random.random() < 0.5 else good + random.choice(values.FRAGMENTS)


@lru_cache(maxsize=256)
def _script_fault(chosen: Settings) -> str | None:
    """With words for words the scripts are those of usual settings; a pattern is a literal."""
    if chosen.queue_pattern != "*":
        return _literal_fault(chosen)
    usual = replace(chosen, **{n: value for n, value in _USUAL.items() if getattr(chosen, n)})
    for dialect in dialects():
        if _skeletons(dialect, chosen) != _skeletons(dialect, usual):
            return f"the script of {dialect} has another form"
    return None


def _literal_fault(chosen: Settings) -> str | None:
    """Without what stands between quotes the scripts have a form that the number of names gives."""
    plain = replace(chosen, queue_pattern=",".join("x" for _ in chosen.queue_patterns))
    for dialect in dialects():
        texts = (Renderer(dialect, one).script() for one in (chosen, plain))
        found, usual = (_QUOTED[dialect].sub("''", text) for text in texts)
        if re.sub(r"[\w$#]+", "w", found) != re.sub(r"[\w$#]+", "w", usual):
            return f"the pattern has left its quotes in the script of {dialect}"
    return None


@lru_cache(maxsize=256)
def _skeletons(dialect: str, chosen: Settings) -> tuple[str, str]:
    renderer = Renderer(dialect, chosen)
    script, grants = (re.sub(r"[\w$#]+", "w", s) for s in (renderer.script(), renderer.grants()))
    return script, grants
