"""The nodes of a registry as URLs: each form that the Go library writes, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from qtask_db import Client, Database, Relay, Worker, urls
from qtask_db.dialects.mysql import driver as mysql
from qtask_db.dialects.oracle import driver as oracle
from qtask_db.errors import ConfigurationError
from qtask_db.registry import address, dsn, queues, zookeeper
from qtask_db.transport.url import check_url

SECRET = "Hush/@:%?#Word"
MYSQL = {"provider": "mysql", "connString": f"mrss:{SECRET}@tcp(db1:3307)/mrss?charset=utf8"}
REDIS = {"proto": "redis", "addrs": ["cache:6379"], "password": SECRET, "db": 1}


class Folder:
    """A registry in files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = f"fs://{root}/mall"

    def write(self, kind: str, value: Any, name: str = "") -> None:
        file = self.root / "mall/var" / kind / (name or kind) / ".init"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            "mrss:123456@tcp(192.168.0.36)/mrss?charset=utf8",
            "mysql://mrss:123456@192.168.0.36/mrss",
        ),
        ("u:p@tcp(h:3307)/d", "mysql://u:p@h:3307/d"),
        ("u:p@tcp([::1]:3306)/d", "mysql://u:p@[::1]:3306/d"),
        ("u:p@ss/w:d%@tcp(h)/d", "mysql://u:p%40ss%2Fw%3Ad%25@h/d"),
        ("u:p(a)s@tcp(h)/d", "mysql://u:p%28a%29s@h/d"),
        ("u:p@unix(/run/my.sock)/d", "mysql://u:p@/d?unix_socket=%2Frun%2Fmy.sock"),
        ("u:p@tcp/d", "mysql://u:p@/d"),
        ("u@/d", "mysql://u@/d"),
        ("/d", "mysql:///d"),
        (
            "u@tcp(h)/d?parseTime=true&loc=Asia%2FShanghai&collation=utf8_bin&time_zone=%27x%27",
            "mysql://u@h/d",
        ),
        (
            "u@tcp(h)/d?timeout=1m30s&readTimeout=500ms&writeTimeout=1.5h",
            "mysql://u@h/d?connect_timeout=90&read_timeout=0.5&write_timeout=5400",
        ),
        ("u@tcp(h)/d?timeout=0", "mysql://u@h/d"),
        ("u@tcp(h)/d?tls=true", "mysql://u@h/d?ssl_mode=verify_identity"),
        ("u@tcp(h)/d?tls=skip-verify", "mysql://u@h/d?ssl_mode=required"),
        ("u@tcp(h)/d?tls=false", "mysql://u@h/d?ssl_mode=disabled"),
    ],
)
def test_a_connection_string_for_mysql(text: str, url: str) -> None:
    assert dsn.database_url({"provider": "mysql", "connstring": text}, "/p") == url
    assert mysql._arguments(urls.split(url))


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text("abc.-_%+ é", min_size=1))
def test_each_login_arrives(password: str, user: str) -> None:
    node = {"provider": "mysql", "connstring": f"{user}:{password}@tcp(h)/d"}
    found = mysql._arguments(urls.split(dsn.database_url(node, "/p")))
    assert (found["user"], found.get("password", "")) == (user, password)
    queue = {"addrs": ["h"], "password": password}
    assert check_url(queues.redis_url(queue, "/p")).hostname == "h"


@pytest.mark.parametrize(
    ("text", "user", "password", "name"),
    [
        ("app/secret@orcl", "app", "secret", "orcl"),
        ("app/a/b@c@db:1521/SHOP", "app", "a/b@c", "db:1521/SHOP"),
        (
            "app/s@(DESCRIPTION=(ADDRESS=(HOST=db)))",
            "app",
            "s",
            "(DESCRIPTION=(ADDRESS=(HOST=db)))",
        ),
    ],
)
@pytest.mark.parametrize("provider", ["oracle", "ora"])
def test_a_connection_string_for_oracle(
    provider: str, text: str, user: str, password: str, name: str
) -> None:
    url = dsn.database_url({"provider": provider, "connstring": text}, "/p")
    found = oracle._arguments(urls.split(url))
    assert (found["user"], found["password"], found["dsn"]) == (user, password, name)
    assert "host" not in found


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"provider": "sqlite3", "connString": "x"}, "has the provider 'sqlite3', and tasks"),
        ({"connString": "x"}, "has the provider None"),
        ({"provider": "mysql"}, "has no connString"),
        ({"provider": "mysql", "connString": f"u:{SECRET}@h/d"}, "cannot be read: it must be like"),
        ({"provider": "mysql", "connString": f"u:{SECRET}@tcp(h)/"}, "cannot be read"),
        ({"provider": "mysql", "connString": f"u:{SECRET}"}, "cannot be read"),
        ({"provider": "mysql", "connString": f"u:{SECRET}@tcp(h/x)/d"}, "cannot be read"),
        ({"provider": "oracle", "connString": f"u/{SECRET.replace('@', '')}"}, "cannot be read"),
        ({"provider": "mysql", "connString": f"u:{SECRET}@/d?tls=own"}, "tls=own, which only the"),
        ({"provider": "mysql", "connString": f"u:{SECRET}@/d?timeout=3"}, "must be like 30s or 1m"),
        ({"provider": "mysql", "connString": f"u:{SECRET}@/d?readTimeout=x9s"}, "readTimeout=x9s"),
        (["mysql"], "must be a JSON object"),
        ("{'provider'", "must be a JSON object"),
        ("", "must be a JSON object"),
        (f"encrypt:cbc/pkcs5:{'00' * 8}", "is encrypted otherwise"),
        ("encrypt:cbc/pkcs5:no", "is encrypted otherwise"),
    ],
)
def test_a_node_of_a_database_that_is_refused(folder: Folder, node: Any, words: str) -> None:
    folder.write("db", node)
    with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
        Database(folder.url)
    assert "/mall/var/db/db" in str(caught.value)
    assert "Hush" not in str(caught.value)


