"""The parts of a package, as the parser finds them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .tokens import Token


@dataclass
class Subprogram:
    """One procedure or function, declared or with its body."""

    name: str
    parameters: list[str]
    optional: set[str]
    has_body: bool = False
    declared: set[str] = field(default_factory=set)
    types: dict[str, str] = field(default_factory=dict)
    """Of parameters and variables; SYS.X is one of the schema SYS."""
    used: set[str] = field(default_factory=set)
    queries: list[list[Token]] = field(default_factory=list)
    """All its SQL."""
    cursors: list[list[Token]] = field(default_factory=list)
    """The queries that ref cursors are opened for."""
    calls: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Package:
    """The parts of a specification or a body."""

    name: str
    subprograms: list[Subprogram] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Of types and their fields, exceptions and constants."""
