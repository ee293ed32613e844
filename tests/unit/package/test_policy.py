"""The wishes of a handler: what is allowed, and what they mean for a failed attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from qtask_db import Fail, Job, Retry, Snooze, Worker
from qtask_db.constants import LIMIT
from qtask_db.errors import ConfigurationError, PayloadMismatch
from qtask_db.worker.outcomes import TimedOut, end_of, traceback_of
from qtask_db.worker.policy import Policy, doubling, policy

URL = "mysql://app@db/shop"
JOB = Job(17, 30, "A", {}, interval=60, count=3)


class BadOrder(Exception): ...


def handler(**given: Any) -> Policy:
    wishes = {"timeout": None, "retries": None, "backoff": None, "fatal": (), "model": None}
    return policy(lambda _: None, **wishes | {"weight": 1} | given)


@pytest.mark.parametrize(
    ("name", "values", "allowed"),
    [
        ("timeout", [0, -1, "5", True, float("nan"), float("inf")], "a number of seconds above 0"),
        ("retries", [-1, 1.5, "3", True, 10**9], "a whole number, 0 to"),
        ("backoff", [0, -2, "fast", True, 3_601, float("inf")], "a function of the attempt"),
        ("fatal", [5, "BadOrder", (BadOrder, 5), BadOrder(), int], "classes of exceptions"),
        ("model", [5, dict, {"a": int}, "Order"], "a dataclass, a model of pydantic"),
        ("weight", [0, -1, 1.5, "3", True, None, 1_001], "a whole number, 1 to 1000"),
    ],
)
def test_bad_wishes_are_refused_by_name(name: str, values: list[Any], allowed: str) -> None:
    for value in values:
        worker = Worker(URL)
        with pytest.raises(ConfigurationError, match=f"^{name} must be .*{allowed}") as told:
            worker.handler("A", **{name: value})(lambda _: None)
        assert "not" in str(told.value)
        assert not worker._handlers


def test_good_wishes() -> None:
    @dataclass
    class Order:
        number: str

    Worker(URL).handler(
        "A", "B", timeout=0.5, retries=0, backoff=lambda n: n * 10, fatal=BadOrder, weight=3
    )(lambda _: None)
    Worker(URL).handler("A", fatal=[BadOrder, KeyError], backoff=2.5)(lambda _: None)
    with pytest.raises(ConfigurationError, match="types can be found"):
        Worker(URL).handler("A", model=Local)(lambda _: None)


@dataclass
class Local:
    other: Nowhere  # type: ignore[name-defined] # noqa: F821


def test_the_handlers_own_words() -> None:
    wishes = handler(fatal=Exception, retries=9)
    assert end_of(JOB, wishes, Fail("closed")).outcome == "reject"
    end = end_of(JOB, wishes, Snooze(2.1, "asleep"))
    assert (end.outcome, end.delay, end.error, end.traceback) == ("snooze", 3, "asleep", None)
    end = end_of(JOB, wishes, Retry("later", delay=7))
    assert (end.outcome, end.delay, end.error) == ("fail", 7, "later")
    assert end_of(JOB, wishes, TimedOut("timed out")).outcome == "fail"
    assert end_of(JOB, wishes, ValueError("no")).outcome == "reject"
    assert end_of(JOB, handler(), PayloadMismatch("no")).outcome == "reject"


@pytest.mark.parametrize("wrong", ["5", [5], None, object(), float("inf"), float("nan")])
def test_a_snooze_of_no_number_of_seconds(wrong: Any) -> None:
    with pytest.raises(TypeError, match="number of seconds"):
        Snooze(wrong)


@pytest.mark.parametrize(("seconds", "whole"), [(-3, 1), (0, 1), (0.2, 1), (10**12, None)])
def test_snoozes_are_whole_seconds_in_range(seconds: Any, whole: int | None) -> None:
    assert Snooze(seconds).seconds == (whole or LIMIT["seconds"])


def test_fatal_classes_have_subclasses() -> None:
    class Worse(BadOrder): ...

    wishes = handler(fatal=(BadOrder,))
    assert end_of(JOB, wishes, Worse("no")).outcome == "reject"
    assert end_of(JOB, wishes, KeyError("no")).outcome == "fail"


def test_retries_bound_each_kind_of_failure() -> None:
    for error in (ValueError(), Retry(delay=1), TimedOut("timed out after 1 s")):
        assert end_of(JOB, handler(retries=3), error).outcome == "fail"
        assert end_of(JOB, handler(retries=2), error).outcome == "reject"
        assert end_of(Job(1, 1, "A", {}), handler(retries=0), error).outcome == "reject"
    assert end_of(JOB, handler(retries=0), Snooze(5)).outcome == "snooze"


def test_delays_of_a_number_double_up_to_an_hour() -> None:
    wishes = handler(backoff=10)
    for attempt, middle in ((1, 10), (2, 20), (5, 160), (20, 3_600), (10**6, 3_600)):
        delay = wishes.delay(attempt)
        assert delay is not None
        assert 0.8 * middle - 1 <= delay <= 1.25 * middle + 1


def test_delays_of_a_function() -> None:
    given = {1: 0, 2: 0.1, 3: 10**12, 4: None, 5: "soon", 6: -1, 7: float("nan"), 8: True}
    wishes = handler(backoff=given.__getitem__)
    found = [wishes.delay(attempt) for attempt in range(1, 10)]
    assert found == [0, 1, LIMIT["seconds"], None, None, None, None, None, None]


def test_delays_of_a_worker() -> None:
    own = Policy(lambda _: None).bound(doubling(1, 2), [])
    assert own.delay(1) == 1
    assert own.delay(2) in (2, 3)
    assert own.delay(3) is None


def test_a_traceback_begins_with_the_handler_and_keeps_its_end() -> None:
    def work() -> None:
        raise BadOrder("x" * 2 * LIMIT["traceback"] + " the end")

    try:
        work()
    except BadOrder as error:
        text = str(traceback_of(error))
    assert len(text) == LIMIT["traceback"]
    assert text.endswith("the end")
    secret = BadOrder("mysql://app:s3cret@db/shop")
    secret.__cause__ = KeyError("cause")
    text = str(traceback_of(secret))
    assert "cause" in text
    assert "s3cret" not in text
