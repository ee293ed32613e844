"""Turns the templates of `sql/` into the statements of one dialect."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import runpy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import jinja2
from jinja2.bccache import Bucket

from qtask_db.constants import CONSTANTS
from qtask_db.dialects import signature
from qtask_db.dialects.signature import Parameter
from qtask_db.errors import ConfigurationError
from qtask_db.resources import directory, read_toml
from qtask_db.schema.reserved import check_package
from qtask_db.settings import Settings, package, requesting

VERSION = importlib.metadata.version("qtask-db")
INDEX = read_toml("index.toml")
ROLES = ("app", "producer", "worker", "relay", "operator", "monitor")
CALLERS = tuple(r for r in ROLES if any(r in e.get("role", ()) for e in INDEX["procedure"]))
"""The roles that may call procedures; the others only read views."""

Kind = Literal["procedure", "package_spec", "package_body", "view", "event"]


def folder_of(kind: str, entry: Mapping[str, Any]) -> str:
    """The folder, in that of a dialect, with the file of an entry of the index."""
    if kind == "procedure":
        return f"{'api' if 'role' in entry else 'internal'}/{entry['group']}"
    return "views" if kind == "view" else "install"


FOLDERS = sorted({folder_of(kind, entry) for kind in INDEX for entry in INDEX[kind]})
"""All of them."""
MACROS = (
    "values", "checks", "sessions", "queues", "creating", "attempts", "relaying", "ending",
    "schedules",
)  # fmt: skip
"""The files of what every template may use, in `install/macros`: each after those that it uses."""


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """One rendered statement that creates a procedure, a package, a view or an event."""

    kind: Kind
    name: str
    """With the prefix."""
    text: str
    digest: str
    """Of the text; stored in the server, so that an installer sees what is current."""


@dataclass(frozen=True, slots=True)
class Routine:
    """The parts of a procedure whose file is plain PL/SQL: a package declares it in one place and
    defines it in another.
    """

    heading: str
    """Its kind, name and parameters, up to its header."""
    header: str
    """The comment that tells what it does."""
    code: str
    """All that follows."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """As `heading` declares them."""
        return signature.parse(self.heading).parameters

    @property
    def specification(self) -> str:
        """As a package declares it: what a caller reads."""
        return f"{self.heading};\n{self.header}"

    @property
    def definition(self) -> str:
        """As the body of a package has it."""
        return f"{self.heading}\n{self.code}"


class _Compiled(jinja2.BytecodeCache):
    """Keeps the code of each template as long as the process runs: it depends on no setting."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._found.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._found[bucket.key] = bucket.checksum, bucket.code


_compiled = _Compiled()


