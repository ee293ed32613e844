"""The command schedule apply: the schedules of a file, and no others of the same owner."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import json_option
from qtask_db.cli.state import State, database_options, pass_state
from qtask_db.constants import DEFAULT
from qtask_db.errors import ConfigurationError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from qtask_db.database import Connection
    from qtask_db.scheduling import Schedule

_Key = tuple[str, str]
"""Namespace and name."""
MARKS = {"create": "+", "change": "~", "remove": "-", "keep": "="}


@dataclass(slots=True)
class Step:
    """What becomes of one schedule."""

    does: str
    """create, change, remove or keep."""
    namespace: str
    name: str
    changed: list[str]
    """The names of the values that change."""


@click.command(short_help="Make the schedules those of a file.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--owner", metavar="TEXT", help="Whose schedules these are.  [the file's name]")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@database_options
@json_option
@pass_state
def apply(state: State, *, file: str, owner: str | None, dry_run: bool, as_json: bool) -> None:
    """Make the schedules those of a file: creates and changes what it has, and removes what the
    same owner has applied before and the file has no more. Others are left alone. All of it is
    done, or nothing.

    FILE is TOML, or JSON with the same keys: a list `schedule`, each with `name`, `queue`, `every`
    (seconds) or `cron`, and what else `qtask schedule set` takes.

    \b
    Examples:
      qtask schedule apply schedules.toml --dry-run
      qtask schedule apply deploy/schedules.json --owner shop
    """
    from qtask_db import calls

    owner = owner or Path(file).name
    wanted = read(file, owner)
    with state.database().connect(autocommit=False) as conn:
        steps = _steps(conn, wanted, owner)
        if not dry_run:
            for step in steps:
                if step.does == "remove":
                    calls.remove_schedule(conn, step.name, step.namespace)
                elif step.does != "keep":
                    calls.set_schedule(conn, wanted[step.namespace, step.name])
            conn.commit()
        else:
            conn.rollback()
    if as_json:
        output.echo_json({"applied": not dry_run, "steps": steps})
        return
    for step in steps:
        values = f": {', '.join(step.changed)}" if step.changed else ""
        output.echo(f"{MARKS[step.does]} {step.does} {step.namespace}/{step.name}{values}")
    if dry_run:
        errors.say("nothing was changed: --dry-run")


def read(file: str, owner: str) -> dict[_Key, Schedule]:
    """The schedules of a file. Raises ConfigurationError, which names what is wrong."""
    from qtask_db.scheduling import Schedule, ticks

    known = {field.name for field in dataclasses.fields(Schedule)} - {"owner"}
    found: dict[_Key, Schedule] = {}
    for place, given in enumerate(_parsed(file), 1):
        where = f"{file}: schedule {place}"
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            raise ConfigurationError(f"{where} must have a name")
        where += f", {given['name']}"
        if unknown := sorted(given.keys() - known):
            raise ConfigurationError(
                f"{where}: {unknown[0]!r} is not known; these are: {', '.join(sorted(known))}"
            )
        if not isinstance(given.get("queue"), str):
            raise ConfigurationError(f"{where} must have a queue")
        if ("every" in given) == ("cron" in given):
            raise ConfigurationError(f"{where} must have one of every and cron")
        one = Schedule(**given, owner=owner)
        if one.cron is not None:
            ticks.check(one.cron, one.zone)
        key = (one.namespace or DEFAULT["namespace"], one.name)
        if key in found:
            raise ConfigurationError(f"{where} is there twice: a name is unique in its namespace")
        found[key] = one
    return found


def _parsed(file: str) -> list[Any]:
    load: Callable[[str], Any] = json.loads if file.endswith(".json") else tomllib.loads
    try:
        content = load(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from None
    except ValueError as error:  # of both formats, and of bytes that are no text
        raise ConfigurationError(f"cannot read {file}: {error}") from None
    listed = content.get("schedule") if isinstance(content, dict) else None
    if not isinstance(listed, list) or content.keys() != {"schedule"}:
        raise ConfigurationError(f"{file} must have a list `schedule`, and nothing beside it")
    return listed


def _steps(conn: Connection, wanted: dict[_Key, Schedule], owner: str) -> list[Step]:
    from qtask_db import calls

    there = {
        (str(one.schedule.namespace), one.schedule.name): one.schedule
        for one in calls.list_schedules(conn)
    }
    steps = []
    for key, one in wanted.items():
        if key not in there:
            steps.append(Step("create", *key, []))
        elif changed := _differences(one, there[key]):
            steps.append(Step("change", *key, changed))
        else:
            steps.append(Step("keep", *key, []))
    gone = (key for key, one in there.items() if one.owner == owner and key not in wanted)
    return [*steps, *(Step("remove", *key, []) for key in gone)]


def _differences(wanted: Schedule, there: Schedule) -> list[str]:
    ours, theirs = _comparable(wanted), _comparable(there)
    return [name for name, value in ours.items() if value != theirs[name]]


def _comparable(one: Schedule) -> dict[str, Any]:
    """With the values that stand in for those left out."""
    from qtask_db.calls.arguments import payload_text

    values = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
    return values | {
        "namespace": one.namespace or DEFAULT["namespace"],
        "task": one.task or one.name,
        "zone": one.zone or (None if one.cron is None else DEFAULT["zone"]),
        "payload": payload_text(one.payload),
    }
