"""Backends on a dict: the least that a store has to do, the same in coroutines, and one that can do more.

>>> from dataknobs_data import SyncDatabase
>>> with SyncDatabase.create(Shelf) as db:
...     ids = db.create_batch([{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}])
...     db.first("age > 40")["name"]
'Alan'
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable, Sequence

from dataknobs_data import Record
from dataknobs_data.backends.base import (
    Backend,
    Capabilities,
    Index,
    Leaf,
    ModifyRequest,
    ScanRequest,
    Session,
    SortKey,
    Transaction,
    WriteOutcome,
    WriteRequest,
)
from dataknobs_data.exceptions import AlreadyExistsError, ConflictError


class Records:
    """Records by id, and a number for each write."""

    def __init__(self) -> None:
        self.by_id: dict[str, Record] = {}
        self.writes = 0
        self.lock = threading.RLock()

    def write(self, request: WriteRequest) -> WriteOutcome:
        with self.lock:
            before = self.by_id.get(str(request.id))
            self.writes += 1
            after = request.apply(before, version=str(self.writes))
            if after is not None:
                self.by_id[str(after.id)] = after  # a key that is there keeps its place
            elif before is not None:
                del self.by_id[str(before.id)]
            return request.outcome(before, after)


class Shelf(Backend):
    """The least."""

    def __init__(self) -> None:
        self.records = Records()

    def read(self, id: str) -> Record | None:
        return self.records.by_id.get(id)

    def write(self, request: WriteRequest) -> WriteOutcome:
        return self.records.write(request)

    def scan(self, request: ScanRequest) -> Iterable[Record]:
        return list(self.records.by_id.values())


class AsyncShelf(Backend):
    """The same, in coroutines: they share one event loop, so that between two awaits nobody else writes."""

    def __init__(self) -> None:
        self.records = Records()

    async def read(self, id: str) -> Record | None:
        return self.records.by_id.get(id)

    async def write(self, request: WriteRequest) -> WriteOutcome:
        return self.records.write(request)

    async def scan(self, request: ScanRequest) -> AsyncIterator[Record]:  # type: ignore[override]  # a generator
        for record in list(self.records.by_id.values()):
            yield record


class Exact(Session):
    """What filters and sorts its records by itself: ``request.page`` keeps all the rules."""

    records: Records

    def read(self, id: str) -> Record | None:
        return self.records.by_id.get(id)

    def write(self, request: WriteRequest) -> WriteOutcome:
        return self.records.write(request)

    def leaf_support(self, leaf: Leaf) -> str:
        return "exact"

    def sorts_exactly(self, sort: Sequence[SortKey]) -> bool:
        return True

    def scan(self, request: ScanRequest) -> list[Record]:
        with self.records.lock:
            return request.page(list(self.records.by_id.values()))

    def modify(self, request: ModifyRequest) -> int:
        with self.records.lock:
            found = [record for record in self.records.by_id.values() if request.matches(record)]
            for record in found:
                self.records.write(request.write(str(record.id)))
            return len(found)


class Archive(Exact, Backend):
    """A shelf with push-down, transactions and indexes."""

    capabilities = Capabilities(
        transactions=True, indexes=True, insertion_order=True, unique_versions=True, snapshot_streams=True, scores=True
    )

    def __init__(self) -> None:
        self.records = Records()
        self.indexes: dict[str, Index] = {}

    def begin(self, read_only: bool) -> Desk:
        return Desk(self.records)

    def create_index(self, index: Index) -> None:
        if self.indexes.setdefault(index.name, index) != index:
            raise AlreadyExistsError("another index has this name", context={"name": f"`{index.name}`"})

    def list_indexes(self) -> list[Index]:
        return [self.indexes[name] for name in sorted(self.indexes)]

    def drop_index(self, name: str) -> bool:
        return self.indexes.pop(name, None) is not None


class Desk(Exact, Transaction):
    """A transaction: a copy of the shelf, brought back if nobody touched what it wrote."""

    def __init__(self, shelf: Records) -> None:
        self.shelf = shelf
        self.records = Records()
        with shelf.lock:
            self.records.by_id = dict(shelf.by_id)
        self.before = dict(self.records.by_id)

    def write(self, request: WriteRequest) -> WriteOutcome:
        # Versions come from the shelf: each is used once, also by transactions that are rolled back.
        with self.shelf.lock:
            self.records.writes = self.shelf.writes
            try:
                return super().write(request)
            finally:
                self.shelf.writes = self.records.writes

    def commit(self) -> None:
        with self.shelf.lock:
            ids = self.before.keys() | self.records.by_id.keys()
            written = [id for id in ids if self.before.get(id) is not self.records.by_id.get(id)]
            if any(self.shelf.by_id.get(id) is not self.before.get(id) for id in written):
                raise ConflictError("another writer was first")
            for id in (id for id in self.records.by_id if id in set(written)):
                self.shelf.by_id[id] = self.records.by_id[id]
            for id in written:
                if id not in self.records.by_id:
                    self.shelf.by_id.pop(id, None)

    def rollback(self) -> None:
        pass
