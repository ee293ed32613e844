"""Takes one word after the other, and refuses those that are not wanted."""

from __future__ import annotations

from .parts import Subprogram
from .tokens import Malformed, Token


class Reader:
    """The place in the text, and the subprogram that it is in."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = [*found, Token("end", "", found[-1].line)]
        self.at = 0
        self.current: Subprogram | None = None

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def fail(self, wanted: str) -> Malformed:
        return Malformed(f"line {self.next.line}: {wanted}, not {self.next.text!r}")

    def has(self, *words: str) -> bool:
        if [t.word for t in self.tokens[self.at : self.at + len(words)]] != list(words):
            return False
        self.at += len(words)
        return True

    def need(self, *words: str) -> None:
        if not self.has(*words):
            raise self.fail(" ".join(words))

    def name(self) -> str:
        if self.next.kind != "name":
            raise self.fail("a name")
        self.at += 1
        return self.tokens[self.at - 1].text

    def until(self, *stops: str) -> list[Token]:
        """The tokens before the first of these words outside of any parenthesis and CASE."""
        start, nested = self.at, []
        while nested or self.next.word not in stops:
            word = self.next.word
            if self.next.kind == "end" or word == ";":
                raise self.fail(" or ".join(stops))
            if word in ("WHEN", "THEN", "ELSE") and "CASE" not in nested:
                raise self.fail(" or ".join(stops))
            if word in ("(", "CASE"):
                nested.append(word)
            elif word in (")", "END") and (
                not nested or nested.pop() != {")": "(", "END": "CASE"}[word]
            ):
                raise self.fail(" or ".join(stops))
            self.at += 1
        return self.tokens[start : self.at]
