"""docs/reference/configuration.md says what there is, with the values that count."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qtask_db import Relay, Worker, urls
from qtask_db.calls import list_tasks, purge
from qtask_db.cli import main
from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.dialects.mysql import driver as mysql
from qtask_db.dialects.mysql import tls as mysql_tls
from qtask_db.dialects.oracle import driver as oracle
from qtask_db.errors import ConfigurationError
from qtask_db.registry import address, dsn
from qtask_db.relay import held
from qtask_db.settings import Settings
from qtask_db.transport import bad, kinds, queues
from qtask_db.transport import url as redis_url
from qtask_db.worker import policy, pool, watchdog

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
COMMANDS: dict[str, Any] = main.commands  # type: ignore[attr-defined]
SHARED = ("--patient", "--log-level", "--queue-prefix")
"""Of a relay and of a worker's command."""


def tables(heading: str) -> list[list[list[str]]]:
    """The rows of each table below a heading, without the head."""
    found = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^## |^### |\Z)", PAGE, re.M | re.S)
    assert found, heading
    blocks = re.findall(r"(?:^\|.*\n)+", found[1], re.MULTILINE)
    return [
        [re.split(r" *(?<!\\)\| *", row.strip("| \n")) for row in b.splitlines()[2:]]
        for b in blocks
    ]


def rows(heading: str) -> dict[str, list[str]]:
    """The cells after the first one, by each name that this one has."""
    listed = [row for table in tables(heading) for row in table]
    return {name: row[1:] for row in listed for name in re.findall(r"`([^`]+)`", row[0])}


def number(text: str) -> float:
    """The number that a cell begins with."""
    found = re.match(r"[\d,.]+", text)
    assert found, text
    return float(found[0].rstrip(".,").replace(",", ""))


def span(text: str) -> tuple[float, float]:
    """The bounds of `low to high`."""
    low, high = text.split(" to ", 1)
    return number(low), number(high)


def options(command: str) -> dict[str, Any]:
    return {o: p for p in COMMANDS[command].params for o in [*p.opts, *p.secondary_opts]}


def test_a_setting_has_its_variable_option_range_and_default() -> None:
    found = rows("Settings of an installation")
    names = [name for name in Settings.__dataclass_fields__ if name != "prefix"]
    assert list(found) == [f"QTASK_{name.upper()}" for name in names]
    for name in names:
        option, limits, default, _ = found[f"QTASK_{name.upper()}"]
        assert option == f"`--{name.replace('_', '-')}`"
        assert option.strip("`") in options("install")
        value = getattr(Settings(), name)
        assert number(default) == value if isinstance(value, int) else value in default, name
        if isinstance(value, int):
            low, high = span(limits)
            for right in (low, high):
                assert Settings(**{name: int(right)})
            for wrong in (low - 1, high + 1):
                with pytest.raises(ConfigurationError):
                    Settings(**{name: int(wrong)})
    for way in re.findall(r"`(\w+)`", found["QTASK_SPREAD_INDEX"][1]):
        assert Settings(spread_index=way)
    kept = list(Settings().stored())
    assert kept == names[: len(kept)]
    assert "keeps the first seven" in " ".join(PAGE.split())
    assert len(kept) == 7


