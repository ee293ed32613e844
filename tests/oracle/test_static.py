"""Faults of the rendered text that a compiler or a DBA would find, found without a server."""

from __future__ import annotations

import random
import re
from functools import cache

import plsql
import pytest

from qtask_db.constants import ERROR, Status
from qtask_db.errors import ConfigurationError
from qtask_db.install import install
from qtask_db.schema.render import CALLERS, INDEX, Renderer
from qtask_db.schema.reserved import UNFIT
from qtask_db.settings import Settings

SUPPLIED = {
    "DBMS_APPLICATION_INFO",
    "DBMS_LOB",
    "DBMS_SESSION",
    "DBMS_TRANSACTION",
    "RAISE_APPLICATION_ERROR",
}
# The longest prefix.
RENDERER = Renderer("oracle", Settings(prefix="abcdefghi_", maintenance_minutes=5))


@cache
def rendered() -> dict[str, str]:
    """The texts by name; those of the views together."""
    texts: dict[str, str] = {"view": ""}
    for found in RENDERER.objects:
        name = "view" if found.kind == "view" else found.name.removeprefix("abcdefghi_")
        texts[name] = texts.get(name, "") + found.text + "\n"
    return texts


@cache
def package(part: str) -> plsql.Package:
    return plsql.parse(rendered()[f"package_{part}"].strip())


def test_the_package_is_well_formed() -> None:
    public = [entry["name"] for entry in INDEX["procedure"] if "role" in entry]
    declared = [s.name for s in package("spec").subprograms]
    assert declared == public
    assert package("spec").name == package("body").name == "abcdefghi"
    listed = [entry["name"] for entry in RENDERER.procedures]
    assert [s.name for s in package("body").subprograms if s.has_body] == listed


@pytest.mark.parametrize("role", CALLERS)
def test_each_role_has_a_package_that_calls_its_procedures(role: str) -> None:
    wanted = [e["name"] for e in INDEX["procedure"] if role in e.get("role", ())]
    spec, body = (plsql.parse(rendered()[f"{role}_{part}"].strip()) for part in ("spec", "body"))
    assert [s.name for s in spec.subprograms] == [s.name for s in body.subprograms] == wanted
    called = {s.name: s for s in package("spec").subprograms}
    for declared, defined in zip(spec.subprograms, body.subprograms, strict=True):
        whole = called[declared.name]
        assert declared.parameters == defined.parameters == whole.parameters
        assert declared.optional == defined.optional == whole.optional
        assert defined.calls == [(f"abcdefghi.{whole.name}", len(whole.parameters))]


@pytest.mark.parametrize("name", [e["name"] for e in RENDERER.procedures])
def test_the_signature_has_every_parameter(name: str) -> None:
    """A call is made by it, and the packages of the roles are written from it."""
    (found,) = (s for s in package("body").subprograms if s.name == name and s.has_body)
    read = RENDERER.routine(name).parameters
    assert {p.name: p.type.upper() for p in read} == {p: found.types[p] for p in found.parameters}
    assert {p.name for p in read if p.optional} == found.optional


