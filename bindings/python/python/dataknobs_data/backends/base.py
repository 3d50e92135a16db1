"""What a backend written in Python implements.

A store subclasses `Backend` and says how to read one record, how to write one, and how to go through them all. The
rest has defaults made of these three. The database in front of it checks names, ids and queries, filters and sorts
what the store does not, and is the same `Database` and `SyncDatabase` as over every other store.

Examples
--------
Records on a shelf, the least that a store has to do:

>>> import threading
>>> from dataknobs_data import SyncDatabase
>>> class Shelf(Backend):
...     def __init__(self):
...         self.records, self.writes, self.lock = {}, 0, threading.Lock()
...     def read(self, id):
...         return self.records.get(id)
...     def write(self, request):
...         with self.lock:
...             self.writes += 1
...             before = self.records.get(request.id)
...             after = request.apply(before, version=str(self.writes))
...             if after is not None:
...                 self.records[request.id] = after
...             elif request.action == "delete":
...                 self.records.pop(request.id, None)
...             return request.outcome(before, after)
...     def scan(self, request):
...         return list(self.records.values())
>>> with SyncDatabase.create(Shelf) as db:
...     ids = db.create_batch([{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}])
...     [record["name"] for record in db.search("age > 30 ORDER BY age DESC")]
['Alan', 'Ada']
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Awaitable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from .._awaiting import finish, items
from .._native import (
    AggregateRequest,
    Condition,
    Index,
    Leaf,
    ModifyRequest,
    Record,
    ScanRequest,
    SortKey,
    SortPosition,
    WriteOutcome,
    WriteRequest,
)
from .._native import _stored as stored
from ..exceptions import BY_KIND, BackendError, DataknobsError, InvalidConfigError, UnsupportedError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AggregateRequest",
    "Backend",
    "Capabilities",
    "Condition",
    "Index",
    "Leaf",
    "ModifyRequest",
    "ScanRequest",
    "Session",
    "SortKey",
    "SortPosition",
    "Transaction",
    "WriteOutcome",
    "WriteRequest",
    "stored",
]

T = TypeVar("T")

#: What a method gives: the answer, or a coroutine of it.
Answer: TypeAlias = T | Awaitable[T]
#: What a scan goes through: records, or lists of them.
Found: TypeAlias = Iterable[Record | Sequence[Record]] | AsyncIterable[Record | Sequence[Record]]


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do. Declared means that it works, undeclared means an `UnsupportedError`.

    Parameters
    ----------
    transactions : bool
        `Backend.begin` gives transactions with real isolation.
    atomic_batches : bool
        `Session.write_batch` does all or nothing.
    indexes : bool
        `Backend.create_index`, `Backend.list_indexes` and `Backend.drop_index` work.
    insertion_order : bool
        A scan gives records in the order they were created; else in the order of their ids.
    id_order : {"code point", "numeric"}
        How ids are ordered.
    key_field : str, optional
        The field that holds the id, on stores with a key column of their own.
    generates_ids : bool
        The store makes the ids of records that come without one.
    missing_fields : bool
        A missing field is told from a null one.
    field_order : bool
        Records keep their own field order.
    unique_versions : bool
        Every write of a record gives it a version never used before.
    snapshot_streams : bool
        A scan gives the records as they were when it began.
    scores : bool
        Results of MATCH carry a relevance.
    persistent : bool
        Records outlive the process.
    read_only : bool
        Writes are refused.
    """

    transactions: bool = False
    atomic_batches: bool = False
    indexes: bool = False
    insertion_order: bool = False
    id_order: str = "code point"
    key_field: str | None = None
    generates_ids: bool = False
    missing_fields: bool = True
    field_order: bool = True
    unique_versions: bool = False
    snapshot_streams: bool = False
    scores: bool = False
    persistent: bool = False
    read_only: bool = False


