"""Everybody can see what is public, and it stays importable."""

from __future__ import annotations

import ast
import importlib
import re
import zipfile
from pathlib import Path

import pytest

import qtask_db

ROOT = Path(__file__).resolve().parents[3]
RELEASED = ROOT / "tests/upgrades/released/0.1.0/qtask_db-0.1.0-py3-none-any.whl"
RULE = re.search(r"Public are (.*?)\. All else is private", str(qtask_db.__doc__), re.DOTALL)
MODULES = re.findall(r"`(\w+)`", str(RULE and RULE[1]).partition("the modules")[2])
LOGGERS = {
    name
    for path in ROOT.glob("qtask_db/**/*.py")
    for name in re.findall(r'get_logger\("qtask_db\.(\w+)"\)', path.read_text(encoding="utf-8"))
}
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(path for path in ROOT.glob("docs/**/*.md") if "internals" not in path.parts),
    *ROOT.glob("tests/clients/programs/*.py"),
]


def names(tree: ast.Module) -> set[str]:
    """The public functions and classes of a module, and what its `__all__` lists."""
    found = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            found |= set(ast.literal_eval(node.value))
    return {name for name in found if name[0] != "_"}


@pytest.mark.parametrize("name", MODULES)
def test_the_public_modules_say_what_they_are(name: str) -> None:
    module = importlib.import_module(f"qtask_db.{name}")
    assert module.__doc__
    if hasattr(module, "__path__"):  # what a package offers lies in its private modules
        assert all(hasattr(module, one) for one in module.__all__)


def test_all_that_is_named_is_there() -> None:
    assert len(MODULES) > 10
    for name in qtask_db.__all__:
        assert getattr(qtask_db, name).__doc__


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_what_is_public(document: Path) -> None:
    """Also files that lie in the package's folder, such as `qtask_db/sql`, are nobody's to use."""
    text = document.read_text(encoding="utf-8")
    used = set(re.findall(r"\bqtask_db\.(\w+)(?!\.md)", text))
    used |= {
        name.split(" as ")[0].strip()
        for line in re.findall(r"from qtask_db import ([\w, ]+)", text)
        for name in line.split(",")
    }
    assert used <= {*MODULES, *qtask_db.__all__, *LOGGERS}


NEWER = {"scheduling"}
"""They came after the release."""


@pytest.mark.parametrize("name", ["__init__", *(n for n in MODULES if n not in NEWER)])
def test_what_was_released_is_importable(name: str) -> None:
    with zipfile.ZipFile(RELEASED) as wheel:
        released = names(ast.parse(wheel.read(f"qtask_db/{name}.py")))
    module = importlib.import_module("qtask_db" if name == "__init__" else f"qtask_db.{name}")
    assert {one for one in released if not hasattr(module, one)} == set()
