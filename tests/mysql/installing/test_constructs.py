"""Every construct in use is in the table of those that the oldest supported versions have."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONSTRUCTS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "constructs.toml").read_text(encoding="utf-8")
)["construct"]
OLDEST = {"mysql": (8, 0, 21), "mariadb": (10, 6)}
RENDERER = Renderer("mysql", Settings(maintenance_minutes=5))
TEXT = "\n".join([*(found.text for found in RENDERER.objects), *RENDERER.tables()])
CODE = re.sub(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", " ", TEXT, flags=re.DOTALL)


def test_every_word_is_documented() -> None:
    listed = [word for construct in CONSTRUCTS for word in construct["words"].split()]
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", CODE))


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda c: c["name"])
def test_each_construct_is_in_use_and_in_the_oldest_versions(construct: dict[str, Any]) -> None:
    for server, oldest in OLDEST.items():
        assert tuple(map(int, construct[server].split("."))) <= (*oldest, 0)
    assert re.search(construct.get("text", ""), CODE)


def test_what_only_one_of_them_has_is_used_nowhere() -> None:
    """Of what both have in part, or in different versions."""
    for word in ("JSON_VALUE", "->>", "MD5", "SHA1", "RETURNING", "LATERAL", "MEMBER OF", "NESTED"):
        assert word not in CODE
