"""docs/internals speaks of files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from benchmarks import page as benchmarks

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted((ROOT / "docs/internals").glob("*.md"))
KNOWN = {
    path.name
    for folder in ("docs", "migrations", "qtask_db", "scripts", "sql", "tests", ".github")
    for path in (ROOT / folder).rglob("*")
} | {path.name for path in ROOT.iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_and_folders_that_are_named_exist(page: Path) -> None:
    words = re.findall(r"`([\w./-]+)(?:[ `])", page.read_text(encoding="utf-8"))
    paths = [word for word in words if re.search(r"\.(py|sql|toml|md)$|^\w+/[\w/.-]*$", word)]
    gone = [p for p in paths if not (ROOT / p).exists() and Path(p).name not in KNOWN]
    assert gone == []


def test_the_architecture_names_each_part_of_the_package() -> None:
    page = (ROOT / "docs/internals/architecture.md").read_text(encoding="utf-8")
    table = page.split("## Modules", 1)[1].split("\n## ", 1)[0]
    parts = {p.name + "/" * p.is_dir() for p in (ROOT / "qtask_db").glob("[!_]*")} - {"py.typed"}
    assert {part for part in parts if f"`{part}`" not in table} == set()


def test_the_benchmarks_are_those_that_were_saved() -> None:
    assert benchmarks.PAGE.read_text() == benchmarks.page(), "run `scripts/bench page`"


def test_the_tables_of_the_benchmarks_fit_into_a_terminal() -> None:
    lines = benchmarks.PAGE.read_text().splitlines()
    assert [line for line in lines if line.startswith("|") and len(line) > 100] == []
