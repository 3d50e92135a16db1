"""Databases in memory, kept in a file on demand."""

from __future__ import annotations

from ..database import Database, SyncDatabase

__all__ = ["MemoryDatabase", "SyncMemoryDatabase"]


class MemoryDatabase(Database):
    """An asynchronous database in memory: what ``Database.create("memory", settings)`` makes.

    Parameters
    ----------
    settings : mapping, optional
        All of the settings below as a dict. ``${VAR}`` and ``${VAR:default}`` in texts are filled in from the
        environment.
    persist : str or path, optional
        A file that the records are loaded from at first use, and written to on ``flush``, on ``close`` and by
        interval. Without it they end with the process.
    format : {"jsonl", "pickle"}, default "jsonl"
        The format of that file: a record a line, or a pickle of plain data (read as such: it runs no code).
    interval : float or str, optional
        How often changes are written: seconds, or a text such as ``"30s"``. By default not by themselves.
    read_only : bool, default False
        Refuse every write.
    timeout : float or str, optional
        The longest that a call may take, tries included: seconds, or a text such as ``"500ms"``.
    retry : bool, int or mapping, default False
        Try again when that is safe: a number of tries, or ``attempts`` (4), ``base_delay`` ("100ms"),
        ``max_delay`` ("5s") and ``deadline``.
    trace : bool, default False
        Report each call to the log.

    Raises
    ------
    InvalidConfigError
        For an unknown setting or a wrong value. The context names the ``key``, never the value.

    Examples
    --------
    >>> import asyncio
    >>> async def main():
    ...     async with MemoryDatabase(timeout="5s") as db:
    ...         id = await db.create({"name": "Ada"})
    ...         return await db.count()
    >>> asyncio.run(main())
    1
    """

    _backend = "memory"


class SyncMemoryDatabase(SyncDatabase):
    """A blocking database in memory: what ``SyncDatabase.create("memory", settings)`` makes.

    Parameters
    ----------
    settings : mapping, optional
        Those of `MemoryDatabase`; they may also be given as keywords.

    Raises
    ------
    InvalidConfigError
        For an unknown setting or a wrong value. The context names the ``key``, never the value.

    Examples
    --------
    >>> with SyncMemoryDatabase() as db:
    ...     id = db.create({"name": "Ada"})
    ...     db.read(id)["name"]
    'Ada'
    """

    _backend = "memory"
