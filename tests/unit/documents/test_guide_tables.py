"""The tables of the guides have what there is: parameters, options, defaults, counters, codes."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable

import click
import pytest
from examples import ROOT

from qtask_db import Job, Relay, Worker, calls
from qtask_db.cli import errors, main
from qtask_db.worker import Counters

GUIDES = ("producing", "consuming", "retries-and-deadlines", "duplicates", "operating")
NOT_OF_QTASK = {"--help"}


def text(guide: str) -> str:
    return (ROOT / f"docs/guides/{guide}.md").read_text(encoding="utf-8")


def rows(guide: str, title: str) -> list[list[str]]:
    """The cells of the table whose first column has this title, without the marks of code."""
    _, _, found = text(guide).partition(f"\n| {title} |")
    lines = found.partition("\n\n")[0].splitlines()[2:]
    assert lines, title
    return [[cell.strip().replace("`", "") for cell in line[1:-1].split("|")] for line in lines]


def names(cells: Iterable[list[str]]) -> list[str]:
    """Those of the first column, which may have several in a cell."""
    return [name for first, *_ in cells for name in first.split(", ")]


def parameters(function: object) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)  # type: ignore[arg-type]
    return {n: p for n, p in found.items() if n not in ("conn", "self", "database", "redis")}


def test_a_worker_has_these_parameters_and_defaults() -> None:
    shown = {name: default for name, default, _ in rows("consuming", "parameter")}
    assert shown == {n: repr(p.default) for n, p in parameters(Worker).items()}


def test_a_handler_has_these_wishes_and_defaults() -> None:
    shown = {name: default for name, default, _ in rows("consuming", "wish")}
    wishes = {n: p for n, p in parameters(Worker.handler).items() if n != "queues"}
    assert shown == {n: repr(p.default) for n, p in wishes.items()}


def test_a_relay_has_these_options_and_defaults() -> None:
    cells = rows("operating", "option")
    shown = {re.sub(r"--(no-)?", "", name).replace("-", "_"): told for name, told, _ in cells}
    assert isinstance(main, click.Group)
    options = {p.name for p in main.commands["relay"].params}
    assert shown.keys() == options - {"database", "redis", "prefix", "debug"}
    for name, parameter in parameters(Relay).items():
        if isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool):
            assert shown[name] == str(parameter.default), name


def test_creations_have_these_arguments() -> None:
    assert names(rows("producing", "argument")) == list(parameters(calls.delay))
    assert parameters(calls.create).keys() < parameters(calls.delay).keys()


def test_a_job_has_these_members() -> None:
    shown = [re.sub(r"job\.|\(.*\)", "", name) for name in names(rows("consuming", "member"))]
    public = {name for name in dir(Job) if not name.startswith("_")}
    assert sorted(shown) == sorted(public)


def test_a_worker_counts_these() -> None:
    assert names(rows("consuming", "counter")) == [f.name for f in dataclasses.fields(Counters)]


def test_a_consumer_has_these_calls() -> None:
    for name in names(rows("consuming", "call")):
        assert callable(getattr(calls, name))


def test_commands_end_with_these_codes() -> None:
    codes = [getattr(errors, name) for name in ("OK", "REFUSED", "USAGE", "UNREACHABLE", "FAULT")]
    shown = [int(code) for code, _ in rows("operating", "exit code")]
    assert shown == [*codes, errors.INTERRUPTED]


@pytest.mark.parametrize("guide", GUIDES)
def test_options_that_are_named_exist(guide: str) -> None:
    """Those of commands in full are in test_docs.py."""
    assert isinstance(main, click.Group)
    commands = [main, *main.commands.values()]
    known = {
        option
        for command in commands
        for parameter in command.params
        for option in [*parameter.opts, *parameter.secondary_opts]
    }
    found = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text(guide)))
    assert found - NOT_OF_QTASK <= known


def test_lines_of_the_log_are_such() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("qtask_db/**/*.py"))
    for line, _ in rows("operating", "line"):
        for part in re.split(r"…|\d+(?:\.\d+)?|MAIL|GCR:ORDER:BIND|, worker", line):
            assert part in source, line
