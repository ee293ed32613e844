"""The event that expires and purges if no relay runs: installed when it is chosen; at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from testing import age, count, ended, execute, new, query, row, until

from qtask_db import Connection, Database, NewTask, Schedule, calls
from qtask_db.constants import DEFAULT, Status
from qtask_db.doctor.check import Check
from qtask_db.doctor.database import examine_database
from qtask_db.errors import AccessDenied
from qtask_db.install import install, uninstall

EVENT = "qtask_maintenance"
# One with a name of the greatest length: the name of a lock has one, too.
LONG = "qtask_test_" + "x" * 53
STEP = DEFAULT["maintenance_rows"]
NewAccount = Callable[[str, str], str]


def quiet_install(url: str, minutes: int | None = None) -> None:
    settings = {} if minutes is None else {"maintenance_minutes": str(minutes)}
    install(url, settings, report=lambda _: None)


def events(conn: Connection) -> list[tuple[Any, ...]]:
    return query(
        conn,
        "SELECT event_name, interval_value, interval_field, status, created, last_altered "
        "FROM information_schema.events WHERE event_schema = DATABASE()",
    )


@pytest.fixture
def scheduler(root: Connection) -> Iterator[None]:
    """The event scheduler runs."""
    before = query(root, "SELECT @@GLOBAL.event_scheduler")[0][0]
    execute(root, "SET GLOBAL event_scheduler = ON")
    yield
    execute(root, f"SET GLOBAL event_scheduler = {before}")


@pytest.fixture
def own(empty_url: str) -> Iterator[Connection]:
    """A connection to a schema that a test may spoil."""
    quiet_install(empty_url)
    with Database(empty_url).connect() as conn:
        yield conn


class TestInstalled:
    def test_it_comes_changes_and_goes_with_its_setting(
        self, empty_url: str, own: Connection
    ) -> None:
        assert events(own) == []
        quiet_install(empty_url, 7)
        ((name, *interval, status, _, _),) = before = events(own)
        assert (name, interval) == (EVENT, ["7", "MINUTE"])
        assert status in ("ENABLED", "SLAVESIDE_DISABLED")
        quiet_install(empty_url)
        quiet_install(empty_url, 7)
        assert events(own) == before, "it was created again"
        quiet_install(empty_url, 1440)
        assert [found[:3] for found in events(own)] == [(EVENT, "1440", "MINUTE")]
        execute(own, f"DROP EVENT {EVENT}")
        quiet_install(empty_url)
        assert [found[:3] for found in events(own)] == [(EVENT, "1440", "MINUTE")]
        quiet_install(empty_url, 0)
        assert events(own) == []
        quiet_install(empty_url)
        assert events(own) == []

    def test_each_prefix_has_its_own_and_uninstall_drops_it(
        self, empty_url: str, own: Connection
    ) -> None:
        quiet_install(empty_url, 5)
        other = {"prefix": "other_", "maintenance_minutes": "6"}
        install(empty_url, other, report=lambda _: None)
        assert sorted(found[:2] for found in events(own)) == [
            ("other_maintenance", "6"),
            (EVENT, "5"),
        ]
        uninstall(empty_url, report=lambda _: None)
        assert [found[0] for found in events(own)] == ["other_maintenance"]
        uninstall(empty_url, "other_", report=lambda _: None)
        assert events(own) == []

    def test_its_privilege_is_needed_where_it_is_chosen_only(
        self, root: Connection, scheduler: None, empty_url: str, new_account: NewAccount
    ) -> None:
        del scheduler
        account, database = new_account(empty_url, "qtask_weak"), urlsplit(empty_url).path[1:]
        execute(
            root,
            "GRANT CREATE, ALTER, DROP, INDEX, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, "
            f"EXECUTE, SELECT, INSERT, UPDATE, DELETE ON {database}.* TO 'qtask_weak'@'%'",
        )
        quiet_install(account)
        with pytest.raises(AccessDenied, match="EVENT for maintenance_minutes"):
            quiet_install(account, 5)
        with Database(account).connect() as own:
            late = new(own, deadline=100)
            age(own, 100)
            execute(root, f"GRANT EVENT ON {database}.* TO 'qtask_weak'@'%'")
            quiet_install(account, 5)
            # The event has the rights of the account that has installed it: they are enough.
            until(lambda: row(own, late)["status"] == Status.FAILED)
        execute(root, f"REVOKE EVENT ON {database}.* FROM 'qtask_weak'@'%'")
        for change in (lambda: quiet_install(account, 0), lambda: uninstall(account)):
            with pytest.raises(AccessDenied, match="EVENT for maintenance_minutes"):
                change()
        quiet_install(empty_url, 0)
        quiet_install(account)
        uninstall(account, report=lambda _: None)


@pytest.mark.usefixtures("scheduler")
class TestAtWork:
    @pytest.fixture
    def long_url(self, root: Connection, empty_url: str) -> Iterator[str]:
        execute(root, f"CREATE DATABASE {LONG}")
        yield urlsplit(empty_url)._replace(path=f"/{LONG}").geturl()
        execute(root, f"DROP DATABASE {LONG}")

    @pytest.fixture
    def conn(self, long_url: str) -> Iterator[Connection]:
        quiet_install(long_url)
        with Database(long_url).connect() as conn:
            yield conn

    def run_each_second(self, url: str, conn: Connection) -> None:
        """There is no shorter interval."""
        quiet_install(url, 1)
        execute(conn, f"ALTER EVENT {EVENT} ON SCHEDULE EVERY 1 SECOND")

    def test_it_fails_and_deletes_until_nothing_is_left(
        self, long_url: str, conn: Connection
    ) -> None:
        tasks = [NewTask("job", {}, 60, f"Q{n % 3}", 0, deadline=100) for n in range(STEP + 10)]
        calls.create_many(conn, tasks)
        age(conn, 100)
        for _ in range(3):
            ended(conn, Status.FINISHED)
        due = new(conn)
        quiet_install(long_url, 1440)  # its first run is now

        def left() -> list[tuple[Any, ...]]:
            return query(conn, "SELECT status, COUNT(*) FROM qtask_task GROUP BY status ORDER BY 1")

        until(lambda: left() == [(Status.WAITING, 1), (Status.FAILED, STEP + 10)])
        assert (row(conn, due)["batch_id"], count(conn, "batch")) == (None, 0)
        execute(conn, f"DROP EVENT {EVENT}")
        age(conn, DEFAULT["keep_unfinished"] + 1)
        calls.cancel(conn, due)
        quiet_install(long_url, 1440)
        until(lambda: left() == [(Status.CANCELLED, 1)])

    def test_it_runs_schedules(self, long_url: str, conn: Connection) -> None:
        """One that cannot create its task keeps no other from it."""
        for name in ("broken", "sound"):
            calls.set_schedule(conn, Schedule(name, "Q", every=1))
        execute(conn, "UPDATE qtask_schedule SET interval_seconds = 0 WHERE schedule = 'broken'")
        self.run_each_second(long_url, conn)
        until(lambda: count(conn) >= 2)
        assert {name for (name,) in query(conn, "SELECT name FROM qtask_task")} == {"sound"}
        late = new(conn, deadline=100)
        age(conn, 100, late)
        until(lambda: row(conn, late)["status"] == Status.FAILED)

    def test_no_lock_of_somebody_holds_it_up(
        self, long_url: str, conn: Connection, new_account: NewAccount
    ) -> None:
        """An account without rights takes the lock that the event of 0.1.0 waited for."""
        name = query(conn, f"SELECT CONCAT('{EVENT} ', LEFT(SHA2(DATABASE(), 256), 32))")[0][0]
        parts = urlsplit(new_account(long_url, "qtask_nobody"))
        outsider = parts._replace(path="/information_schema").geturl()
        with Database(outsider).connect() as another:
            assert query(another, f"SELECT GET_LOCK('{name}', 1)") == [(1,)]
            self.run_each_second(long_url, conn)
            late = new(conn, deadline=100)
            age(conn, 100)
            until(lambda: row(conn, late)["status"] == Status.FAILED)

    def test_a_run_ends_when_the_next_one_begins(self, long_url: str, conn: Connection) -> None:
        quiet_install(long_url, 1)
        body = query(
            conn,
            "SELECT event_definition FROM information_schema.events "
            "WHERE event_schema = DATABASE()",
        )[0][0]
        execute(conn, f"DROP EVENT {EVENT}")
        calls.create_many(conn, [NewTask("job", {}, 60, "Q", 0, deadline=100)] * (2 * STEP))
        age(conn, 100)
        assert "INTERVAL 1 MINUTE" in body
        execute(conn, f"CREATE PROCEDURE late() {body.replace('1 MINUTE', '0 MINUTE')}")
        for left in (STEP, 0):
            execute(conn, "CALL late()")
            assert query(
                conn, f"SELECT COUNT(*) FROM qtask_task WHERE status <> {Status.FAILED:d}"
            ) == [(left,)]

    def test_a_run_that_ended_with_an_error_is_not_in_the_way_of_the_next(
        self, long_url: str, conn: Connection
    ) -> None:
        execute(
            conn,
            "CREATE TRIGGER broken BEFORE DELETE ON qtask_task FOR EACH ROW "
            "INSERT INTO nowhere VALUES (1)",
        )
        ended(conn, Status.FINISHED)
        self.run_each_second(long_url, conn)
        since = query(conn, "SELECT NOW()")[0][0]
        until(lambda: last_run(conn) > since)
        late = new(conn, deadline=100)
        age(conn, 100)
        until(lambda: row(conn, late)["status"] == Status.FAILED)
        assert count(conn) == 2
        execute(conn, "DROP TRIGGER broken")
        until(lambda: count(conn) == 1)


def last_run(conn: Connection) -> Any:
    return query(
        conn,
        "SELECT COALESCE(last_executed, TIMESTAMP'1970-01-01 00:00:00') "
        "FROM information_schema.events WHERE event_schema = DATABASE()",
    )[0][0]


class TestDoctor:
    def checks(self, url: str) -> dict[str, Check]:
        return {check.name: check for check in examine_database(Database(url))}

    def test_an_event_that_the_server_does_not_run(
        self, root: Connection, scheduler: None, empty_url: str, own: Connection
    ) -> None:
        del scheduler
        execute(root, "SET GLOBAL event_scheduler = OFF")
        found = self.checks(empty_url)["event scheduler"]
        assert (found.level.value, found.text) == ("ok", "OFF; relays need none")
        quiet_install(empty_url, 10)
        found = self.checks(empty_url)["event scheduler"]
        assert (found.level.value, found.text) == ("fail", f"OFF, but {EVENT} waits for it")
        assert "event_scheduler = ON" in found.advice
        execute(root, "SET GLOBAL event_scheduler = ON")
        found = self.checks(empty_url)["event scheduler"]
        assert (found.level.value, found.text) == ("ok", f"ON, {EVENT} runs each 10 min")
        execute(own, f"ALTER EVENT {EVENT} DISABLE")
        found = self.checks(empty_url)["event scheduler"]
        assert (found.level.value, found.advice) == ("fail", f"ALTER EVENT {EVENT} ENABLE")
        execute(own, f"DROP EVENT {EVENT}")
        found = self.checks(empty_url)["procedures"]
        assert (found.level.value, found.advice[:19]) == ("fail", "run `qtask install`")
        assert EVENT in found.text

    @pytest.mark.parametrize(("minutes", "patience"), [(0, 600), (30, 2400)])
    def test_nobody_purges(
        self, root: Connection, empty_url: str, own: Connection, minutes: int, patience: int
    ) -> None:
        before = query(root, "SELECT @@GLOBAL.event_scheduler")[0][0]
        execute(root, "SET GLOBAL event_scheduler = OFF")
        quiet_install(empty_url, minutes)
        assert self.checks(empty_url)["purge"].level.value == "ok"
        ended(own, Status.FINISHED)
        age(own, patience - 60)
        assert self.checks(empty_url)["purge"].level.value == "ok"
        age(own, 120)
        found = self.checks(empty_url)["purge"]
        assert found.level.value == "warn"
        assert "--maintenance-minutes" in found.advice
        calls.purge(own)
        assert self.checks(empty_url)["purge"].level.value == "ok"
        execute(root, f"SET GLOBAL event_scheduler = {before}")
