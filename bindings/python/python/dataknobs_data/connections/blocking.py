"""`ConnectionPool`: connections for the threads of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import iscoroutine
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar

from .._awaiting import returned
from .._native import PoolSlot, PoolSlots
from ..exceptions import UnsupportedError
from ._lending import Lending
from .connecting import ConnectionManager

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["ConnectionPool"]

C = TypeVar("C")


class ConnectionPool(Lending[C]):
    """Lends connections to the threads of a program, and keeps them open for the next one.

    It has no thread of its own: ``connect``, ``check`` and ``close`` are called by whoever needs it, on that thread.
    What ``connect`` raises reaches the caller as it is; what ``close`` raises is logged, except by `close_all`.

    Parameters
    ----------
    connect : callable or ConnectionManager
        Opens a connection, of whatever kind; or an object that opens, checks and closes them.
    check : callable, optional
        Called with a connection that idled for long. When it raises or gives False, the connection is replaced.
    close : callable, optional
        Closes a connection. By default its own method ``close`` does, where it has one.
    max_size : int, default 10
        The most connections at a time.
    min_size : int, default 0
        How many idle connections are kept however long they idle, and opened by `warm`.
    acquire_timeout : float or str, default 30
        The longest that a caller waits, in seconds, or as ``"500ms"``, ``"5s"``, ``"2m"``.
    check_after : float or str, default 30
        A connection that idled longer is checked before it is lent.
    idle_timeout : float, str or None, default 600
        A connection that idled longer is let go; None: never.
    max_lifetime : float, str or None, default 1800
        A connection older than this is let go once it is idle; None: never.
    retry : int, bool or mapping, optional
        How often ``connect`` is called in all, while it raises `ConnectionError`, `TimeoutError` or a retryable
        `DataknobsError`; or a mapping with ``attempts``, ``base_delay``, ``max_delay`` and ``deadline``. Before each
        repetition it waits a random time, up to a limit that doubles. By default it is called once.

    Raises
    ------
    InvalidConfigError
        When a setting makes no sense; the context names it.

    Examples
    --------
    >>> import sqlite3
    >>> from dataknobs_data.connections import ConnectionPool
    >>> def connect():
    ...     return sqlite3.connect("file:shop?mode=memory&cache=shared", uri=True, check_same_thread=False)
    >>> with ConnectionPool(connect, max_size=4) as pool:
    ...     with pool.connection() as connection:
    ...         connection.execute("SELECT 6 * 7").fetchone()
    ...     pool.metrics.idle
    (42,)
    1
    """

    def __init__(
        self,
        connect: Callable[[], C] | ConnectionManager[C],
        *,
        check: Callable[[C], object] | None = None,
        close: Callable[[C], object] | None = None,
        max_size: int = 10,
        min_size: int = 0,
        acquire_timeout: float | str = 30.0,
        check_after: float | str = 30.0,
        idle_timeout: float | str | None = 600.0,
        max_lifetime: float | str | None = 1800.0,
        retry: int | bool | Mapping[str, Any] | None = None,
    ) -> None:
        settings = {
            "max_size": max_size,
            "min_size": min_size,
            "acquire_timeout": acquire_timeout,
            "check_after": check_after,
            "idle_timeout": idle_timeout,
            "max_lifetime": max_lifetime,
            "retry": retry,
        }
        super().__init__(connect, check, close, settings)

    @classmethod
    def from_config(
        cls,
        connect: Callable[[], C] | ConnectionManager[C],
        config: Mapping[str, Any],
        *,
        check: Callable[[C], object] | None = None,
        close: Callable[[C], object] | None = None,
    ) -> Self:
        """Make a pool with settings from a configuration, such as the table ``pool`` of a backend's own.

        Parameters
        ----------
        connect, check, close : callable
            As for the class.
        config : mapping
            The other keywords of the class, by name.

        Returns
        -------
        ConnectionPool
            A pool without connections yet.

        Raises
        ------
        InvalidConfigError
            For a key that is unknown, with the nearest one, or a value that makes no sense.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> ConnectionPool.from_config(object, {"max_size": "4", "acquire_timeout": "5s"})
        ConnectionPool(max_size=4, min_size=0, acquire_timeout='5s', ...)
        >>> ConnectionPool.from_config(object, {"max_sise": 4})
        Traceback (most recent call last):
        ...
        dataknobs_data.exceptions.InvalidConfigError: invalid configuration: unknown setting (key: `max_sise`)
          hint: did you mean `max_size`?
        """
        return cls(connect, check=check, close=close, **PoolSlots.checked(config))

    def acquire(self, timeout: float | None = None) -> C:
        """Give a connection: one that idles, else a new one, else the next that comes back.

        Callers are served in turn. Nobody but the caller uses the connection until it is released or discarded.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most, in place of ``acquire_timeout``. A ``connect`` that has begun runs to its end:
            give it a limit of its own.

        Returns
        -------
        connection
            What ``connect`` gave.

        Raises
        ------
        TimedOutError
            When there is none in time; the context names the sizes.
        ConnectionFailedError
            When the pool is closed, or was made before the process was forked.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> pool = ConnectionPool(object, max_size=1)
        >>> connection = pool.acquire()
        >>> pool.acquire(timeout=0.01)
        Traceback (most recent call last):
        ...
        dataknobs_data.exceptions.TimedOutError: timed out: no connection within the time allowed (acquire, ...)
        ...
        >>> pool.release(connection)
        >>> pool.acquire() is connection
        True
        """
        return returned(self._acquired(timeout))

    def release(self, connection: C) -> None:
        """Give a connection back, for the next caller.

        Parameters
        ----------
        connection : connection
            One that `acquire` gave. After `close_all` it is closed.

        Raises
        ------
        NotFoundError
            When it is not on loan from this pool; so when it is released a second time.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> pool = ConnectionPool(object)
        >>> pool.release(pool.acquire())
        >>> pool.metrics.idle
        1
        """
        returned(self._released(connection))

    def discard(self, connection: C) -> None:
        """Close a connection that is on loan, since it is not to be used again.

        Parameters
        ----------
        connection : connection
            One that `acquire` gave.

        Raises
        ------
        NotFoundError
            When it is not on loan from this pool.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> pool = ConnectionPool(object)
        >>> pool.discard(pool.acquire())
        >>> pool.metrics.size
        0
        """
        returned(self._discarded(connection))

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[C]:
        """Lend a connection to a ``with`` block.

        At the end of the block it is released. When the block raises, it is discarded: nobody knows in the middle of
        which transaction or answer it was left. An error that leaves the connection usable is caught inside.

        Parameters
        ----------
        timeout : float, optional
            As for `acquire`.

        Returns
        -------
        context manager
            It gives the connection.

        Raises
        ------
        TimedOutError, ConnectionFailedError
            As `acquire`.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> pool = ConnectionPool(object)
        >>> with pool.connection() as connection:
        ...     pool.metrics.in_use
        1
        >>> pool.metrics.idle
        1
        """
        connection = self.acquire(timeout)
        try:
            yield connection
        except BaseException:
            if self._is_lent(connection):
                self.discard(connection)
            raise
        # The block may have discarded it.
        if self._is_lent(connection):
            self.release(connection)

    def warm(self, timeout: float | None = None) -> None:
        """Open connections until there are ``min_size``, so that the first callers need not wait.

        Parameters
        ----------
        timeout : float, optional
            As for `acquire`, for each connection.

        Raises
        ------
        TimedOutError, ConnectionFailedError
            As `acquire`.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> pool = ConnectionPool(object, min_size=2)
        >>> pool.warm()
        >>> pool.metrics.idle
        2
        """
        returned(self._warmed(timeout))

    def close_all(self) -> None:
        """Close the pool and its idle connections; those on loan are closed when they come back.

        Whoever waits for a connection gets `ConnectionFailedError`, and so does who asks for one later. Closing again
        does nothing. The pool's ``with`` block ends so.

        Raises
        ------
        Exception
            What ``close`` raised first; the other connections are closed all the same.

        Examples
        --------
        >>> from dataknobs_data.connections import ConnectionPool
        >>> pool = ConnectionPool(object)
        >>> pool.close_all()
        >>> pool.acquire()
        Traceback (most recent call last):
        ...
        dataknobs_data.exceptions.ConnectionFailedError: connection failed: the pool is closed (acquire)
        """
        returned(self._closed())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close_all()

    def _enter(self, timeout: float | None) -> PoolSlot:
        return self._slots.enter(timeout)

    def _pause(self, seconds: float) -> None:
        sleep(seconds)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        answer = function(*arguments)
        if iscoroutine(answer):
            answer.close()
            raise UnsupportedError(
                "a blocking pool cannot await a coroutine",
                context={"function": function.__name__},
                hint="use AsyncConnectionPool, or a plain function",
            )
        return answer

    def _end(self, connection: C) -> Any:
        return self._call(self._manager.close, connection)
