"""The words and signs of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>\d+)"
    r"|(?P<name>[A-Za-z][\w$#]*)"
    r"|(?P<sign>:=|=>|\.\.|\|\||<>|<=|>=|[-+*/%=<>().,;])",
    re.DOTALL,
)


class Malformed(Exception):
    """The text is not PL/SQL."""


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    line: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "name" else self.text


def tokens(text: str) -> list[Token]:
    """The words and signs of a text, without blanks and comments."""
    found, place, line = [], 0, 1
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise Malformed(f"line {line}: {text[place : place + 10]!r}")
        if match.lastgroup and match.lastgroup != "skip":
            found.append(Token(match.lastgroup, match[0], line))
        place = match.end()
        line += match[0].count("\n")
    return found
