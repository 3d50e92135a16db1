"""Names for type annotations: what the calls of this package take.

They are for annotations alone and cost nothing at run time.

| name | stands for |
|---|---|
| `RecordLike` | a `Record`, or what makes one: a mapping, `Field`s, a dataclass, a named tuple, a pydantic model |
| `RecordsLike` | many of them: an iterable, a search result, a DataFrame, whatever has ``__arrow_c_stream__`` |
| `QueryLike` | a `Query`, a `Filter`, a query's text, its dict form, or None for all records |
| `IdLike` | the id of a record: a `str` or a `uuid.UUID` |

Examples
--------
>>> from dataknobs_data import SyncDatabase
>>> from dataknobs_data.typing import QueryLike
>>> def names(db: SyncDatabase, query: QueryLike = None) -> list[str]:
...     return [record["name"] for record in db.search(query)]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, Union
from uuid import UUID

from ._native import Field, Filter, Query, Record, SearchResult

if TYPE_CHECKING:
    import pandas

__all__ = ["ArrowStream", "IdLike", "QueryLike", "RecordLike", "RecordsLike"]


class ArrowStream(Protocol):
    """An object that gives Arrow data through the PyCapsule interface: a pyarrow table, a polars frame."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Give the data as a capsule."""


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


class _NamedTuple(Protocol):
    def _asdict(self) -> dict[str, Any]: ...


class _Model(Protocol):
    def model_dump(self) -> dict[str, Any]: ...


IdLike: TypeAlias = str | UUID
"""The id of a record."""

RecordLike: TypeAlias = Record | Mapping[str, Any] | Iterable[Field] | _Dataclass | _NamedTuple | _Model
"""A record, or what makes one."""

# pandas is optional, and a name in quotes takes no `|`.
RecordsLike: TypeAlias = Union[Iterable[RecordLike], SearchResult, "pandas.DataFrame", ArrowStream]
"""Records, one after the other or in columns."""

QueryLike: TypeAlias = Query | Filter | str | Mapping[str, Any] | None
"""What to find; None finds every record."""