class Renderer:
    """The statements of one dialect under one choice of settings."""

    def __init__(self, dialect: str, settings: Settings) -> None:
        home = directory("sql") / dialect
        if dialect not in dialects():
            raise ConfigurationError(
                f"dialect must be one of {', '.join(dialects())}, not {dialect!r}"
            )
        self.dialect = dialect
        self._packaged = (home / "install" / "package_spec.sql").is_file()
        if self._packaged:
            check_package(settings.prefix)
        self.settings = settings
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader([home / name for name in FOLDERS]),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # noqa: S701 - SQL, not HTML; every value is a validated constant or setting
            keep_trailing_newline=False,
            bytecode_cache=_compiled,
        )
        self._jinja.filters["escaped"] = _escaped
        self._jinja.globals.update(
            CONSTANTS,
            p=settings.prefix,
            package=package(settings.prefix),
            procedures=self.procedures,
            routine=self.routine,
            payload_limit=settings.payload_limit,
            max_lapses=settings.max_lapses,
            push_grace=settings.push_grace,
            maintenance_minutes=settings.maintenance_minutes,
            queue_patterns=settings.queue_patterns,
            max_queues=settings.max_queues,
            default_direct=int(settings.delivery == "direct"),
            take_pause=CONSTANTS["default"]["take_pause"],
            take_rest=CONSTANTS["default"]["take_rest"],
            index=INDEX,
            roles=ROLES,
            callers=CALLERS,
            comment="",
        )
        for name in MACROS:
            self._jinja.globals.update(vars(self._jinja.get_template(f"macros/{name}.sql").module))

    def render(self, name: str, **values: Any) -> str:
        """The text of one template, named without its ending."""
        return self._jinja.get_template(f"{name}.sql").render(**values).strip()

    def routine(self, name: str) -> Routine:
        """The parts of one procedure of a package."""
        heading, header, code = re.split(
            r"\n(/\*\n.*?\n\*/)\n", self.render(name), maxsplit=1, flags=re.DOTALL
        )
        return Routine(heading, header, code)

    @cached_property
    def objects(self) -> list[SchemaObject]:
        """Views, procedures or the package of them, and events, in the order of their creation.

        Each comes before its callers: others call while an upgrade is under way.
        """
        views = [self._object("view", entry["name"]) for entry in INDEX["view"]]
        chosen = INDEX["event"] if self.settings.maintenance_minutes else []
        events = [self._object("event", entry["name"]) for entry in chosen]
        if self._packaged:
            return [*views, *self._packages(), *events]
        procedures = [self._object("procedure", entry["name"]) for entry in self.procedures]
        return [*views, *_callees_first(procedures), *events]

    @property
    def procedures(self) -> list[dict[str, Any]]:
        """The entries of the index that are this dialect's."""
        return [e for e in INDEX["procedure"] if e.get("dialect", self.dialect) == self.dialect]

    def _packages(self) -> Iterator[SchemaObject]:
        """The package, and for each role that calls one that holds no more than it needs."""
        parts: tuple[tuple[Kind, str], ...] = (("package_spec", "spec"), ("package_body", "body"))
        for kind, _ in parts:
            yield self._object(kind, kind)
        for role in CALLERS:
            for kind, part in parts:
                yield self._object(kind, f"{role}_{part}", f"role_{part}", role=role)

    def _object(
        self, kind: Kind, name: str, template: str | None = None, **values: str
    ) -> SchemaObject:
        text = self.render(template or name, **values)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        comment = f"qtask-db {VERSION} {digest}"
        text = self.render(template or name, **values, comment=comment)
        return SchemaObject(kind, self.settings.prefix + name, text, digest)

    @property
    def notes(self) -> dict[str, str]:
        """The schema's record of its installation, by name."""
        digests = {f"digest of {o.name}": o.digest for o in self.objects if o.kind != "procedure"}
        return {**self.settings.stored(), **digests, "version": VERSION}

    def tables(self) -> list[str]:
        """The statements of all migrations, in order."""
        migrations = sorted((directory("migrations") / self.dialect).glob("qtask-*.py"))
        return [statement for path in migrations for statement in statements(path, self.settings)]

    def changes(self) -> list[str]:
        """The same without what makes them fit for a script that is run again."""
        migrations = sorted((directory("migrations") / self.dialect).glob("qtask-*.py"))
        return [one for path in migrations for one in statements(path, self.settings, "change")]

    def grants(self) -> str:
        """A script that creates the roles and gives each what it needs, and nothing else."""
        return self.render("grants") + "\n"

    def script(self) -> str:
        """Everything as one script for the vendor's own client."""
        return (
            self.render(
                "script",
                version=VERSION,
                tables=self.tables(),
                objects=self.objects,
                notes=self.notes,
            )
            + "\n"
        )


def _callees_first(procedures: Sequence[SchemaObject]) -> Iterator[SchemaObject]:
    found = {one.name: one for one in procedures}
    called = {
        name: [callee for callee in re.findall(r"\bCALL (\w+)", one.text) if callee in found]
        for name, one in found.items()
    }
    return (found[name] for name in TopologicalSorter(called).static_order())


def _escaped(text: str, signs: str, escape: str) -> str:
    """The text with `escape` before each of these signs."""
    return "".join(escape + sign if sign in signs else sign for sign in text)


def is_newer(version: str) -> bool:
    """Whether a schema of that version is later than this package; `dev` and the like aside."""
    schema, package = (re.findall(r"\d+", text)[:3] for text in (version, VERSION))
    return [int(part) for part in schema] > [int(part) for part in package]


def dialects() -> list[str]:
    """The dialects that have templates."""
    return sorted(path.name for path in directory("sql").iterdir() if path.is_dir())


@dataclass(slots=True)
class _Collector:
    """Stands in for yoyo's own while a migration file runs."""

    attributes: tuple[str, ...]
    """If a step is not a text, the first of these that it has is its statement."""
    statements: list[str]

    def add_step(self, apply: str | Callable[..., Any], *_args: Any, **_options: Any) -> None:
        found = [getattr(apply, name) for name in self.attributes if hasattr(apply, name)]
        statement = found[0] if found else apply
        if isinstance(statement, str):
            self.statements.append(statement.strip())


def statements(path: Path, settings: Settings, *first: str) -> list[str]:
    """Those of one migration."""
    collector = _Collector((*first, "statement"), [])
    with requesting(settings.texts()):
        runpy.run_path(str(path), init_globals={"__yoyo_collector__": collector})
    return collector.statements
