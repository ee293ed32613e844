"""Surroundings in which the schema must do the same: what `--surroundings` runs the tests in.

Each is a server of its own. The tests' account has all privileges on its database, and no other
ones.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from chaos.proxy import Proxy
from testing import PASSWORD, execute

from qtask_db import Connection, Database
from qtask_db.install import install

BOTH = ("mysql", "mariadb")
ACCOUNT = "qtask_holder"


@dataclass(frozen=True, eq=False)
class Surrounding:
    """A server, a database and sessions as somebody has set them up for other reasons."""

    name: str
    engines: tuple[str, ...] = BOTH
    options: tuple[str, ...] = ()
    """Of the server: they hold for all that a test does, and for the installation."""
    database: str = "CHARACTER SET utf8mb4"
    """The default of the database."""
    session: Mapping[str, str] = field(default_factory=dict)
    """Variables that a session has during the installation, and whenever it calls a procedure or
    reads a view; the tests' own statements go without them.
    """
    installed: tuple[str, ...] = ()
    """Statements of an administrator after the installation."""
    idle: float = 0.0
    """Seconds: between the tests and the server is somebody who drops what is silent for longer."""
    beyond: Mapping[str, str] = field(default_factory=dict)
    """Tests that cannot hold there: the beginning of a test's name, as a pattern, and why."""

    def why_not(self, test: str) -> str | None:
        """Why this test asks for too much."""
        return next((why for name, why in self.beyond.items() if re.match(name, test)), None)

    @contextmanager
    def schema(self, url: str) -> Iterator[str]:
        """Installs the schema; the URL is that of the tests' account."""
        parts = urlsplit(url)
        with ExitStack() as stack:
            place = f"{parts.hostname}:{parts.port}"
            if self.idle:
                context = multiprocessing.get_context("spawn")
                proxy = Proxy(context, (parts.hostname or "", parts.port or 0))
                stack.callback(proxy.stop)
                proxy.end_silence(self.idle)
                place = f"127.0.0.1:{proxy.port}"
            own = urlunsplit(parts._replace(netloc=f"{ACCOUNT}:{PASSWORD}@{place}"))
            with Database(url).connect() as root:
                for statement in (*self._before(parts.path[1:]), *self._globally()):
                    execute(root, statement)
            install(own, {}, report=lambda _line: None)
            with Database(url).connect() as root:
                for statement in (*self._globally(over=True), *self.installed):
                    execute(root, statement)
            yield own

    def _before(self, name: str) -> Iterator[str]:
        yield f"ALTER DATABASE {name} {self.database}"
        yield f"CREATE USER '{ACCOUNT}'@'%' IDENTIFIED BY '{PASSWORD}'"
        yield f"GRANT ALL ON {name}.* TO '{ACCOUNT}'@'%'"

    def _globally(self, *, over: bool = False) -> Iterator[str]:
        for name, value in self.session.items():
            yield f"SET GLOBAL {name} = {'DEFAULT' if over else value}"

    def connection(self, base: type[Connection]) -> type[Connection]:
        """A kind of connection whose calls are made with its variables."""
        own = ", ".join(f"SESSION {name} = {value}" for name, value in self.session.items())
        usual = ", ".join(f"SESSION {name} = DEFAULT" for name in self.session)

        class Surrounded(base):  # type: ignore[misc, valid-type]
            def call(self, *arguments: Any, **options: Any) -> Any:
                with self._surrounded():
                    return super().call(*arguments, **options)

            def select(self, *arguments: Any) -> Any:
                with self._surrounded():
                    return super().select(*arguments)

            @contextmanager
            def _surrounded(self) -> Iterator[None]:
                self._set(own)
                try:
                    yield
                finally:
                    self._set(usual)

            def _set(self, variables: str) -> None:
                try:
                    execute(self, f"SET {variables}")
                except Exception as error:
                    raise self.dialect.translate(error) or error from error

        return Surrounded if self.session else base


def _triggers() -> Iterator[str]:
    yield """
CREATE TABLE watched (
  n BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  event VARCHAR(40) NOT NULL,
  id BIGINT NOT NULL
) COMMENT 'What befalls the rows of the schema'"""
    for table in ("task", "batch", "queue"):
        for when in ("BEFORE", "AFTER"):
            for event, state in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
                yield f"""
CREATE TRIGGER {when}_{event}_{table} {when} {event} ON qtask_{table} FOR EACH ROW
INSERT INTO watched (event, id) VALUES ('{when} {event} {table}', {state}.{table}_id)"""


