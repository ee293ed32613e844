"""Statements: blocks, branches, loops, cursors, assignments and calls."""

from __future__ import annotations

import re

from .expressions import DML, Expressions
from .tokens import Malformed, Token


class Statements(Expressions):
    """A method a kind, and `statement` for each of them."""

    def block(self, name: str = "") -> None:
        self.need("BEGIN")
        self.statements("EXCEPTION", "END")
        if self.has("EXCEPTION"):
            self.handler()
            while self.next.word == "WHEN":
                self.handler()
        self.need("END", *([name.upper()] if name else []), ";")

    def handler(self) -> None:
        self.need("WHEN")
        self.name()
        while self.has("OR"):
            self.name()
        self.need("THEN")
        self.statements("WHEN", "END")

    def statements(self, *stops: str) -> None:
        self.statement()
        while self.next.word not in stops:
            self.statement()

    def statement(self) -> None:
        word = self.next.word
        compound = {
            "BEGIN": self.block,
            "IF": self.branches,
            "LOOP": self.loop,
            "WHILE": self.loop,
            "FOR": self.loop,
        }
        if word in compound:
            compound[word]()
            return
        simple = {
            "RAISE": lambda: self.next.word == ";" or self.name(),
            "RETURN": lambda: self.next.word == ";" or self.expression(";"),
            "EXIT": lambda: self.has("WHEN") and self.expression(";"),
            "EXECUTE": self.dynamic,
            "COMMIT": lambda: None,
            "ROLLBACK": lambda: self.has("TO") and self.name(),
            "SAVEPOINT": self.name,
            "OPEN": self.open,
            "CLOSE": self.cursor,
            "FETCH": self.fetch,
            "FORALL": self.forall,
        }
        if word in simple:
            self.at += 1
            simple[word]()
        elif word in DML:
            self.query()
        else:
            self.assignment_or_call()
        self.need(";")

    def branches(self) -> None:
        self.need("IF")
        self.condition()
        while self.has("ELSIF"):
            self.condition()
        if self.has("ELSE"):
            self.statements("END")
        self.need("END", "IF", ";")

    def condition(self) -> None:
        self.expression("THEN")
        self.need("THEN")
        self.statements("ELSIF", "ELSE", "END")

    def loop(self) -> None:
        if self.has("WHILE"):
            self.expression("LOOP")
        elif self.has("FOR"):
            self.declare(self.name())
            self.need("IN")
            self.range("LOOP")
        self.need("LOOP")
        self.statements("END")
        self.need("END", "LOOP", ";")

    def forall(self) -> None:
        self.declare(self.name())
        self.need("IN")
        self.range(*DML)
        self.query()

    def dynamic(self) -> None:
        self.need("IMMEDIATE")
        self.expression(";")

    def cursor(self) -> None:
        self.use([self.next])
        self.name()

    def open(self) -> None:
        self.cursor()
        if self.has("("):
            self.expression(")")
            self.need(")")
        elif self.has("FOR"):
            self.query()
            if self.current:
                self.current.cursors.append(self.current.queries[-1])

    def fetch(self) -> None:
        self.cursor()
        self.has("BULK", "COLLECT")
        self.need("INTO")
        self.expression("LIMIT", ";")
        if self.has("LIMIT"):
            self.expression(";")

    def assignment_or_call(self) -> None:
        left = self.until(":=", ";")
        if not left:
            raise self.fail("a statement")
        text = " ".join(t.text for t in left)
        self.check(left)
        if self.has(":="):
            if not re.fullmatch(r"\w+(?: \( \w+(?: \. COUNT(?: \+ 1)?)? \))?(?: \. \w+)?", text):
                raise Malformed(f"line {left[0].line}: {text!r} cannot be assigned to")
            self.expression(";")
            return
        call = re.fullmatch(r"(\w+(?: \. \w+)?)(?: \(.*\))?", text, flags=re.DOTALL)
        if not call:
            raise Malformed(f"line {left[0].line}: {text!r} is not a statement")
        if self.current:
            self.current.calls.append((call[1].replace(" ", ""), _arguments(left)))


def _arguments(call: list[Token]) -> int:
    depth, count = 0, 0
    for place, token in enumerate(call):
        if depth == 1 and token.word == ",":
            count += 1
        depth += token.word == "("
        depth -= token.word == ")"
        if depth == 1 and token.word == "(" and call[place + 1].word != ")":
            count += 1
    return count
