"""`AsyncConnectionPool`: connections for the tasks of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._awaiting import awaited
from .._native import Pending, PoolSlot, PoolSlots
from ..database import _finish
from ..exceptions import DataknobsError, TimedOutError, UnsupportedError
from ._deadline import Deadline
from ._lending import Lending
from .connecting import ConnectionManager

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["AsyncConnectionPool"]

C = TypeVar("C")


class AsyncConnectionPool(Lending[C]):
    """Lends connections to the tasks of an event loop, and keeps them open for the next one.

    ``connect``, ``check`` and ``close`` may be coroutine functions, which run in the caller's task, or plain functions
    that do not block. The pool belongs to the event loop that it is first used in, as its connections do.

    Parameters
    ----------
    connect : callable or ConnectionManager
        Opens a connection, of whatever kind; or an object that opens, checks and closes them.
    check : callable, optional
        Called with a connection that idled for long. When it raises or gives False, the connection is replaced.
    close : callable, optional
        Closes a connection. By default its own method ``close`` does, where it has one. It gets ``acquire_timeout``
        to do so.
    max_size, min_size, acquire_timeout, check_after, idle_timeout, max_lifetime, retry
        As for `ConnectionPool`.

    Raises
    ------
    InvalidConfigError
        When a setting makes no sense; the context names it.

    Examples
    --------
    >>> import asyncio
    >>> from dataknobs_data.connections import AsyncConnectionPool
    >>> async def connect():
    ...     await asyncio.sleep(0)  # or asyncpg.connect(...)
    ...     return object()
    >>> async with AsyncConnectionPool(connect, max_size=4) as pool:
    ...     async with pool.connection() as connection:
    ...         print(pool.metrics.in_use)
    ...     print(pool.metrics.idle)
    1
    1
    """

    _loop: asyncio.AbstractEventLoop

    def __init__(
        self,
        connect: Callable[[], Awaitable[C]] | Callable[[], C] | ConnectionManager[C],
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

    @overload
    @classmethod
    def from_config(
        cls,
        connect: Callable[[], Awaitable[C]] | ConnectionManager[C],
        config: Mapping[str, Any],
        *,
        check: Callable[[C], object] | None = None,
        close: Callable[[C], object] | None = None,
    ) -> Self: ...

    @overload
    @classmethod
    def from_config(
        cls,
        connect: Callable[[], C],
        config: Mapping[str, Any],
        *,
        check: Callable[[C], object] | None = None,
        close: Callable[[C], object] | None = None,
    ) -> Self: ...

    @classmethod
    def from_config(
        cls,
        connect: Callable[[], Awaitable[C]] | Callable[[], C] | ConnectionManager[C],
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
        AsyncConnectionPool
            A pool without connections yet.

        Raises
        ------
        InvalidConfigError
            For a key that is unknown, with the nearest one, or a value that makes no sense.

        Examples
        --------
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> AsyncConnectionPool.from_config(object, {"max_size": "4", "acquire_timeout": "5s"})
        AsyncConnectionPool(max_size=4, min_size=0, acquire_timeout='5s', ...)
        """
        return cls(connect, check=check, close=close, **PoolSlots.checked(config))

    async def acquire(self, timeout: float | None = None) -> C:
        """Give a connection: one that idles, else a new one, else the next that comes back.

        Tasks are served in turn. One that is cancelled while it waits takes no connection with it.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most, in place of ``acquire_timeout``; a ``connect`` under way is cancelled then.

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
        UnsupportedError
            In another event loop than the pool was first used in.

        Examples
        --------
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> pool = AsyncConnectionPool(object, max_size=1)
        >>> connection = await pool.acquire()
        >>> await pool.acquire(timeout=0.01)
        Traceback (most recent call last):
        ...
        dataknobs_data.exceptions.TimedOutError: timed out: no connection within the time allowed (acquire, ...)
        ...
        >>> await pool.release(connection)
        >>> await pool.acquire() is connection
        True
        """
        self._check_loop()
        async with Deadline(self._slots.seconds(timeout), lambda: self._slots.timed_out(timeout)):
            return await awaited(self._acquired(timeout))

    async def release(self, connection: C) -> None:
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
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> pool = AsyncConnectionPool(object)
        >>> await pool.release(await pool.acquire())
        >>> pool.metrics.idle
        1
        """
        self._check_loop()
        await awaited(self._released(connection))

    async def discard(self, connection: C) -> None:
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
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> pool = AsyncConnectionPool(object)
        >>> await pool.discard(await pool.acquire())
        >>> pool.metrics.size
        0
        """
        self._check_loop()
        await awaited(self._discarded(connection))

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[C]:
        """Lend a connection to an ``async with`` block.

        At the end of the block it is released. When the block raises or is cancelled, it is discarded: nobody knows
        in the middle of which transaction or answer it was left. An error that leaves the connection usable is caught
        inside.

        Parameters
        ----------
        timeout : float, optional
            As for `acquire`.

        Returns
        -------
        asynchronous context manager
            It gives the connection.

        Raises
        ------
        TimedOutError, ConnectionFailedError, UnsupportedError
            As `acquire`.

        Examples
        --------
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> pool = AsyncConnectionPool(object)
        >>> async with pool.connection() as connection:
        ...     print(pool.metrics.in_use)
        1
        >>> pool.metrics.idle
        1
        """
        connection = await self.acquire(timeout)
        try:
            yield connection
        except BaseException:
            if self._is_lent(connection):
                await self.discard(connection)
            raise
        # The block may have discarded it.
        if self._is_lent(connection):
            await self.release(connection)

    async def warm(self, timeout: float | None = None) -> None:
        """Open connections until there are ``min_size``, so that the first callers need not wait.

        Parameters
        ----------
        timeout : float, optional
            Seconds that it may take, in place of ``acquire_timeout``.

        Raises
        ------
        TimedOutError, ConnectionFailedError, UnsupportedError
            As `acquire`.

        Examples
        --------
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> pool = AsyncConnectionPool(object, min_size=2)
        >>> await pool.warm()
        >>> pool.metrics.idle
        2
        """
        self._check_loop()
        async with Deadline(self._slots.seconds(timeout), lambda: self._slots.timed_out(timeout)):
            await awaited(self._warmed(timeout))

    async def close_all(self) -> None:
        """Close the pool and its idle connections; those on loan are closed when they come back.

        Whoever waits for a connection gets `ConnectionFailedError`, and so does who asks for one later. Closing again
        does nothing. The pool's ``async with`` block ends so.

        Raises
        ------
        Exception
            What ``close`` raised first; the other connections are closed all the same.

        Examples
        --------
        >>> from dataknobs_data.connections import AsyncConnectionPool
        >>> pool = AsyncConnectionPool(object)
        >>> await pool.close_all()
        >>> await pool.acquire()
        Traceback (most recent call last):
        ...
        dataknobs_data.exceptions.ConnectionFailedError: connection failed: the pool is closed (acquire)
        """
        self._check_loop()
        await awaited(self._closed())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close_all()

    def _check_loop(self) -> None:
        running = asyncio.get_running_loop()
        # One step, so that of two threads one is first.
        if vars(self).setdefault("_loop", running) is not running:
            raise UnsupportedError(
                "this pool belongs to another event loop: the one that it was first used in",
                hint="make a pool for each event loop",
            )

    def _enter(self, timeout: float | None) -> PoolSlot | Awaitable[PoolSlot]:
        entry = self._slots.begin(timeout)
        return _finish(entry) if isinstance(entry, Pending) else entry

    def _pause(self, seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def _end(self, connection: C) -> Any:
        ending = self._manager.close(connection)
        return self._ended(ending) if isinstance(ending, Awaitable) else ending

    async def _ended(self, ending: Awaitable[object]) -> None:
        def late() -> DataknobsError:
            return TimedOutError("closing a connection took too long", operation="close")

        async with Deadline(self._slots.seconds(None), late):
            await ending