FOREIGN_KEYS = (
    """
CREATE TABLE shipment (
  task_id BIGINT NOT NULL PRIMARY KEY,
  FOREIGN KEY (task_id) REFERENCES qtask_task (task_id) ON DELETE CASCADE ON UPDATE CASCADE
) COMMENT 'A row for each task'""",
    """
CREATE TRIGGER ship AFTER INSERT ON qtask_task FOR EACH ROW
INSERT INTO shipment VALUES (NEW.task_id)""",
    """
CREATE TABLE contract (
  queue_id INT NULL,
  task_id BIGINT NULL,
  FOREIGN KEY (queue_id) REFERENCES qtask_queue (queue_id),
  FOREIGN KEY (task_id) REFERENCES qtask_task (task_id)
) COMMENT 'No row refers to a task'""",
)
ALTERED = (
    """
ALTER TABLE qtask_task
  ADD COLUMN shop INT NOT NULL DEFAULT 7 FIRST,
  ADD COLUMN changed_at TIMESTAMP(6) NOT NULL
    DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) AFTER lane,
  ADD COLUMN words INT GENERATED ALWAYS AS (CHAR_LENGTH(name)) STORED,
  ADD COLUMN text_of_payload TEXT GENERATED ALWAYS AS (LEFT(payload, 200)) VIRTUAL,
  ADD KEY by_name (name, status),
  ADD KEY by_shop (shop, lane, due_at),
  ADD KEY by_payload (payload(20)),
  ADD UNIQUE KEY by_shop_and_task (shop, task_id)""",
    "ALTER TABLE qtask_queue ADD COLUMN owner VARCHAR(40) NULL FIRST, ADD KEY by_owner (owner)",
    "ALTER TABLE qtask_batch ADD COLUMN note TEXT NULL FIRST, ADD KEY by_relay (relay, claimed_at)",
)
MYSQL, MARIADB = ("mysql",), ("mariadb",)
BINARY_LOG = ("--server-id=1", "--log-bin=binlog")

SURROUNDINGS = {
    one.name: one
    for one in (
        # The database's default for texts.
        Surrounding("latin1", database="CHARACTER SET latin1"),
        Surrounding("ucs2", database="CHARACTER SET ucs2"),
        Surrounding("unicode_ci", database="CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
        Surrounding(
            "uca1400", MARIADB, database="CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci"
        ),
        Surrounding(
            "latin1_server",
            options=("--character-set-server=latin1", "--collation-server=latin1_german1_ci"),
            database="CHARACTER SET latin1 COLLATE latin1_german1_ci",
        ),
        # How transactions begin and end.
        Surrounding("autocommit_off", options=("--autocommit=0",)),
        Surrounding("init_connect", options=("--init-connect=SET autocommit = 0",)),
        Surrounding("chain", session={"completion_type": "'CHAIN'"}),
        Surrounding("release", session={"completion_type": "'RELEASE'"}),
        Surrounding("chain_server", options=("--completion-type=CHAIN",)),
        Surrounding("release_server", options=("--completion-type=RELEASE",)),
        Surrounding("read_committed", options=("--transaction-isolation=READ-COMMITTED",)),
        # The tests themselves look at what is committed, and lock nothing.
        Surrounding(
            "read_uncommitted", MYSQL, session={"transaction_isolation": "'READ-UNCOMMITTED'"}
        ),
        Surrounding(
            "serializable",
            MYSQL,
            session={"transaction_isolation": "'SERIALIZABLE'"},
            beyond={
                "test_different_order_numbers_do_not_wait": "each read of a transaction locks gaps",
            },
        ),
        Surrounding("snapshot", MARIADB, options=("--innodb-snapshot-isolation=ON",)),
        Surrounding("rollback_on_timeout", options=("--innodb-rollback-on-timeout=ON",)),
        # How a session reads and limits statements.
        Surrounding("safe_updates", session={"sql_safe_updates": "1"}),
        Surrounding("select_limit", session={"sql_select_limit": "2"}),
        Surrounding("ansi", options=("--sql-mode=ANSI",)),
        Surrounding("traditional", options=("--sql-mode=TRADITIONAL",)),
        Surrounding(
            "lenient",
            options=("--sql-mode=",),
            beyond=dict.fromkeys(
                (
                    r"test_a_task_id_that_is_no_integer\[.*-9223372036854775808\]",
                    r"test_bad_input_is_refused\[.*-1180591620717411303424-r-in_batch_id-",
                    r"test_a_bad_status_is_refused\[.*-waiting\]",
                ),
                "the server makes some number of an argument before the procedure sees it",
            ),
        ),
        Surrounding("oracle_mode", MARIADB, session={"sql_mode": "'ORACLE'"}),
        Surrounding("zone", options=("--default-time-zone=-11:00",)),
        # Things that the server writes beside the tables.
        Surrounding("row_log", options=(*BINARY_LOG, "--binlog-format=ROW")),
        Surrounding("mixed_log", options=(*BINARY_LOG, "--binlog-format=MIXED")),
        Surrounding("triggers", installed=tuple(_triggers())),
        Surrounding("foreign_keys", installed=FOREIGN_KEYS),
        Surrounding("altered", installed=ALTERED),
        # How long a connection lasts.
        Surrounding("wait_timeout", options=("--wait-timeout=2",)),
        Surrounding("firewall", idle=2.0),
    )
}
