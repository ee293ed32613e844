"""Settings are validated before anything reaches a template."""

from __future__ import annotations

import pytest

from qtask_db.constants import DEFAULT, LIMIT
from qtask_db.errors import ConfigurationError
from qtask_db.settings import Settings, requested, requesting


def test_defaults() -> None:
    settings = Settings()
    assert settings.prefix == "qtask_"
    assert settings.payload_limit == DEFAULT["payload_limit"]
    assert settings.push_grace == DEFAULT["push_grace"]
    assert settings.maintenance_minutes == 0


@pytest.mark.parametrize("prefix", ["a", "q_", "a123456789", "a_b_c_"])
def test_a_good_prefix(prefix: str) -> None:
    assert Settings(prefix=prefix).prefix == prefix


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "Q_",
        "1a",
        "_a",
        "a-b",
        "a b",
        "a.b",
        "a`",
        "a'",
        "a;--",
        "a\n",
        "\xe4_",
        "a1234567890",
        "{{ p }}",
        "a\x00",
    ],
)
def test_a_bad_prefix(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="prefix must be 1 to 10"):
        Settings(prefix=prefix)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("payload_limit", 2, LIMIT["payload_limit"]),
        ("max_lapses", 1, LIMIT["max_count"]),
        ("push_grace", 1, 3600),
        ("maintenance_minutes", 0, 1440),
        ("max_queues", 1, LIMIT["queues"]),
    ],
)
def test_a_number_has_its_range(name: str, low: int, high: int) -> None:
    for good in (low, high):
        assert getattr(Settings().updated({name: str(good)}), name) == good
    for bad in (low - 1, high + 1, -high):
        with pytest.raises(ConfigurationError, match=f"{name} must be {low} to {high}"):
            Settings().updated({name: str(bad)})
    for bad_text in ("", "x", "1.5", "1e3", "0x10", "1;", "NULL"):
        with pytest.raises(ConfigurationError, match=f"{name} must be a whole number"):
            Settings().updated({name: bad_text})


def test_an_update_keeps_the_rest() -> None:
    settings = Settings(payload_limit=100).updated({"push_grace": "7"})
    assert (settings.prefix, settings.payload_limit, settings.push_grace) == ("qtask_", 100, 7)


def test_what_is_stored_can_be_read_back() -> None:
    settings = Settings(payload_limit=100, push_grace=7)
    assert Settings().updated(settings.stored()) == settings
    assert "prefix" not in settings.stored()


def test_requested_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QTASK_PREFIX", "QTASK_PAYLOAD_LIMIT", "QTASK_PUSH_GRACE"):
        monkeypatch.delenv(name, raising=False)
    assert requested() == {}
    monkeypatch.setenv("QTASK_PREFIX", "x_")
    monkeypatch.setenv("QTASK_PUSH_GRACE", "")
    assert requested() == {"prefix": "x_"}
    with requesting({"push_grace": "9"}):
        assert requested() == {"push_grace": "9"}
        with requesting({}):
            assert requested() == {}
    assert requested() == {"prefix": "x_"}


def test_requesting_ends_with_an_error() -> None:
    before = requested()
    with pytest.raises(ZeroDivisionError), requesting({"prefix": "x_"}):
        raise ZeroDivisionError
    assert requested() == before


@pytest.mark.parametrize("name", ["tablespace", "index_tablespace"])
def test_a_tablespace_is_a_name(name: str) -> None:
    for good in ("", "DATA", "data_1$#", "x" * 30):
        assert getattr(Settings().updated({name: good}), name) == good
    for bad in ("1x", "x y", "x;", "x\n", "'x'", "x" * 31):
        with pytest.raises(ConfigurationError, match=f"{name} must be a name"):
            Settings().updated({name: bad})


def test_an_index_is_spread_in_one_of_two_ways() -> None:
    for good in ("none", "reverse", "hash"):
        assert Settings().updated({"spread_index": good}).spread_index == good
    with pytest.raises(ConfigurationError, match="spread_index must be none, reverse or hash"):
        Settings().updated({"spread_index": "REVERSE"})


def test_what_shows_in_the_tables_is_not_stored() -> None:
    settings = Settings(tablespace="DATA", sequence_cache=0, push_grace=7)
    assert settings.stored()["push_grace"] == "7"
    assert {"prefix", "tablespace", "sequence_cache"}.isdisjoint(settings.stored())
    assert Settings().updated(settings.texts()) == settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", "*"),
        ("*", "*"),
        ("GCR:*, MAIL ", "GCR:*,MAIL"),
        ("x" * 100, "x" * 100),
        ("\u2713", "\u2713"),
    ],
)
def test_a_pattern_of_queues(given: str, kept: str) -> None:
    assert Settings().updated({"queue_pattern": given}).stored()["queue_pattern"] == kept


@pytest.mark.parametrize(
    "pattern", [",", "A,,B", "A,", "A\nB", "A\0", "\ud800", "\u202eA", "x" * 101, "A," * 127 + "AB"]
)
def test_a_bad_pattern_of_queues(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="queue_pattern must be names of 1 to 100"):
        Settings(queue_pattern=pattern)


@pytest.mark.parametrize(
    ("pattern", "queue", "allowed"),
    [
        ("*", "anything\n", True),
        ("GCR:*,MAIL", "GCR:", True),
        ("GCR:*,MAIL", "MAIL", True),
        ("GCR:*,MAIL", "MAIL\n", False),
        ("GCR:*,MAIL", "gcr:", False),
        ("A*C", "A.B\nC", True),
        ("A.C", "ABC", False),
    ],
)
def test_names_that_a_pattern_fits(pattern: str, queue: str, allowed: bool) -> None:
    assert Settings(queue_pattern=pattern).allows(queue) is allowed
