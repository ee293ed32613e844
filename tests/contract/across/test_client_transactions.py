"""Transactions of a Client: the messages go after the commit."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from testing import count, execute, kill_others, new, query

from qtask_db import Client, Connection, NewTask
from qtask_db.client import Transaction
from qtask_db.errors import ConfigurationError, Conflict, DatabaseUnavailable, InvalidArgument

JOB = ("job", {}, 3600, "Q")


class TestClient:
    @pytest.fixture
    def client(self, database_url: str, redis_url: str) -> Any:
        with Client(database_url, redis_url) as client:
            yield client

    def test_messages_are_pushed_after_the_commit_only(
        self, conn: Connection, client: Client, redis: Any
    ) -> None:
        with client.transaction() as tx:
            tx.create(*JOB)
            tx.delay("job", {}, 0, 60, "Q")
            tx.create_many([NewTask("job", {}, 60, "P"), NewTask("job", {}, 60, "P", delay=5)])
            assert redis.keys() == []
            assert count(conn) == 0
        assert (redis.llen("Q"), redis.llen("P"), count(conn)) == (1, 1, 4)

    def test_nothing_is_pushed_of_what_is_rolled_back(
        self, conn: Connection, client: Client, redis: Any, business: str
    ) -> None:
        def work(tx: Transaction) -> None:
            tx.raw.cursor().execute(f"INSERT INTO {business} VALUES (1)")
            tx.create(*JOB)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            client.run(work)
        assert (redis.keys(), count(conn)) == ([], 0)
        with client.transaction() as tx:  # on the same connection
            tx.raw.cursor().execute(f"INSERT INTO {business} VALUES (2)")
        assert query(conn, f"SELECT n FROM {business}") == [(2,)]

    def test_duplicates_are_not_pushed_again(self, client: Client, redis: Any) -> None:
        for _ in range(3):
            client.create(*JOB, order_no="1")
        assert redis.llen("Q") == 1

    def test_run_repeats_what_a_deadlock_rolled_back(
        self, conn: Connection, client: Client, business: str
    ) -> None:
        new(conn)  # whoever uses a queue first lets the others wait
        execute(conn, f"INSERT INTO {business} VALUES (1)")
        execute(conn, f"INSERT INTO {business} VALUES (2)")
        both, tries = Barrier(2, timeout=30), {1: 0, 2: 0}
        failures: list[Exception] = []

        def work(mine: int, other: int) -> Callable[[Transaction], Any]:
            def crosswise(tx: Transaction) -> None:
                tries[mine] += 1
                made = tx.create("job", {}, 60, "Q", order_no=str(mine))
                assert made.created
                execute(tx.conn, f"SELECT n FROM {business} WHERE n = {mine} FOR UPDATE")
                if tries[mine] == 1:
                    both.wait()
                execute(tx.conn, f"SELECT n FROM {business} WHERE n = {other} FOR UPDATE")

            return crosswise

        def run(mine: int, other: int) -> None:
            try:
                client.run(work(mine, other))
            except Exception as error:
                failures.append(error)

        threads = [Thread(target=run, args=pair) for pair in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert sorted(tries.values()) == [1, 2]
        assert count(conn) == 3

    def test_run_gives_up_after_five_tries(self, conn: Connection, client: Client) -> None:
        tries = []

        def work(tx: Transaction) -> None:
            tries.append(tx.create(*JOB))
            raise Conflict("again")

        with pytest.raises(Conflict):
            client.run(work)
        assert (len(tries), count(conn)) == (5, 0)

    def test_an_ended_transaction_takes_nothing(self, conn: Connection, client: Client) -> None:
        with client.transaction() as tx:
            pass
        for use in (lambda: tx.create(*JOB), lambda: tx.raw):
            with pytest.raises(ConfigurationError, match="has ended"):
                use()
        assert count(conn) == 0

    def test_a_connection_that_was_interrupted_is_not_used_again(self, client: Client) -> None:
        used = []

        def use(error: type[BaseException]) -> None:
            with client.transaction() as tx:
                used.append(tx.raw)
                raise error

        for error in (Conflict, InvalidArgument, ZeroDivisionError, KeyboardInterrupt):
            with pytest.raises(error):
                use(error)
        assert used[0] is used[1] is used[2] is not used[3]
        with client.transaction() as tx:
            assert tx.raw is not used[3]

    def test_one_lost_connection_is_the_only_one_that_is_noticed(
        self, conn: Connection, client: Client
    ) -> None:
        with client.transaction(), client.transaction(), client.transaction():
            pass
        with pytest.raises(DatabaseUnavailable):
            client.run(lambda tx: (kill_others(conn), tx.create(*JOB)))
        client.create(*JOB)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork: run it on Linux or macOS")
    def test_a_forked_process_has_connections_of_its_own(
        self, conn: Connection, client: Client
    ) -> None:
        with client.transaction() as tx:
            mine = tx.raw
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            with client.transaction() as tx:
                os._exit(0 if tx.raw is not mine and tx.create(*JOB).created else 1)
        assert os.waitpid(child, 0)[1] == 0
        with client.transaction() as tx:
            assert tx.raw is mine
        assert count(conn) == 0, "the child has not committed"
