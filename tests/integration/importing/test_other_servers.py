"""The old tables are in another server, of another kind and in another time zone."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread

import pytest
import servers
from go_library import GoTables
from testing import age, lasting, row

from qtask_db import Connection, Database, calls
from qtask_db.importing.run import Import
from qtask_db.importing.source import Source

OTHER = {"mysql": "mariadb", "mariadb": "mysql", "oracle": "mysql"}


@pytest.fixture
def old(engine: str) -> Iterator[servers.Server]:
    options = ("--default-time-zone=+05:00", "--innodb-lock-wait-timeout=2")
    with servers.start(OTHER[engine], options=options) as server:
        yield server


def test_times_are_those_of_the_old_server(conn: Connection, old: servers.Server) -> None:
    """And what is locked there, or was not committed, hinders nobody."""
    with Database(old.url).connect() as there, Database(old.url).connect() as writing:
        go = GoTables(there)
        first, second = go.add(), go.add(next_execute_time=-10)
        with writing.raw.cursor() as cursor:
            writing.set_autocommit(False)
            cursor.execute("UPDATE tsk_system_task SET status = 0")
        with Source(Database(old.url)) as source:
            assert Import(keep=0).run(source, conn).count("imported") == 2
        writing.rollback()
    found = row(conn, first)
    assert abs(lasting(found, "created_at", "due_at") - 130) <= 2
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [second]
    age(conn, 32)
    assert [m.task_id for m in calls.scan(conn, "r").messages] == [first]


def test_a_writer_beside_it_waits_for_nothing(conn: Connection, old: servers.Server) -> None:
    """Else its statements would fail, as the server waits for a lock for two seconds only."""
    with Database(old.url).connect() as there, Database(old.url).connect() as writing:
        go = GoTables(there)
        go.add_many(list(range(1, 5001)))
        end, failures = Event(), list[BaseException]()

        def write() -> None:
            try:
                with writing.raw.cursor() as cursor:
                    while not end.is_set():
                        cursor.execute("UPDATE tsk_system_task SET count = count + 1")
            except BaseException as error:
                failures.append(error)

        thread = Thread(target=write)
        thread.start()
        try:
            with Source(Database(old.url)) as source:
                assert Import(keep=0).run(source, conn).count("imported") == 5000
        finally:
            end.set()
            thread.join()
        assert failures == []
