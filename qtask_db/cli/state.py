"""The options that commands share: URLs with their secrets, and connections made from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click

from qtask_db.constants import DEFAULT
from qtask_db.errors import ConfigurationError
from qtask_db.registry.names import Given, Place, from_environment, look_up

if TYPE_CHECKING:
    from qtask_db.database import Connection, Database

Command = TypeVar("Command", bound=Callable[..., Any])

DATABASE, REDIS = "QTASK_DATABASE_URL", "QTASK_REDIS_URL"
PREFIX, QUEUE_PREFIX = "QTASK_PREFIX", "QTASK_QUEUE_PREFIX"


@dataclass
class State:
    """The values of the shared options. The environment answers if an option was not given."""

    current: ClassVar[State | None] = None

    database_option: str | None = None
    redis_option: str | None = None
    prefix_option: str | None = None
    queue_prefix_option: str | None = None
    debug: bool = False

    def __post_init__(self) -> None:
        State.current = self

    @cached_property
    def place(self) -> Place:
        """Where the database's URL leads; nowhere if there is none."""
        given = _option(self.database_option, "--database") or from_environment(DATABASE)
        return look_up(given) if given else Place(Given("", ""))

    @cached_property
    def database_found(self) -> Given:
        """The URL of the database and where it was given; ConfigurationError if there is none."""
        if not self.place.address.text:
            raise ConfigurationError(
                "no database URL: pass --database mysql://user:password@host/schema or "
                "oracle://user:password@host/?service_name=NAME, "
                f"or set {DATABASE} or {DATABASE}_FILE"
            )
        return self.place.database()

    @property
    def database_url(self) -> str:
        """The database's URL, with its password: never to be shown."""
        return self.database_found.text

    @cached_property
    def redis_found(self) -> Given | None:
        """The URL of Redis and where it was given; None if there is none."""
        given = _option(self.redis_option, "--redis") or self.place.redis
        return given or from_environment(REDIS) or self.place.registered_redis()

    @property
    def redis_url(self) -> str | None:
        """The Redis URL, with its password, or None if there is none."""
        return self.redis_found.text if self.redis_found else None

    def required_redis_url(self) -> str:
        """The Redis URL; ConfigurationError if there is none."""
        url = self.redis_url
        if not url:
            node = self.place.queue_node
            raise ConfigurationError(
                f"no Redis URL: pass --redis redis://host:6379/0, or set {REDIS} or {REDIS}_FILE"
                + (f", or create the node {node}" if node else "")
            )
        return url

    @cached_property
    def prefix_found(self) -> Given | None:
        """The prefix of tables and procedures and where it was given; None is the default."""
        given = _option(self.prefix_option, "--prefix") or self.place.prefix
        return given or _option(os.environ.get(PREFIX), PREFIX)

    @property
    def prefix(self) -> str | None:
        """The prefix, or None for the package's default."""
        return self.prefix_found.text if self.prefix_found else None

    @cached_property
    def queue_prefix_found(self) -> Given:
        """What stands before the names of queues in Redis, and where it was given."""
        from qtask_db.transport.keys import check_prefix

        given = _option(self.queue_prefix_option, "--queue-prefix") or self.place.queue_prefix
        given = given or _option(os.environ.get(QUEUE_PREFIX), QUEUE_PREFIX)
        return Given(check_prefix(given.text), given.source) if given else Given("", "default")

    @property
    def queue_prefix(self) -> str:
        """What stands before the names of queues in Redis."""
        return self.queue_prefix_found.text

    def known(self) -> dict[str, str]:
        """The values that were given, as variables of the environment. A registry's address stays
        itself: a program that is given it gets all that the registry has.
        """
        found = {
            DATABASE: self.place.address.text,
            REDIS: self.redis_url,
            PREFIX: self.prefix,
            QUEUE_PREFIX: self.queue_prefix,
        }
        return {name: value for name, value in found.items() if value}

    def database(self) -> Database:
        """The database that the URL names; nothing is connected yet."""
        from qtask_db.database import Database

        return Database(self.database_url, prefix=self.prefix)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in autocommit mode: each call of a command is a transaction."""
        connection = self.database().connect(autocommit=True)
        with connection:
            yield connection


def _option(text: str | None, source: str) -> Given | None:
    return Given(text, source) if text else None


def _keep(field: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that stores an option in the state, wherever on the command line it stands."""

    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        state = ctx.ensure_object(State)
        if value:
            setattr(state, field, value)

    return callback


def connection_options(command: Command) -> Command:
    """Add --database and --debug."""
    command = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        callback=_keep("debug"),
        help="Show the traceback of an error.",
    )(command)
    return click.option(
        "--database",
        "-d",
        metavar="URL",
        expose_value=False,
        callback=_keep("database_option"),
        help=f"URL of the database or of a registry, or a name.  [env: {DATABASE}]",
    )(command)


def redis_options(command: Command) -> Command:
    """Add the options of a command that works on Redis."""
    command = click.option(
        "--queue-prefix",
        metavar="TEXT",
        expose_value=False,
        callback=_keep("queue_prefix_option"),
        help=f"What stands before the names of queues in Redis.  [env: {QUEUE_PREFIX}]",
    )(command)
    return click.option(
        "--redis",
        "-r",
        metavar="URL",
        expose_value=False,
        callback=_keep("redis_option"),
        help=f"URL of Redis.  [env: {REDIS}]",
    )(command)


namespace_option = click.option(
    "--namespace", "-n", metavar="NAME", help=f"Another namespace than `{DEFAULT['namespace']}`."
)
any_namespace_option = click.option(
    "--namespace", "-n", metavar="NAME", help="Only this namespace.  [all]"
)
stream_option = click.option("--stream", is_flag=True, help="Queues are Redis streams, not lists.")


def prefix_option(command: Command) -> Command:
    """Add --prefix."""
    return click.option(
        "--prefix",
        metavar="NAME",
        expose_value=False,
        callback=_keep("prefix_option"),
        help=f"Start of all names of the schema.  [env: {PREFIX}]",
    )(command)


def database_options(command: Command) -> Command:
    """Add the options of a command that works on the database."""
    return connection_options(prefix_option(command))


def print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Answer --version from the metadata of the installed package."""
    if not value:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        text = version("qtask-db")
    except PackageNotFoundError:
        text = "(not installed: a checkout)"
    click.echo("qtask " + text)
    ctx.exit()


pass_state = click.make_pass_decorator(State, ensure=True)
