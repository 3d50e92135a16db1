"""How the connections of a pool are opened, checked and closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

__all__ = ["ConnectionManager", "manager_of"]

C = TypeVar("C")


class ConnectionManager(ABC, Generic[C]):
    """Opens, checks and closes the connections of a pool: a class to subclass, in place of three functions.

    For an `AsyncConnectionPool` the methods may be coroutines.

    Examples
    --------
    >>> import sqlite3
    >>> from dataknobs_data.connections import ConnectionManager, ConnectionPool
    >>> class Sqlite(ConnectionManager[sqlite3.Connection]):
    ...     def __init__(self, path):
    ...         self.path = path
    ...     def connect(self):
    ...         return sqlite3.connect(self.path, check_same_thread=False)
    ...     def check(self, connection):
    ...         connection.execute("SELECT 1")
    >>> with ConnectionPool(Sqlite(":memory:"), max_size=2) as pool, pool.connection() as connection:
    ...     connection.execute("SELECT 6 * 7").fetchone()
    (42,)
    """

    @abstractmethod
    def connect(self) -> C | Awaitable[C]:
        """Open a connection.

        Returns
        -------
        connection
            A new one, each time.
        """

    def check(self, connection: C) -> object:
        """Check that a connection that idled still works. By default it is taken to.

        Parameters
        ----------
        connection : connection
            One that nobody uses.

        Returns
        -------
        object
            False when it does not work; an exception says the same.
        """
        return None

    def close(self, connection: C) -> object:
        """Close a connection. By default its own method ``close`` is called, where it has one.

        Parameters
        ----------
        connection : connection
            One that nobody uses, and nobody will.
        """
        close = getattr(connection, "close", None)
        return None if close is None else close()


class _Functions(ConnectionManager[C]):
    def __init__(
        self,
        connect: Callable[[], C | Awaitable[C]],
        check: Callable[[C], object] | None,
        close: Callable[[C], object] | None,
    ) -> None:
        self._connect, self._check, self._close = connect, check, close

    def connect(self) -> C | Awaitable[C]:
        return self._connect()

    def check(self, connection: C) -> object:
        return None if self._check is None else self._check(connection)

    def close(self, connection: C) -> object:
        return super().close(connection) if self._close is None else self._close(connection)


def manager_of(
    connect: Any, check: Callable[[C], object] | None, close: Callable[[C], object] | None
) -> ConnectionManager[C]:
    """Give the manager that a pool was given, or one of the functions that it was given."""
    if isinstance(connect, ConnectionManager):
        if check is not None or close is not None:
            raise TypeError("check and close are methods of the ConnectionManager")
        return connect
    if isinstance(connect, type) and issubclass(connect, ConnectionManager):
        raise TypeError(f"connect is an object of a ConnectionManager, such as {connect.__name__}(), not its class")
    for name, function in {"connect": connect, "check": check, "close": close}.items():
        if not callable(function) and (name == "connect" or function is not None):
            raise TypeError(f"{name} is a function, not {type(function).__name__}")
    return _Functions(connect, check, close)
