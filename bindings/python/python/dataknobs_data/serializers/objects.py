"""Objects of your own classes as values of records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from .. import _native

__all__ = ["register_serializer", "unregister_serializer"]

T = TypeVar("T")

#: What values come back as. A query that is pickled, or a value that is stored again, is never looked up.
_PLAIN = (object, type(None), bool, int, float, str, datetime, bytes, dict, list)


def register_serializer(
    cls: type[T],
    /,
    serialize: Callable[[T], object],
    deserialize: Callable[[Any], T] | None = None,
    *,
    name: str | None = None,
    replace: bool = False,
) -> None:
    """Store objects of a class and of its subclasses, wherever a value is read: in records, queries and JSON.

    Of several registered classes that an object inherits from, the nearest one counts. A serializer comes before what
    the library does with an object by itself, such as with members of an `Enum`, named tuples or a `date`; a `datetime`
    is never stored by the serializer of `date`.

    With ``deserialize``, a field whose value is such an object gets the metadata ``{"serializer": name}``, which every
    store keeps. Reading the value through a `Record` or a `Field` then gives an object back. The metadata goes when
    another value is set. Inside dicts and lists an object is stored and not read back. Queries, aggregations,
    DataFrames and Arrow see what is stored, and so do processes that have not registered the name.

    Parameters
    ----------
    cls : type
        The class. Not `object`, and none of the classes that values come back as, which are stored as they are:
        `bool`, `int`, `float`, `str`, `datetime`, `bytes`, `dict` and `list`.
    serialize : callable
        Gives what is stored instead of an object: something that a record holds, and not of the same class.
    deserialize : callable, optional
        Gives an object for what is stored. It is called for values that come out of stores, so that it should stand
        any value of the type that ``serialize`` gives.
    name : str, optional
        What stores keep. By default the class's module and qualified name, such as ``"decimal.Decimal"``; give one
        where the class may be moved or renamed.
    replace : bool, default False
        Whether a serializer that is registered for this class gives way.

    Raises
    ------
    AlreadyExistsError
        When one is registered for the class, or under the name for another class. Registering the same functions
        again is no error.
    TypeError
        When one of these is no class, cannot be called, or is stored as it is.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from dataknobs_data import Record
    >>> from dataknobs_data.serializers import register_serializer, unregister_serializer
    >>> register_serializer(Fraction, serialize=str, deserialize=Fraction)
    >>> record = Record({"share": Fraction(2, 6)})
    >>> record["share"], record.to_json()
    (Fraction(1, 3), '{"data":{"share":"1/3"},"meta":{"fields":{"share":{"serializer":"fractions.Fraction"}}}}')
    >>> unregister_serializer(Fraction)
    True
    >>> record["share"]
    '1/3'
    """
    if not isinstance(cls, type):
        raise TypeError("a serializer is registered for a class")
    if cls in _PLAIN:
        raise TypeError(f"objects of the class {cls.__qualname__} are stored as they are: no serializer is asked")
    if not callable(serialize) or not (deserialize is None or callable(deserialize)):
        raise TypeError("a serializer is made of functions")
    if name is None:
        name = f"{cls.__module__}.{cls.__qualname__}"
    _native._register_serializer(cls, serialize, deserialize, name, replace)


def unregister_serializer(cls: type, /) -> bool:
    """Refuse objects of a class again. Fields that hold them are read as what is stored.

    Parameters
    ----------
    cls : type
        The class.

    Returns
    -------
    bool
        False when none was registered for it.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from dataknobs_data.serializers import unregister_serializer
    >>> unregister_serializer(Fraction)
    False
    """
    return _native._unregister_serializer(cls)
