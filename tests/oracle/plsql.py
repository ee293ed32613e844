"""A strict parser of the PL/SQL that this package is written in. No parser in the package
registries reads it. Anything that this one does not know is an error, so a missing semicolon, END
or parenthesis is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*|/\*.*?\*/)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>\d+)"
    r"|(?P<name>[A-Za-z][\w$#]*)"
    r"|(?P<sign>:=|=>|\.\.|\|\||<>|<=|>=|[-+*/%=<>().,;])",
    re.DOTALL,
)
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


def parse(text: str) -> Package:
    """The package of one CREATE statement. Raises Malformed."""
    parser = _Parser(tokens(text))
    package = parser.package()
    if parser.next.kind != "end":
        raise parser.fail("the end")
    return package


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = [*found, Token("end", "", found[-1].line)]
        self.at = 0
        self.current: Subprogram | None = None

    # Words

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

    # Declarations

    def package(self) -> Package:
        self.need("CREATE", "OR", "REPLACE", "PACKAGE")
        body = self.has("BODY")
        package = Package(self.name())
        if not body:
            self.need("AUTHID", "DEFINER")
        self.need("AS")
        while not self.has("END"):
            if self.next.word in ("PROCEDURE", "FUNCTION"):
                package.subprograms.append(self.subprogram())
            else:
                package.names |= self.declaration()
        self.need(package.name.upper(), ";")
        return package

    def declaration(self) -> set[str]:
        if self.has("PRAGMA"):
            self.name()
            self.need("(")
            self.until(")")
            self.need(")", ";")
            return set()
        if self.has("TYPE"):
            names = [self.name()]
            self.need("IS")
            if self.has("RECORD", "("):
                names += self.fields()
                self.need(")", ";")
            else:
                self.need("TABLE", "OF")
                self.type()
                self.need("INDEX", "BY", "PLS_INTEGER", ";")
            return set(names)
        if self.has("CURSOR"):
            names = [self.name()]
            if self.has("("):
                names += self.fields()
                self.need(")")
            self.need("IS")
            self.query()
            self.need(";")
            return set(names)
        name = self.name()
        if not self.has("EXCEPTION"):
            self.has("CONSTANT")
            kind = self.type()
            if self.current:
                self.current.types[name] = kind
            if self.has(":="):
                self.expression(";")
        self.need(";")
        return {name}

    def fields(self) -> list[str]:
        names = [self.name()]
        self.type()
        while self.has(","):
            names.append(self.name())
            self.type()
        return names

    def type(self) -> str:
        kind = self.name().upper()
        if kind == "SYS":
            self.need(".")
            kind = f"SYS.{self.name().upper()}"
        elif kind == "INTERVAL":
            self.need("DAY", "(", "9", ")", "TO", "SECOND", "(", "3", ")")
        elif self.has("("):
            self.at += 1
            self.has("CHAR")
            self.need(")")
        return kind

    def subprogram(self) -> Subprogram:
        function = self.has("FUNCTION")
        if not function:
            self.need("PROCEDURE")
        found = Subprogram(self.name(), [], set())
        if self.has("("):
            self.parameter(found)
            while self.has(","):
                self.parameter(found)
            self.need(")")
        if function:
            self.need("RETURN")
            self.type()
        if self.has(";"):
            return found
        self.need("IS")
        found.has_body = True
        found.declared |= set(found.parameters)
        self.current = found
        while self.next.word != "BEGIN":
            found.declared |= self.declaration()
        self.block(found.name)
        self.current = None
        return found

    def parameter(self, found: Subprogram) -> None:
        name = self.name()
        found.parameters.append(name)
        if not self.has("OUT"):
            self.need("IN")
            self.has("OUT")
        self.has("NOCOPY")
        found.types[name] = self.name().upper()  # that of a parameter has no length
        if self.has("DEFAULT"):
            self.need("NULL")
            found.optional.add(name)

    # Statements

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

    def range(self, *stops: str) -> None:
        self.expression("..", *stops)
        if self.has(".."):
            self.expression(*stops)

    def forall(self) -> None:
        self.declare(self.name())
        self.need("IN")
        self.range(*DML)
        self.query()

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

    def query(self) -> None:
        """SQL up to its semicolon: parentheses and CASE are closed, and no other statement is
        within it.
        """
        if self.next.word not in DML:
            raise self.fail("SQL")
        found = self.until(";")
        for place, token in enumerate(found):
            if token.word in STATEMENTS or token.word == ":=":
                raise Malformed(f"line {token.line}: {token.text!r} within SQL")
            before = found[place - 1].word if place else ""
            if place and token.word in DML and before not in ("(", "ALL", "FOR"):
                raise Malformed(f"line {token.line}: {token.text!r} follows {before!r}")
        text = " ".join(token.word for token in found)
        if re.search(r"\bFOR UPDATE (?!SKIP LOCKED$)", text):
            raise Malformed(f"line {found[0].line}: the query goes on after FOR UPDATE")
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

    # Names

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