def encrypted(text: str) -> str:
    padding = PKCS7(64).padder()
    data = padding.update(text.encode()) + padding.finalize()
    cipher = Cipher(TripleDES(b"@-hydra*" * 3), modes.CBC(b"#*---iv*")).encryptor()
    return "encrypt:cbc/pkcs5:" + (cipher.update(data) + cipher.finalize()).hex()


@pytest.mark.parametrize("write", [json.dumps, lambda node: encrypted(json.dumps(node))])
def test_a_platform(folder: Folder, write: Callable[[Any], str]) -> None:
    folder.write("db", write({**MYSQL, "注": "订单", "maxOpen": 20}))
    folder.write("queue", write(REDIS))
    database = Database(folder.url)
    assert database.url == "mysql://mrss:Hush%2F%40%3A%25%3F%23Word@db1:3307/mrss"
    assert str(database) == "mysql://mrss:***@db1:3307/mrss"
    assert database.redis_url == "redis://:Hush%2F%40%3A%25%3F%23Word@cache:6379/1"
    kwargs = Client(folder.url)._redis.connection_pool.connection_kwargs  # type: ignore[union-attr]
    assert (kwargs["host"], kwargs["password"], kwargs["db"]) == ("cache", SECRET, 1)
    assert Worker(folder.url)._queues
    assert Relay(folder.url).options


def test_other_nodes_of_a_platform(folder: Folder) -> None:
    folder.write("db", {"Provider": "mysql", "ConnString": "/other"}, "mdb")
    folder.write("queue", {"addrs": "a:1"}, "rds")
    database = Database(f"{folder.url}?db=mdb&queue=rds")
    assert (database.url, database.redis_url) == ("mysql:///other", "redis://a:1/0")
    with pytest.raises(ConfigurationError, match="no node /mall/var/db/db: check the platform"):
        Database(folder.url)


@pytest.mark.parametrize(
    ("node", "url"),
    [
        ({"proto": "redis", "addrs": ["a:6379"]}, "redis://a:6379/0"),
        ({"addrs": ["a"], "db": 3, "password": "p/w"}, "redis://:p%2Fw@a/3"),
        ({"addrs": ["a:1", "b:2"], "db": 3, "password": "p"}, "redis+cluster://:p@a:1,b:2"),
        ({"addrs": "a:1,b:2"}, "redis+cluster://a:1,b:2"),
        (
            {"addrs": ["a:1", "b:2"], "master": "shop", "db": 2, "password": "p"},
            "redis+sentinel://:p@a:1,b:2/shop/2",
        ),
        (
            {"addrs": ["a"], "dial_timeout": 2, "read_timeout": 10, "write_timeout": 4},
            "redis://a/0?socket_connect_timeout=2&socket_timeout=10",
        ),
    ],
)
def test_a_node_of_a_queue(folder: Folder, node: dict[str, Any], url: str) -> None:
    folder.write("db", MYSQL)
    folder.write("queue", {"proto": "redis", "config_name": "shared"})
    folder.write("redis", node, "shared")
    assert Database(folder.url).redis_url == url
    assert check_url(url)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"proto": "mqtt", "address": "h"}, "has the proto 'mqtt', and queues are in Redis alone"),
        ({"proto": "redis"}, "must have addrs like"),
        ({"addrs": [f"redis://:{SECRET}@h"]}, "must have addrs like"),
        ({"addrs": ["h"], "db": "one"}, "must have a whole number as db"),
        (
            {"proto": "redis", "config_name": "gone"},
            "no node /mall/var/redis/gone, which its queue",
        ),
    ],
)
def test_a_node_of_a_queue_is_refused_when_it_is_needed(
    folder: Folder, node: dict[str, Any], words: str
) -> None:
    folder.write("db", MYSQL)
    folder.write("queue", node)
    database = Database(folder.url)
    for needs in (Client, Worker, Relay):
        with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
            needs(database)
        assert "Hush" not in str(caught.value)
        assert needs(database, "redis://h")


