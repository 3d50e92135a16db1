"""Fields and their types."""

from __future__ import annotations

from enum import Enum

from ._native import Field

__all__ = ["Field", "FieldType"]


class FieldType(str, Enum):
    """The type of a field.

    Values tell their own type; an explicit one converts the value or refuses it, by the table in
    ``docs/semantics.md``. ``TEXT`` holds what ``STRING`` holds and says: long prose, index it for
    full text. A `str` of more than 1,000 characters is ``TEXT``.

    Examples
    --------
    >>> from dataknobs_data import Field, FieldType
    >>> Field("age", "36", FieldType.INTEGER).value
    36
    """

    STRING = "STRING"
    TEXT = "TEXT"
    INTEGER = "INTEGER"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    JSON = "JSON"
    BINARY = "BINARY"

    def __str__(self) -> str:
        return self.value
