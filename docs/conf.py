"""The site of this folder; `scripts/docs` builds it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import tomllib
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
PROJECT = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = os.environ.get("QTASK_REPOSITORY", "").rstrip("/")

project = "qtask-db"
release = PROJECT["version"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # the SQL of two vendors
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False
html_copy_source = False
html_use_index = False

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(((?:\.\./)+[^)\s]*)\)")


def link_the_source(_app: Sphinx, page: str, content: list[str]) -> None:
    """Lets links that leave this folder lead to QTASK_REPOSITORY, or makes them plain text."""

    def target(link: re.Match[str]) -> str:
        path = os.path.normpath(DOCS / Path(page).parent / link[2])
        inside = os.path.relpath(path, DOCS.parent)
        if inside.startswith("docs/"):
            return link[0]
        return f"[{link[1]}]({REPOSITORY}/blob/main/{inside})" if REPOSITORY else link[1]

    content[0] = _LINK.sub(target, content[0])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", link_the_source)
