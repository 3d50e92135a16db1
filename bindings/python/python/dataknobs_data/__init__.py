"""One record-based interface over many data stores."""

from . import _native
from ._native import SearchResult, __version__
from .database import Database, SyncDatabase, SyncTransaction, Transaction
from .fields import Field, FieldType
from .query import Filter, Operator, Query, SortSpec
from .records import Record

__all__ = [
    "Database",
    "Field",
    "FieldType",
    "Filter",
    "Operator",
    "Query",
    "Record",
    "SearchResult",
    "SortSpec",
    "SyncDatabase",
    "SyncTransaction",
    "Transaction",
    "__version__",
]


def _install() -> None:
    import atexit
    import os

    atexit.register(_native._at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_native._before_fork,
            after_in_parent=_native._after_fork_in_parent,
            after_in_child=_native._after_fork_in_child,
        )


_install()
