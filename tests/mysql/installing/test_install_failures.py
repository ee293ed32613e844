"""Installing that ends halfway, or must not begin."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from installs import quiet_install, raise_for, works, yoyo
from testing import PASSWORD, execute
from yoyo.backends.base import DatabaseBackend

from qtask_db import Connection, Database
from qtask_db.errors import AccessDenied, ConfigurationError, DatabaseError


class TestFailure:
    def test_no_privilege_is_named_and_it_can_be_run_again(
        self, root: Connection, empty_url: str, new_account: Callable[[str, str], str]
    ) -> None:
        account, database = new_account(empty_url, "qtask_weak"), urlsplit(empty_url).path[1:]
        stages = [
            "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX",
            "CREATE VIEW",
        ]
        for privileges in stages:
            execute(root, f"GRANT {privileges} ON {database}.* TO 'qtask_weak'@'%'")
            with pytest.raises(
                AccessDenied, match=r"installing account needs .*CREATE ROUTINE"
            ) as caught:
                quiet_install(account)
            assert "denied" in str(caught.value)
            assert str(caught.value).count("CREATE ROUTINE") == 1
            assert PASSWORD not in str(caught.value)
        # The grants that the text asks for are enough.
        execute(
            root,
            "GRANT CREATE, ALTER, DROP, INDEX, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, "
            f"EXECUTE, SELECT, INSERT, UPDATE, DELETE ON {database}.* TO 'qtask_weak'@'%'",
        )
        quiet_install(account)
        quiet_install(account)
        works(account)

    def test_what_failed_is_told_and_it_can_be_run_again(self, empty_url: str) -> None:
        with Database(empty_url).connect() as conn:
            execute(conn, "CREATE TABLE qtask_failed_tasks (n INT)")
        for run in (quiet_install, lambda url: raise_for(yoyo(url))):
            with pytest.raises(Exception, match="qtask_failed_tasks"):
                run(empty_url)
        with pytest.raises(DatabaseError, match=r"failed_tasks.* is not .*VIEW"):
            quiet_install(empty_url)
        with Database(empty_url).connect() as conn:
            execute(conn, "DROP TABLE qtask_failed_tasks")
        quiet_install(empty_url)
        works(empty_url)

    def test_another_installation_is_running(
        self, empty_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DatabaseBackend.lock.__wrapped__, "__defaults__", (0.3,))  # not 10 s
        quiet_install(empty_url)
        with Database(empty_url).connect() as conn:
            execute(
                conn, f"INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, NOW(), {os.getpid()})"
            )
            with pytest.raises(ConfigurationError, match="another installation"):
                quiet_install(empty_url)
            execute(conn, "DELETE FROM yoyo_lock")
        quiet_install(empty_url)

    @pytest.mark.parametrize(
        ("change", "error", "words"),
        [
            ({"path": "/no_such_database"}, ConfigurationError, "create it first"),
            ({"path": "/"}, ConfigurationError, "names no database"),
            ({"netloc": "root:wrong@{host}"}, AccessDenied, "root"),
            ({"netloc": "root:s3cret@127.0.0.1:1"}, DatabaseError, "127.0.0.1"),
            ({"scheme": "postgres"}, ConfigurationError, "mysql://"),
        ],
    )
    def test_a_wrong_url(
        self, empty_url: str, change: dict[str, str], error: type[Exception], words: str
    ) -> None:
        parts = urlsplit(empty_url)
        host = parts.netloc.rpartition("@")[2]
        url = parts._replace(**{k: v.format(host=host) for k, v in change.items()}).geturl()
        with pytest.raises(error, match=words) as caught:
            quiet_install(url)
        assert ":s3cret@" not in str(caught.value)
        assert ":wrong@" not in str(caught.value)