def test_a_platform_without_a_queue(folder: Folder) -> None:
    folder.write("db", MYSQL)
    assert Database(folder.url).redis_url is None
    assert Worker(folder.url)._queues is None
    with pytest.raises(ConfigurationError, match=r"no Redis for mysql://.*: pass a relay its URL"):
        Relay(folder.url)


def test_a_folder_that_is_not_there(folder: Folder) -> None:
    with pytest.raises(
        ConfigurationError, match=f"the folder {folder.root}/absent of the registry"
    ):
        Database(f"fs://{folder.root}/absent/mall")


def test_a_file_that_cannot_be_read(folder: Folder) -> None:
    folder.write("db", "")
    (folder.root / "mall/var/db/db/.init").write_bytes("订单".encode("gbk"))
    with pytest.raises(ConfigurationError, match="it is not UTF-8 text"):
        Database(folder.url)


def test_colons_in_the_names_of_files(folder: Folder) -> None:
    folder.write("db", MYSQL, "a@@@b")
    assert Database(f"{folder.url}?db=a:b").url.endswith("/mrss")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("zk://h/mall", ("h", None, 5.0, "mall", "db", "queue")),
        ("zk://a:2182,b/mall/mdb", ("a:2182,b", None, 5.0, "mall", "mdb", "queue")),
        ("zk://u:p%40w@h/m%2Fx/d/q?timeout=0.5", ("h", "u:p@w", 0.5, "m/x", "d", "q")),
        ("ZK://u@[::1]:2181/mall/", ("[::1]:2181", "u:", 5.0, "mall", "db", "queue")),
        ("fs://../conf/mall", ("../conf", None, 5.0, "mall", "db", "queue")),
        ("fs:///mall?queue=q", ("/", None, 5.0, "mall", "db", "q")),
        ("fs:///my%20conf/mall?db=d", ("/my conf", None, 5.0, "mall", "d", "queue")),
    ],
)
def test_an_address(url: str, found: tuple[Any, ...]) -> None:
    read = address.read(url)
    assert (read.place, read.login, read.timeout, read.platform, read.db, read.queue) == found


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("zk://u:Hush@h", "must be like zk://user:password@host:2181/PLATFORM/DB/QUEUE"),
        ("zk:///mall", "must be like zk://"),
        ("zk://u@/mall", "must be like zk://"),
        ("zk://h/mall/%00", "must be like zk://"),
        ("zk://h,/mall", "a host name is empty"),
        ("zk://h/a/b/c/d", "must be like zk://"),
        ("fs:///", "must be like fs:///folder/PLATFORM"),
        ("zk://h:port/mall", "its port is not a number"),
        ("zk://u:Hush/x@h/mall", "cannot be read: write @ / :"),
        ("zk:/h/mall", "is malformed"),
        ("zk://h/mall?timeout=soon", "must be a number, not 'soon'"),
        ("zk://h/mall?timeout=0", "more than 0 and at most 3,600 s"),
        ("zk://h/mall?timeout=nan", "more than 0 and at most 3,600 s"),
        ("zk://h/mall?db=x", "'db' is not an option"),
        ("consul://h/mall", "must begin with mysql://, mariadb:// or oracle://, or with zk://"),
    ],
)
def test_an_address_that_is_refused(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
        Database(url)
    assert "Hush" not in str(caught.value)


def test_the_words_of_the_go_library() -> None:
    assert address.join("zk://h", "mall", None) == "zk://h/mall"
    assert address.join("zk://u:p@h/", "my mall", "m/db") == "zk://u:p@h/my%20mall/m%2Fdb"
    assert address.join("fs://../conf/", "mall", "mdb") == "fs://../conf/mall?db=mdb"
    with pytest.raises(ConfigurationError, match=r"only a registry has a platform.*'mall'"):
        address.join("mysql://h/d", "mall", None)


def test_nodes_of_zookeeper_are_gbk_or_utf_8() -> None:
    text = '{"注释": "订单库€"}'
    assert zookeeper._decoded(text.replace("€", "").encode("gbk")) == text.replace("€", "")
    assert json.loads(zookeeper._decoded('{"a": "é"}'.encode()))["a"]
    assert zookeeper._decoded(b'{"a": "\xff\xff"}').startswith('{"a"')
