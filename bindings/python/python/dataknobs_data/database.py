"""Databases: one interface over every store, asynchronous and blocking.

`Database` and `SyncDatabase` have the same methods; those of `Database` are coroutines. `Transaction` and
`SyncTransaction` have the ones that read and write records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from os import fspath
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from . import _native
from ._configurable import Configurable
from ._construction import class_for, open_backend, open_url, settings_of
from ._native import AsyncSession, Construction, Cursor, Pending, SyncSession
from .exceptions import ConflictError, DataknobsError

if TYPE_CHECKING:
    from os import PathLike
    from types import TracebackType

    import pandas
    from typing_extensions import Self

    from ._native import (
        Aggregation,
        ArrowTable,
        Capabilities,
        Explain,
        IndexInfo,
        OpenSavepoint,
        Record,
        SearchResult,
        Table,
    )
    from .backends.base import Backend
    from .typing import IdLike, QueryLike, RecordLike, RecordsLike

__all__ = [
    "Cursor",
    "Database",
    "RecordStream",
    "Savepoint",
    "SyncDatabase",
    "SyncSavepoint",
    "SyncTransaction",
    "Transaction",
]

T = TypeVar("T")

#: How often `run_transaction` runs its function when others commit first.
ATTEMPTS = 10

_get_running_loop: Any = None


def _wake(future: Any) -> None:
    """Run in the event loop when the call that this future waits for is done."""
    if not future.done():
        future.set_result(None)


async def _finish(pending: Pending[T]) -> T:
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

    async def create(self, record: RecordLike, *, timeout: float | None = None) -> str:
        """Store a new record and give its id.

        The id is the record's own, else a new one (a UUIDv7, or the store's own key). A record that is there is never
        overwritten.

        Parameters
        ----------
        record : Record, dict, dataclass or pydantic model
            The record, or what makes one.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        str
            The id.

        Raises
        ------
        AlreadyExistsError
            When the id is taken.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.create({"name": "Ada"}, timeout=5) == (await db.first()).id
        True
        """
        reply = self._calls.create(record) if timeout is None else self._calls.create(record, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def read(self, id: IdLike, *, timeout: float | None = None) -> Record | None:
        """Give the record with this id, or None.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Record or None
            The record, with its ``version``; None when there is none.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada"})
        >>> (await db.read(id))["name"]
        'Ada'
        >>> await db.read("nobody") is None
        True
        """
        reply = self._calls.read(id) if timeout is None else self._calls.read(id, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def exists(self, id: IdLike, *, timeout: float | None = None) -> bool:
        """Whether there is a record with this id.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            True when there is.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.exists("ada")
        False
        """
        reply = self._calls.exists(id, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def update(
        self, id: IdLike, record: RecordLike, *, expected_version: str | None = None, timeout: float | None = None
    ) -> bool:
        """Replace the whole record under this id.

        The argument's id wins over the record's own.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        record : Record, dict, dataclass or pydantic model
            The record, or what makes one.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False, and nothing written, when there is no such record.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada", "age": 36})
        >>> await db.update(id, {"name": "Augusta"})
        True
        >>> (await db.read(id)).to_dict()
        {'name': 'Augusta'}
        """
        reply = self._calls.update(id, record, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def patch(
        self,
        id: IdLike,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Set and unset single fields of a record, in one step.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        set : mapping, optional
            Fields to set, by name. A `Field` also sets type and metadata.
        unset : iterable of str, optional
            Names of fields to remove; those that are not there are ignored.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False, and nothing written, when there is no such record.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada", "age": 36})
        >>> await db.patch(id, set={"age": 37}, unset=["name"])
        True
        >>> (await db.read(id)).to_dict()
        {'age': 37}
        """
        reply = self._calls.patch(id, set, unset, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def upsert(
        self,
        id: Any,
        record: RecordLike | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Create or replace a record: ``upsert(id, record)``, or ``upsert(record)`` under its own id.

        Parameters
        ----------
        id : str, UUID or record
            The id; or the record, which then is the only argument. A record without an id gets a new one.
        record : Record, dict, dataclass or pydantic model
            The record, or what makes one.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        str
            The id.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import Database, Record
        >>> db = Database.create("memory")
        >>> await db.upsert("ada", {"name": "Ada"})
        'ada'
        >>> await db.upsert(Record({"name": "Augusta"}, id="ada"))
        'ada'
        >>> await db.count()
        1
        """
        reply = self._calls.upsert(id, record, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def delete(self, id: IdLike, *, expected_version: str | None = None, timeout: float | None = None) -> bool:
        """Remove the record with this id.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False when there is no such record.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada"})
        >>> await db.delete(id), await db.delete(id)
        (True, False)
        """
        reply = self._calls.delete(id, expected_version=expected_version, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def search(self, query: QueryLike = None, *, timeout: float | None = None) -> SearchResult:
        """Give the records that a query finds, all at once.

        The result is a sequence whose records become Python objects when they are looked at. For more than fits
        memory, use `stream`.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        SearchResult
            The records, in the query's order.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(10)])
        >>> [record["n"] for record in await db.search("n >= 7 ORDER BY n DESC LIMIT 2")]
        [9, 8]
        """
        reply = self._calls.search(query, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def first(self, query: QueryLike = None, *, timeout: float | None = None) -> Record | None:
        """Give the first record that a query finds, or None.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Record or None
            The record; None when nothing is found.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(10)])
        >>> (await db.first("ORDER BY n DESC"))["n"]
        9
        """
        reply = self._calls.first(query, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def count(self, query: QueryLike = None, *, timeout: float | None = None) -> int:
        """Give how many records pass a query's filter.

        Its limit and offset do not count.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            The number.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(10)])
        >>> await db.count("n >= 7")
        3
        """
        reply = self._calls.count(query, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    def stream(self, query: QueryLike = None, *, timeout: float | None = None) -> RecordStream:
        """Give the records that a query finds one after the other, in constant memory.

        Use it with ``async for``, and ``async with`` where the loop may end early: that lets go at once of what the
        stream holds in the store.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find. Without one, every record.
        timeout : float, optional
            Seconds after which the opening of the stream fails with `TimedOutError`.

        Returns
        -------
        RecordStream
            The records; nothing is asked of the store before the first one is wanted.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(5)])
        >>> async for record in db.stream("n > 2"):
        ...     print(record["n"])
        3
        4
        """
        return RecordStream(self._calls, query, timeout)

    async def aggregate(self, aggregation: Aggregation | Mapping[str, Any], *, timeout: float | None = None) -> Table:
        """Group records, and count, sum or average them.

        Parameters
        ----------
        aggregation : Aggregation or dict
            The groups and what is computed of each, or its dict form.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Table
            A row for each group.

        Raises
        ------
        InvalidQueryError
            When the aggregation makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Aggregation, Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"city": "Oslo", "n": 1}, {"city": "Oslo", "n": 2}])
        >>> (await db.aggregate(Aggregation().group_by("city").count().sum("n"))).to_dicts()
        [{'city': 'Oslo', 'count': 2, 'sum_n': 3}]
        """
        reply = self._calls.aggregate(aggregation, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def create_batch(self, records: RecordsLike, *, timeout: float | None = None) -> list[str]:
        """Store new records and give their ids, in order.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of str
            An id for each record.

        Raises
        ------
        AlreadyExistsError, InvalidRecordError
            When an id is taken, also by an earlier record of the batch, or a value is of no type that a record holds.
            With ``failures``: position and error of each item that failed. All or nothing where the store has
            transactions.

        Examples
        --------
        >>> from dataknobs_data import Database, Record
        >>> db = Database.create("memory")
        >>> await db.create_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="b")])
        ['a', 'b']
        """
        reply = self._calls.create_batch(records, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def read_batch(self, ids: Iterable[IdLike], *, timeout: float | None = None) -> list[Record | None]:
        """Give the records with these ids, in order.

        Parameters
        ----------
        ids : iterable of str or UUID
            The ids.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of Record or None
            One for each id; None for each that is missing.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada"})
        >>> [record and record["name"] for record in await db.read_batch([id, "nobody"])]
        ['Ada', None]
        """
        reply = self._calls.read_batch(ids, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def update_batch(self, records: RecordsLike, *, timeout: float | None = None) -> list[bool]:
        """Replace whole records under their own ids.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of bool
            One for each record; False for each that is missing.

        Raises
        ------
        InvalidRecordError
            When a record has no id, or a value is of no type that a record holds. With ``failures``: position and
            error of each item that failed. All or nothing where the store has transactions.

        Examples
        --------
        >>> from dataknobs_data import Database, Record
        >>> db = Database.create("memory")
        >>> id = await db.create(Record({"n": 1}, id="a"))
        >>> await db.update_batch([Record({"n": 2}, id="a"), Record({"n": 3}, id="b")])
        [True, False]
        """
        reply = self._calls.update_batch(records, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def upsert_batch(
        self, records: RecordsLike, *, id_column: str | None = None, timeout: float | None = None
    ) -> list[str]:
        """Create or replace records under their own ids.

        A record without an id is new.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        id_column : str, optional
            The column of a DataFrame or of Arrow data that holds the ids.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of str
            An id for each record.

        Raises
        ------
        InvalidRecordError
            When a value is of no type that a record holds. With ``failures``: position and error of each item that
            failed. All or nothing where the store has transactions.
        TypeError
            When ``id_column`` is given and the records are no columns.

        Examples
        --------
        >>> from dataknobs_data import Database, Record
        >>> db = Database.create("memory")
        >>> await db.upsert_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="a")])
        ['a', 'a']
        >>> await db.count()
        1
        """
        if id_column is not None:
            records = _native.records_from_columns(records, id_column=id_column)
        reply = self._calls.upsert_batch(records, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def delete_batch(self, ids: Iterable[IdLike], *, timeout: float | None = None) -> list[bool]:
        """Remove the records with these ids.

        Parameters
        ----------
        ids : iterable of str or UUID
            The ids.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of bool
            One for each id; False for each that is missing.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada"})
        >>> await db.delete_batch([id, "nobody"])
        [True, False]
        """
        reply = self._calls.delete_batch(ids, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def update_where(
        self,
        query: QueryLike = None,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> int:
        """Set and unset fields of every record that passes a query's filter.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            Whose records: its filter counts, its sort, limit and offset must not be set. Without one, every record.
        set : mapping, optional
            Fields to set, by name. A `Field` also sets type and metadata.
        unset : iterable of str, optional
            Names of fields to remove; those that are not there are ignored.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            How many records those are.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(10)])
        >>> await db.update_where("n < 3", set={"few": True})
        3
        """
        reply = self._calls.update_where(query, set, unset, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def delete_where(self, query: QueryLike, *, timeout: float | None = None) -> int:
        """Remove every record that passes a query's filter.

        Parameters
        ----------
        query : Query, Filter, str or dict
            Whose records: its filter counts, its sort, limit and offset must not be set.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            How many records those were.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(10)])
        >>> await db.delete_where("n < 3")
        3
        """
        reply = self._calls.delete_where(query, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def clear(self, *, timeout: float | None = None) -> int:
        """Remove every record.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            How many there were.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada"})
        >>> await db.clear()
        1
        """
        reply = self._calls.clear(timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def search_as_dataframe(
        self,
        query: QueryLike = None,
        *,
        id: Literal["index", "column"] | None = None,
        id_column: str = "_id",
        metadata: bool = False,
        timeout: float | None = None,
    ) -> pandas.DataFrame:
        """Give the records that a query finds as a pandas DataFrame.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find. Without one, every record.
        id : {None, "index", "column"}
            Where the ids go: nowhere, into the index, or into the first column.
        id_column : str
            The name of that index or column.
        metadata : bool
            Whether ``attrs["dataknobs"]`` carries the metadata of records and fields.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        pandas.DataFrame
            A column for each field, of the type that `records_to_dataframe` says.

        Raises
        ------
        UnsupportedError
            When pandas is not installed.

        Examples
        --------
        >>> import pandas
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": 1}, {"n": 2}])
        >>> frame = await db.search_as_dataframe("ORDER BY n DESC")
        >>> frame["n"].tolist()
        [2, 1]
        """
        from .utils.pandas import _check_id, _pandas, _scanned_frame, _takes_arrow, records_to_dataframe

        _check_id(id)
        if not metadata:
            reply = self._calls._scan_columns(query, _takes_arrow(_pandas()), id is not None, timeout=timeout)
            scanned = await _finish(reply) if type(reply) is Pending else reply
            if scanned is not None:
                return _scanned_frame(scanned, id, id_column)
        found = await self.search(query, timeout=timeout)
        return records_to_dataframe(found, id=id, id_column=id_column, metadata=metadata)


class _SyncCalls(SyncSession):
    """The calls that databases and transactions share, blocking: most are native."""

    def stream(self, query: QueryLike = None, *, timeout: float | None = None) -> Cursor:
        """Give the records that a query finds one after the other, in constant memory.

        Use it in a ``for`` loop, and ``with`` where the loop may end early: that lets go at once of what the stream
        holds in the store.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find. Without one, every record.
        timeout : float, optional
            Seconds after which the opening of the stream fails with `TimedOutError`.

        Returns
        -------
        Cursor
            The records.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(5)])
        >>> for record in db.stream("n > 2"):
        ...     print(record["n"])
        3
        4
        """
        return self._open_cursor(query, timeout=timeout)

    def upsert_batch(
        self, records: RecordsLike, *, id_column: str | None = None, timeout: float | None = None
    ) -> list[str]:
        """Create or replace records under their own ids.

        A record without an id is new.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        id_column : str, optional
            The column of a DataFrame or of Arrow data that holds the ids.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of str
            An id for each record.

        Raises
        ------
        InvalidRecordError
            When a value is of no type that a record holds. With ``failures``: position and error of each item that
            failed. All or nothing where the store has transactions.
        TypeError
            When ``id_column`` is given and the records are no columns.

        Examples
        --------
        >>> from dataknobs_data import Record, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.upsert_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="a")])
        ['a', 'a']
        >>> db.count()
        1
        """
        if id_column is not None:
            records = _native.records_from_columns(records, id_column=id_column)
        return super().upsert_batch(records, timeout=timeout)

    def search_as_dataframe(
        self,
        query: QueryLike = None,
        *,
        id: Literal["index", "column"] | None = None,
        id_column: str = "_id",
        metadata: bool = False,
        timeout: float | None = None,
    ) -> pandas.DataFrame:
        """Give the records that a query finds as a pandas DataFrame.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find. Without one, every record.
        id : {None, "index", "column"}
            Where the ids go: nowhere, into the index, or into the first column.
        id_column : str
            The name of that index or column.
        metadata : bool
            Whether ``attrs["dataknobs"]`` carries the metadata of records and fields.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        pandas.DataFrame
            A column for each field, of the type that `records_to_dataframe` says.

        Raises
        ------
        UnsupportedError
            When pandas is not installed.

        Examples
        --------
        >>> import pandas
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": 1}, {"n": 2}])
        >>> frame = db.search_as_dataframe("ORDER BY n DESC")
        >>> frame["n"].tolist()
        [2, 1]
        """
        from .utils.pandas import _check_id, _frame, _pandas, _scanned_frame, _takes_arrow, records_to_dataframe

        _check_id(id)
        if not metadata:
            arrow_text = _takes_arrow(_pandas())
            shown = self._search_columns(query, arrow_text) if id is None and timeout is None else None
            if shown is not None:
                return _frame(*shown)
            scanned = self._scan_columns(query, arrow_text, id is not None, timeout=timeout)
            if scanned is not None:
                return _scanned_frame(scanned, id, id_column)
        found = self.search(query, timeout=timeout)
        return records_to_dataframe(found, id=id, id_column=id_column, metadata=metadata)


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
    def _construct(
        cls, backend: str | type[Backend] | Backend, settings: Mapping[str, Any] | None = None, /, **keywords: Any
    ) -> Self:
        """Make a database of a backend, by its name or by its class if it is written in Python, with its settings."""
        if not isinstance(backend, str):
            from ._custom import open_instance_or_class

            calls = AsyncSession()
            open_instance_or_class(calls, backend, settings_of(settings, keywords), cls.__name__)
            made: Self = class_for(cls, calls._backend_name())._of(calls)
            return made
        found = class_for(cls, backend.lower())
        calls = AsyncSession()
        open_backend(calls, backend, settings_of(settings, keywords))
        database: Self = found._of(calls)
        return database

    @classmethod
    def _of(cls, calls: AsyncSession, read_only: bool = False) -> Self:
        database = cls.__new__(cls)
        database._adopt(calls, read_only)
        return database

    @classmethod
    def open(cls, url: str | PathLike[str]) -> Self:
        """Make a database of a URL or a path. It connects on first use.

        Parameters
        ----------
        url : str or path
            ``memory:``, ``memory:kept.jsonl``, ``data/records.json``, ``file:data/records.csv?null_values=NA``. The
            settings of the store may follow as ``?key=value&…``.

        Returns
        -------
        Database or SyncDatabase
            An instance of the store's own class.

        Raises
        ------
        InvalidConfigError
            When no backend knows the scheme, or a setting is unknown or wrong.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> SyncDatabase.open("memory:")
        <SyncMemoryDatabase>
        """
        calls = AsyncSession()
        open_url(calls, fspath(url))
        opened: Self = class_for(cls, calls._backend_name())._of(calls)
        return opened

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a database of a section of settings.

        Parameters
        ----------
        config : mapping
            The backend's settings, taken as they are: a ``$`` is a dollar sign here, since the configuration has
            filled in the variables of the environment already. ``type``, ``backend`` or ``class`` may name the
            backend; on a class of one backend, such as `MemoryDatabase`, they need not.

        Returns
        -------
        Database or SyncDatabase
            An instance of the store's own class.

        Raises
        ------
        InvalidConfigError
            When nothing names the backend, two names disagree, or a setting is unknown or wrong.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> SyncDatabase.from_config({"type": "memory", "timeout": "5s"})
        <SyncMemoryDatabase>
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
    As in ``python -m asyncio``, where ``await`` may stand at the prompt:

    >>> from dataknobs_data import Database, Record
    >>> async with Database.create("memory") as db:
    ...     id = await db.create(Record({"name": "Ada", "age": 36}))
    ...     print((await db.read(id))["name"])
    Ada
    """

    create = Construction(_AsyncCalls.create)
    """Make a database, on the class; store a new record, on an instance.

    ``Database.create(backend, settings)`` makes a database. It connects on first use.

    ``await db.create(record, timeout=None)`` stores a new record and gives its id: the record's own, else a new one. A
    record that is there is never overwritten.

    Parameters
    ----------
    backend : str, or a class or instance of Backend
        On the class: the store, such as ``"memory"`` or ``"file"``, in any letter case; or a backend in Python.
    settings : mapping, optional
        On the class: the store's settings; they may also be given as keywords.
    record : Record, dict, dataclass or pydantic model
        On an instance: the record, or what makes one.
    timeout : float, optional
        On an instance: seconds after which the call fails with `TimedOutError`.

    Returns
    -------
    Database or str
        On the class an instance of the store's own class, on an instance the id.

    Raises
    ------
    InvalidConfigError
        On the class: when there is no such backend, or a setting is unknown or wrong.
    AlreadyExistsError
        On an instance: when the id is taken.
    InvalidRecordError
        On an instance: when a value is of no type that a record holds; the context names the field.

    Examples
    --------
    >>> from dataknobs_data import Database, Record
    >>> db = Database.create("memory", timeout="5s")
    >>> await db.create(Record({"name": "Ada"}, id="ada"))
    'ada'
    """

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
        """Give the blocking form of this database, on the same connection.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"name": "Ada"})
        >>> db.to_sync().count()
        1
        """
        backend = self._calls._backend_name()
        database: SyncDatabase = class_for(SyncDatabase, backend)._of(self._calls)
        return database

    def read_only(self) -> Self:
        """Give a view of this database that refuses every write, on the same connection.

        Returns
        -------
        Database
            A database of the same class. Its writes raise `UnsupportedError`.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> view = Database.create("memory").read_only()
        >>> await view.create({"name": "Ada"})
        Traceback (most recent call last):
            ...
        dataknobs_data.exceptions.UnsupportedError: unsupported: ...
        """
        return type(self)._of(self._calls, True)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def search_as_arrow(
        self, query: QueryLike = None, *, id_column: str | None = "_id", timeout: float | None = None
    ) -> ArrowTable:
        """Give what a query finds as Arrow data.

        pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface take it. From a CSV file it comes
        without a record on the way, by all cores.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        id_column : str, optional
            The name of the column of ids; None leaves the ids out.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        ArrowTable
            A column for each field, after the column of ids.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> import pyarrow
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> ids = await db.create_batch([{"n": n} for n in range(5)])
        >>> pyarrow.table(await db.search_as_arrow("n > 2", id_column=None)).to_pydict()
        {'n': [3, 4]}
        """
        reply = self._calls.search_as_arrow(query, id_column=id_column, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def explain(self, query: QueryLike = None, *, timeout: float | None = None) -> Explain:
        """Say what a query will cost, without running it.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Explain
            What the store answers, what is re-checked here, and by which way.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> (await db.explain("n > 3")).rechecked
        False
        """
        reply = self._calls.explain(query, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def create_index(
        self, field: str | Sequence[str], kind: str = "hash", name: str | None = None, *, timeout: float | None = None
    ) -> IndexInfo:
        """Declare an index on a field.

        Parameters
        ----------
        field : str or list of str
            A dotted path, or a list of path segments that are taken literally.
        kind : {"hash", "ordered"}, default "hash"
            What it serves: equality, or ranges too.
        name : str, optional
            Its name. By default path and kind make one.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        IndexInfo
            The index.

        Raises
        ------
        AlreadyExistsError
            When the name is taken.
        UnsupportedError
            When the store has no indexes.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.create_index("address.city", "ordered", "by_city")
        IndexInfo('by_city', 'address.city', 'ordered')
        """
        reply = self._calls.create_index(field, kind, name, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def list_indexes(self, *, timeout: float | None = None) -> list[IndexInfo]:
        """Give the declared indexes.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of IndexInfo
            The indexes.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.list_indexes()
        []
        """
        reply = self._calls.list_indexes(timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def drop_index(self, name: str, *, timeout: float | None = None) -> bool:
        """Drop an index.

        Parameters
        ----------
        name : str
            Its name.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False when there is none of this name.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.drop_index("by_city")
        False
        """
        reply = self._calls.drop_index(name, timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    async def connect(self, *, timeout: float | None = None) -> None:
        """Connect now instead of on first use.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConnectionFailedError
            When the store cannot be reached, or the database is closed.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.connect()
        """
        reply = self._calls.connect(timeout=timeout)
        if type(reply) is Pending:
            await _finish(reply)

    async def ping(self, *, timeout: float | None = None) -> None:
        """Ask the store whether it answers.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConnectionFailedError
            When it does not.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.ping(timeout=1)
        """
        reply = self._calls.ping(timeout=timeout)
        if type(reply) is Pending:
            await _finish(reply)

    async def flush(self, *, timeout: float | None = None) -> None:
        """Have everything acknowledged written where it lasts.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.flush()
        """
        reply = self._calls.flush(timeout=timeout)
        if type(reply) is Pending:
            await _finish(reply)

    async def close(self, *, timeout: float | None = None) -> None:
        """Close the database.

        Calls after it fail with `ConnectionFailedError`; closing again does not.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> await db.close()
        """
        reply = self._calls.close(timeout=timeout)
        if type(reply) is Pending:
            await _finish(reply)

    async def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Say what the store is and where.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        dict
            ``backend``, ``location``, and what the store tells of itself, such as ``records``.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> (await db.info())["backend"]
        'memory'
        """
        reply = self._calls.info(timeout=timeout)
        return await _finish(reply) if type(reply) is Pending else reply

    def transaction(
        self, *, read_only: bool = False, isolation: str | None = None, timeout: float | None = None
    ) -> Transaction:
        """Begin a transaction: ``async with db.transaction() as tx`` commits at the end, or rolls back on an error.

        Only the calls on the transaction belong to it.

        Parameters
        ----------
        read_only : bool
            Whether it only reads: one view of the store for several reads.
        isolation : {"read committed", "repeatable read", "serializable"}, optional
            How far it is kept from others; by default as far as the store does by itself, which is one view of the
            store at least.
        timeout : float, optional
            Seconds after which the begin fails with `TimedOutError`.

        Returns
        -------
        Transaction
            The transaction.

        Raises
        ------
        UnsupportedError
            When the store has no transactions, or none of that isolation.
        ConflictError
            At the commit: another writer was first.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> async with db.transaction() as tx:
        ...     id = await tx.create({"name": "Ada"})
        ...     print(await tx.count(), await db.count())
        1 0
        >>> await db.count()
        1
        """
        return Transaction(self, read_only, isolation, timeout)

    async def run_transaction(self, body: Callable[[Transaction], Awaitable[T]], *, isolation: str | None = None) -> T:
        """Run a coroutine function in a transaction, and again when another one committed first.

        Parameters
        ----------
        body : coroutine function
            Takes the transaction. It may run up to 10 times, with a growing pause between.
        isolation : str, optional
            As for `transaction`.

        Returns
        -------
        object
            What the function gives.

        Raises
        ------
        ConflictError
            When others were first each time.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> id = await db.create({"visits": 1})
        >>> async def visit(tx):
        ...     visits = (await tx.read(id))["visits"] + 1
        ...     await tx.patch(id, {"visits": visits})
        ...     return visits
        >>> await db.run_transaction(visit)
        2
        """
        from asyncio import sleep

        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.transaction(isolation=isolation) as transaction:
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

    create = Construction(SyncSession.create)
    """Make a database, on the class; store a new record, on an instance.

    ``SyncDatabase.create(backend, settings)`` makes a database. It connects on first use.

    ``db.create(record, timeout=None)`` stores a new record and gives its id: the record's own, else a new one. A
    record that is there is never overwritten.

    Parameters
    ----------
    backend : str, or a class or instance of Backend
        On the class: the store, such as ``"memory"`` or ``"file"``, in any letter case; or a backend in Python.
    settings : mapping, optional
        On the class: the store's settings; they may also be given as keywords.
    record : Record, dict, dataclass or pydantic model
        On an instance: the record, or what makes one.
    timeout : float, optional
        On an instance: seconds after which the call fails with `TimedOutError`.

    Returns
    -------
    SyncDatabase or str
        On the class an instance of the store's own class, on an instance the id.

    Raises
    ------
    InvalidConfigError
        On the class: when there is no such backend, or a setting is unknown or wrong.
    AlreadyExistsError
        On an instance: when the id is taken.
    InvalidRecordError
        On an instance: when a value is of no type that a record holds; the context names the field.

    Examples
    --------
    >>> from dataknobs_data import Record, SyncDatabase
    >>> db = SyncDatabase.create("memory", timeout="5s")
    >>> db.create(Record({"name": "Ada"}, id="ada"))
    'ada'
    """

    def _adopt(self, calls: AsyncSession, read_only: bool = False) -> None:
        self._open_async(calls, read_only)

    def to_async(self) -> Database:
        """Give the asynchronous form of this database, on the same connection.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> await db.to_async().count()
        1
        """
        calls = AsyncSession()
        calls._open_sync(self, False)
        database: Database = class_for(Database, calls._backend_name())._of(calls)
        return database

    def read_only(self) -> Self:
        """Give a view of this database that refuses every write, on the same connection.

        Returns
        -------
        SyncDatabase
            A database of the same class. Its writes raise `UnsupportedError`.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> view = SyncDatabase.create("memory").read_only()
        >>> view.create({"name": "Ada"})
        Traceback (most recent call last):
            ...
        dataknobs_data.exceptions.UnsupportedError: unsupported: ...
        """
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

    def transaction(
        self, *, read_only: bool = False, isolation: str | None = None, timeout: float | None = None
    ) -> SyncTransaction:
        """Begin a transaction: ``with db.transaction() as tx`` commits at the end, or rolls back on an error.

        Only the calls on the transaction belong to it.

        Parameters
        ----------
        read_only : bool
            Whether it only reads: one view of the store for several reads.
        isolation : {"read committed", "repeatable read", "serializable"}, optional
            How far it is kept from others; by default as far as the store does by itself, which is one view of the
            store at least.
        timeout : float, optional
            Seconds after which the begin fails with `TimedOutError`.

        Returns
        -------
        SyncTransaction
            The transaction.

        Raises
        ------
        UnsupportedError
            When the store has no transactions, or none of that isolation.
        ConflictError
            At the commit: another writer was first.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> with db.transaction() as tx:
        ...     id = tx.create({"name": "Ada"})
        ...     print(tx.count(), db.count())
        1 0
        >>> db.count()
        1
        """
        transaction = SyncTransaction()
        transaction._open_transaction(self, self._begin(read_only, isolation, timeout=timeout))
        return transaction

    def run_transaction(self, body: Callable[[SyncTransaction], T], *, isolation: str | None = None) -> T:
        """Run a function in a transaction, and again when another one committed first.

        Parameters
        ----------
        body : callable
            Takes the transaction. It may run up to 10 times, with a growing pause between.
        isolation : str, optional
            As for `transaction`.

        Returns
        -------
        object
            What the function gives.

        Raises
        ------
        ConflictError
            When others were first each time.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"visits": 1})
        >>> def visit(tx):
        ...     visits = tx.read(id)["visits"] + 1
        ...     tx.patch(id, {"visits": visits})
        ...     return visits
        >>> db.run_transaction(visit)
        2
        """
        from time import sleep

        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.transaction(isolation=isolation) as transaction:
                    return body(transaction)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
                sleep(_pause(attempt))
        raise AssertionError("not reached")


class Transaction(_AsyncCalls):
    """Calls that happen together or not at all, asynchronous: see `Database.transaction`."""

    def __init__(
        self,
        database: Database,
        read_only: bool = False,
        isolation: str | None = None,
        timeout: float | None = None,
    ) -> None:
        self._calls = AsyncSession()
        self._database = database
        self._read_only = read_only
        self._isolation = isolation
        self._timeout = timeout

    async def _begin(self) -> Self:
        reply = self._database._calls._begin(self._read_only, self._isolation, timeout=self._timeout)
        begun = await _finish(reply) if type(reply) is Pending else reply
        self._calls._open_transaction(self._database._calls, begun)
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._begin().__await__()

    async def commit(self, *, timeout: float | None = None) -> None:
        """Make the transaction's writes everybody's.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConflictError
            When another writer was first; then none of the writes happened.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> tx = await db.transaction()
        >>> id = await tx.create({"name": "Ada"})
        >>> await tx.commit()
        >>> await db.count()
        1
        """
        reply = self._calls._end(True, timeout=timeout)
        if type(reply) is Pending:
            await _finish(reply)

    async def rollback(self, *, timeout: float | None = None) -> None:
        """Forget the transaction's writes.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> tx = await db.transaction()
        >>> id = await tx.create({"name": "Ada"})
        >>> await tx.rollback()
        >>> await db.count()
        0
        """
        reply = self._calls._end(False, timeout=timeout)
        if type(reply) is Pending:
            await _finish(reply)

    def savepoint(self, *, timeout: float | None = None) -> Savepoint:
        """Set a savepoint: ``async with tx.savepoint()`` undoes what is done in it where it ends with an error.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Savepoint
            The savepoint, once it is awaited or entered.

        Raises
        ------
        UnsupportedError
            When the store has no savepoints.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> async with db.transaction() as tx:
        ...     kept = await tx.create({"n": 1})
        ...     try:
        ...         async with tx.savepoint():
        ...             undone = await tx.create({"n": 2})
        ...             raise ValueError("no")
        ...     except ValueError:
        ...         pass
        >>> await db.count()
        1
        """
        return Savepoint(self, timeout)

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


class Savepoint:
    """A state of a transaction to which it can go back: what `Transaction.savepoint` gives.

    Examples
    --------
    >>> from dataknobs_data import Database
    >>> db = Database.create("memory")
    >>> async with db.transaction() as tx:
    ...     before = await tx.savepoint()
    ...     id = await tx.create({"n": 1})
    ...     await before.rollback()
    >>> await db.count()
    0
    """

    def __init__(self, transaction: Transaction, timeout: float | None = None) -> None:
        self._calls = transaction._calls
        self._timeout = timeout
        self._open: OpenSavepoint | None = None
        self._ended = False

    async def _set(self) -> Self:
        self._open = await _finish(self._calls._savepoint(timeout=self._timeout))
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._set().__await__()

    async def _end(self, keep: bool, timeout: float | None = None) -> None:
        if self._open is None:
            raise ConflictError("the savepoint is not set: await it, or use it in `async with`")
        reply = self._calls._end_savepoint(self._open, keep, timeout=timeout)
        self._ended = True
        await _finish(reply)

    async def release(self, *, timeout: float | None = None) -> None:
        """End the savepoint, and those set after it, and keep what was done since.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConflictError
            When it has ended already.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> async with db.transaction() as tx:
        ...     before = await tx.savepoint()
        ...     id = await tx.create({"n": 1})
        ...     await before.release()
        >>> await db.count()
        1
        """
        await self._end(True, timeout)

    async def rollback(self, *, timeout: float | None = None) -> None:
        """End the savepoint, and those set after it, and undo what was done since.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConflictError
            When it has ended already.

        Examples
        --------
        >>> from dataknobs_data import Database
        >>> db = Database.create("memory")
        >>> async with db.transaction() as tx:
        ...     before = await tx.savepoint()
        ...     id = await tx.create({"n": 1})
        ...     await before.rollback()
        >>> await db.count()
        0
        """
        await self._end(False, timeout)

    async def __aenter__(self) -> Self:
        if self._ended:
            raise ConflictError("the savepoint has ended")
        return self if self._open is not None else await self._set()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended or not self._calls._is_active():
            return
        if kind is None:
            await self._end(True)
            return
        # What went wrong first is what counts; a transaction that cannot go on says so itself.
        with suppress(DataknobsError):
            await self._end(False)


class SyncTransaction(_SyncCalls):
    """Calls that happen together or not at all, blocking: see `SyncDatabase.transaction`."""

    def commit(self, *, timeout: float | None = None) -> None:
        """Make the transaction's writes everybody's.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConflictError
            When another writer was first; then none of the writes happened.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> tx = db.transaction()
        >>> id = tx.create({"name": "Ada"})
        >>> tx.commit()
        >>> db.count()
        1
        """
        self._end(True, timeout=timeout)

    def rollback(self, *, timeout: float | None = None) -> None:
        """Forget the transaction's writes.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> tx = db.transaction()
        >>> id = tx.create({"name": "Ada"})
        >>> tx.rollback()
        >>> db.count()
        0
        """
        self._end(False, timeout=timeout)

    def savepoint(self, *, timeout: float | None = None) -> SyncSavepoint:
        """Set a savepoint: ``with tx.savepoint()`` undoes what is done in it where it ends with an error.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        SyncSavepoint
            The savepoint.

        Raises
        ------
        UnsupportedError
            When the store has no savepoints.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> with db.transaction() as tx:
        ...     kept = tx.create({"n": 1})
        ...     try:
        ...         with tx.savepoint():
        ...             undone = tx.create({"n": 2})
        ...             raise ValueError("no")
        ...     except ValueError:
        ...         pass
        >>> db.count()
        1
        """
        return SyncSavepoint(self, self._savepoint(timeout=timeout))

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


class SyncSavepoint:
    """A state of a transaction to which it can go back: what `SyncTransaction.savepoint` gives.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> db = SyncDatabase.create("memory")
    >>> with db.transaction() as tx:
    ...     before = tx.savepoint()
    ...     id = tx.create({"n": 1})
    ...     before.rollback()
    >>> db.count()
    0
    """

    def __init__(self, transaction: SyncTransaction, savepoint: OpenSavepoint) -> None:
        self._transaction = transaction
        self._open = savepoint
        self._ended = False

    def _end(self, keep: bool, timeout: float | None = None) -> None:
        self._ended = True
        self._transaction._end_savepoint(self._open, keep, timeout=timeout)

    def release(self, *, timeout: float | None = None) -> None:
        """End the savepoint, and those set after it, and keep what was done since.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConflictError
            When it has ended already.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> with db.transaction() as tx:
        ...     before = tx.savepoint()
        ...     id = tx.create({"n": 1})
        ...     before.release()
        >>> db.count()
        1
        """
        self._end(True, timeout)

    def rollback(self, *, timeout: float | None = None) -> None:
        """End the savepoint, and those set after it, and undo what was done since.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConflictError
            When it has ended already.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> with db.transaction() as tx:
        ...     before = tx.savepoint()
        ...     id = tx.create({"n": 1})
        ...     before.rollback()
        >>> db.count()
        0
        """
        self._end(False, timeout)

    def __enter__(self) -> Self:
        if self._ended:
            raise ConflictError("the savepoint has ended")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended or not self._transaction._is_active():
            return
        if kind is None:
            self._end(True)
            return
        # What went wrong first is what counts; a transaction that cannot go on says so itself.
        with suppress(DataknobsError):
            self._end(False)


class RecordStream:
    """The records that a query finds, for ``async for``: what `Database.stream` gives.

    Examples
    --------
    >>> from dataknobs_data import Database
    >>> db = Database.create("memory")
    >>> ids = await db.create_batch([{"n": n} for n in range(5)])
    >>> async with db.stream("ORDER BY n DESC") as records:
    ...     async for record in records:
    ...         break
    >>> record["n"]
    4
    """

    def __init__(self, calls: AsyncSession, query: QueryLike, timeout: float | None) -> None:
        self._calls = calls
        self._query = query
        self._timeout = timeout
        self._cursor: Cursor | None = None

    def __aiter__(self) -> AsyncIterator[Record]:
        return self

    async def __anext__(self) -> Record:
        cursor = self._cursor
        if cursor is None:
            reply = self._calls._open_cursor(self._query, timeout=self._timeout)
            cursor = self._cursor = await _finish(reply) if type(reply) is Pending else reply
        while (record := cursor._at_hand()) is None:
            if cursor.ended:
                raise StopAsyncIteration
            await _finish(cursor._begin_fetch())
        return record

    async def aclose(self) -> None:
        """Let go of what the stream holds in the store. Leaving ``async with`` does it too."""
        if self._cursor is not None:
            self._cursor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
