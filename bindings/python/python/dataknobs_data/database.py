"""Databases: one interface over every store, asynchronous and blocking.

`Database` and `SyncDatabase` have the same methods; those of `Database` are coroutines. `Transaction` and
`SyncTransaction` have the ones that read and write records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from . import _native
from ._configurable import Configurable
from ._construction import Construction, class_for, open_backend, open_url, settings_of
from ._native import AsyncSession, Pending, SyncSession
from .exceptions import ConflictError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ._native import (
        Aggregation,
        Capabilities,
        Cursor,
        Explain,
        Filter,
        IndexInfo,
        Query,
        Record,
        SearchResult,
        Table,
    )

    Asked = Query | Filter | str | Mapping[str, Any] | None

__all__ = ["Database", "RecordStream", "SyncDatabase", "SyncTransaction", "Transaction"]

T = TypeVar("T")

#: How often `run_transaction` runs its function when others commit first.
ATTEMPTS = 10

_get_running_loop: Any = None


def _wake(future: Any) -> None:
    """Run in the event loop when the call that this future waits for is done."""
    if not future.done():
        future.set_result(None)


async def _finish(pending: Pending) -> Any:
    """Wait in the running event loop for a call that another thread works on."""
    global _get_running_loop
    if _get_running_loop is None:
        from asyncio import get_running_loop

        _get_running_loop = get_running_loop
    loop = _get_running_loop()
    future = loop.create_future()
    if not pending.notify(loop, _wake, future):
        try:
            await future
        except BaseException:
            pending.cancel()
            raise
    return pending.result()


def _pause(attempt: int) -> float:
    """Seconds to wait before a transaction is tried again."""
    return float((1 << min(attempt, 7)) / 1000)


class _AsyncCalls:
    """The calls that databases and transactions share, as coroutines."""

    _calls: AsyncSession

    async def _create_record(self, record: Any, *, timeout: float | None = None) -> str:
        """Store a new record and give its id: the record's own, else a new one. Never overwrites.

        Parameters
        ----------
        record : Record or what makes one
            A `Record`, or a dict, dataclass or pydantic model that makes one.
        timeout : float, optional
            Seconds after which the call fails.

        Raises
        ------
        AlreadyExistsError
            When the id is taken.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.
        """
        reply = self._calls.create(record) if timeout is None else self._calls.create(record, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def read(self, id: str, *, timeout: float | None = None) -> Record | None:
        """Give the record with this id, or None."""
        reply = self._calls.read(id) if timeout is None else self._calls.read(id, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def exists(self, id: str, *, timeout: float | None = None) -> bool:
        """Whether there is a record with this id."""
        reply = self._calls.exists(id, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def update(
        self, id: str, record: Any, *, expected_version: str | None = None, timeout: float | None = None
    ) -> bool:
        """Replace the whole record under this id, which wins over the record's own.

        False, and nothing written, when it is missing. With ``expected_version``, a record that is missing or of
        another version is a `ConflictError`.
        """
        reply = self._calls.update(id, record, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def patch(
        self,
        id: str,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Set and unset single fields, atomically. False when the record is missing."""
        reply = self._calls.patch(id, set, unset, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def upsert(
        self, id: Any, record: Any = None, *, expected_version: str | None = None, timeout: float | None = None
    ) -> str:
        """Create or replace a record: ``upsert(id, record)``, or ``upsert(record)`` under its own id."""
        reply = self._calls.upsert(id, record, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def delete(self, id: str, *, expected_version: str | None = None, timeout: float | None = None) -> bool:
        """Remove the record with this id. False when it is missing."""
        reply = self._calls.delete(id, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def search(self, query: Asked = None, *, timeout: float | None = None) -> SearchResult:
        """Give the records that a query finds, all at once, as a lazy sequence.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, its text or its dict form; without one, every record.
        timeout : float, optional
            Seconds after which the call fails.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; nothing was asked of the store.
        """
        reply = self._calls.search(query, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def first(self, query: Asked = None, *, timeout: float | None = None) -> Record | None:
        """Give the first record that a query finds, or None."""
        reply = self._calls.first(query, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def count(self, query: Asked = None, *, timeout: float | None = None) -> int:
        """How many records pass the query's filter; its limit and offset do not count."""
        reply = self._calls.count(query, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    def stream(self, query: Asked = None, *, timeout: float | None = None) -> RecordStream:
        """Give the records that a query finds one after the other, in constant memory.

        Use it with ``async for``, and ``async with`` where the loop may end early. The timeout is for the opening.
        """
        return RecordStream(self._calls, query, timeout)

    async def aggregate(self, aggregation: Aggregation, *, timeout: float | None = None) -> Table:
        """Group records and count, sum, average … them."""
        reply = self._calls.aggregate(aggregation, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def create_batch(self, records: Any, *, timeout: float | None = None) -> list[str]:
        """Store new records and give their ids, in order.

        ``records`` is an iterable of records (or what makes them), a DataFrame, or Arrow data.
        All or nothing where the store has transactions; else the error lists what failed, in ``failures``.
        """
        reply = self._calls.create_batch(records, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def read_batch(self, ids: Iterable[str], *, timeout: float | None = None) -> list[Record | None]:
        """Give the records with these ids, in order; None for each that is missing."""
        reply = self._calls.read_batch(ids, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def update_batch(self, records: Any, *, timeout: float | None = None) -> list[bool]:
        """Replace records under their own ids; False for each that is missing."""
        reply = self._calls.update_batch(records, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def upsert_batch(
        self, records: Any, *, id_column: str | None = None, timeout: float | None = None
    ) -> list[str]:
        """Create or replace records under their own ids; ``id_column`` names a DataFrame's or table's id column."""
        if id_column is not None:
            records = _native.records_from_columns(records, id_column=id_column)
        reply = self._calls.upsert_batch(records, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def delete_batch(self, ids: Iterable[str], *, timeout: float | None = None) -> list[bool]:
        """Remove records; False for each that is missing."""
        reply = self._calls.delete_batch(ids, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def update_where(
        self,
        query: Asked = None,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> int:
        """Set and unset fields of every record that passes the query's filter; gives their number."""
        reply = self._calls.update_where(query, set, unset, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def delete_where(self, query: Asked, *, timeout: float | None = None) -> int:
        """Remove every record that passes the query's filter; gives their number."""
        reply = self._calls.delete_where(query, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def clear(self, *, timeout: float | None = None) -> int:
        """Remove every record; gives their number."""
        reply = self._calls.clear(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def search_as_dataframe(self, query: Asked = None, *, timeout: float | None = None, **options: Any) -> Any:
        """Give the records that a query finds as a pandas DataFrame: see `records_to_dataframe` for the options."""
        from .utils.pandas import records_to_dataframe

        return records_to_dataframe(await self.search(query, timeout=timeout), **options)


class _SyncCalls(SyncSession):
    """The calls that databases and transactions share, blocking: most are native."""

    def stream(self, query: Asked = None, *, timeout: float | None = None) -> Cursor:
        """Give the records that a query finds one after the other, in constant memory."""
        return self.open_cursor(query, timeout=timeout)

    def upsert_batch(self, records: Any, *, id_column: str | None = None, timeout: float | None = None) -> list[str]:
        """Create or replace records under their own ids; ``id_column`` names a DataFrame's or table's id column."""
        if id_column is not None:
            records = _native.records_from_columns(records, id_column=id_column)
        return super().upsert_batch(records, timeout=timeout)

    def search_as_dataframe(self, query: Asked = None, *, timeout: float | None = None, **options: Any) -> Any:
        """Give the records that a query finds as a pandas DataFrame: see `records_to_dataframe` for the options."""
        from .utils.pandas import _frame, _pandas, _takes_arrow, records_to_dataframe

        if not options and timeout is None:
            shown = self._search_columns(query, _takes_arrow(_pandas()))
            if shown is not None:
                return _frame(*shown)
        return records_to_dataframe(self.search(query, timeout=timeout), **options)


class _Opening(Configurable):
    """How databases are made, blocking and asynchronous ones alike."""

    #: The backend whose databases this class holds; None for any.
    _backend: ClassVar[str | None] = None
    _prefix: ClassVar[str] = ""

    def _adopt(self, calls: AsyncSession, read_only: bool = False) -> None:
        raise NotImplementedError

    def __init__(self, settings: Mapping[str, Any] | None = None, /, **keywords: Any) -> None:
        if self._backend is None:
            raise TypeError(f"use {type(self).__name__}.create(backend, settings) or {type(self).__name__}.open(url)")
        calls = AsyncSession()
        open_backend(calls, self._backend, settings_of(settings, keywords))
        self._adopt(calls)

    @classmethod
    def _construct(cls, backend: str, settings: Mapping[str, Any] | None = None, /, **keywords: Any) -> Self:
        """Make a database of a backend by name, with its settings."""
        if not isinstance(backend, str):
            raise TypeError(
                f"{cls.__name__}.create takes the name of a backend; records are created on an instance of it"
            )
        found = class_for(cls, backend.lower())
        calls = AsyncSession()
        open_backend(calls, backend, settings_of(settings, keywords))
        return found._of(calls)

    @classmethod
    def _of(cls, calls: AsyncSession, read_only: bool = False) -> Self:
        database = cls.__new__(cls)
        database._adopt(calls, read_only)
        return database

    @classmethod
    def open(cls, url: str) -> Self:
        """Make a database of a URL or a path: ``memory:``, ``data/records.json``, ``file:data/records.csv?…``.

        Raises
        ------
        InvalidConfigError
            When no backend knows the scheme, or a setting in the query part is unknown.
        """
        calls = AsyncSession()
        open_url(calls, url.__fspath__() if hasattr(url, "__fspath__") else url)
        return class_for(cls, calls._backend_name())._of(calls)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a database of a section of settings.

        Parameters
        ----------
        config : mapping
            The backend's settings, taken as they are: a ``$`` is a dollar sign here, since the configuration has
            filled in the variables of the environment already. ``type``, ``backend`` or ``class`` may name the
            backend; on a class of one backend, such as `MemoryDatabase`, they need not.

        Raises
        ------
        InvalidConfigError
            When nothing names the backend, two names disagree, or a setting is unknown or wrong.
        """
        from .config.environment import escape
        from .factory import backend_of

        backend, settings = backend_of(cls._backend, config)
        return cls._construct(backend, escape(settings))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Database(_AsyncCalls, _Opening):
    """An asynchronous database on any store.

    ``Database.create("memory")`` and ``Database.open("data.json")`` make one; what they give is an instance of the
    backend's own class, such as `dataknobs_data.backends.memory.MemoryDatabase`. It connects on first use, works from
    any number of event loops, and ``async with`` closes it.

    Examples
    --------
    >>> import asyncio
    >>> from dataknobs_data import Database, Record
    >>> async def main():
    ...     async with Database.create("memory") as db:
    ...         id = await db.create(Record({"name": "Ada", "age": 36}))
    ...         return (await db.read(id))["name"]
    >>> asyncio.run(main())
    'Ada'
    """

    create: Any = Construction(_AsyncCalls._create_record)

    def _adopt(self, calls: AsyncSession, read_only: bool = False) -> None:
        if read_only:
            view = AsyncSession()
            view._open_async(calls, True)
            calls = view
        self._calls = calls

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
        return self._calls.capabilities

    def to_sync(self) -> SyncDatabase:
        """Give the blocking form of this database, on the same connection."""
        backend = self._calls._backend_name()
        return class_for(SyncDatabase, backend)._of(self._calls)

    def read_only(self) -> Self:
        """Give a view of this database that refuses every write, on the same connection."""
        return type(self)._of(self._calls, True)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def explain(self, query: Asked = None, *, timeout: float | None = None) -> Explain:
        """Say what a query will cost, without running it."""
        reply = self._calls.explain(query, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def create_index(
        self, field: Any, kind: str = "hash", name: str | None = None, *, timeout: float | None = None
    ) -> IndexInfo:
        """Declare an index: ``"hash"`` for equality, ``"ordered"`` for ranges and sorting too."""
        reply = self._calls.create_index(field, kind, name, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def list_indexes(self, *, timeout: float | None = None) -> list[IndexInfo]:
        """Give the declared indexes."""
        reply = self._calls.list_indexes(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def drop_index(self, name: str, *, timeout: float | None = None) -> bool:
        """Drop an index by name. False when there is none."""
        reply = self._calls.drop_index(name, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def connect(self, *, timeout: float | None = None) -> None:
        """Connect now instead of on first use."""
        reply = self._calls.connect(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def ping(self, *, timeout: float | None = None) -> None:
        """Ask the store whether it answers."""
        reply = self._calls.ping(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def flush(self, *, timeout: float | None = None) -> None:
        """Have everything acknowledged written where it lasts."""
        reply = self._calls.flush(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def close(self, *, timeout: float | None = None) -> None:
        """Close the database. Calls after it fail; closing again does not."""
        reply = self._calls.close(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Say what the store is and where."""
        reply = self._calls.info(timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    def transaction(self, *, read_only: bool = False, timeout: float | None = None) -> Transaction:
        """Give a transaction: ``async with db.transaction() as tx`` commits at the end, or rolls back on an error."""
        return Transaction(self, read_only, timeout)

    async def run_transaction(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a coroutine function in a transaction, and again when another one committed first."""
        from asyncio import sleep

        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.transaction() as transaction:
                    return await body(transaction)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
                await sleep(_pause(attempt))
        raise AssertionError("not reached")


class SyncDatabase(_SyncCalls, _Opening):
    """A blocking database on any store: the methods of `Database`, not to be awaited.

    It may be used from any thread, also while an event loop runs, and other threads go on while it waits.

    Examples
    --------
    >>> from dataknobs_data import Record, SyncDatabase
    >>> with SyncDatabase.create("memory") as db:
    ...     id = db.create(Record({"name": "Ada", "age": 36}))
    ...     db.read(id)["name"]
    'Ada'
    """

    _prefix = "Sync"

    create: Any = Construction(SyncSession.create)

    def _adopt(self, calls: AsyncSession, read_only: bool = False) -> None:
        self._open_async(calls, read_only)

    def to_async(self) -> Database:
        """Give the asynchronous form of this database, on the same connection."""
        calls = AsyncSession()
        calls._open_sync(self, False)
        return class_for(Database, calls._backend_name())._of(calls)

    def read_only(self) -> Self:
        """Give a view of this database that refuses every write, on the same connection."""
        calls = AsyncSession()
        calls._open_sync(self, True)
        return type(self)._of(calls)

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def transaction(self, *, read_only: bool = False, timeout: float | None = None) -> SyncTransaction:
        """Begin a transaction: ``with db.transaction() as tx`` commits at the end, or rolls back on an error."""
        transaction = SyncTransaction()
        transaction._open_transaction(self, self.begin(read_only, timeout=timeout))
        return transaction

    def run_transaction(self, body: Callable[[SyncTransaction], T]) -> T:
        """Run a function in a transaction, and again when another one committed first."""
        from time import sleep

        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.transaction() as transaction:
                    return body(transaction)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
                sleep(_pause(attempt))
        raise AssertionError("not reached")


class Transaction(_AsyncCalls):
    """Calls that happen together or not at all, asynchronous: see `Database.transaction`."""

    create = _AsyncCalls._create_record

    def __init__(self, database: Database, read_only: bool = False, timeout: float | None = None) -> None:
        self._calls = AsyncSession()
        self._database = database
        self._read_only = read_only
        self._timeout = timeout

    async def _begin(self) -> Self:
        reply = self._database._calls.begin(self._read_only, timeout=self._timeout)
        begun = await _finish(reply) if reply.__class__ is Pending else reply
        self._calls._open_transaction(self._database._calls, begun)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._begin().__await__()

    async def commit(self, *, timeout: float | None = None) -> None:
        """Make the transaction's writes everybody's."""
        reply = self._calls.end(True, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def rollback(self, *, timeout: float | None = None) -> None:
        """Forget the transaction's writes."""
        reply = self._calls.end(False, timeout=timeout)
        return await _finish(reply) if reply.__class__ is Pending else reply

    async def __aenter__(self) -> Self:
        if not self._calls._is_open():
            await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._calls._is_active():
            return
        if kind is None:
            await self.commit()
        else:
            await self.rollback()


class SyncTransaction(_SyncCalls):
    """Calls that happen together or not at all, blocking: see `SyncDatabase.transaction`."""

    def commit(self, *, timeout: float | None = None) -> None:
        """Make the transaction's writes everybody's."""
        self.end(True, timeout=timeout)

    def rollback(self, *, timeout: float | None = None) -> None:
        """Forget the transaction's writes."""
        self.end(False, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_active():
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()


class RecordStream:
    """The records that a query finds, for ``async for``."""

    def __init__(self, calls: AsyncSession, query: Asked, timeout: float | None) -> None:
        self._calls = calls
        self._query = query
        self._timeout = timeout
        self._cursor: Cursor | None = None

    def __aiter__(self) -> AsyncIterator[Record]:
        return self

    async def __anext__(self) -> Record:
        cursor = self._cursor
        if cursor is None:
            reply = self._calls.open_cursor(self._query, timeout=self._timeout)
            cursor = self._cursor = await _finish(reply) if reply.__class__ is Pending else reply
        while (record := cursor.at_hand()) is None:
            if cursor.ended:
                raise StopAsyncIteration
            await _finish(cursor.begin_fetch())
        return record

    async def aclose(self) -> None:
        """Let go of what the stream holds in the store."""
        if self._cursor is not None:
            self._cursor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
