"""The README as a package index shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from metadata import Hook, absolute

ROOT = Path(__file__).resolve().parents[3]
REPOSITORY = "https://example.org/qtask/qtask-db"


def built(monkeypatch: pytest.MonkeyPatch, repository: str) -> dict[str, object]:
    monkeypatch.setenv("QTASK_REPOSITORY", repository)
    metadata: dict[str, object] = {"version": "1.2.3"}
    Hook(str(ROOT), {}).update(metadata)
    return metadata


def test_each_link_of_a_release_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = built(monkeypatch, REPOSITORY + "/")
    text = metadata["readme"]["text"]
    targets = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    assert targets
    for target in map("".join, targets):
        assert re.match(r"https://|#", target), target
    assert metadata["urls"]["Changelog"] == f"{REPOSITORY}/blob/v1.2.3/CHANGELOG.md"


def test_without_a_repository_nothing_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = built(monkeypatch, "")
    assert metadata["urls"] == {}
    assert metadata["readme"]["text"] == (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_picture_is_shown_and_a_page_is_opened() -> None:
    text = 'See [a](docs/a.md#b), [c](#d), [e](https://f.g) and <img src="docs/h.svg">.'
    assert absolute(text, "R", "v1") == (
        "See [a](R/blob/v1/docs/a.md#b), [c](#d), [e](https://f.g) "
        'and <img src="R/raw/v1/docs/h.svg">.'
    )
