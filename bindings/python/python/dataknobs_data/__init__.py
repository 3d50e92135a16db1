"""One record-based interface over many data stores.

>>> from dataknobs_data import Record, SyncDatabase
>>> with SyncDatabase.create("memory") as db:
...     id = db.create(Record({"name": "Ada", "age": 36}))
...     [record["name"] for record in db.search("age > 30")]
['Ada']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _native
from ._native import ArrowTable, Capabilities, IndexInfo, SearchResult, __version__
from .backends import file as _file  # noqa: F401
from .backends import memory as _memory  # noqa: F401
from .database import Database, RecordStream, Savepoint, SyncDatabase, SyncSavepoint, SyncTransaction, Transaction
from .exceptions import DataknobsError
from .fields import Field, FieldType
from .query import Aggregation, Explain, Filter, Operator, Query, SortSpec, Table
from .records import Record

if TYPE_CHECKING:
    from .backends import register_backend
    from .backends.base import Backend
    from .config import Config
    from .factory import DatabaseFactory, SyncDatabaseFactory
    from .utils.pandas import dataframe_to_records, records_to_dataframe

__all__ = [
    "Aggregation",
    "ArrowTable",
    "Backend",
    "Capabilities",
    "Config",
    "Database",
    "DatabaseFactory",
    "DataknobsError",
    "Explain",
    "Field",
    "FieldType",
    "Filter",
    "IndexInfo",
    "Operator",
    "Query",
    "Record",
    "RecordStream",
    "Savepoint",
    "SearchResult",
    "SortSpec",
    "SyncDatabase",
    "SyncDatabaseFactory",
    "SyncSavepoint",
    "SyncTransaction",
    "Table",
    "Transaction",
    "__version__",
    "dataframe_to_records",
    "records_to_dataframe",
    "register_backend",
]

#: What is imported when it is first asked for.
_LATER = {
    "Backend": "backends.base",
    "register_backend": "backends",
    "Config": "config",
    "DatabaseFactory": "factory",
    "SyncDatabaseFactory": "factory",
    "dataframe_to_records": "utils.pandas",
    "records_to_dataframe": "utils.pandas",
}


def __getattr__(name: str) -> object:
    module = _LATER.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _install() -> None:
    """Make exits and forks safe."""
    import atexit
    import os

    # Now, not when first needed: in a forked child, an import that another thread had begun never ends.
    from .backends import file, memory  # noqa: F401

    atexit.register(_native._at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_native._before_fork,
            after_in_parent=_native._after_fork_in_parent,
            after_in_child=_native._after_fork_in_child,
        )


_install()
