"""Writes the generated pages of docs/reference, or says which are not current."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import sqlapi

from pages import cli, errors, python

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "sql": sqlapi.page,
    "cli": cli.page,
    "python": python.page,
    "errors": errors.page,
}


def outdated(names: list[str]) -> dict[str, str]:
    """The texts of the pages that are not as they should be, by name."""
    texts = {name: PAGES[name]() for name in names}
    return {name: text for name, text in texts.items() if text != _current(name)}


def _current(name: str) -> str:
    path = FOLDER / f"{name}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which are not current")
    parser.add_argument("page", nargs="*", help=f"{', '.join(PAGES)}; all if none is named")
    args = parser.parse_args()
    unknown = set(args.page) - PAGES.keys()
    if unknown:
        parser.error(f"no such page: {', '.join(sorted(unknown))}")
    found = outdated(args.page or list(PAGES))
    if args.check:
        if found:
            sys.exit(f"not current: {', '.join(found)}. Run scripts/reference")
        return
    for name, text in found.items():
        (FOLDER / f"{name}.md").write_text(text, encoding="utf-8")
        sys.stderr.write(f"wrote docs/reference/{name}.md\n")


if __name__ == "__main__":
    main()
