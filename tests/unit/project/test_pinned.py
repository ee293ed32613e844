"""Scripts and CI fetch only things that are named beforehand, by version and hash."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "scripts" / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
BASE = PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]
ASKED = {
    "test": [*BASE, *EXTRAS["mysql"], *EXTRAS["oracle"], *EXTRAS["test"]],
    "docs": EXTRAS["docs"],
    "lint": EXTRAS["lint"],
    "plots": EXTRAS["plots"],
    "rivals": [
        line for line in (FOLDER / "rivals.in").read_text().splitlines() if not line.startswith("#")
    ],
}
FILES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def pinned(name: str) -> list[tuple[Requirement, list[str]]]:
    """The requirements of a file, each with its hashes."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", "")
    found = []
    for line in text.splitlines():
        if not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            found.append((Requirement(requirement.strip()), [one.strip() for one in hashes]))
    return found


@pytest.mark.parametrize("name", FILES)
def test_each_package_has_one_version_and_hashes(name: str) -> None:
    for requirement, hashes in pinned(name):
        (version,) = requirement.specifier
        assert version.operator == "==", requirement
        assert requirement.url is None
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement
    assert "://" not in (FOLDER / f"{name}.txt").read_text(), "mirrors are the machine's matter"


def test_each_module_of_node_has_one_version_and_a_hash() -> None:
    locked = json.loads((FOLDER / "node" / "package-lock.json").read_text(encoding="utf-8"))
    modules = {name: found for name, found in locked["packages"].items() if name}
    assert modules
    for name, found in modules.items():
        assert re.fullmatch(r"sha512-[\w+/]+=*", found["integrity"]), name
        assert "resolved" not in found, "mirrors are the machine's matter"


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("name", ASKED)
def test_what_the_project_asks_for_is_there(name: str, python: str) -> None:
    """`scripts/lock` writes the files anew."""
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    there = {
        canonicalize_name(found.name): next(iter(found.specifier)).version
        for found, _ in pinned(name)
        if found.marker is None or found.marker.evaluate(here)
    }
    for wanted in map(Requirement, ASKED[name]):
        if wanted.marker is None or wanted.marker.evaluate(here):
            version = there[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(version, prereleases=True), wanted


def test_nothing_is_installed_in_another_way() -> None:
    asking = set()
    for folder in (".ci", "scripts", "tests/clients"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in ("", ".py"):
                text = path.read_text(encoding="utf-8")
                if re.search(r"-m\"?,? \"?pip.*install|npm, ", text):
                    asking.add(path.name)
                    assert re.search(r"--require-hashes|npm, \"ci\"", text), path
    assert {"env", "lock", "tools.py", "environment.py"} <= asking


def test_actions_are_named_by_their_commit() -> None:
    for path in (ROOT / ".github" / "workflows").iterdir():
        text = path.read_text(encoding="utf-8")
        used = re.findall(r"uses: *(.*)", text)
        assert used
        for one in used:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", one), one
        assert text.count("persist-credentials: false") == text.count("uses: actions/checkout@")
        assert re.search(r"^permissions:\n  contents: read$", text, re.MULTILINE)
