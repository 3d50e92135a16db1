"""Records: ordered fields, an optional id, and metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from ._native import Fields, Metadata, Record, _is_serialized

if TYPE_CHECKING:
    from ._native import Field

__all__ = ["Fields", "Metadata", "Record"]

MutableMapping.register(Record)
MutableMapping.register(Metadata)
Mapping.register(Fields)


def _plain(data: Any) -> dict[str, Any] | Iterable[Field]:
    """Give the dict, or the fields, that a record is made of; called by ``Record`` for what is neither."""
    if isinstance(data, Mapping):
        return dict(data)
    if isinstance(data, type):
        raise TypeError(f"a record is made of an object, not of the class {data.__qualname__}")
    if hasattr(data, "__dataclass_fields__"):
        from dataclasses import fields, is_dataclass

        if is_dataclass(data):
            return {field.name: _nested(getattr(data, field.name)) for field in fields(data)}
    if hasattr(type(data), "model_fields") and hasattr(data, "model_dump"):  # a pydantic model
        dumped = data.model_dump()
        return {name: _of_model(data, name, dumped[name]) for name in dumped}
    if hasattr(data, "_asdict"):  # a named tuple
        return dict(data._asdict())
    if isinstance(data, Iterable) and not isinstance(data, (str, bytes, bytearray)):
        return data
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    raise TypeError(f"a record is made of a dict, Fields, a dataclass or a pydantic model, not of {kind}")


def _of_model(model: Any, name: str, dumped: Any) -> Any:
    """Give a model's value as pydantic dumps it, or the object itself where a serializer stores it."""
    value = getattr(model, name, dumped)
    return value if _is_serialized(value) else dumped


def _nested(value: Any, above: tuple[int, ...] = ()) -> Any:
    """Give dataclasses inside a dataclass as the dicts that a JSON field holds."""
    # What holds itself, or is nested too deep, is left as it is: it is refused with the name of its field.
    if id(value) in above or len(above) > 300:
        return value
    if _is_serialized(value):
        return value
    above = (*above, id(value))
    if isinstance(value, (list, tuple)):
        return [_nested(item, above) for item in value]
    if isinstance(value, dict):
        return {key: _nested(item, above) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        from dataclasses import fields

        return {field.name: _nested(getattr(value, field.name), above) for field in fields(value)}
    return value
