"""The commands doctor and config: what is wrong and what to do, and what qtask has been told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from qtask_db.cli import errors, output, tables
from qtask_db.cli.output import json_option
from qtask_db.cli.state import State, database_options, pass_state, redis_options
from qtask_db.log import mask
from qtask_db.registry.names import Given

if TYPE_CHECKING:
    from rich.console import Console

    from qtask_db.doctor.check import Check

_INSTALL = "qtask install"
_HARMLESS = re.compile(
    r"ALTER EVENT \w+ ENABLE|ALTER TABLE \w+( ADD (UNIQUE )?KEY \w+ \([\w, ]+\),?)+"
)
_MARK = {"ok": ("ok  ", "green"), "warn": ("warn", "bold yellow"), "fail": ("FAIL", "bold red")}


@click.command(short_help="Check servers, schema and privileges; say what to do.")
@database_options
@redis_options
@json_option
@click.option(
    "--fix",
    is_flag=True,
    help="Then mend what does no harm: procedures, views, the event, a missing index.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before.")
@pass_state
def doctor(state: State, *, as_json: bool, fix: bool, yes: bool) -> None:
    """Check the database, the schema, this account's privileges, the clocks, Redis and its queues.

    Each kind of call is made, in a transaction that is rolled back; without --fix nothing is
    changed. The exit code is 1 if a check fails; warnings do not count.

    \b
    Examples:
      qtask doctor
      qtask doctor --fix
      qtask doctor --json | jq '.checks[] | select(.level != "ok")'
    """
    checks: list[Check] = []
    console = tables.console()
    for check in _checks(state):
        checks.append(check)
        if not as_json:
            _show(console, check)
    failed = sum(check.level.value == "fail" for check in checks)
    warned = sum(check.level.value == "warn" for check in checks)
    if as_json:
        output.echo_json({"ok": not failed, "failed": failed, "warned": warned, "checks": checks})
    else:
        click.echo()
        good = len(checks) - failed - warned
        output.echo(f"{good} ok, {output.plural(warned, 'warning')}, {failed} failed")
    if fix and (mends := list(_mends(checks))):
        if not yes:
            output.confirm("\n".join(mends), "Run these now?", to="run")
        for mend in mends:
            _run(state, mend)
        errors.say("`qtask doctor` tells whether all is well now")
    if failed:
        click.get_current_context().exit(errors.REFUSED)


@click.command(short_help="Show the URLs and prefixes in use, and where each was given.")
@database_options
@redis_options
@json_option
@pass_state
def config(state: State, *, as_json: bool) -> None:
    """Show the database, Redis and the prefixes that the other commands would use, and the option,
    the variable, the file or the node of a registry in which each was given.

    Nothing is connected but the registry. Passwords are not shown.

    \b
    Examples:
      qtask config
      qtask config --database zk://192.168.0.109/mall
      qtask config --json | jq -r .database.source
    """
    found = {name: {"value": mask(text), "source": source} for name, (text, source) in _used(state)}
    if as_json:
        output.echo_json(found)
        return
    for name, value in found.items():
        output.echo(f"{name.replace('_', ' '):<14}{value['value'] or '-'}")
        output.echo(f"{'':<14}{value['source']}")


def _used(state: State) -> Iterator[tuple[str, Given]]:
    from qtask_db.settings import DEFAULT_PREFIX

    yield "database", state.database_found
    node = state.place.queue_node
    none = f"no node {node} either" if node else "not given"
    yield "redis", state.redis_found or Given("", none)
    yield "prefix", state.prefix_found or Given(DEFAULT_PREFIX, "default")
    yield "queue_prefix", state.queue_prefix_found


def _checks(state: State) -> Iterator[Check]:
    from qtask_db import calls
    from qtask_db.doctor.check import ok, warn
    from qtask_db.doctor.database import examine_database
    from qtask_db.doctor.redis import examine_redis

    depth = yield from examine_database(state.database())
    queues = sorted({row.queue for row in depth})
    if state.redis_url and queues:
        with state.connect() as conn:
            audit = partial(calls.audit, conn)
            yield from examine_redis(state.redis_url, queues, audit, state.queue_prefix)
    elif state.redis_url:
        yield from examine_redis(state.redis_url, prefix=state.queue_prefix)
    elif queues and all(row.delivery == "direct" for row in depth):
        yield ok("Redis", "not needed: all queues are direct")
    else:
        yield warn("Redis", "not checked: no Redis URL", "pass --redis URL or set QTASK_REDIS_URL")


def _mends(checks: list[Check]) -> Iterator[str]:
    """The advice that is safe to follow at once: nobody waits for it, and nothing is lost by it."""
    failed = [check for check in checks if check.level.value == "fail"]
    yield from (check.advice for check in failed if _HARMLESS.fullmatch(check.advice))
    if any(check.name in ("procedures", "definers") for check in failed):
        yield _INSTALL


def _run(state: State, mend: str) -> None:
    from qtask_db import install as installer
    from qtask_db.schema.objects import objects_of

    output.echo(f"running {mend}", err=True)
    if mend == _INSTALL:
        given = {"prefix": state.prefix} if state.prefix else {}
        installer.install(state.database_url, given, lambda line: output.echo(line, err=True))
        return
    with state.connect() as conn:
        objects_of(conn.dialect.name).execute(conn.raw, mend)


def _show(console: Console, check: Check) -> None:
    """One line, and under it what to do."""
    from rich.table import Table
    from rich.text import Text

    mark, style = _MARK[check.level.value]
    line = Table.grid(padding=(0, 2, 0, 0))
    for width in (4, 17, None):
        line.add_column(no_wrap=width is not None, min_width=width, overflow="fold")
    line.add_row(Text(mark, style=style), check.name, output.visible(mask(check.text)))
    if check.advice:
        line.add_row("", "", Text(f"-> {output.visible(check.advice)}", style=style))
    tables.show(console, line)
