"""Released things stay: the migrations as they were, each call with its parameters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from releases import VERSIONS, script, signatures, toml

from qtask_db.constants import CONSTANTS
from qtask_db.resources import directory
from qtask_db.schema.render import INDEX, Renderer, dialects, statements
from qtask_db.settings import Settings

pytestmark = pytest.mark.parametrize("version", VERSIONS)
each_dialect = pytest.mark.parametrize("dialect", dialects())

TABLES = re.compile(
    r"^(?:CREATE (?:TABLE|SEQUENCE|INDEX|UNIQUE)|ALTER TABLE|COMMENT ON) ", re.MULTILINE
)
SETTINGS = [
    Settings("b_"),
    Settings(tablespace="T", sequence_cache=0, spread_index="reverse"),
    Settings(tablespace="T", index_tablespace="I", spread_index="hash"),
]


@each_dialect
def test_migrations_are_frozen(version: str, dialect: str, package: Path) -> None:
    released = package / "qtask_db" / "migrations" / dialect
    names = sorted(path.name for path in released.glob("qtask-*.py"))
    present = directory("migrations") / dialect

    kept, found = script(version, dialect), 0
    frozen = [each for name in names for each in statements(present / name, Settings())]
    for each in frozen:
        assert each in kept[found:], f"a released migration has changed, or its order: {each}"
        found = kept.index(each, found) + len(each)
    # ... and none was taken away.
    assert len(TABLES.findall("\n".join(frozen))) == len(TABLES.findall(kept)) > 0

    for settings in SETTINGS:
        for name in names:
            assert statements(present / name, settings) == statements(released / name, settings)


@each_dialect
def test_old_calls_are_as_they_were(version: str, dialect: str, package: Path) -> None:
    """On MySQL of internal procedures, too: while an upgrade is on its way the old ones and the new
    ones call each other, so that one with other parameters must have another name.
    """
    before = signatures(script(version, dialect))
    after = signatures(Renderer(dialect, Settings()).script())
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        assert new[: len(old)] == old, f"{name}: with other parameters it needs another name"
        added = new[len(old) :]
        # MySQL has no defaults.
        assert [one for one in added if dialect == "mysql" or " DEFAULT " not in one] == [], name
    gone = {name.rpartition(".")[2].removeprefix("qtask_") for name in before.keys() - after.keys()}
    assert gone & roles_of(package).keys() == set()
    assert len(before) > len(roles_of(package)) > 15


def test_old_roles_may_do_what_they_could(package: Path) -> None:
    present = {entry["name"]: entry for entry in INDEX["procedure"] + INDEX["view"]}
    for name, roles in roles_of(package).items():
        assert roles <= set(present[name].get("role", ())), name


def test_numbers_mean_what_they_meant(package: Path) -> None:
    released = toml(package, "constants.toml")
    for kind in ("status", "error"):
        assert released[kind].items() <= CONSTANTS[kind].items()
    for name, value in released["limit"].items():
        assert CONSTANTS["limit"][name] >= value, name


def roles_of(package: Path) -> dict[str, set[str]]:
    """The roles that may call each public procedure of a release, and read each of its views."""
    entries = [e for kind in ("procedure", "view") for e in toml(package, "index.toml")[kind]]
    return {entry["name"]: set(entry["role"]) for entry in entries if "role" in entry}
