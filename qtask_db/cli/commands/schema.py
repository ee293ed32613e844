"""Commands on the schema: install, uninstall, render."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from qtask_db.cli import errors, output
from qtask_db.cli.output import DURATION
from qtask_db.cli.state import Command, State, database_options, pass_state, prefix_option
from qtask_db.constants import DEFAULT
from qtask_db.errors import QtaskError
from qtask_db.registry.address import join

_SETTINGS = (
    click.option(
        "--payload-limit",
        type=int,
        metavar="BYTES",
        help=f"Largest payload.  [{DEFAULT['payload_limit']}]",
    ),
    click.option(
        "--max-lapses",
        type=int,
        metavar="N",
        help="A task fails after so many attempts in a row that never ended, as it may kill its"
        f" worker.  [{DEFAULT['max_lapses']}]",
    ),
    click.option(
        "--push-grace",
        type=DURATION,
        metavar="TIME",
        help="A real-time task that its creator has not pushed is pushed by a relay after this."
        f"  [{DEFAULT['push_grace']}]",
    ),
    click.option(
        "--maintenance-minutes",
        type=int,
        metavar="N",
        help="The database itself expires and purges tasks each N minutes; 0: it does not.  [0]",
    ),
    click.option(
        "--queue-pattern",
        metavar="NAMES",
        help="Names that new queues may have, separated by commas; * stands for any text.  [*]",
    ),
    click.option(
        "--max-queues",
        type=int,
        metavar="N",
        help=f"Most queues that may be registered.  [{DEFAULT['max_queues']}]",
    ),
    click.option(
        "--delivery",
        type=click.Choice(["redis", "direct"]),
        help="How the tasks of new queues reach their consumers.  [redis]",
    ),
    click.option("--tablespace", metavar="NAME", help="Oracle: tablespace of new tables."),
    click.option("--index-tablespace", metavar="NAME", help="Oracle: tablespace of their indexes."),
    click.option(
        "--sequence-cache",
        type=int,
        metavar="N",
        help="Oracle: numbers that an instance keeps of a new sequence.  [1000]",
    ),
    click.option(
        "--spread-index",
        type=click.Choice(["none", "reverse", "hash"]),
        help="Oracle: spreads indexes that grow at one end, for RAC.  [none]",
    ),
)


def _setting_options(command: Command) -> Command:
    """The settings of an installation; `qtask_db.settings` explains them."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@click.command(short_help="Create or update tables and procedures.")
@click.argument("url", required=False)
@click.argument("platform", required=False)
@click.argument("db", required=False)
@_setting_options
@click.option(
    "--forget-grants",
    is_flag=True,
    help="MySQL: replace procedures though this account cannot keep who may execute them.",
)
@database_options
@pass_state
def install(
    state: State,
    /,
    *,
    url: str | None,
    platform: str | None,
    db: str | None,
    forget_grants: bool,
    **chosen: int | str | None,
) -> None:
    """Create tables and procedures, or bring them to this version. Repeating it changes nothing.

    URL may be that of a registry, followed by the PLATFORM in it and the name of the database's
    node, DB, if that is not `db`: zk://host mall is the same as zk://host/mall.

    The account needs all privileges on the schema, WITH GRANT OPTION, and on MySQL SELECT on
    mysql.procs_priv to keep who may execute the procedures. Those of applications, relays and
    operators need none of them: see `qtask render --grants`. Settings that are left out stay as
    they are.

    \b
    Examples:
      QTASK_DATABASE_URL_FILE=/run/secrets/db qtask install --payload-limit 1048576
      qtask install --maintenance-minutes 10
      qtask install --queue-pattern 'GCR:*,MAIL*'
      qtask install zk://192.168.0.109 mall
      qtask install zk://192.168.0.109 mall mdb
    """
    from qtask_db import install as installer

    if url and platform:
        url = join(url, platform, db)
    state.database_option = url or state.database_option
    settings = _settings(state, chosen)
    installer.install(state.database_url, settings, output.echo, forget_grants=forget_grants)
    errors.say("`qtask doctor` checks the server; a queue that is not direct needs a `qtask relay`")


@click.command(short_help="Drop tables and procedures, with all tasks.")
@click.argument("url", required=False)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@database_options
@pass_state
def uninstall(state: State, *, url: str | None, yes: bool) -> None:
    """Drop the tables and procedures, and with them every task. It asks first.

    \b
    Examples:
      QTASK_DATABASE_URL_FILE=/run/secrets/db qtask uninstall
      qtask uninstall --yes
    """
    from qtask_db import install as installer

    state.database_option = url or state.database_option
    if not yes:
        what = f"This drops {_contents(state)} in {state.database()}"
        output.confirm(what, "It cannot be undone. Continue?", to="drop")
    if not installer.uninstall(state.database_url, state.prefix, output.echo):
        errors.say(
            f"nothing of the prefix {state.database().prefix} is in {state.database()}, "
            "or this account may not see it"
        )
        click.get_current_context().exit(errors.REFUSED)
    output.echo(f"uninstalled from {state.database()}")


@click.command(short_help="Write the SQL that install would run.")
@click.option(
    "--dialect",
    type=click.Choice(["mysql", "oracle"]),
    default="mysql",
    show_default=True,
    help="mysql is for MariaDB too.",
)
@prefix_option
@_setting_options
@click.option("--grants", is_flag=True, help="Only the roles and their grants.")
@click.option("--output", "-o", metavar="FILE", default="-", help="Write to a file.  [stdout]")
@pass_state
def render(
    state: State, /, *, dialect: str, grants: bool, output: str, **chosen: int | str | None
) -> None:
    """Write one SQL script that a DBA can read and run with the vendor's own client.

    \b
    Examples:
      qtask render | mysql payments
      qtask render --dialect mysql --prefix pay_ -o qtask.sql
      qtask render --grants
    """
    from qtask_db.schema.render import Renderer
    from qtask_db.settings import Settings

    settings = Settings().updated(_settings(state, chosen))
    renderer = Renderer(dialect, settings)
    script = renderer.grants() if grants else renderer.script()
    if output == "-":
        click.echo(script, nl=not script.endswith("\n"))
        return
    try:
        Path(output).write_text(script, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write {output}: {error.strerror}") from None
    errors.say(f"wrote {output}")


def _settings(state: State, chosen: Mapping[str, int | str | None]) -> dict[str, str]:
    """The settings that were given here or in the environment, as texts by name."""
    from qtask_db.settings import requested

    given = {"prefix": state.prefix, **chosen}
    return {
        **requested(),
        **{name: str(value) for name, value in given.items() if value is not None},
    }


def _contents(state: State) -> str:
    """The tasks that would be lost, in words, if they can be counted."""
    from qtask_db import calls

    try:
        with state.connect() as conn:
            rows = calls.stats(conn)
    except QtaskError:
        return "the tables and procedures"
    active = sum(row.waiting + row.processing for row in rows)
    terminal = sum(row.finished + row.cancelled + row.failed for row in rows)
    return f"{output.plural(active, 'active task')} and {terminal:,} terminal"
