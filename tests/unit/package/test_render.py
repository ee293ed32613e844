"""Templates become statements: strictly, the same each time, with the settings in them."""

from __future__ import annotations

import re

import jinja2
import pytest

from qtask_db.constants import DEFAULT
from qtask_db.errors import ConfigurationError
from qtask_db.schema.render import CALLERS, INDEX, ROLES, VERSION, Renderer, dialects
from qtask_db.settings import Settings

pytestmark = pytest.mark.parametrize("dialect", dialects())

PACKAGE = ["package_spec", "package_body"]


def procedures(dialect: str) -> list[str]:
    """The names of the objects that hold the procedures, without the prefix."""
    listed = [entry["name"] for entry in Renderer(dialect, Settings()).procedures]
    packages = [f"{name}_{part}" for name in ("package", *CALLERS) for part in ("spec", "body")]
    return packages if dialect == "oracle" else listed


def test_every_object_of_the_index_is_rendered(dialect: str) -> None:
    objects = Renderer(dialect, Settings(maintenance_minutes=5)).objects
    listed = [entry["name"] for kind in ("view", "event") for entry in INDEX[kind]]
    names = [f"qtask_{name}" for name in listed + procedures(dialect)]
    assert sorted(found.name for found in objects) == sorted(names)
    for found in objects:
        assert not re.search(r"\{[{%#]|[#%}]\}", found.text), f"{found.name} has a brace left"
        assert "None" not in found.text
        packaged = found.kind in PACKAGE
        name = found.name.rpartition("_")[0].removesuffix("_package") if packaged else found.name
        assert re.search(rf"\b{name}\b", found.text)
        assert found.text == found.text.strip()
        # PL/SQL ends with a semicolon, and nothing else does.
        assert found.text.endswith(";") is (dialect == "oracle" and found.kind != "view")


def test_what_is_called_is_created_before_who_calls_it(dialect: str) -> None:
    objects = Renderer(dialect, Settings(maintenance_minutes=5)).objects
    names = {found.name for found in objects}
    created: set[str] = set()
    for found in objects:
        called = names & set(re.findall(r"\bCALL (\w+)", found.text))
        assert called <= created, found.name
        created.add(found.name)


def test_it_is_the_same_each_time(dialect: str) -> None:
    first, second = (Renderer(dialect, Settings()) for _ in range(2))
    assert first.objects == second.objects
    assert first.script() == second.script()


def test_a_procedure_carries_its_version_and_digest(dialect: str) -> None:
    for found in Renderer(dialect, Settings()).objects:
        assert re.fullmatch(r"[0-9a-f]{16}", found.digest)
        if found.kind != "view":
            assert f"qtask-db {VERSION} {found.digest}" in found.text


def test_the_digest_is_that_of_the_text(dialect: str) -> None:
    usual = {found.name: found for found in Renderer(dialect, Settings()).objects}
    other = {found.name: found for found in Renderer(dialect, Settings(payload_limit=1234)).objects}
    changed = {name for name in usual if usual[name].digest != other[name].digest}
    differing = {
        name
        for name in usual
        if usual[name].text.replace(usual[name].digest, "")
        != other[name].text.replace(other[name].digest, "")
    }
    assert changed == differing
    creating = ["qtask_package_body"] if dialect == "oracle" else ["qtask_create_task"]
    assert changed >= set(creating)
    assert {"qtask_finish_task", "qtask_task_list"} & set(usual) - changed
    for name in creating:
        assert "1234" in other[name].text
        assert str(DEFAULT["payload_limit"]) not in other[name].text


def test_there_is_no_event_unless_it_is_chosen(dialect: str) -> None:
    assert "event" not in {found.kind for found in Renderer(dialect, Settings()).objects}
    renderer = Renderer(dialect, Settings(maintenance_minutes=7))
    (event,) = (found for found in renderer.objects if found.kind == "event")
    other = Renderer(dialect, Settings(maintenance_minutes=8))
    assert event.digest not in {found.digest for found in other.objects}
    assert renderer.notes["maintenance_minutes"] == "7"


def test_the_prefix_is_on_everything(dialect: str) -> None:
    renderer = Renderer(dialect, Settings(prefix="zz9_", maintenance_minutes=5))
    everything = "\n".join([renderer.script(), renderer.grants()])
    # Comments, errors' texts and session variables may name the project.
    assert not re.search(r"\bqtask_(?!db\b)\w+", everything)
    for kind in INDEX.values():
        for entry in kind:
            mine = entry.get("dialect", dialect) == dialect
            if kind is INDEX["procedure"] and dialect == "oracle":
                assert (
                    bool(re.search(rf"^  END {entry['name']};", everything, re.MULTILINE)) is mine
                )
            else:
                assert bool(re.search(rf"\bzz9_{entry['name']}\b", everything)) is mine
    assert dialect != "oracle" or "CREATE OR REPLACE PACKAGE zz9 " in everything


def test_the_script_holds_all_and_drops_no_table(dialect: str) -> None:
    renderer = Renderer(dialect, Settings())
    script = renderer.script()
    for found in renderer.objects:
        assert found.text in script
    for table in renderer.tables():
        assert table in script
    assert not re.search(r"DROP\s+TABLE|TRUNCATE|DELETE\s+FROM\s+qtask_\w+\s*;", script)


def test_the_tables_are_those_of_the_index(dialect: str) -> None:
    created = re.findall(
        r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", "\n".join(Renderer(dialect, Settings()).tables())
    )
    mine = [e["name"] for e in INDEX["table"] if e.get("dialect", dialect) == dialect]
    assert sorted(created) == sorted(f"qtask_{name}" for name in mine)


def test_grants_give_each_role_its_own_and_no_table(dialect: str) -> None:
    text = re.sub(r"^--.*$", "", Renderer(dialect, Settings()).grants(), flags=re.MULTILINE)
    given = set(
        re.findall(
            r"GRANT (EXECUTE|SELECT) ON (?:PROCEDURE )?(?:qtask_)?(\w+) TO '?qtask_(\w+?)'?;", text
        )
    )
    expected = {
        (privilege, entry["name"], role)
        for kind, privilege in (("procedure", "EXECUTE"), ("view", "SELECT"))
        for entry in INDEX[kind]
        for role in entry.get("role", ())
    }
    if dialect == "oracle":  # a package is executed as a whole, so that each role has its own
        expected = {e for e in expected if e[0] == "SELECT"} | {
            ("EXECUTE", role, role) for role in CALLERS
        }
    assert given == expected
    assert text.count("GRANT ") == len(expected)
    assert {role for _, _, role in given} == set(ROLES)


def test_what_is_not_defined_is_an_error(dialect: str) -> None:
    environment = Renderer(dialect, Settings())._jinja
    for wrong in ("{{ no_such_thing }}", "{{ limit.no_such_limit }}", "{{ error.no_such_error }}"):
        with pytest.raises(jinja2.UndefinedError):
            environment.from_string(wrong).render()
    with pytest.raises(jinja2.TemplateNotFound):
        Renderer(dialect, Settings()).render("no_such_template")


@pytest.mark.parametrize("wrong", ["", "postgres", "MySQL"])
def test_an_unknown_dialect_is_refused(dialect: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=dialect):
        Renderer(wrong, Settings())
