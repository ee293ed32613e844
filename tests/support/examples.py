"""The blocks of the documents, for the tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blocks(document: str, kind: str) -> list[str]:
    """The code blocks of a document that are of this kind, such as `sh`."""
    return [block for found, block in all_blocks(document) if found == kind]


def all_blocks(document: str) -> list[tuple[str, str]]:
    """Kind and text of all of them, in their order."""
    return parsed((ROOT / document).read_text(encoding="utf-8"))


def parsed(content: str) -> list[tuple[str, str]]:
    """The same, of a part of a document."""
    return re.findall(r"^```(\w+)\n(.*?)^```", content, re.MULTILINE | re.DOTALL)


def statements(block: str, engine: str) -> list[str]:
    """The statements of a block of SQL, without those that a comment keeps for the other engine."""
    others = {"mysql": "MariaDB", "mariadb": "MySQL"}[engine]
    kept = re.sub(rf"^.*-- {others}$", "", block, flags=re.MULTILINE)
    parts = re.sub(r"\s*--.*$", "", kept, flags=re.MULTILINE).split(";\n")
    return [part.strip().rstrip(";") for part in parts if part.strip()]
