"""Moving records from one database to another, whatever their stores.

Records are streamed from the source and written in batches, so that memory stays constant at any size. Ids, types and
metadata come along. Nothing is removed from the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._native import Record
    from ..database import Database, SyncDatabase
    from ..typing import QueryLike

__all__ = ["MigrationReport", "migrate", "migrate_async"]

#: What may happen to a record whose id is in the target already.
EXISTING = ("error", "replace", "skip")


class MigrationReport:
    """What a migration did.

    Attributes
    ----------
    read : int
        Records that the source gave.
    written : int
        Records that were written to the target.
    skipped : int
        Records that were in the target already, or that the transformation left out.
    """

    __slots__ = ("read", "skipped", "written")

    def __init__(self) -> None:
        self.read = 0
        self.written = 0
        self.skipped = 0

    def __repr__(self) -> str:
        return f"MigrationReport(read={self.read}, written={self.written}, skipped={self.skipped})"


class _Migration:
    """What both forms share: everything but the calls of the databases."""

    def __init__(
        self,
        transform: Callable[[Record], Record | None] | None,
        batch_size: int,
        existing: str,
        progress: Callable[[MigrationReport], None] | None,
    ) -> None:
        if batch_size < 1:
            raise ValueError("`batch_size` is at least 1")
        if existing not in EXISTING:
            raise ValueError(f"`existing` is one of {', '.join(EXISTING)}, not {existing!r}")
        self.transform = transform
        self.batch_size = batch_size
        self.existing = existing
        self.progress = progress
        self.report = MigrationReport()
        self.batch: list[Record] = []

    def take(self, record: Record) -> bool:
        """Add a record to the batch; true when the batch is full."""
        self.report.read += 1
        kept = record if self.transform is None else self.transform(record)
        if kept is None:
            self.report.skipped += 1
            return False
        if kept.id is None:
            kept.id = record.id
        self.batch.append(kept)
        return len(self.batch) >= self.batch_size

    def without(self, found: list[Record | None]) -> list[Record]:
        """Give the records of the batch that the target does not have."""
        new = [record for record, known in zip(self.batch, found, strict=True) if known is None]
        self.report.skipped += len(self.batch) - len(new)
        return new

    def wrote(self, count: int) -> None:
        self.report.written += count
        self.batch = []
        if self.progress is not None:
            self.progress(self.report)


def _ids(batch: list[Record]) -> Iterator[str]:
    for record in batch:
        yield record.id or ""


def migrate(
    source: SyncDatabase,
    target: SyncDatabase,
    query: QueryLike = None,
    *,
    transform: Callable[[Record], Record | None] | None = None,
    batch_size: int = 1_000,
    existing: str = "error",
    progress: Callable[[MigrationReport], None] | None = None,
) -> MigrationReport:
    """Copy records from one database to another.

    Parameters
    ----------
    source, target : SyncDatabase
        Where records come from and where they go.
    query : Query, Filter, str or dict, optional
        Which records, in which order; without one, all.
    transform : callable, optional
        Called with each record; gives the record to write, or None to leave it out. A record without an id keeps the
        source's.
    batch_size : int
        Records that are written together.
    existing : {"error", "replace", "skip"}
        What happens to a record whose id the target has already.
    progress : callable, optional
        Called with the report after each batch.

    Returns
    -------
    MigrationReport
        The counts.

    Raises
    ------
    AlreadyExistsError
        With ``existing="error"``, when the target has one of the ids; the batches before it are written.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> from dataknobs_data.utils.migrations import migrate
    >>> source, target = SyncDatabase.create("memory"), SyncDatabase.create("memory")
    >>> ids = source.create_batch([{"n": 1}, {"n": 2}, {"n": 3}])
    >>> migrate(source, target, "n > 1")
    MigrationReport(read=2, written=2, skipped=0)
    """
    migration = _Migration(transform, batch_size, existing, progress)

    def write() -> None:
        batch = migration.batch
        if existing == "skip" and batch:
            batch = migration.without(target.read_batch(list(_ids(batch))))
        if batch:
            _ = target.upsert_batch(batch) if existing == "replace" else target.create_batch(batch)
        migration.wrote(len(batch))

    for record in source.stream(query):
        if migration.take(record):
            write()
    write()
    return migration.report


async def migrate_async(
    source: Database,
    target: Database,
    query: QueryLike = None,
    *,
    transform: Callable[[Record], Record | None] | None = None,
    batch_size: int = 1_000,
    existing: str = "error",
    progress: Callable[[MigrationReport], None] | None = None,
) -> MigrationReport:
    """Copy records from one asynchronous database to another: see `migrate`."""
    migration = _Migration(transform, batch_size, existing, progress)

    async def write() -> None:
        batch = migration.batch
        if existing == "skip" and batch:
            batch = migration.without(await target.read_batch(list(_ids(batch))))
        if batch:
            _ = await target.upsert_batch(batch) if existing == "replace" else await target.create_batch(batch)
        migration.wrote(len(batch))

    async with source.stream(query) as records:
        async for record in records:
            if migration.take(record):
                await write()
    await write()
    return migration.report