class Session(ABC):
    """Reads and writes records: a backend, or a transaction in one.

    Each method may be a plain function or a coroutine function. Plain ones are called on threads that may block,
    several at a time; coroutines run in one event loop of the package's own, in which nothing may block. Only
    `leaf_support`, `sorts_exactly` and `aggregates_exactly` are always plain, and quick.

    What a method raises comes out of the call on the database: an exception of `dataknobs_data.exceptions` as itself,
    any other as the ``__cause__`` of a `BackendError`. A call that is not waited for any more (a timeout, a cancelled
    task) cancels a coroutine; a plain function runs to its end.
    """

    @abstractmethod
    def read(self, id: str) -> Answer[Record | None]:
        """Give the record with this id, with its id and version (see `stored`); None when there is none."""

    def write(self, request: WriteRequest) -> Answer[WriteOutcome]:
        """Do one write; by default refuse.

        ``request.action`` is ``"create"``, ``"update"``, ``"upsert"``, ``"patch"`` or ``"delete"``;
        ``request.record`` is what to store, ``request.set`` and ``request.unset`` what to patch.
        ``request.apply(before, version)`` does it all on the record that is there: it gives the one to store, or
        None when there is none to, and raises what has to be raised. ``request.outcome(before, after)`` is then the
        answer.

        Raises
        ------
        AlreadyExistsError
            For a create of an id that is there, also when two race.
        ConflictError
            When ``request.expected_version`` is not None and not the stored one, or the record is missing.
        """
        raise UnsupportedError("this backend does not write")

    @abstractmethod
    def scan(self, request: ScanRequest) -> Found | Awaitable[Found]:
        """Go through the records that pass ``request.condition``.

        Give a list, a generator or an asynchronous generator, of records or of lists of them. It is pulled in chunks,
        from changing threads, and closed when nobody reads on.

        The condition has only tests that `leaf_support` answered with ``"exact"`` or ``"superset"``, and there is a
        ``sort`` or ``after`` only where `sorts_exactly` allowed it, and ``offset``, ``limit`` and ``fields`` only
        where all is exact: these have to be applied exactly. By default none of them ever comes.
        ``request.matches(record)`` evaluates the condition, ``request.page(records)`` does the whole request on
        records at hand. Without a sort, records come in the order they were created where ``insertion_order`` is
        declared, else in any order.
        """

    def exists(self, id: str) -> Answer[bool]:
        """Whether there is a record with this id; by default reads it."""
        return finish(self._exists(id))

    def _exists(self, id: str) -> Generator[Any, Any, bool]:
        return (yield self.read(id)) is not None

    def read_batch(self, ids: Sequence[str]) -> Answer[Sequence[Record | None]]:
        """Give the records with these ids, in order; by default reads one after the other."""
        return finish(self._read_batch(ids))

    def _read_batch(self, ids: Sequence[str]) -> Generator[Any, Any, list[Record | None]]:
        found = []
        for id in ids:
            found.append((yield self.read(id)))
        return found

    def write_batch(self, requests: Sequence[WriteRequest]) -> Answer[Sequence[WriteOutcome]]:
        """Do several writes in order; by default one after the other.

        With the capability ``atomic_batches`` all or nothing is done. Else all is done that can be, and the error
        lists the rest in ``failures``.
        """
        return finish(self._write_batch(requests))

    def _write_batch(self, requests: Sequence[WriteRequest]) -> Generator[Any, Any, list[WriteOutcome]]:
        outcomes: list[WriteOutcome] = []
        failures: list[tuple[int, DataknobsError]] = []
        for index, request in enumerate(requests):
            try:
                outcomes.append((yield self.write(request)))
            except DataknobsError as error:
                failures.append((index, error))
            except Exception as error:
                wrapped = BackendError("a write raised an exception", context={"exception": type(error).__qualname__})
                wrapped.__cause__ = error
                failures.append((index, wrapped))
        if failures:
            raise BY_KIND[failures[0][1].kind]("some writes of the batch failed", failures=failures)
        return outcomes

    def count(self, request: ScanRequest) -> Answer[int]:
        """How many records pass ``request.condition``, all of whose tests are exact; by default scans."""
        return finish(self._count(request))

    def _count(self, request: ScanRequest) -> Generator[Any, Any, int]:
        count = 0

        def each(item: Any) -> None:
            nonlocal count
            count += 1 if isinstance(item, Record) else len(item)

        yield from items(self.scan(request), each)
        return count

    def leaf_support(self, leaf: Leaf) -> str:
        """How well a scan answers one test of a condition; by default not at all.

        Asked for each query, so it should be quick. A wrong ``"exact"`` makes wrong results.

        Parameters
        ----------
        leaf : Leaf
            ``path``, ``operator`` (a positive one, such as ``"EQ"``), ``operand`` (a value, a list or None),
            ``negated``, ``when_absent``; ``field`` is the name of the one field tested, or None for the id,
            metadata and places inside JSON. Where the path has no value the answer is ``when_absent``; else it is
            the operator's, turned around when ``negated``.

        Returns
        -------
        str
            ``"exact"``: just as the query semantics say. ``"superset"``: with every record that passes, and perhaps
            others, which the database re-checks. ``"no"``: the test is kept from the scan.
        """
        return "no"

    def sorts_exactly(self, sort: Sequence[SortKey]) -> bool:
        """Whether a scan sorts by these keys just as the query semantics say, ids breaking ties; by default never.

        The empty sort is asked about too: True when a scan gives records in the order they were created, where
        ``insertion_order`` is declared, else in the order of their ids. Where it is False, the database
        collects the records and sorts them itself.
        """
        return False

    def modify(self, request: ModifyRequest) -> Answer[int]:
        """Patch or delete all records that pass ``request.condition``, atomically, and give their number.

        A backend that does not override it has the database read and write instead.
        """
        raise UnsupportedError("this backend has no changes by condition")

    def aggregates_exactly(self, request: AggregateRequest) -> bool:
        """Whether `aggregate` answers this just as the query semantics say; by default never."""
        return False

    def aggregate(self, request: AggregateRequest) -> Answer[Sequence[Any]]:
        """Give the rows of an aggregation: dicts by ``request.columns``, or lists in their order."""
        raise UnsupportedError("this backend does not aggregate")


