"""Objects of your own classes as values, conversions of your own, and file formats of your own.

| to | call |
|---|---|
| store objects of a class, and read them back | `register_serializer` |
| convert to a field type by a rule of your own | `register_converter` |
| read and write records in a format of your own | `register_format` |
| read and write records as text, bytes or a whole file | `loads`, `dumps`, `load`, `dump` |

What is registered holds for the whole process, and for all threads. Register at start, before records are made.

The files here: ``objects`` (serializers), ``converters``, ``formats`` (handlers and their names), ``files`` (the four
functions that use them).

Examples
--------
>>> from decimal import Decimal
>>> from dataknobs_data import Record, serializers
>>> serializers.register_serializer(Decimal, serialize=str, deserialize=Decimal)
>>> Record({"price": Decimal("9.50")})["price"]
Decimal('9.50')
>>> serializers.unregister_serializer(Decimal)
True
"""

from __future__ import annotations

from .converters import register_converter, unregister_converter
from .files import dump, dumps, load, loads
from .formats import FormatHandler, format_for, format_names, get_format, register_format, unregister_format
from .objects import register_serializer, unregister_serializer

__all__ = [
    "FormatHandler",
    "dump",
    "dumps",
    "format_for",
    "format_names",
    "get_format",
    "load",
    "loads",
    "register_converter",
    "register_format",
    "register_serializer",
    "unregister_converter",
    "unregister_format",
    "unregister_serializer",
]
