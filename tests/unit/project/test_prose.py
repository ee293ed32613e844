"""scripts/prose counts what it says, and says where."""

from __future__ import annotations

from pathlib import Path

import prose
import pytest


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("What a relay does is told below.", ["what"]),
        ("Who pushes often keeps a client.", ["what"]),
        ("What is a relay?", []),
        ("A relay says what it does.", []),
        ("The task is given up where only it fails.", ["where"]),
        ("Where Redis is full, relays wait.", ["where"]),
        ("The page says where a task is.", []),
        ("A page says how to test, and where a change belongs.", []),
        ("Passwords stay where you put them.", []),
        ("`WHERE` and `where` are code.", []),
        ("A pause is no error.", ["is no"]),
        ("The task is no longer there.", []),
        ("There is no way back.", []),
    ],
)
def test_a_sentence_is_of_these_kinds(sentence: str, kinds: list[str]) -> None:
    assert list(prose.kinds(sentence)) == kinds


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.md", "# A\n\nGood. What\nis bad.\n\n```sh\n# What\n```\n\n| x | What y |\n", [3, 10]),
        ("a.py", '"""Good.\n\nWhat is bad.\n"""\nx = 1  # What is bad\n', [3, 5]),
        ("a.py", "raise E(f'What {x} is not there')\nx = 'What'\n", [1]),
        ("a.sql", "-- What is\n-- bad.\nSELECT 'What'; /* Good.\nWhat is bad. */\n", [1, 4]),
        ("a.toml", "# Good.\n# What is bad.\nx = 1\n", [2]),
    ],
)
def test_a_sentence_has_its_line(tmp_path: Path, name: str, text: str, lines: list[int]) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    found = [
        line
        for first, piece in prose.pieces(path)
        for line, sentence in prose.sentences(first, piece)
        if list(prose.kinds(sentence))
    ]
    assert sorted(found) == lines
