"""The parameters of the procedures, read from their only declaration: the SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

from qtask_db.resources import directory

_HEADING = re.compile(
    r"^(?:CREATE )?(?:PROCEDURE|FUNCTION) (?:\{\{ p \}\})?\w+(?: \((?:\n(.*?)\n)?\))?$",
    re.MULTILINE | re.DOTALL,
)
# MySQL declares the mode before the name, Oracle after it.
_PARAMETER = re.compile(
    r"  (?:(IN|OUT|INOUT) (\w+)|(\w+) (IN OUT|IN|OUT)(?: NOCOPY)?) (\S.*?)(?<![\s,])"
    r"( DEFAULT NULL)?"
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a procedure."""

    name: str
    mode: str
    """IN, OUT or INOUT."""
    type: str
    optional: bool
    """Whether a call may leave it out."""


@dataclass(frozen=True)
class Signature:
    """All parameters of a procedure in one dialect, in their order."""

    parameters: tuple[Parameter, ...]

    @cached_property
    def inputs(self) -> dict[str, Parameter]:
        """The parameters that a caller gives, by name."""
        return {found.name: found for found in self.parameters if found.mode == "IN"}

    @property
    def options(self) -> list[str]:
        """The names of the parameters given by name only: they follow those that come back."""
        modes = [found.mode for found in self.parameters]
        behind = self.parameters[modes.index("OUT") :] if "OUT" in modes else ()
        return [found.name for found in behind if found.mode == "IN"]

    @cached_property
    def outs(self) -> tuple[Parameter, ...]:
        """The parameters that come back, each with one value."""
        return tuple(p for p in self.parameters if p.mode == "OUT" and p.name != "out_rows")

    @cached_property
    def rows(self) -> bool:
        """Whether rows come back through a cursor, as on Oracle; MySQL declares none."""
        return any(found.name == "out_rows" for found in self.parameters)


def parse(text: str) -> Signature:
    """The signature that the text of a procedure declares, rendered or not.

    Raises ValueError if a line of it is not a parameter.
    """
    heading = _HEADING.search(text)
    if heading is None:
        raise ValueError(f"no procedure is declared in {text[:60]!r}")
    # The comma is what separates: one that is missing or too many makes a line that does not fit.
    lines = heading[1].split(",\n") if heading[1] else []
    return Signature(tuple(map(_parameter, lines)))


def read(dialect: str, verb: str) -> Signature:
    """The signature of a procedure that a role may call."""
    return _public(dialect)[verb]


@cache
def _public(dialect: str) -> dict[str, Signature]:
    """All at once: while a process runs, an upgrade may replace the files."""
    folder = directory("sql") / dialect / "api"
    paths = folder.rglob("*.sql")
    return {path.stem: parse(path.read_text(encoding="utf-8")) for path in paths}


def _parameter(line: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    if found is None:
        raise ValueError(f"{line!r} declares no parameter")
    first, name, other, second, kind, default = found.groups()
    mode = first or second.replace(" ", "")
    return Parameter(name or other, mode, kind, default is not None)
