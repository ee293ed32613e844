"""The command doctor: every check as a line, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from qtask_db.cli import errors, output, tables
from qtask_db.cli.output import json_option
from qtask_db.cli.state import State, database_options, pass_state, redis_option

if TYPE_CHECKING:
    from rich.console import Console

    from qtask_db.doctor import Check

_MARK = {"ok": ("ok  ", "green"), "warn": ("warn", "bold yellow"), "fail": ("FAIL", "bold red")}


@click.command(short_help="Check servers, schema and privileges; say what to do.")
@database_options
@redis_option
@json_option
@pass_state
def doctor(state: State, *, as_json: bool) -> None:
    """Check the database, the schema, this account's privileges, the clocks, Redis and its queues.

    Nothing is changed. The exit code is 1 where a check fails; warnings do not count.

    \b
    Examples:
      qtask doctor
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
        click.echo(f"{good} ok, {output.plural(warned, 'warning')}, {failed} failed")
    if failed:
        click.get_current_context().exit(errors.REFUSED)


def _checks(state: State) -> Iterator[Check]:
    from qtask_db import doctor as checks
    from qtask_db.redis_doctor import examine_redis

    queues = yield from checks.examine_database(state.database())
    if state.redis_url:
        yield from examine_redis(state.redis_url, queues)
    else:
        yield checks.warn(
            "Redis", "not checked: no Redis URL", "pass --redis URL or set QTASK_REDIS_URL"
        )


def _show(console: Console, check: Check) -> None:
    """One line, and under it what to do."""
    from rich.table import Table
    from rich.text import Text

    mark, style = _MARK[check.level.value]
    line = Table.grid(padding=(0, 2, 0, 0))
    for width in (4, 17, None):
        line.add_column(no_wrap=width is not None, min_width=width, overflow="fold")
    line.add_row(Text(mark, style=style), check.name, output.visible(check.text))
    if check.advice:
        line.add_row("", "", Text(f"-> {check.advice}", style=style))
    tables.show(console, line)
