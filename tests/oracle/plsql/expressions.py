"""Expressions and SQL, and the names that they use."""

from __future__ import annotations

import re
from itertools import pairwise

from .reader import Reader
from .tokens import Malformed, Token

DML = {"SELECT", "INSERT", "UPDATE", "DELETE"}
# Begin a statement, and stand inside none.
STATEMENTS = {
    *("IF", "ELSIF", "LOOP", "WHILE", "FORALL", "EXIT", "RAISE", "RAISE_APPLICATION_ERROR"),
    *("RETURN", "OPEN", "CLOSE", "COMMIT", "ROLLBACK", "SAVEPOINT", "BEGIN", "EXCEPTION"),
    *("PROCEDURE", "FUNCTION", "DECLARE", "PRAGMA", "CURSOR"),
}
OPERATORS = {
    *("AND", "OR", "NOT", "IS", "IN", "BETWEEN", "LIKE", "FROM"),
    *("CASE", "WHEN", "THEN", "ELSE", "END"),
}
# NULL and JSON stand behind few other words.
STRAY = re.compile(
    r"(?<!\bIS) NOT NULL|(?<!\bIS) JSON STRICT|\bIS (?!NOT|NULL|JSON)"
    r"|(?<!\bIS)(?<!\bNOT)(?<![(,=])(?<!\bTHEN)(?<!\bELSE) NULL\b"
)


class Expressions(Reader):
    """They are not taken apart: it is checked that operators stand between values."""

    def query(self) -> None:
        """SQL up to its semicolon: parentheses and CASE are closed, and no other statement is
        within it.
        """
        if self.next.word not in DML:
            raise self.fail("SQL")
        found = self.until(";")
        for place, token in enumerate(found):
            before = found[place - 1].word if place else ""
            extends = (before, token.word) == (".", "EXTEND")
            if token.word in STATEMENTS or token.word == ":=" or extends:
                raise Malformed(f"line {token.line}: {token.text!r} within SQL")
            if place and token.word in DML and before not in ("(", "ALL", "FOR"):
                raise Malformed(f"line {token.line}: {token.text!r} follows {before!r}")
        text = " ".join(token.word for token in found)
        if re.search(r"\bFOR UPDATE (?!SKIP LOCKED$)", text):
            raise Malformed(f"line {found[0].line}: the query goes on after FOR UPDATE")
        if re.search(r"^INSERT (?!.* RETURNING ).* VALUES \(.*[^)]$", text):
            raise Malformed(f"line {found[0].line}: the INSERT goes on after VALUES")
        self.use(found)
        if self.current:
            self.current.queries.append(found)

    def expression(self, *stops: str) -> None:
        found = self.until(*stops)
        if not found:
            raise self.fail("an expression")
        self.check(found)

    def check(self, found: list[Token]) -> None:
        """That there is an operator between each two values."""
        for before, token in pairwise(found):
            ends = before.kind in ("name", "number", "text") or before.word == ")"
            begins = token.kind in ("name", "number", "text")
            operator = {before.word, token.word} & OPERATORS or before.word == "TIMESTAMP"
            if ends and begins and not operator:
                raise Malformed(f"line {token.line}: {token.text!r} follows {before.text!r}")
            if token.word in STATEMENTS | DML and before.word != ".":
                raise Malformed(f"line {token.line}: {token.text!r} within an expression")
        self.use(found)

    def range(self, *stops: str) -> None:
        self.expression("..", *stops)
        if self.has(".."):
            self.expression(*stops)

    def declare(self, name: str) -> None:
        if self.current:
            self.current.declared.add(name)

    def use(self, found: list[Token]) -> None:
        words = [token.word if token.kind != "text" else "''" for token in found]
        text = " ".join(words)
        if words.count("WHEN") != words.count("THEN"):
            raise Malformed(f"line {found[0].line}: WHEN without THEN")
        if STRAY.search(text):
            raise Malformed(f"line {found[0].line}: IS or what it is about is missing")
        if self.current:
            names = {t.text for t in found if t.kind == "name"}
            self.current.used |= {n for n in names if re.match(r"(in|out|v|c)_", n)}
