"""Everything runs from the address of a registry, or from a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import servers
from click.testing import CliRunner
from command_line import PAYLOAD, Qtask, stop, wait_for
from platforms import Platform, new_platform
from redis import Redis
from testing import query

from qtask_db import Client, Connection, Database
from qtask_db.cli import main
from qtask_db.install import install, uninstall
from qtask_db.urls import mask

WORKER = """
import os
from qtask_db import Worker
worker = Worker(os.environ["QTASK_DATABASE_URL"])
@worker.handler("Q")
def handle(job):
    print(job.payload["order_no"], flush=True)
"""
PREFIX = "mall_"


@pytest.fixture
def platform(
    zookeeper_server: servers.Server, database_url: str, redis_url: str
) -> Iterator[Platform]:
    with new_platform(zookeeper_server) as platform:
        platform.write_servers(database_url, redis_url, db="mdb")
        yield platform


@pytest.fixture
def registered(qtask: Qtask, platform: Platform) -> Qtask:
    """It knows the registry alone, by its environment: arguments are for all to see."""
    qtask.secrets.add(f":{platform.login.partition(':')[2]}@")
    del qtask.env["QTASK_REDIS_URL"]
    qtask.env["QTASK_DATABASE_URL"] = f"{platform.url}/mdb"
    return qtask


def test_a_whole_system(
    registered: Qtask, platform: Platform, conn: Connection, redis: Redis
) -> None:
    words = ["install", platform.server, platform.name, "mdb", "--prefix", PREFIX]
    assert CliRunner().invoke(main, words).exit_code == 0
    address = f"{platform.url}/mdb"
    try:
        registered.env["QTASK_PREFIX"] = PREFIX
        assert registered("doctor").code == 0
        with Client(address, prefix=PREFIX) as client:
            client.create("bind", {"order_no": "1"}, 60, "Q", delete_deadline=60)
            client.delay("bind", {"order_no": "2"}, 0, 60, "Q", delete_deadline=60)
        assert redis.llen("Q") == 1
        (registered.folder / "mall.py").write_text(WORKER)
        relay = registered.start("relay")
        worker = registered.start("worker", "mall:worker")

        wait_for(lambda: len(query(conn, f"SELECT 1 FROM {PREFIX}task WHERE status = 0")) == 2)
        for process in (relay, worker):
            code, said, _ = stop(process)
            assert code == 0
            assert urlsplit(Database(address).url).password not in said
    finally:
        assert registered("uninstall", "--prefix", PREFIX, "--yes").code == 0


def test_only_a_registry_has_platforms(database_url: str) -> None:
    said = CliRunner().invoke(main, ["install", database_url, "mall"])
    assert said.exit_code == 3
    assert "only a registry has a platform, zk:// or fs://: leave out 'mall'" in said.output


def test_what_is_in_use_and_where_it_was_given(
    registered: Qtask, platform: Platform, database_url: str
) -> None:
    parts = urlsplit(database_url)
    shown = f"mysql://root:***@{parts.hostname}:{parts.port}{parts.path}"
    by = f"of {mask(platform.url)}/mdb (QTASK_DATABASE_URL)"
    found = registered("config", "--json").json
    assert found["database"] == {
        "value": shown, "source": f"node /{platform.name}/var/db/mdb {by}"
    }  # fmt: skip
    assert found["redis"]["value"].startswith("redis://:***@")
    assert found["redis"]["source"] == f"node /{platform.name}/var/queue/queue {by}"
    assert found["prefix"] == {"value": "qtask_", "source": "default"}
    text = registered("config", "--redis", "redis://:s3cret@h", "--prefix", "a_").out
    assert text.splitlines()[2:] == [
        "redis         redis://:***@h", "              --redis",
        "prefix        a_", "              --prefix", "queue prefix  -", "              default",
    ]  # fmt: skip
    url = f"{platform.url}/mdb/absent"
    assert registered("config", QTASK_DATABASE_URL=url).out.splitlines()[2:4] == [
        "redis         -", f"              no node /{platform.name}/var/queue/absent either"
    ]  # fmt: skip
    said = registered.fails(3, "relay", QTASK_DATABASE_URL=url)
    assert f"or create the node /{platform.name}/var/queue/absent" in said
    assert registered("list", QTASK_DATABASE_URL=url).code == 0


def test_a_redis_that_is_given_beats_the_registry(registered: Qtask) -> None:
    found = registered("config", "--json", QTASK_REDIS_URL="redis://other").json
    assert found["redis"] == {"value": "redis://other", "source": "QTASK_REDIS_URL"}


def test_queues_that_are_not_in_redis(registered: Qtask, platform: Platform) -> None:
    platform.write("queue/mq", {"proto": "mqtt", "address": "h"})
    url = f"{platform.url}/mdb/mq"
    assert registered("list", QTASK_DATABASE_URL=url).code == 0
    for command in (["relay"], ["audit"], ["config"]):
        said = registered.fails(3, *command, QTASK_DATABASE_URL=url)
        assert f"the node /{platform.name}/var/queue/mq has the proto 'mqtt'" in said


def test_a_registry_that_is_away(qtask: Qtask) -> None:
    url = f"zk://u:s3cret@127.0.0.1:{servers.base.free_port()}/mall?timeout=0.2"
    said = qtask.fails(3, "stats", "--database", url)
    assert "has not answered within 0.2 s; check that ZooKeeper is up and that the hosts" in said


def test_a_name(qtask: Qtask, database_url: str, redis: Redis, tmp_path: Path) -> None:
    qtask.env["QTASK_ORDER_DB_DATABASE_URL"] = database_url
    qtask.env["QTASK_DATABASE_URL"] = "mysql://127.0.0.1:1/absent"
    other = redis.connection_pool.connection_kwargs
    (tmp_path / "redis").write_text(
        f"redis://:{other['password']}@{other['host']}:{other['port']}/1\n"
    )
    qtask.env["QTASK_ORDER_DB_REDIS_URL_FILE"] = str(tmp_path / "redis")
    assert qtask("create", "bind", PAYLOAD, 60, "Q", "-d", "order_db").code == 0
    assert redis.llen("Q") == 0
    qtask.env["QTASK_ORDER_DB_QUEUE_PREFIX"] = "ord:"
    qtask.env["QTASK_QUEUE_PREFIX"] = "other:"
    found = qtask("config", "-d", "order_db", "--json").json
    assert found["queue_prefix"] == {"value": "ord:", "source": "QTASK_ORDER_DB_QUEUE_PREFIX"}
    assert found["database"]["source"] == "QTASK_ORDER_DB_DATABASE_URL"
    assert found["redis"]["source"] == f"QTASK_ORDER_DB_REDIS_URL_FILE, {tmp_path / 'redis'}"
    assert "set QTASK_PAY_DB_DATABASE_URL, or call" in qtask.fails(3, "stats", "-d", "pay_db")


def test_a_name_has_a_prefix_of_its_own(
    database_url: str, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTASK_ORDER_DB_DATABASE_URL", database_url)
    monkeypatch.setenv("QTASK_ORDER_DB_PREFIX", PREFIX)
    monkeypatch.setenv("QTASK_PREFIX", "other_")
    said: list[str] = []
    try:
        install("order_db", {}, said.append)
        assert said[-1].endswith(f", prefix {PREFIX}")
        Client("order_db").create("bind", {}, 60, "Q")
        assert len(query(conn, f"SELECT 1 FROM {PREFIX}task")) == 1
    finally:
        assert uninstall("order_db", report=said.append)
