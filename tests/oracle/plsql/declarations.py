"""Packages, and what they and their subprograms declare."""

from __future__ import annotations

from .parts import Package, Subprogram
from .statements import Statements
from .tokens import tokens


def parse(text: str) -> Package:
    """The package of one CREATE statement. Raises Malformed."""
    parser = Declarations(tokens(text))
    package = parser.package()
    if parser.next.kind != "end":
        raise parser.fail("the end")
    return package


class Declarations(Statements):
    """The whole parser: declarations hold statements, those expressions, and those words."""

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
