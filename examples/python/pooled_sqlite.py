"""The SQLite backend, reading through a pool of connections: many threads read at once, while one writes.

>>> from dataknobs_data import SyncDatabase
>>> from dataknobs_data.backends import register_backend
>>> register_backend("pooled-sqlite", PooledSqliteBackend, replace=True)
>>> with SyncDatabase.create("pooled-sqlite", path="people.db", pool={"max_size": 8, "acquire_timeout": "5s"}) as db:
...     ids = db.create_batch([{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}])
...     db.count("age > 40")
1
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dataknobs_data.connections import ConnectionManager, ConnectionPool
from dataknobs_data.exceptions import InvalidConfigError
from sqlite_backend import SqliteBackend


class Readers(ConnectionManager[sqlite3.Connection]):
    """Opens connections that only read, for whichever thread."""

    def __init__(self, path: str) -> None:
        self.path = path

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def check(self, connection: sqlite3.Connection) -> None:
        connection.execute("SELECT 1").fetchone()


class PooledSqliteBackend(SqliteBackend):
    """Records in a SQLite file, which has one writer at a time and any number of readers.

    Parameters
    ----------
    path : str
        The file.
    synchronous : {"FULL", "NORMAL", "OFF"}, default "FULL"
        What an acknowledged write survives: a power failure, or only the end of the process.
    pool : mapping, optional
        Settings of the pool of readers: ``max_size``, ``acquire_timeout`` and so on.
    """

    def __init__(self, path: str, synchronous: str = "FULL", pool: Mapping[str, Any] | None = None) -> None:
        if path == ":memory:":
            raise InvalidConfigError("each connection would have a memory of its own", context={"key": "`path`"})
        super().__init__(path, synchronous)
        self.pool = ConnectionPool.from_config(Readers(path), pool or {})
        self._thread = threading.local()

    def info(self) -> dict[str, Any]:
        return {**super().info(), "readers": self.pool.metrics.size}

    def connect(self) -> None:
        super().connect()
        self.pool.warm()

    def close(self) -> None:
        self.pool.close_all()
        super().close()

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        # What a write reads, it reads in its own transaction.
        if getattr(self._thread, "writes", False):
            return super()._execute(sql, values)
        with self.pool.connection() as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with super()._transaction():
            self._thread.writes = True
            try:
                yield
            finally:
                self._thread.writes = False
