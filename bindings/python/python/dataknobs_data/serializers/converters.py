"""Conversions between field types, by rules of your own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import _native
from ..fields import FieldType

__all__ = ["register_converter", "unregister_converter"]


def register_converter(type: FieldType | str, function: Callable[[Any], Any], /) -> None:
    """Ask a function before the library's own rules whenever a value is converted to a field type.

    Values are converted by `Field` with a type, by `Field.convert` and by `Record.convert`; a null never is. Of
    several converters to a type the newest is asked first.

    Parameters
    ----------
    type : FieldType or str
        The type that values are converted to.
    function : callable
        Takes the value as a plain Python object: `bool`, `int`, `float`, `str`, `datetime`, `bytes`, `dict` or `list`.
        It gives the converted value, which the type must hold, or `NotImplemented` to pass: the next converter is
        asked, and at last the library. It is asked for values that the type holds already, too. It may also raise,
        best an `InvalidRecordError`.

    Raises
    ------
    InvalidRecordError
        When there is no such type.
    TypeError
        When the function cannot be called.

    Examples
    --------
    >>> from dataknobs_data import Field, FieldType
    >>> from dataknobs_data.serializers import register_converter, unregister_converter
    >>> def yes_or_no(value):
    ...     return {"yes": True, "no": False}.get(value, NotImplemented)
    >>> register_converter(FieldType.BOOLEAN, yes_or_no)
    >>> Field("active", "yes", FieldType.BOOLEAN).value, Field("active", "true", FieldType.BOOLEAN).value
    (True, True)
    >>> unregister_converter(FieldType.BOOLEAN, yes_or_no)
    True
    """
    if not callable(function):
        raise TypeError("a converter is a function")
    _native._register_converter(type, function)


def unregister_converter(type: FieldType | str, function: Callable[[Any], Any], /) -> bool:
    """Take back a converter; of one that was registered several times, the newest.

    Parameters
    ----------
    type : FieldType or str
        The type it was registered for.
    function : callable
        The function.

    Returns
    -------
    bool
        False when it is not registered for this type.

    Examples
    --------
    >>> from dataknobs_data.serializers import unregister_converter
    >>> unregister_converter("BOOLEAN", bool)
    False
    """
    return _native._unregister_converter(type, function)
