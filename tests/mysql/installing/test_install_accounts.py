"""Installing by accounts that lack a right or a name, after others that are gone."""

from __future__ import annotations

import getpass
import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from schemas import schema
from testing import execute, query

from qtask_db import Connection, Database, calls
from qtask_db.doctor.check import Level
from qtask_db.doctor.database import examine_database
from qtask_db.errors import AccessDenied, ConfigurationError, QtaskError, TaskNotFound
from qtask_db.install import install, uninstall

NewAccount = Callable[[str, str], str]
ALL = "GRANT ALL ON {}.* TO '{}'@'%'"


def quiet_install(url: str, *, forget_grants: bool = False, **settings: str) -> None:
    install(url, settings, report=lambda _: None, forget_grants=forget_grants)


def database(url: str) -> str:
    return urlsplit(url).path[1:]


class TestGrants:
    @pytest.fixture
    def owner(self, root: Connection, empty_url: str, new_account: NewAccount) -> str:
        """The URL of an account that has its own database and nothing else; another one may call
        one procedure.
        """
        url = new_account(empty_url, "qtask_own")
        execute(root, ALL.format(database(url), "qtask_own"))
        quiet_install(url)
        new_account(empty_url, "qtask_me")
        execute(
            root,
            f"GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE {database(url)}.qtask_finish_task "
            "TO 'qtask_me'@'%' WITH GRANT OPTION",
        )
        with Database(url).connect() as conn:
            execute(conn, "ALTER PROCEDURE qtask_finish_task COMMENT 'old'")
        return url

    @pytest.fixture
    def me(self, owner: str) -> str:
        parts = urlsplit(owner)
        return parts._replace(netloc=parts.netloc.replace("qtask_own", "qtask_me")).geturl()

    @pytest.fixture(autouse=True)
    def mysql_only(self, engine: str) -> None:
        if engine == "mariadb":
            pytest.skip("MariaDB keeps the grants on what it replaces")

    def test_what_cannot_be_kept_is_not_touched(
        self, root: Connection, owner: str, me: str
    ) -> None:
        before = schema(owner)
        with pytest.raises(ConfigurationError, match="Nothing has been changed") as caught:
            quiet_install(owner, payload_limit="60000")
        assert schema(owner) == before
        with Database(me).connect() as conn, pytest.raises(TaskNotFound):
            calls.finish(conn, 1)
        # The grants that it asks for are enough.
        mends = re.findall(r"GRANT .*?(?=;)", str(caught.value))
        assert len(mends) == 2
        execute(root, mends[0])
        with pytest.raises(ConfigurationError, match="Nothing has been changed"):
            quiet_install(owner)
        execute(root, mends[1])
        grants = query(root, "SHOW GRANTS FOR 'qtask_me'@'%'")
        quiet_install(owner, payload_limit="60000")
        assert query(root, "SHOW GRANTS FOR 'qtask_me'@'%'") == grants
        with Database(me).connect() as conn, pytest.raises(TaskNotFound):
            calls.finish(conn, 1)

    def test_they_are_forgotten_only_if_that_is_wanted(
        self, owner: str, me: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        quiet_install(owner, forget_grants=True)
        assert "qtask render --grants" in caplog.text
        with pytest.raises(AccessDenied), Database(me).connect() as conn:
            calls.finish(conn, 1)

    def test_who_can_read_that_there_are_none_need_not_be_able_to_grant(
        self, root: Connection, owner: str
    ) -> None:
        execute(root, "DROP USER 'qtask_me'@'%'")
        execute(root, "CREATE USER 'qtask_me'@'%'")
        execute(root, "GRANT SELECT ON mysql.procs_priv TO 'qtask_own'@'%'")
        quiet_install(owner)


class TestDefiner:
    def test_what_a_lost_account_has_created_is_created_again(
        self, root: Connection, empty_url: str, new_account: NewAccount
    ) -> None:
        urls = [new_account(empty_url, f"qtask_own_{n}") for n in range(2)]
        for n in range(2):
            execute(root, ALL.format(database(empty_url), f"qtask_own_{n}"))
        quiet_install(urls[0], maintenance_minutes="60")
        before = schema(empty_url)
        execute(root, "DROP USER 'qtask_own_0'@'%'")
        try:
            found = {c.name: c for c in examine_database(Database(urls[1]))}
            assert found["definers"].level is Level.FAIL
            assert "qtask_own_0@%" in found["definers"].text
            assert "qtask install" in found["definers"].advice
            with Database(urls[1]).connect() as conn:
                with pytest.raises(QtaskError, match=r"1449|does not exist"):
                    calls.finish(conn, 1)
                with pytest.raises(QtaskError, match="qtask install"):
                    calls.stats(conn)
            # Nobody can have kept the right to call what cannot be called.
            quiet_install(urls[1], forget_grants=True)
            assert schema(empty_url) == before
            found = {c.name: c for c in examine_database(Database(urls[1]))}
            assert found["definers"].level is Level.OK
            with Database(urls[1]).connect() as conn:
                assert calls.stats(conn) == []
                with pytest.raises(TaskNotFound):
                    calls.finish(conn, 1)
        finally:
            execute(root, "CREATE USER 'qtask_own_0'@'%'")

    def test_another_account_that_is_there_stays(
        self, root: Connection, empty_url: str, new_account: NewAccount
    ) -> None:
        url = new_account(empty_url, "qtask_own")
        execute(root, ALL.format(database(url), "qtask_own"))
        quiet_install(url)
        created = "SELECT routine_name, definer, created FROM information_schema.routines WHERE routine_schema = '{}' ORDER BY 1"  # noqa: E501
        before = query(root, created.format(database(url)))
        quiet_install(empty_url)
        assert query(root, created.format(database(url))) == before
        (found,) = (c for c in examine_database(Database(empty_url)) if c.name == "definers")
        assert found.level is Level.OK
        assert "qtask_own@%" in found.text


class TestAtOnce:
    """The true error, before anything has waited for it."""

    def denied(self, url: str, match: str) -> None:
        began = time.monotonic()
        with pytest.raises(AccessDenied, match=match) as caught:
            quiet_install(url)
        assert "installing account needs" in str(caught.value)
        assert time.monotonic() - began < 8

    def test_tables_cannot_be_created_or_written(
        self, root: Connection, empty_url: str, new_account: NewAccount
    ) -> None:
        url = new_account(empty_url, "qtask_weak")
        execute(root, f"GRANT SELECT ON {database(url)}.* TO 'qtask_weak'@'%'")
        self.denied(url, "CREATE command denied")
        execute(root, f"GRANT CREATE, DROP ON {database(url)}.* TO 'qtask_weak'@'%'")
        self.denied(url, "INSERT command denied")

    def test_a_user_without_a_name(self, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def nobody() -> str:
            raise KeyError("getpwuid(): uid not found: 4711")

        monkeypatch.setattr(getpass, "getuser", nobody)
        quiet_install(empty_url)
        with Database(empty_url).connect() as conn:
            names = {name for (name,) in query(conn, "SELECT username FROM _yoyo_log")}
        assert all(name.startswith("uid ") for name in names)
        assert names


MODES = {
    "mysql": ("ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PAD_CHAR_TO_FULL_LENGTH", "ANSI", ""),
    "mariadb": ("ORACLE", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "MSSQL", "EMPTY_STRING_IS_NULL"),
}


class TestServerSettings:
    def test_whatever_they_are_the_schema_is_the_same(
        self, engine: str, root: Connection, new_database: Callable[..., str]
    ) -> None:
        usual = new_database()
        quiet_install(usual)
        before = query(root, "SELECT @@GLOBAL.sql_mode, @@GLOBAL.sql_safe_updates")[0]
        try:
            for mode in MODES[engine]:
                execute(root, f"SET GLOBAL sql_mode = '{mode}'")
                execute(root, "SET GLOBAL sql_safe_updates = 1")
                execute(root, "SET GLOBAL sql_select_limit = 1")
                url = new_database()
                quiet_install(url)
                with Database(url).connect() as conn:
                    execute(conn, "ALTER PROCEDURE qtask_finish_task COMMENT 'old'")
                quiet_install(url)
                execute(root, "SET GLOBAL sql_select_limit = DEFAULT")
                assert schema(url) == schema(usual)
                uninstall(url, report=lambda _: None)
                with Database(url).connect() as conn:
                    left = {name for (name,) in query(conn, "SHOW TABLES")}
                assert {name for name in left if not name.lstrip("_").startswith("yoyo")} == set()
        finally:
            execute(root, f"SET GLOBAL sql_mode = '{before[0]}'")
            execute(root, f"SET GLOBAL sql_safe_updates = {before[1]}")
            execute(root, "SET GLOBAL sql_select_limit = DEFAULT")
