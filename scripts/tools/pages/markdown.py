"""Pieces of Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 112


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column in which no row has something is left out."""
    rows = list(rows)
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(line[place].replace("|", "\\|") for place in kept) + " |"
        for line in lines
    )


def paragraph(text: str) -> str:
    """A text as one paragraph."""
    words = " ".join(text.split())
    return textwrap.fill(words, WIDTH, break_long_words=False, break_on_hyphens=False)


def fence(kind: str, text: str) -> str:
    """A block of code."""
    return f"```{kind}\n{text.strip()}\n```"
