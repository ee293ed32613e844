"""Installing: by yoyo, by qtask or by a script, again and again, always the same schema."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from installs import MakeUrl, names, ours, quiet_install, raise_for, works, yoyo
from schemas import run_script, schema
from testing import count, execute, new, query

from qtask_db import Connection, Database, calls
from qtask_db.errors import (
    AccessDenied,
    ConfigurationError,
    NotInstalled,
    PayloadTooLarge,
    TaskNotFound,
)
from qtask_db.install import uninstall
from qtask_db.schema.render import Renderer
from qtask_db.settings import Settings


class TestSameSchema:
    def test_by_yoyo_and_by_install(self, new_database: MakeUrl) -> None:
        first, second = new_database(), new_database()
        raise_for(
            yoyo(
                first,
                QTASK_PAYLOAD_LIMIT="1000",
                QTASK_PUSH_GRACE="9",
                QTASK_MAINTENANCE_MINUTES="5",
            )
        )
        quiet_install(second, payload_limit="1000", push_grace="9", maintenance_minutes="5")
        assert schema(first) == schema(second)
        assert len(schema(first)["events"]) == 1
        assert {("payload_limit", "1000"), ("push_grace", "9")} <= set(schema(first)["settings"])
        works(first)
        works(second)

    def test_by_script(self, new_database: MakeUrl) -> None:
        first, second = new_database(), new_database()
        script = Renderer("mysql", Settings(maintenance_minutes=60)).script()
        run_script(first, script)
        quiet_install(second, maintenance_minutes="60")
        assert schema(first) == schema(second)
        with Database(first).connect() as conn:
            new(conn)
        run_script(first, script)  # it may run again, and an installation may follow
        quiet_install(first)
        assert schema(first) == schema(second)
        with Database(first).connect() as conn:
            assert count(conn) == 1


class TestAgain:
    def test_it_changes_nothing(self, empty_url: str) -> None:
        quiet_install(empty_url)
        mark(empty_url, "cancel_task")
        with Database(empty_url).connect() as conn:
            task_id = new(conn)
        before = schema(empty_url)
        quiet_install(empty_url)
        assert schema(empty_url) == before
        raise_for(yoyo(empty_url))
        assert schema(empty_url) == before
        with Database(empty_url).connect() as conn:
            assert calls.explain(conn, task_id).task_id == task_id

    @pytest.mark.parametrize("again", ["yoyo", "install"])
    def test_what_is_old_is_brought_up_to_date_and_the_rest_stays(
        self, empty_url: str, again: str
    ) -> None:
        quiet_install(empty_url)
        before, usual = schema(empty_url), marked(empty_url)
        for name in ("cancel_task", "retry_task", "finish_task", "start_task"):
            mark(empty_url, name)
        with Database(empty_url).connect() as conn:
            execute(conn, "DROP PROCEDURE qtask_finish_task")
            execute(
                conn, "ALTER PROCEDURE qtask_start_task COMMENT 'qtask-db 0.0.1 0123456789abcdef'"
            )
            execute(conn, "ALTER PROCEDURE qtask_retry_task COMMENT 'mine'")
            execute(conn, "DROP VIEW qtask_failed_tasks")
        if again == "yoyo":
            raise_for(yoyo(empty_url))
        else:
            quiet_install(empty_url)
        assert marked(empty_url) - usual == {"qtask_cancel_task"}
        with Database(empty_url).connect() as conn:
            execute(conn, "ALTER PROCEDURE qtask_cancel_task SQL SECURITY DEFINER")
        assert schema(empty_url) == before

    def test_who_may_execute_a_procedure_still_may(
        self, root: Connection, empty_url: str, new_account: Callable[[str, str], str]
    ) -> None:
        quiet_install(empty_url)
        account = new_account(empty_url, "qtask_me")
        database = urlsplit(empty_url).path[1:]
        grant = "GRANT EXECUTE ON PROCEDURE {}.qtask_{} TO 'qtask_me'@'%'"
        for name in ("finish_task", "cancel_task"):
            execute(root, grant.format(database, name))
        with Database(empty_url).connect() as conn:
            execute(conn, "ALTER PROCEDURE qtask_finish_task COMMENT 'old'")
        quiet_install(empty_url)
        with Database(account).connect() as conn:
            for verb in (calls.finish, calls.cancel):
                with pytest.raises(TaskNotFound):
                    verb(conn, 1)
            with pytest.raises(AccessDenied):
                calls.retry(conn, 1)

    @pytest.mark.parametrize("autocommit", [True, False])
    def test_callers_notice_nothing(
        self,
        root: Connection,
        empty_url: str,
        new_account: Callable[[str, str], str],
        autocommit: bool,
    ) -> None:
        quiet_install(empty_url)
        account = new_account(empty_url, "qtask_me")
        database = urlsplit(empty_url).path[1:]
        for name in ("create_task", "delay_task"):
            grant = f"GRANT EXECUTE ON PROCEDURE {database}.qtask_{name} TO 'qtask_me'@'%'"
            execute(root, grant)
        installed = threading.Event()

        def produce() -> int:
            made = 0
            with Database(account).connect(autocommit=autocommit) as conn:
                while not installed.is_set():
                    made += calls.create(conn, "test", {}, 60, "Q").created
                    made += calls.delay(conn, "test", {}, 60, 60, "Q").created
                    conn.commit()
            return made

        with ThreadPoolExecutor() as pool:
            producers = [pool.submit(produce) for _ in range(2)]
            try:
                for limit in range(70_000, 70_005):
                    quiet_install(empty_url, payload_limit=str(limit))
            finally:
                installed.set()
            made = sum(producer.result() for producer in producers)
        with Database(empty_url).connect() as conn:
            assert count(conn) == made > 0


def mark(url: str, name: str) -> None:
    """Changes a procedure in a way that is not looked at; gone if it is created again."""
    with Database(url).connect() as conn:
        execute(conn, f"ALTER PROCEDURE qtask_{name} SQL SECURITY INVOKER")


def marked(url: str) -> set[str]:
    with Database(url).connect() as conn:
        rows = query(
            conn,
            "SELECT routine_name FROM information_schema.routines "
            "WHERE routine_schema = DATABASE() AND security_type = 'INVOKER'",
        )
    return {name for (name,) in rows}


class TestSettings:
    def test_they_persist_when_they_are_left_out(self, empty_url: str) -> None:
        quiet_install(empty_url, payload_limit="100", push_grace="7")
        before = schema(empty_url)
        quiet_install(empty_url)
        assert schema(empty_url) == before
        assert ("payload_limit", "100") in before["settings"]
        with Database(empty_url).connect() as conn:
            calls.create(conn, "job", {"a": "x" * 80}, 60, "Q")
            with pytest.raises(PayloadTooLarge, match="100"):
                calls.create(conn, "job", {"a": "x" * 120}, 60, "Q")
        quiet_install(empty_url, payload_limit="200")
        assert {("payload_limit", "200"), ("push_grace", "7")} <= set(schema(empty_url)["settings"])
        with Database(empty_url).connect() as conn:
            calls.create(conn, "job", {"a": "x" * 120}, 60, "Q")

    def test_a_bad_one_is_refused_before_anything_is_done(self, empty_url: str) -> None:
        for bad in (
            {"payload_limit": "1"},
            {"push_grace": "x"},
            {"maintenance_minutes": "1441"},
            {"prefix": "x;"},
        ):
            with pytest.raises(ConfigurationError, match=next(iter(bad))):
                quiet_install(empty_url, **bad)
        assert names(empty_url) == set()

    def test_two_prefixes_in_one_database(self, empty_url: str) -> None:
        quiet_install(empty_url)
        quiet_install(empty_url, prefix="other_", payload_limit="100")
        assert ours() | ours("other_") <= names(empty_url)
        works(empty_url)
        works(empty_url, "other_")
        with (
            Database(empty_url).connect() as conn,
            Database(empty_url, prefix="other_").connect() as other,
        ):
            new(conn)
            assert (count(conn), count(other)) == (1, 0)
            with pytest.raises(PayloadTooLarge):
                calls.create(other, "job", {"a": "x" * 120}, 60, "Q")
        uninstall(empty_url, "other_", report=lambda _: None)
        assert not ours("other_") & names(empty_url)
        works_after = schema(empty_url)
        quiet_install(empty_url)
        assert schema(empty_url) == works_after


class TestUninstall:
    def test_it_removes_everything_and_only_its_own(self, empty_url: str) -> None:
        with Database(empty_url).connect() as conn:
            for name in ("business", "qtask_business", "qtaskx"):
                execute(conn, f"CREATE TABLE {name} (n INT)")
            execute(conn, "CREATE PROCEDURE qtask_own () SELECT 1")
            execute(conn, "CREATE VIEW qtask_mine AS SELECT 1 AS n")
        before = names(empty_url)
        lines: list[str] = []
        uninstall(empty_url, report=lines.append)  # of an empty database
        assert [line for line in lines if "dropping" in line] == []
        quiet_install(empty_url)
        uninstall(empty_url, report=lines.append)
        assert len([line for line in lines if "dropping" in line]) == len(ours())
        uninstall(empty_url, report=lambda _: None)  # twice
        left = {name for name in names(empty_url) if "yoyo" not in name}
        assert left == before
        with (
            Database(empty_url).connect() as conn,
            pytest.raises(NotInstalled, match="qtask install"),
        ):
            new(conn)
        quiet_install(empty_url)
        works(empty_url)
