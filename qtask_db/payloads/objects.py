"""Payloads as objects of a class: a dataclass, a model of pydantic (1 or 2), a Struct of msgspec.

Neither library is needed, and none is imported here: whoever has an object of one has imported it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

from qtask_db.errors import InvalidPayload, PayloadMismatch


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


class _Struct(Protocol):
    __struct_fields__: ClassVar[tuple[str, ...]]


class _Pydantic(Protocol):
    def json(self) -> str: ...


Model: TypeAlias = "_Dataclass | _Struct | _Pydantic"
"""An object whose class says which fields a payload has."""


def check_model(kind: Any) -> None:
    """Raises TypeError unless payloads can be of this class."""
    if not isinstance(kind, type) or _kind_of(kind) is None:
        raise TypeError(f"a dataclass, a model of pydantic or a Struct of msgspec, not {kind!r}")
    if _kind_of(kind) == _PLAIN:
        try:
            _hints(kind)
        except NameError as error:
            raise TypeError(f"a class whose types can be found: {error}") from None


def as_object(payload: object) -> object:
    """The JSON object for a mapping or a model; anything else stays as it is. Raises
    InvalidPayload.
    """
    if isinstance(payload, Mapping):
        return dict(payload)
    kind = None if isinstance(payload, type) else _kind_of(type(payload))
    if kind is None:
        return payload
    try:
        return kind[0](payload)
    except Exception as error:
        raise InvalidPayload(f"the payload cannot be written as JSON: {error}") from error


def load(model: type, payload: dict[str, Any]) -> Any:
    """An instance of the class. Raises PayloadMismatch."""
    kind = _kind_of(model)
    try:
        if kind is not None:
            return kind[1](model, payload)
    except Exception as error:
        # Not from this error: its text may show values that nobody is to see in a log.
        raise PayloadMismatch(
            f"the payload does not fit {model.__name__}: {_said(error)}"
        ) from None
    raise TypeError(f"{model.__name__} is not a class that payloads can be of")


def _said(error: Exception) -> str:
    """What is wrong, and where; pydantic's own text has the values, too."""
    errors: Any = getattr(error, "errors", None)
    if not callable(errors):
        return str(error) or type(error).__name__
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors())


_Dump: TypeAlias = "Callable[[Any], object]"
_Load: TypeAlias = "Callable[[Any, dict[str, Any]], object]"


def _kind_of(kind: type) -> tuple[_Dump, _Load] | None:
    """How objects of the class become JSON objects, and how they are made of them."""
    if hasattr(kind, "model_validate_json"):  # pydantic 2
        return _dump_pydantic, lambda model, given: model.model_validate_json(json.dumps(given))
    if hasattr(kind, "parse_obj") and hasattr(kind, "__fields__"):  # pydantic 1
        return (
            lambda payload: json.loads(payload.json(by_alias=True)),
            lambda model, given: model.parse_obj(given),
        )
    if hasattr(kind, "__struct_fields__"):
        return _library("msgspec").to_builtins, lambda model, given: _library("msgspec").convert(
            given, model
        )
    if hasattr(kind, "__pydantic_validator__"):  # a dataclass of pydantic 2
        return _dump_adapted, _load_adapted
    return _PLAIN if dataclasses.is_dataclass(kind) else None


def _library(name: str) -> Any:
    """It is there, since a class of it is; a subclass may have been unpickled before its import."""
    return sys.modules.get(name) or __import__(name)


def _dump_pydantic(payload: Any) -> object:
    return payload.model_dump(mode="json", by_alias=True)


def _dump_adapted(payload: Any) -> object:
    adapter = _library("pydantic").TypeAdapter(type(payload))
    return adapter.dump_python(payload, mode="json", by_alias=True)


def _load_adapted(model: Any, given: dict[str, Any]) -> object:
    return _library("pydantic").TypeAdapter(model).validate_json(json.dumps(given))


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _load_dataclass(model: Any, given: object) -> Any:
    """All of its fields, none that it does not have, each of its type: Python checks no types."""
    if not isinstance(given, dict):
        raise TypeError(f"{model.__name__} is made of an object, not of {_name(type(given))}")
    hints = _hints(model)
    own = {one.name: one.init for one in dataclasses.fields(model)}
    if unknown := given.keys() - own.keys():
        raise TypeError(f"{model.__name__} has no field {', '.join(sorted(unknown))}")
    values = {name: value for name, value in given.items() if own[name]}
    return model(**{name: _fitting(hints[name], value, name) for name, value in values.items()})


_PLAIN: tuple[_Dump, _Load] = (dataclasses.asdict, _load_dataclass)


def _fitting(hint: Any, value: Any, place: str) -> Any:
    """The value as one of the type: an object may be one of another dataclass."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if hint in (None, type(None)):
        fits = value is None
    elif origin in (typing.Union, types.UnionType):
        return _one_of(arguments, value, place)
    elif origin is typing.Literal:
        fits = any(value == one and type(value) is type(one) for one in arguments)
    elif dataclasses.is_dataclass(hint):
        return _load_dataclass(hint, value)
    elif (origin or hint) in (list, tuple) and isinstance(value, list):
        items = arguments[0] if arguments else Any
        found = [_fitting(items, one, f"{place}[{n}]") for n, one in enumerate(value)]
        return found if (origin or hint) is list else tuple(found)
    elif (origin or hint) is dict and isinstance(value, dict):
        values = arguments[1] if arguments else Any
        return {name: _fitting(values, one, f"{place}.{name}") for name, one in value.items()}
    elif hint is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    else:
        fits = type(value) is (origin or hint)
    if not fits:
        raise TypeError(f"{place} must be {_name(hint)}, not {_name(type(value))}")
    return value


def _one_of(hints: tuple[Any, ...], value: Any, place: str) -> Any:
    for hint in hints:
        try:
            return _fitting(hint, value, place)
        except TypeError:
            continue
    wanted = " or ".join(map(_name, hints))
    raise TypeError(f"{place} must be {wanted}, not {_name(type(value))}")


def _name(hint: Any) -> str:
    return "None" if hint in (None, type(None)) else getattr(hint, "__name__", str(hint))
