"""Payloads as objects: of dataclasses, pydantic and msgspec, there and back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from qtask_db.calls.arguments import payload_text
from qtask_db.errors import InvalidPayload, PayloadMismatch
from qtask_db.payloads.objects import check_model, load
from qtask_db.worker import Job


@dataclass
class Line:
    item: str
    count: int = 1


@dataclass
class Order:
    number: str
    lines: list[Line] = field(default_factory=list)
    price: float = 0.0
    note: str | None = None
    kind: Literal["new", "old"] = "new"
    more: dict[str, int] = field(default_factory=dict)
    anything: Any = None
    total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.number == "0":
            raise ValueError("no order has the number 0")


ORDER = Order("17", [Line("a"), Line("b", 2)], 2.5, "caf\xe9", "old", {"x": 1}, [None, {"y": 2}])


def test_a_dataclass() -> None:
    text = payload_text(ORDER)
    assert json.loads(text)["lines"] == [{"item": "a", "count": 1}, {"item": "b", "count": 2}]
    assert load(Order, json.loads(text)) == ORDER
    assert load(Order, {"number": "1", "price": 3}) == Order("1", price=3)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({}, "number"),
        ({"number": 17}, "number must be str, not int"),
        ({"number": None}, "number must be str, not None"),
        ({"number": "1", "nummer": "1"}, "has no field nummer"),
        ({"number": "1", "lines": {}}, "lines must be list"),
        ({"number": "1", "lines": [{"item": "a", "count": "2"}]}, "count must be int, not str"),
        ({"number": "1", "lines": [5]}, "Line is made of an object, not of int"),
        ({"number": "1", "lines": [{"item": "a", "count": True}]}, "count must be int, not bool"),
        ({"number": "1", "price": "2"}, "price must be float"),
        ({"number": "1", "note": 5}, "note must be str or None"),
        ({"number": "1", "kind": "other"}, "kind must be"),
        ({"number": "1", "more": {"x": "1"}}, "more.x must be int"),
        ({"number": "0"}, "no order has the number 0"),
    ],
)
def test_a_payload_that_does_not_fit_a_dataclass(payload: dict[str, Any], told: str) -> None:
    with pytest.raises(PayloadMismatch, match="the payload does not fit Order: ") as error:
        load(Order, payload)
    assert told in str(error.value)


def test_an_object_with_more_than_json() -> None:
    @dataclass
    class Odd:
        value: object

    for value in (object(), {1, 2}, b"bytes", float("nan")):
        with pytest.raises(InvalidPayload):
            payload_text(Odd(value))  # type: ignore[arg-type]
    for wrong in (Odd, SimpleNamespace(a=1)):
        with pytest.raises(InvalidPayload):
            payload_text(wrong)  # type: ignore[arg-type]


def test_a_job_reads_it_once_it_is_wanted() -> None:
    job = Job(1, 1, "A", {"number": "1"})
    assert job.data is None
    job._fate.model = Order
    assert job.data == Order("1")
    assert job.data is job.data


@pytest.fixture
def pydantic_order() -> Callable[..., Any]:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is missing: scripts/env")
    return type(
        "PydanticOrder",
        (pydantic.BaseModel,),
        {
            "__annotations__": {"number": str, "at": __import__("datetime").datetime, "size": int},
            "size": pydantic.Field(1, alias="theSize"),
            "__module__": __name__,
        },
    )


def test_a_model_of_pydantic(pydantic_order: Any) -> None:
    check_model(pydantic_order)
    order = pydantic_order(number="17", at="2026-11-28T22:34:57Z", theSize=5)
    text = payload_text(order)
    assert json.loads(text) == {"number": "17", "at": "2026-11-28T22:34:57Z", "theSize": 5}
    assert load(pydantic_order, json.loads(text)) == order
    with pytest.raises(PayloadMismatch, match=r"does not fit PydanticOrder: .*at: ") as told:
        load(pydantic_order, {"number": "s3cret", "at": "s3cret"})
    assert "s3cret" not in str(told.value)


def test_a_dataclass_of_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is missing: scripts/env")
    checked = pydantic.dataclasses.dataclass(type("Checked", (), {"__annotations__": {"n": int}}))
    check_model(checked)
    assert json.loads(payload_text(checked(n="5"))) == {"n": 5}
    assert load(checked, {"n": 5}).n == 5
    with pytest.raises(PayloadMismatch, match="does not fit Checked: n: "):
        load(checked, {"n": "five"})


def test_a_model_of_pydantic_1() -> None:
    v1 = pytest.importorskip("pydantic.v1", reason="pydantic is missing: scripts/env")
    old = type("Old", (v1.BaseModel,), {"__annotations__": {"n": int}, "__module__": __name__})
    check_model(old)
    assert json.loads(payload_text(old(n=5))) == {"n": 5}
    assert load(old, {"n": 5}) == old(n=5)
    with pytest.raises(PayloadMismatch, match="does not fit Old: n: "):
        load(old, {"n": "five"})


def test_a_struct_of_msgspec() -> None:
    msgspec = pytest.importorskip("msgspec", reason="msgspec is missing: scripts/env")
    struct = msgspec.defstruct("Struct", [("number", str), ("count", int, 1)])
    check_model(struct)
    assert json.loads(payload_text(struct("17"))) == {"number": "17", "count": 1}
    assert load(struct, {"number": "17"}) == struct("17", 1)
    with pytest.raises(PayloadMismatch, match="does not fit Struct: Expected `int`"):
        load(struct, {"number": "17", "count": "many"})


def test_nothing_is_imported_for_payloads_of_others() -> None:
    program = (
        "import sys; from qtask_db.calls.arguments import payload_text; payload_text({'a': 1}); "
        "sys.exit(bool({'pydantic', 'msgspec'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