def test_every_variable_of_the_package_and_of_the_scripts_is_there() -> None:
    read: set[str] = set()
    for folder in ("qtask_db", "scripts", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            read |= set(re.findall(r'environ(?:\.get\(|\[)"(QTASK_\w+)"', text))
    read |= {f"QTASK_{name.upper()}" for name in Settings.__dataclass_fields__}
    read |= {f"QTASK_{one}_URL{end}" for one in ("DATABASE", "REDIS") for end in ("", "_FILE")}
    ours = {name for name in read if "CHAOS" not in name}
    assert len(ours) > 20
    assert {name for name in ours if f"`{name}`" not in PAGE} == set()


def test_the_options_of_urls_are_those_that_are_taken() -> None:
    ours, modes = (dict.fromkeys(_names(table)) for table in tables("MySQL and MariaDB"))
    assert list(modes) == list(mysql_tls.MODES)
    assert ours.keys() == mysql._URL_OPTIONS.keys()
    assert rows("Oracle").keys() == oracle._URL_OPTIONS.keys() | oracle._SESSION_OPTIONS.keys()
    schemes = {found for name in rows("Redis") for found in re.findall(r"^([a-z+]+)://", name)}
    assert schemes == set(redis_url.SCHEMES)
    for option in rows("Redis"):
        if re.fullmatch(r"[a-z_]+", option) and not option.endswith("file"):
            value = {"ssl_cert_reqs": "none", "ssl_check_hostname": "false"}.get(option, "7")
            redis_url.connect(f"rediss+sentinel://host/service?{option}={value}")


def test_the_addresses_of_a_registry_are_those_that_are_taken() -> None:
    forms = [name.replace(",host:2181", "") for name in rows("A registry")]
    assert set(address._FORMS.values()) <= set(forms)
    whole = re.search(r"### A registry\n.*?(?=^### )", PAGE, re.M | re.S)
    assert whole
    text = " ".join(whole[0].split())
    assert f"that a look at the registry may take; {address.TIMEOUT:g} by default" in text
    for name in (*dsn._TIMEOUTS, "tls", *("addrs", "config_name", "master")):
        assert f"`{name}`" in text


def _names(table: list[list[str]]) -> list[str]:
    return [name for row in table for name in re.findall(r"`([^`]+)`", row[0])]


def test_the_time_outs_of_a_mysql_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    pymysql = pytest.importorskip("pymysql")
    given: dict[str, Any] = {}
    raw = SimpleNamespace(_sock=SimpleNamespace(family=None))
    monkeypatch.setattr(pymysql, "connect", lambda **options: given.update(options) or raw)
    mysql.MySQL().connect(urls.split("mysql://u@h/db"), autocommit=True)
    found = rows("MySQL and MariaDB")
    assert number(found["connect_timeout"][0]) == given["connect_timeout"]
    assert number(found["write_timeout"][0]) == given["write_timeout"]
    assert number(found["read_timeout"][0]) == raw._read_timeout


def test_the_time_outs_of_an_oracle_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    oracledb = pytest.importorskip("oracledb")
    given: dict[str, Any] = {}
    raw = SimpleNamespace()
    monkeypatch.setattr(oracledb, "connect", lambda **options: given.update(options) or raw)
    oracle.Oracle().connect(urls.split("oracle://u@h/?service_name=s"), autocommit=True)
    found = rows("Oracle")
    for name in ("tcp_connect_timeout", "expire_time"):
        assert number(found[name][0]) == given[name]
    assert number(found["call_timeout"][0]) * 1000 == raw.call_timeout
    params = oracledb.ConnectParams()
    for name in ("retry_count", "retry_delay"):
        assert number(found[name][0]) == getattr(params, name)


def test_the_defaults_of_a_redis_client() -> None:
    client = redis_url.connect("redis://host")
    made = client.connection_pool.connection_kwargs  # type: ignore[union-attr]
    found = rows("Redis")
    for name in ("socket_timeout", "socket_connect_timeout", "health_check_interval"):
        assert number(found[name][0]) == made[name]
    assert redis_url._RETRIES == 2
    assert "up to two times more" in PAGE


def test_a_relay_has_these_choices() -> None:
    found = rows("A relay")
    taken = options("relay")
    described = {cells[0].strip("`"): cells[1] for cells in found.values()}
    parameters = inspect.signature(Relay).parameters
    assert parameters.keys() - {"database", "redis"} == described.keys() - {"run(patient=True)", ""}
    for option, cells in found.items():
        assert option in taken or not option.startswith("--")
        bounds = re.search(r", (\d+ to [\d,]+)$", cells[2])
        kind = getattr(taken.get(option), "type", None)
        if bounds or getattr(kind, "max", None) is not None:
            assert bounds, option
            assert span(bounds[1]) == (kind.min, kind.max)
    for name, default in described.items():
        value = parameters[name].default if name in parameters else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert number(default) == value, name
    ours = {o for o in taken if o not in options("worker") or o in SHARED}
    assert {o for o in ours if o.startswith("--")} == {o for o in found if o.startswith("--")}
    assert f"held back for {held.UNUSABLE_HOLD:g} s" in PAGE
    assert f"at most {LIMIT['claim_bytes'] // 2**20} MiB" in PAGE


def test_a_worker_has_these_choices() -> None:
    found = rows("A worker")
    parameters = inspect.signature(Worker).parameters
    assert found.keys() == parameters.keys() - {"database", "redis"}
    for name, cells in found.items():
        value = parameters[name].default
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert number(cells[0]) == value, name
    page = " ".join(PAGE.split())
    assert f"at most {pool.LOCAL_SIZE // 10**6} MB of messages" in page
    assert f"runs for {watchdog.HANGS_AFTER:g} s" in page
    assert f"at most {policy.LONGEST_BACKOFF:,} s" in page
    assert f"1 to {policy.LARGEST_WEIGHT:,}" in page
    assert f"last {LIMIT['traceback']:,} characters" in page
    assert f"the last {queues.BAD_LIMIT:,} messages" in page
    assert f"{bad.KEPT // 1024} KB of each" in page
    assert f"not started for {kinds.RECLAIM_IDLE:g} s" in page


def test_an_argument_has_its_range() -> None:
    found = rows("Arguments and limits")
    for name in ("name", "queue", "order_no", "namespace", "relay", "max_count"):
        assert span(found[name][0]) == (1, LIMIT[name])
    for name in ("interval", "deadline"):
        assert span(found[name][0]) == (1, LIMIT["seconds"])
    for name in ("delay", "delete_deadline"):
        assert span(found[name][0]) == (0, LIMIT["seconds"])
    assert f"at most {DEFAULT['payload_limit']:,} bytes" in found["payload"][0]
    assert f"at most {LIMIT['depth']} levels" in found["payload"][0]
    (listed,) = tables("Arguments and limits")
    bulk, single = (cells for name, *cells in listed if name.startswith("rows of"))
    assert span(bulk[0]) == (0, LIMIT["rows"])
    assert span(single[0]) == (1, LIMIT["rows"])
    most = [inspect.signature(call).parameters["limit"].default for call in (purge, list_tasks)]
    assert single[1] == f"{most[0]:,}; a list {most[1]}"


def test_names_of_queues_have_this_length() -> None:
    cells = rows("Settings of an installation")["QTASK_QUEUE_PATTERN"]
    longest, (low, high) = int(span(cells[1])[1]), span(cells[3].partition("commas, ")[2])
    assert low == 1
    whole = ",".join(["n" * int(high)] * (longest // int(high)))
    whole += "," + "n" * (longest - len(whole) - 1)
    assert Settings(queue_pattern=whole)
    for wrong in (whole + "n", "n" * int(high + 1), "a,,b"):
        with pytest.raises(ConfigurationError):
            Settings(queue_pattern=wrong)


def test_every_default_and_limit_of_the_contract_is_there() -> None:
    """In the row of its own name, of the argument that it is for, or of its setting."""
    found: dict[str, str] = {}
    for heading in (
        "Settings of an installation",
        "A relay",
        "Arguments and limits",
        "Fixed numbers",
    ):
        for name, cells in rows(heading).items():
            key = name.removeprefix("QTASK_").removeprefix("--").lower().replace("-", "_")
            found.setdefault(key, "")
            found[key] += " ".join(cells)
    where = {
        "batch_lease": "lease", "seconds": "deadline", "depth": "payload", "queues": "max_queues",
        "catch_up": "max_catch_up",
    }  # fmt: skip
    text = " ".join(
        cell for table in tables("Arguments and limits") for row in table for cell in row
    )
    for key, value in [*DEFAULT.items(), *LIMIT.items()]:
        wanted = f"{value:,}" if isinstance(value, int) else value
        said = text if key == "rows" else found[where.get(key, key)]
        assert re.search(rf"(?<![\d,]){wanted}(?![\d,]\d)", said), key
