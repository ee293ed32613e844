"""The tables as the migrations make them, read from their own statements, beside what is there.

Parts that no migration makes are left alone; parts that are missing or different are named, with
the statement that mends them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

_TOLD = 5
Place = tuple[str, str]
"""Kind and name: a column, an index, the table itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """A column, an index, or what the table itself is."""

    facts: Mapping[str, str]
    """The properties to compare, in one way of writing."""
    definition: str = ""
    """As a statement gives it."""


Structure = dict[str, dict[Place, Part]]
"""The parts of each table."""
Mend = Callable[[str, dict[Place, Part], Mapping[Place, "Part | None"]], str]
"""The statement that makes these parts of a table of what is there; None: nothing is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One table that is not as it should be."""

    table: str
    text: str
    statement: str


def compare(wanted: Structure, found: Structure, mend: Mend) -> Iterator[Difference]:
    """The tables of `wanted` that are missing or other."""
    for table, parts in wanted.items():
        there = found.get(table)
        if there is None:
            yield Difference(table, "missing", "")
            continue
        wrong = {
            place: part
            for place, part in parts.items()
            if place not in there or _others(part, there[place])
        }
        if wrong:
            told = [_told(place, part, there.get(place)) for place, part in wrong.items()]
            more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
            text = "; ".join(told[:_TOLD] + more)
            beside = {place: there.get(place) for place in wrong}
            yield Difference(table, text, mend(table, wrong, beside))


def items(text: str) -> list[str]:
    """The parts between commas that are in no parentheses and no quotes."""
    found, depth, start = [], 0, 0
    for match in re.finditer(r"'(?:[^']|'')*'|[(),]", text):
        sign = match[0]
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            found.append(text[start : match.start()])
            start = match.end()
    return [" ".join(item.split()) for item in [*found, text[start:]] if item.strip()]


def plain(expression: str) -> str:
    """An expression without what servers add to it, or leave out, when they keep it."""
    bare = re.sub(r"\b_utf8(mb[34])?(?=\\?')|\\(?=')", "", expression)
    return re.sub(r'[\s()`"]', "", bare).lower()


def columns(listed: str) -> str:
    """The columns of an index."""
    return ", ".join(name.strip().lower() for name in listed.split(","))


def _others(wanted: Part, found: Part) -> Iterable[str]:
    return [name for name, fact in wanted.facts.items() if found.facts.get(name, "") != fact]


def _told(place: Place, wanted: Part, found: Part | None) -> str:
    subject = " ".join(filter(None, place))
    if found is None:
        return f"{subject} is missing"
    return ", ".join(
        f"{subject}: {name} is {found.facts.get(name) or 'none'}, "
        f"not {wanted.facts[name] or 'none'}"
        for name in _others(wanted, found)
    )
