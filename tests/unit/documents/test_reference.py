"""The generated pages of the reference are current and complete."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest
from pages.__main__ import PAGES, main, outdated

import qtask_db
from qtask_db import cli, errors, models
from qtask_db.cli import errors as codes
from qtask_db.constants import ERROR
from qtask_db.errors import ProcedureError, QtaskError

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
COMMANDS = cli.main.commands  # type: ignore[attr-defined]
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def text(page: str) -> str:
    return (FOLDER / f"{page}.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    found = re.search(rf"^(##+) {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", text(page), re.M | re.S)
    assert found, heading
    return found[2]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_current(page: str) -> None:
    assert not outdated([page]), "run scripts/reference"


def test_check_says_what_is_not_current(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["reference", "--check", "cli"])
    main()
    monkeypatch.setitem(PAGES, "cli", lambda: "another text")
    with pytest.raises(SystemExit, match=r"^not current: cli\."):
        main()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_there_with_its_options(name: str) -> None:
    found = section("cli", f"qtask {name}")
    command = COMMANDS[name]
    assert f"\nqtask {name} " in found
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for option in [*parameter.opts, *parameter.secondary_opts]:
                shared = option not in found
                assert option in (
                    section("cli", "Options that commands share") if shared else found
                )
    examples = re.search(r"```sh\n(.*?)```", found, re.DOTALL)
    assert examples, "no example"
    assert f"qtask {name}" in examples[1]


def test_exit_codes_are_there() -> None:
    found = section("cli", "Exit codes")
    numbers = {
        value for name, value in vars(codes).items() if name.isupper() and type(value) is int
    }
    assert {int(number) for number in re.findall(r"^\| `(\d+)`", found, re.MULTILINE)} == numbers


@pytest.mark.parametrize("name", qtask_db.__all__)
def test_a_name_of_the_package_is_there(name: str) -> None:
    if name != "QtaskError":
        assert section("python", name)
    assert name in text("python")


@pytest.mark.parametrize("name", qtask_db.__all__)
def test_what_is_public_is_explained(name: str) -> None:
    thing = getattr(qtask_db, name)
    assert thing.__doc__
    if inspect.isclass(thing) and not issubclass(thing, Exception):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, member


def test_what_calls_return_is_there() -> None:
    returned = [
        k for k in vars(models).values() if inspect.isclass(k) and k.__module__ == "qtask_db.models"
    ]
    assert len(returned) > 5
    for kind in returned:
        rows = section("python", kind.__name__)
        for field in kind.__dataclass_fields__:
            assert f"| `{field}` |" in rows, (kind, field)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_says_what_to_do(kind: type) -> None:
    assert kind.__name__ in text("python")
    if kind in (QtaskError, ProcedureError, errors.BadInput):
        return
    number = getattr(kind, "number", None)
    name = next((name for name, value in ERROR.items() if value == number), "")
    found = section("errors", f"{number} {name}" if number else kind.__name__)
    assert kind.__name__ in found or not number
    assert re.search(r"\n\*\*Remedy:\*\* \S", found)


def test_an_error_names_the_procedures_that_raise_it() -> None:
    assert "[retry_task](sql.md#retry_task)" in section("errors", "20113 duplicate_order")
    assert "Every procedure" in section("errors", "20101 invalid_argument")
    assert " 1213," in section("errors", "Conflict")
    assert "ORA-00060" in section("errors", "Conflict")
