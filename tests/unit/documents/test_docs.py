"""The documents say what is there: commands, options, procedures, arguments, files."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

import click
import parts
import pytest
import sqlapi
from examples import all_blocks, blocks

import qtask_db
from qtask_db.cli import main
from qtask_db.constants import ERROR
from qtask_db.schema.render import INDEX, ROLES, Renderer
from qtask_db.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)
TRANSLATIONS = [(one.replace(".zh-CN", ""), one) for one in DOCUMENTS if ".zh-CN." in one]
PROCEDURES = sqlapi.procedures(Renderer("mysql", Settings()))
PACKAGED = sqlapi.procedures(Renderer("oracle", Settings()))
TABLES = "\n".join(Renderer("oracle", Settings()).tables())
NAMES = {entry["name"] for kind in INDEX for entry in INDEX[kind]}
NAMES |= set(re.findall(r"(?:SEQUENCE|INDEX) qtask_(\w+)", TABLES))


def text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def commands(document: str) -> list[list[str]]:
    """The `qtask` command lines of shell blocks and of code in the text."""
    inline = re.findall(r"`(qtask [^`]+)`", text(document))
    shell = [block.replace("\\\n", " ") for block in blocks(document, "sh")]
    listed = [line for block in shell for line in block.splitlines()]
    lines = [line for line in [*inline, *listed] if line.startswith("qtask ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def count_arguments(call: str) -> int:
    """How many arguments a CALL has; commas in strings do not count."""
    inside = re.sub(r"'[^']*'", "''", call, flags=re.DOTALL).strip()
    return inside.count(",") + 1 if inside else 0


def calls(document: str) -> list[tuple[str, str]]:
    found = re.findall(r"CALL qtask_(\w+)\(((?:[^()']|'[^']*')*)\)", text(document))
    return found + re.findall(r"`qtask_(\w+)\((.*?)\)`", text(document))


def test_the_sql_reference_is_current() -> None:
    assert sqlapi.page() == text("docs/reference/sql.md"), "run scripts/reference"


def test_the_sql_reference_has_every_procedure_error_and_view() -> None:
    page = text("docs/reference/sql.md")
    for name in PROCEDURES:
        assert f"\n### {name}\n" in page
    for name, number in ERROR.items():
        assert f"| {number} | `{name}` |" in page
    for entry in INDEX["view"]:
        assert f"\n### qtask_{entry['name']}\n" in page


@pytest.mark.parametrize("name", sorted(PROCEDURES))
def test_a_header_says_what_each_parameter_is(name: str) -> None:
    procedure = PROCEDURES[name]
    sections = procedure.sections
    assert {"Errors", "Transaction"} <= sections.keys()
    described = [n for n, _ in sqlapi.entries(sections.get("Parameters", ""))]
    assert described == list(procedure.signature.inputs)
    results = [n for n, _ in sqlapi.entries(sections.get("Result", "")) if n.startswith("out_")]
    assert results == [out.name for out in procedure.signature.outs]
    named = {word for word, _ in sqlapi.errors_of(procedure)}
    assert named
    assert named <= ERROR.keys()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_calls_have_as_many_arguments_as_their_procedures(document: str) -> None:
    for name, arguments in calls(document):
        assert name in PROCEDURES, name
        parameters = PROCEDURES[name].signature.parameters
        assert count_arguments(arguments) == len(parameters), (name, arguments)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_calls_of_the_package_give_what_it_needs(document: str) -> None:
    """By position, then by name; what has no default is given."""
    for name, listed in re.findall(r"\bqtask\.(\w+)\((.*?)\);", text(document), re.DOTALL):
        parameters = {p.name: p for p in PACKAGED[name].signature.parameters}
        named = re.findall(r"(\w+) =>", listed)
        positions = count_arguments(listed) - len(named)
        given = [*list(parameters)[:positions], *named]
        assert len(given) == len(set(given)), (name, listed)
        assert set(given) <= parameters.keys(), (name, listed)
        assert {n for n, p in parameters.items() if not p.optional} <= set(given), (name, listed)


def test_the_package_has_an_example_of_every_procedure() -> None:
    shown = re.findall(r"\bqtask\.(\w+)\(", text("docs/reference/sql.md"))
    assert shown == re.findall(r"CALL qtask_(\w+)\(", text("docs/reference/sql.md"))
    assert set(shown) == PACKAGED.keys()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_names_of_the_schema_exist(document: str) -> None:
    for name in re.findall(r"\bqtask_([a-z_]+)\b", text(document)):
        assert name in NAMES.union(ROLES, {"db"}), f"qtask_{name}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_error_numbers_exist(document: str) -> None:
    assert {int(n) for n in re.findall(r"\b201\d\d\b", text(document))} <= set(ERROR.values())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_their_options_exist(document: str) -> None:
    assert isinstance(main, click.Group)
    for words in commands(document):
        command, rest = main.commands.get(words[0]), words[1:]
        if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            command = command.commands.get(rest[0])
        assert command is not None, words
        known = {option for parameter in command.params for option in parameter.opts}
        known |= {option for parameter in command.params for option in parameter.secondary_opts}
        for word in words[1:]:
            option = word.partition("=")[0]
            if re.match(r"--?[a-z]", option) and option != "--help":
                assert option in known, words


def test_the_readme_begins_with_a_demonstration_and_the_tests() -> None:
    lines = [line for block in blocks("README.md", "sh") for line in block.splitlines()]
    assert [line.partition("#")[0].strip() for line in lines[:3]] == [
        "scripts/demo --direct", "scripts/demo", "scripts/test",
    ]  # fmt: skip


def test_the_quickstart_shows_the_commands_of_each_day() -> None:
    found = {words[0] for words in commands("docs/quickstart.md")}
    assert {"install", "doctor", "create", "delay", "relay", "worker", "stats", "retry"} <= found


def frame(document: str) -> dict[str, list[str] | list[tuple[str, str]]]:
    """What a translation has in common with its original."""
    content = text(document)
    code = re.findall(r"```.*?```|`[^`]+`|^ {4}\S[^\n]*", content, re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)]+)\)", content)
    return {
        "blocks": all_blocks(document),
        "code": sorted(" ".join(one.split()) for one in code),
        "links": sorted(re.sub(r"^#.*|\.zh-CN", "", link) for link in links),
        "titles, items, rows": re.findall(r"^ *(#+ |- |\d+\. |\|[-|]*)", content, re.MULTILINE),
    }


@pytest.mark.parametrize(("english", "chinese"), TRANSLATIONS)
def test_a_translation_has_the_same_blocks_links_titles_and_rows(
    english: str, chinese: str
) -> None:
    """So the tests that run the blocks of one run those of the other."""
    assert frame(chinese) == frame(english)
    assert f"[简体中文]({Path(chinese).name})" in text(english)
    assert f"[English]({Path(english).name})" in text(chinese)


@pytest.mark.parametrize(("english", "chinese"), TRANSLATIONS)
def test_a_translation_is_of_the_text_that_is_there(english: str, chinese: str) -> None:
    """Its last line names that text as git does, so that git can show what has changed since."""
    content = text(english).encode()
    blob = hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False)
    due = f"<!-- Changes since the translation: git diff {blob.hexdigest()[:10]} {english} -->"
    *_, last = text(chinese).splitlines()
    assert last == due, f"translate what the command in {last!r} shows, then put {due!r} there"


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = re.findall(r"^\*\*(.+?)\.\*\*", text("docs/glossary.md"), re.MULTILINE)
    assert terms == sorted(set(terms), key=str.lower)


def test_the_picture_of_the_parts_is_current() -> None:
    for name, drawing in parts.figures().items():
        assert drawing == text(f"docs/figures/{name}"), "run python3 scripts/tools/parts.py"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_examples_compile_and_use_what_is_there(document: str) -> None:
    for block in blocks(document, "python"):
        compile(block, document, "exec")
        for name in re.findall(r"\bqtask_db\.(\w+)", block):
            assert hasattr(qtask_db, name), name
        for names in re.findall(r"^from qtask_db import (.*)$", block, re.MULTILINE):
            for name in names.split(", "):
                assert hasattr(qtask_db, name), name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document: str) -> None:
    content = text(document)
    names = re.findall(r"\]\((?!http|#)([^)#]+)", content)
    names += re.findall(r' src(?:set)?="([^"]+)"', content)
    for tree in re.findall(r"^```{toctree}\n(.*?)^```", content, re.MULTILINE | re.DOTALL):
        pages = [line for line in tree.splitlines() if re.match(r"[^:]+$", line)]
        names += [f"{page}.md" for page in pages]
    folder = (ROOT / document).parent
    assert [name for name in names if not (folder / name).exists()] == []
    scripts = set(re.findall(r"\bscripts/[\w.]+\b", content))
    assert [name for name in scripts if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_sections_that_are_named_exist(document: str) -> None:
    """Of files that are there; `test_files_that_are_named_exist` says which are not."""
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", text(document)):
        file = (ROOT / document).parent / target if target else ROOT / document
        if file.exists():
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            plain = (re.sub(r"[^\w -]", "", title.lower()).strip() for title in titles)
            assert anchor in {title.replace(" ", "-") for title in plain}, (target, anchor)


def test_settings_and_variables_are_in_the_reference() -> None:
    page = text("docs/reference/configuration.md")
    for name in Settings.__dataclass_fields__:
        assert f"`QTASK_{name.upper()}`" in page
