"""Every construct in use is in the table of those that Oracle's documents show, and none else."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from test_static import RENDERER, rendered

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONSTRUCTS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "constructs.toml").read_text(encoding="utf-8")
)["construct"]
# In the order in which they came.
VERSIONS = ["8i", "9i", "10.1", "11.1", "12.1", "12.2", "18c", "19c", "21c", "23ai"]
TEXT = re.sub(
    r"/\*(?!\+).*?\*/|--[^\n]*",
    " ",
    "\n".join([*rendered().values(), *RENDERER.tables()]),
    flags=re.S,
)
WORDS = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", re.sub(r"/\*.*?\*/|'(?:[^']|'')*'", " ", TEXT)))


def test_every_word_is_documented() -> None:
    listed = [word for construct in CONSTRUCTS for word in construct["words"].split()]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == WORDS


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda c: c["name"])
def test_each_construct_is_in_use_and_in_every_version(construct: dict[str, Any]) -> None:
    assert construct["document"]
    assert VERSIONS.index(construct["since"]) <= VERSIONS.index("19c")
    assert set(construct.get("read", ())) <= set(VERSIONS)
    if VERSIONS.index(construct["since"]) >= VERSIONS.index("12.1"):
        assert construct["read"]
    if "text" in construct:
        assert re.search(construct["text"], TEXT), construct["text"]


def test_none_other_of_what_comes_in_variants() -> None:
    """Clauses that not every version has, or that mean something else in one of them."""
    for clause in ("ON ERROR", "ON EMPTY", "ALLOW SCALARS", "NESTED PATH", "WITH TIES", "PERCENT"):
        assert clause not in TEXT
    for word, construct in {
        "IS JSON": "IS JSON STRICT",
        "FOR UPDATE": "FOR UPDATE(;| SKIP LOCKED;)",
    }.items():
        assert len(re.findall(word, TEXT)) == len(re.findall(construct, TEXT))
