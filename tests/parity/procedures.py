"""The procedures of each dialect, with their headers."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

import pytest

from qtask_db.dialects import signature
from qtask_db.resources import directory
from qtask_db.schema.render import INDEX, Renderer, Routine, dialects
from qtask_db.settings import Settings

SQL = directory("sql")
DIALECTS = dialects()
PUBLIC = [entry["name"] for entry in INDEX["procedure"] if "role" in entry]
SHARED = [entry["name"] for entry in INDEX["procedure"] if "dialect" not in entry]


@dataclass(frozen=True)
class Procedure:
    """The header and the text of a rendered procedure."""

    name: str
    text: str
    header: str
    parameters: list[tuple[str, str]]
    """Mode and name."""
    locals: list[tuple[str, str]]
    """Name and type."""

    def section(self, title: str) -> str:
        parts = re.split(r"^([A-Z]\w+)$", self.header, flags=re.MULTILINE)
        return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}.get(title, "")

    @property
    def sections(self) -> list[str]:
        return re.findall(r"^([A-Z]\w+)$", self.header, flags=re.MULTILINE)

    def told(self, title: str) -> dict[str, list[str]]:
        """The words that a section has for each parameter."""
        parts = re.split(r"^  (in_\w+|out_\w+) ", self.section(title), flags=re.MULTILINE)
        return {name: text.split() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def _stored(name: str, text: str) -> Procedure:
    """A procedure of its own: the header opens its body."""
    found = re.search(r"BEGIN\s*?\n(  /\*.*?\*/)", text, flags=re.DOTALL)
    assert found, f"{name} has no header at the beginning of its body"
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return Procedure(
        name,
        text,
        _words(found[1]),
        [(found.mode, found.name) for found in signature.parse(text).parameters],
        re.findall(r"\bDECLARE (?!EXIT\b|CONTINUE\b)(\w+) (\w+)", code),
    )


def _packaged(name: str, found: Routine) -> Procedure:
    """One of a package: the header stands below its declaration there."""
    declared = re.split(r"^IS$|^BEGIN$", found.code, flags=re.MULTILINE)[1]
    kinds = re.findall(r"^  (?:(CURSOR) )?(\w+)(?: (\w+))?", declared, flags=re.MULTILINE)
    return Procedure(
        name,
        found.definition,
        _words(found.header),
        [(parameter.mode, parameter.name) for parameter in found.parameters],
        [(local, cursor or kind) for cursor, local, kind in kinds],
    )


def _words(comment: str) -> str:
    return textwrap.dedent(comment).removeprefix("/*\n").removesuffix("*/")


def procedures(dialect: str) -> dict[str, Procedure]:
    renderer = Renderer(dialect, Settings())
    names = [entry["name"] for entry in renderer.procedures]
    if any(found.kind == "package_spec" for found in renderer.objects):
        return {n: _packaged(n, renderer.routine(n)) for n in names}
    return {n: _stored(n, renderer.render(n)) for n in names}


ALL = {dialect: procedures(dialect) for dialect in DIALECTS}
EACH = [(dialect, name) for dialect in DIALECTS for name in ALL[dialect]]
each_procedure = pytest.mark.parametrize(("dialect", "name"), EACH)