class Transaction(Session):
    """A session that sees its own writes and ends; one that is dropped is rolled back."""

    @abstractmethod
    def commit(self) -> Answer[None]:
        """Make the writes everybody's, or raise a `ConflictError` and write nothing."""

    @abstractmethod
    def rollback(self) -> Answer[None]:
        """Forget the writes."""


class Backend(Session):
    """A store written in Python.

    A subclass implements `read`, `write` and `scan`, declares in `capabilities` what else it can do, and is opened by
    ``Database.create(MyBackend, settings)``, or by name after `dataknobs_data.backends.register_backend`.
    ``dataknobs_data.testing.check_backend`` proves that it behaves as every other store.
    """

    #: What it can do; an instance's own value may change until it has connected.
    capabilities: Capabilities | Mapping[str, Any] = Capabilities()

    #: The key of the settings that stands for the address in a URL.
    url_setting: ClassVar[str] = "path"

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Make one of its settings; by default they are the constructor's keyword arguments.

        ``read_only``, ``timeout``, ``retry`` and ``trace`` are every backend's, and never among them.

        Raises
        ------
        InvalidConfigError
            When a setting is unknown or missing.
        """
        from inspect import signature

        try:
            signature(cls).bind(**settings)
        except TypeError as error:
            raise InvalidConfigError(
                "these are not the settings of the backend", context={"reason": str(error)}
            ) from None
        return cls(**settings)

    @classmethod
    def settings_from_url(cls, address: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Give the settings in a URL: by default ``shelf:place?key=value`` is ``{"path": "place", "key": "value"}``."""
        from urllib.parse import unquote

        place = unquote(address.partition(":")[2].removeprefix("//"))
        return {**query, **({cls.url_setting: place} if place else {})}

    def info(self) -> dict[str, Any]:
        """Say where it is: ``location``, without secrets, and any details. Never a coroutine."""
        return {"location": f"{type(self).__module__}.{type(self).__qualname__}"}

    def connect(self) -> Answer[None]:
        """Make the store ready: called before anything else. Called again, it changes nothing."""

    def ping(self) -> Answer[None]:
        """Ask the store for a sign of life."""

    def flush(self) -> Answer[None]:
        """Make every acknowledged write as durable as the store can."""

    def close(self) -> Answer[None]:
        """Flush and let go of everything; called once."""

    def access_plan(self, request: ScanRequest) -> Answer[str | Mapping[str, Any]]:
        """Say how a scan would be done, without doing it.

        Give a line, or a dict of ``access`` (the line) and, as they are known, ``index``, ``rows_examined``,
        ``bytes_read``, ``requests``, ``dollars`` and ``notes`` (a list of str).
        """
        return "scan"

    def begin(self, read_only: bool) -> Answer[Transaction]:
        """Begin a transaction; with the capability ``transactions``."""
        raise UnsupportedError("this store has no transactions")

    def create_index(self, index: Index) -> Answer[None]:
        """Create an index, with the capability ``indexes``: it has ``name``, ``path`` and ``kind``.

        Raises
        ------
        AlreadyExistsError
            When there is another one of that name; the same one again is fine.
        """
        raise UnsupportedError("this store has no indexes to declare")

    def list_indexes(self) -> Answer[Sequence[Index]]:
        """Give the indexes, by name."""
        raise UnsupportedError("this store has no indexes to declare")

    def drop_index(self, name: str) -> Answer[bool]:
        """Drop an index; False when there is none of that name."""
        raise UnsupportedError("this store has no indexes to declare")
