"""Each hint and trick of the SQL names its rule, and the pages of the rules are true of the SQL."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from qtask_db.resources import directory

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(
    (ROOT / f"docs/internals/{name}-rules.md").read_text(encoding="utf-8")
    for name in ("innodb", "oracle")
)
HEADING = re.compile(r"^#{2,3} (?=[RO]\d+\. )", re.MULTILINE)
TAG = re.compile(r"\b[RO]\d+\b")
FILES = {
    path: path.read_text(encoding="utf-8")
    for dialect in ("mysql", "oracle")
    for path in sorted((directory("sql") / dialect).rglob("*.sql"))
}
TRICK = re.compile(
    r"FORCE INDEX|STRAIGHT_JOIN|SKIP LOCKED|LOCK IN SHARE MODE|FOR UPDATE\b|/\*\+|SET STATEMENT"
    r"|LAST_INSERT_ID\([^)]|SYSDATE|TRANSACTION ISOLATION|attempts >= 0|SELECT MAX\(lane\)"
    r"|/\*!80000$|IF EXISTS \(SELECT 1 FROM \{\{ p \}\}|IF .* NOT EXISTS \($|LOCAL_TRANSACTION_ID"
    r"|SYS\.ODCIVARCHAR2LIST"
)


def code(text: str) -> list[str]:
    """Its lines without the headers, each with the comment above it."""
    plain = re.sub(r"/\*\n.*?\*/", "", text, flags=re.DOTALL)
    joined = re.sub(
        r"\{#-.*?-#\}\n", lambda found: found[0].replace("\n", " "), plain, flags=re.DOTALL
    )
    return re.sub(r"^( *--[^\n]*)\n", r"\1 ", joined, flags=re.MULTILINE).splitlines()


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_each_trick_has_a_tag(path: Path) -> None:
    tricks = [line.strip() for line in code(FILES[path]) if TRICK.search(line)]
    assert [line for line in tricks if not TAG.search(line)] == []


def test_each_rule_is_used_by_the_files_that_it_names() -> None:
    named = {}
    for part in HEADING.split(PAGES)[1:]:
        files = re.search(r"^Used in: ([^.]*)\.$", part, re.MULTILINE)
        named[part.split(".", 1)[0]] = set(files[1].replace(",", "").split()) if files else set()
    used = defaultdict(set)
    for path, text in FILES.items():
        for tag in TAG.findall(text):
            assert (tag[0] == "O") == path.is_relative_to(directory("sql") / "oracle"), (path, tag)
            macros = path.parent.name == "macros"
            used[tag].add(f"macros/{path.stem}" if macros else path.stem)
    assert named == used


def test_rules_are_numbered_without_a_gap() -> None:
    for letter in "RO":
        found = [int(n) for n in re.findall(rf"^#+ {letter}(\d+)\. ", PAGES, re.MULTILINE)]
        assert found == list(range(1, len(found) + 1))


def test_the_tests_that_guard_a_rule_exist() -> None:
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", PAGES):
        assert f"def {name}(" in tests, name