@pytest.mark.parametrize("part", ["spec", "body"])
def test_the_parser_finds_what_is_missing(part: str) -> None:
    text = rendered()[f"package_{part}"].strip()
    code = re.sub(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", _blank, text, flags=re.DOTALL)
    needed = r";|[()]|\b(?:BEGIN|END|IF|THEN|LOOP|IS|:=|CASE|WHEN)\b"
    places = [(m.start(), m.end()) for m in re.finditer(needed, code)]
    for start, end in random.Random(1).sample(places, 100):  # noqa: S311 - not a secret
        with pytest.raises(plsql.Malformed):
            plsql.parse(text[:start] + text[end:])


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def test_declarations_and_bodies_agree() -> None:
    bodies = {s.name: s for s in package("body").subprograms if s.has_body}
    declared = {s.name: s for s in package("spec").subprograms}
    declared |= {s.name: s for s in package("body").subprograms if not s.has_body}
    assert declared.keys() == bodies.keys()
    for name, found in declared.items():
        assert (found.parameters, found.optional) == (
            bodies[name].parameters,
            bodies[name].optional,
        )


@pytest.mark.parametrize("name", [e["name"] for e in RENDERER.procedures])
def test_each_name_is_declared_and_used(name: str) -> None:
    (found,) = (s for s in package("body").subprograms if s.name == name and s.has_body)
    assert found.used <= found.declared
    local = {n for n in found.declared - set(found.parameters) if re.match(r"(v|c)_", n)}
    assert local <= found.used | {c for c in local if f"IN {c} LOOP" in _source(name)}
    assert {p for p in found.parameters if p.startswith("in_")} <= found.used


def _source(name: str) -> str:
    return RENDERER.routine(name).definition


def test_calls_give_as_many_arguments_as_there_are_parameters() -> None:
    found = {s.name: s for s in package("body").subprograms}
    for caller in found.values():
        for name, count in caller.calls:
            if name.split(".")[0] in SUPPLIED or name.endswith((".DELETE", ".EXTEND")):
                continue
            callee = found[name]
            most, least = len(callee.parameters), len(callee.parameters) - len(callee.optional)
            assert least <= count <= most, f"{caller.name} calls {name}"


def test_no_name_is_reserved_or_too_long() -> None:
    names = {s.name for part in ("spec", "body") for s in package(part).subprograms}
    names |= {n for s in package("body").subprograms for n in s.declared | set(s.parameters)}
    names |= package("spec").names | package("body").names
    tables = "\n".join(RENDERER.tables())
    names |= set(re.findall(r"^  ([a-z]\w*) [A-Z]", tables, flags=re.MULTILINE))
    names |= set(re.findall(r"\b(?:TABLE|INDEX|SEQUENCE|CONSTRAINT|COLUMN) (\w+)", tables))
    names |= set(re.findall(r"\bAS (\w+)|^\) (\w+)", rendered()["view"], flags=re.MULTILINE)[0])
    names |= set(re.findall(r"VIEW (\w+)", rendered()["view"]))
    names |= {found.name for found in RENDERER.objects}
    names -= {""}
    assert len(names) > 150
    assert {n for n in names if n.upper() in UNFIT} == set()
    assert {n for n in names if len(n) > 30} == set()


def test_the_errors_are_named_with_their_numbers() -> None:
    text = rendered()["package_spec"]
    named = re.findall(r"PRAGMA EXCEPTION_INIT\((\w+), -(\d+)\);", text)
    assert {name: int(number) for name, number in named} == ERROR
    assert re.findall(r"^  (\w+) EXCEPTION;", text, flags=re.MULTILINE) == list(ERROR)
    codes = re.findall(r"status_(\w+) CONSTANT NUMBER := (\d+);", text)
    assert {name: int(code) for name, code in codes} == {str(s): int(s) for s in Status}


def test_the_package_keeps_no_state() -> None:
    """A variable in it would make every session fail once when it is replaced (ORA-04068)."""
    for name, source in rendered().items():
        if not name.endswith(("_spec", "_body")):
            continue
        text = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
        for line in re.findall(r"^  (\w+ \w+.*);$", text, flags=re.MULTILINE):
            assert re.match(
                r"PRAGMA |TYPE |END |RETURN |FUNCTION |PROCEDURE |\w+ EXCEPTION$|\w+ CONSTANT ",
                line,
            ), line


@pytest.mark.parametrize("part", ["spec", "body"])
def test_lengths_are_in_characters_and_fit(part: str) -> None:
    for line in re.findall(r"^.*VARCHAR2\(.*$", rendered()[f"package_{part}"], flags=re.MULTILINE):
        if "FORMAT JSON" not in line and not re.search(r"\((32767|4000|100)\)", line):
            assert " CHAR)" in line, line


def test_those_that_commit_refuse_an_open_transaction_and_leave_none() -> None:
    for entry in RENDERER.procedures:
        if entry["name"] == "reserve_ids":  # commits by its DDL
            continue
        text = _source(entry["name"])
        code = re.sub(r"/\*.*?\*/|--[^\n]*", "", text, flags=re.DOTALL)
        own = "\n  begin_work;" in code
        assert ("COMMIT;" in code) is own
        assert ("ROLLBACK;" in code) is own
        if own:
            assert re.search(r"begin_work;.*ROLLBACK;\s+RAISE;\s+END;\s+COMMIT;", code, re.DOTALL)


def test_every_public_procedure_shows_itself_in_the_session() -> None:
    for entry in RENDERER.procedures:
        call = f"DBMS_APPLICATION_INFO.SET_MODULE('abcdefghi', '{entry['name']}');"
        assert (call in _source(entry["name"])) is ("role" in entry)


def test_no_handler_swallows_what_it_does_not_know() -> None:
    for handler in re.findall(
        r"WHEN OTHERS THEN(.*?)END(?: delete_\w+| advance_one)?;",
        rendered()["package_body"],
        flags=re.DOTALL,
    ):
        kept = r"out_error := SQLERRM;\s+put_off_schedule\([^;]*\);\s+END IF;\s*$"
        assert re.search(rf"RAISE;\s*$|{kept}", handler), handler


def test_rows_are_locked_as_they_are_fetched() -> None:
    """A query that limits its rows itself cannot lock them (ORA-02014); ROWNUM counts before rows
    are skipped.
    """
    text = rendered()["package_body"]
    assert "ROWNUM" not in text
    for query in re.findall(r"\bSELECT\b[^;]*?FOR UPDATE[^;]*;", text):
        assert "FETCH FIRST" not in query
    assert len(re.findall(r"FOR UPDATE SKIP LOCKED;", text)) == len(
        re.findall(r"FETCH c_(?:due|expired|queued|untouched|lapsed|task|vanished) ", text)
    )


def test_tables_and_columns_have_comments() -> None:
    statements = RENDERER.tables()
    text = "\n".join(statements)
    for table in re.findall(r"CREATE TABLE (\w+)", text):
        body = re.search(rf"CREATE TABLE {table} \((.*?)^\)", text, re.DOTALL | re.MULTILINE)
        assert body
        columns = re.findall(r"^  ([a-z]\w*) [A-Z]", body[1], flags=re.MULTILINE)
        assert columns
        assert f"COMMENT ON TABLE {table} IS " in text
        for column in columns:
            assert f"COMMENT ON COLUMN {table}.{column} IS " in text
    for statement in statements:
        assert statement.count("'") % 2 == 0
        assert statement.count("(") == statement.count(")")


def test_the_unique_index_holds_one_active_task_an_order_number() -> None:
    """Oracle leaves out a row only where all columns are NULL: all must have the same condition."""
    text = "\n".join(RENDERER.tables())
    columns = re.search(r"active_order\s+ON \w+ \(([^)]*)\)", text)
    assert columns
    for column in columns[1].split(", "):
        found = re.search(rf"^  {column} [^\n]*AS \(\s*CASE WHEN (.*?) THEN", text, re.M | re.S)
        assert found, column
        assert found[1] == "status <> 0 AND order_no IS NOT NULL"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), ["CACHE 1000 NOORDER"]),
        (Settings(sequence_cache=0), ["NOCACHE NOORDER"]),
        (Settings(sequence_cache=1), ["NOCACHE NOORDER"]),
        (Settings(sequence_cache=2), ["CACHE 2 NOORDER"]),
        (Settings(tablespace="DATA1"), ["TABLESPACE DATA1"]),
        (Settings(tablespace="A", index_tablespace="B"), ["TABLESPACE A", "TABLESPACE B"]),
        (Settings(spread_index="reverse"), ["(task_id) REVERSE"]),
        (Settings(spread_index="hash"), ["HASH (task_id) PARTITIONS", "HASH (lane) PARTITIONS"]),
    ],
    ids=str,
)
def test_storage_is_as_it_was_chosen(settings: Settings, words: list[str]) -> None:
    text = "\n".join(Renderer("oracle", settings).tables())
    for word in words:
        assert word in text
    chosen = " ".join(words)
    for word in ("TABLESPACE", "REVERSE", "PARTITION"):
        assert word in chosen or word not in text


