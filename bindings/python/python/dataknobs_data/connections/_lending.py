"""What blocking and asynchronous pools do alike: steps in which something may have to be awaited.

The rules (sizes, turns, which connection is lent, which is let go) are `_native.PoolSlots`, those of the Rust
library's pool. It knows a connection by its number; the connections themselves are kept here.
"""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from logging import getLogger
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakSet

from .. import _native
from .._native import PoolSlot, PoolSlots
from ..exceptions import DataknobsError
from .connecting import ConnectionManager, manager_of

__all__ = ["Lending", "PoolMetrics", "Steps"]

C = TypeVar("C")
T = TypeVar("T")

#: Steps yield what may have to be awaited, and get what it gives.
Steps: TypeAlias = Generator[Any, Any, T]

_log = getLogger("dataknobs_data.connections")
_pools: WeakSet[Lending[Any]] = WeakSet()


class PoolMetrics(NamedTuple):
    """What a pool is doing.

    Attributes
    ----------
    size : int
        Connections that are open, or being opened.
    idle : int
        Connections that nobody uses.
    in_use : int
        Connections that are on loan, or being opened or checked.
    waiting : int
        Callers that wait for one.

    Examples
    --------
    >>> from dataknobs_data.connections import ConnectionPool
    >>> pool = ConnectionPool(object)
    >>> with pool.connection():
    ...     pool.metrics
    PoolMetrics(size=1, idle=0, in_use=1, waiting=0)
    """

    size: int
    idle: int
    in_use: int
    waiting: int


class Lending(ABC, Generic[C]):
    """The steps of a pool; how it waits, sleeps and calls is up to the subclass."""

    _manager: ConnectionManager[C]

    def __init__(
        self,
        connect: Any,
        check: Callable[[C], object] | None,
        close: Callable[[C], object] | None,
        settings: Mapping[str, Any],
    ) -> None:
        self._manager = manager_of(connect, check, close)
        self._slots = PoolSlots(settings)
        #: Those on loan and those that idle, by their number: the identity of the object.
        self._connections: dict[int, C] = {}
        _pools.add(self)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self._slots.settings.items())
        return f"{type(self).__name__}({settings})"

    @property
    def metrics(self) -> PoolMetrics:
        """How many connections there are, and how many callers wait for one.

        Raises
        ------
        ConnectionFailedError
            In the child of a fork.
        """
        return PoolMetrics(*self._slots.metrics())

    @abstractmethod
    def _enter(self, timeout: float | None) -> Any:
        """Wait in turn for a slot."""

    @abstractmethod
    def _pause(self, seconds: float) -> Any:
        """Wait before another try."""

    @abstractmethod
    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function of the user."""

    @abstractmethod
    def _end(self, connection: C) -> Any:
        """Close a connection."""

    # A pool's methods, as steps.

    def _acquired(self, timeout: float | None) -> Steps[C]:
        end = monotonic() + self._slots.seconds(timeout)
        slot = yield self._enter(timeout)
        try:
            while True:
                step, number = self._slots.next(slot)
                if step == "connect":
                    return (yield from self._opened(slot, timeout, end))
                connection = self._connections[number]
                if step == "lend":
                    return connection
                if step == "check":
                    if (yield from self._works(connection)):
                        return connection
                    slot = self._slots.take_out(number)
                del self._connections[number]
                yield from self._let_go([connection])
                if monotonic() >= end:
                    raise self._slots.timed_out(timeout)
        except BaseException:
            slot.free()
            raise

    def _opened(self, slot: PoolSlot, timeout: float | None, end: float) -> Steps[C]:
        begun, failed = monotonic(), 0
        while True:
            try:
                connection: C = yield self._call(self._manager.connect)
                break
            except Exception as error:
                failed += 1
                pause = self._slots.pause(failed, monotonic() - begun) if _may_pass(error) else None
                if pause is None:
                    raise
                if monotonic() + pause >= end:
                    raise self._slots.timed_out(timeout) from error
            yield self._pause(pause)
        # The slot's right goes over to the connection last: until then an interruption frees the slot.
        self._connections[id(connection)] = connection
        self._slots.lend(slot, id(connection))
        return connection

    def _works(self, connection: C) -> Steps[bool]:
        try:
            return (yield self._call(self._manager.check, connection)) is not False
        except Exception:
            _log.debug("a connection that idled does not work any more", exc_info=True)
            return False
        except BaseException:
            yield from self._discarded(connection)
            raise

    def _released(self, connection: C) -> Steps[None]:
        yield from self._let_go(self._forgotten(self._slots.give_back(id(connection))))

    def _discarded(self, connection: C) -> Steps[None]:
        slot = self._slots.take_out(id(connection))
        try:
            yield from self._let_go(self._forgotten([id(connection)]))
        finally:
            slot.free()

    def _warmed(self, timeout: float | None) -> Steps[None]:
        held: list[C] = []
        try:
            while self._slots.is_below_minimum():
                held.append((yield from self._acquired(timeout)))
        finally:
            for connection in held:
                yield from self._released(connection)

    def _closed(self) -> Steps[None]:
        first: Exception | None = None
        for connection in self._forgotten(self._slots.close()):
            try:
                yield self._end(connection)
            except Exception as error:
                if first is not None:
                    _log.warning("a connection could not be closed", exc_info=True)
                first = first or error
        if first is not None:
            raise first

    def _is_lent(self, connection: C) -> bool:
        return self._slots.is_lent(id(connection))

    # Connections that go.

    def _forgotten(self, numbers: Iterable[int]) -> list[C]:
        return [self._connections.pop(number) for number in numbers]

    def _let_go(self, connections: list[C]) -> Steps[None]:
        """Close connections for whose end nobody waits: an error is only logged."""
        for connection in connections:
            try:
                yield self._end(connection)
            except Exception:
                _log.warning("a connection could not be closed", exc_info=True)


def _may_pass(error: Exception) -> bool:
    """Whether an error of `connect` may pass by itself."""
    if isinstance(error, DataknobsError):
        return error.retryable
    # In Python 3.10 asyncio has a class of its own.
    return isinstance(error, (ConnectionError, TimeoutError, asyncio.TimeoutError))


def _keep_inherited() -> None:
    """In the child of a fork: what ends a connection here would end it for the parent too."""
    for pool in _pools:
        _native._keep_for_good(pool._connections)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_inherited)
