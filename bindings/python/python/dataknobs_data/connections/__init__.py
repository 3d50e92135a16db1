"""Pools of connections of any kind, for threads and for event loops.

`ConnectionPool` lends the connections that a function of yours opens: of sqlite3, sockets, HTTP clients, drivers of
databases. `AsyncConnectionPool` does the same in an event loop. Backends written in Python use them, and so may
everything else; their rules are those of the pool that the built-in stores use.
"""

from __future__ import annotations

from ._lending import PoolMetrics
from .asynchronous import AsyncConnectionPool
from .blocking import ConnectionPool
from .connecting import ConnectionManager

__all__ = ["AsyncConnectionPool", "ConnectionManager", "ConnectionPool", "PoolMetrics"]