def test_the_script_can_be_read_by_the_vendors_client() -> None:
    script = RENDERER.script()
    # Each statement ends with a slash; a line of SQL that ends with a semicolon would end it early.
    for statement in re.split(r"^/$", script, flags=re.MULTILINE):
        text = re.sub(r"^(--|SET |WHENEVER |SHOW ).*$", "", statement, flags=re.MULTILINE).strip()
        if not re.match(r"CREATE OR REPLACE PACKAGE|BEGIN\b|COMMIT;$", text):
            assert not re.search(r";\s*$", text, flags=re.MULTILINE), text[:200]
    assert "SET DEFINE OFF" in script
    # The session that runs it goes on.
    assert "ALTER SESSION" not in script
    assert script.count("SHOW ERRORS") == 2 * (1 + len(CALLERS))


def test_the_job_is_a_block_that_calls_the_package() -> None:
    text = rendered()["maintenance"]
    assert text.startswith("BEGIN\n")
    assert text.strip().endswith("END;")
    assert "job_name => 'abcdefghi_maintenance'" in text
    for verb in ("expire_tasks", "purge_tasks"):
        assert f"abcdefghi.{verb}(1000, v_some);" in text
    assert "NUMTODSINTERVAL(5, ''MINUTE'')" in text
    # The verbs refuse a transaction that somebody has left open in the scheduler's session.
    assert re.search(r"BEGIN\s+ROLLBACK;.*abcdefghi\.run_due_schedules.*\.expire_tasks", text, re.S)


def test_what_was_locked_is_looked_at_again_before_it_is_changed() -> None:
    """SKIP LOCKED finds a row as it was when the cursor was opened, and locks it as it is now."""
    changes = re.findall(
        r"FORALL i IN [^;]*?\b(?:UPDATE|DELETE)\b[^;]*;", rendered()["package_body"]
    )
    assert len(changes) == 13
    for change in changes:
        assert re.search(r"WHERE (?:task_id|name) = \w+\(i\)\s+AND ", change), change


def test_temporary_lobs_end_with_the_call() -> None:
    """Not with the session, should an error come before they are freed."""
    text = "".join(rendered().values())
    made = re.findall(r"CREATETEMPORARY\(([^)]*)\)", text)
    assert made
    assert {arguments.split(", ")[-1] for arguments in made} == {"DBMS_LOB.CALL"}


@pytest.mark.parametrize("prefix", ["order_", "audit_", "user", "session_", "dual_", "dbms_lob_"])
def test_no_package_has_a_name_that_means_something(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match=f"not be {prefix!r} on Oracle"):
        install("oracle://u:p@127.0.0.1:1/none", {"prefix": prefix})
    assert Renderer("mysql", Settings(prefix)).objects
