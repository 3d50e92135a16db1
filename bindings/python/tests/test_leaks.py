"""A million operations leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.exceptions import AlreadyExistsError, InvalidQueryError, InvalidRecordError

ROW: dict[str, Any] = {
    "name": "a name that is longer than 23 bytes",
    "age": 36,
    "tags": ["a", {"b": None}],
    "data": b"x",
}


def resident() -> int:
    """Bytes of memory that the process holds."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def grows(work: Callable[[], None], rounds: int) -> tuple[int, int]:
    """Objects and bytes that are there after many rounds and were not after the first ones."""
    for _ in range(max(rounds // 10, 1)):
        work()
    gc.collect()
    blocks, memory = sys.getallocatedblocks(), resident()
    for _ in range(rounds):
        work()
    gc.collect()
    return sys.getallocatedblocks() - blocks, resident() - memory


def single_records() -> tuple[int, Callable[[], None]]:
    db = SyncDatabase.create("memory")

    def work() -> None:
        for number in range(1_000):
            id = f"id{number}"
            db.create(Record(ROW, id, {"k": [1]}))
            db.read(id)["name"]
            db.patch(id, {"age": 37}, ["data"])
            db.update(id, ROW)
            db.exists(id)
            db.delete(id)

    return 6_000, work


def results() -> tuple[int, Callable[[], None]]:
    db = SyncDatabase.create("memory")
    db.create_batch([{**ROW, "n": n} for n in range(100)])

    def work() -> None:
        for _ in range(20):
            found = db.search("n >= 50 ORDER BY n DESC LIMIT 10")
            assert next(record["n"] for record in found) == 99
            assert sum(1 for _ in db.stream("n < 10")) == 10
            found.to_dicts()
            found[2:5].ids()
            db.first("n = 5")
            db.count("n > 5")

    return 20 * 100, work


def errors() -> tuple[int, Callable[[], None]]:
    db = SyncDatabase.create("memory")
    db.create(Record(ROW, "taken"))

    def work() -> None:
        for _ in range(300):
            with pytest.raises(AlreadyExistsError):
                db.create(Record(ROW, "taken"))
            with pytest.raises(InvalidQueryError):
                db.search("age >")
            with pytest.raises(InvalidRecordError):
                Record({"a": {"b": [object()]}})

    return 900, work


def awaited() -> tuple[int, Callable[[], None]]:
    db = Database.create("memory")

    async def calls() -> None:
        for number in range(500):
            id = await db.create(Record(ROW, f"id{number}"))
            await db.read(id)
        await asyncio.gather(*(db.search("age = 36 ORDER BY name", timeout=30) for _ in range(10)))
        async for record in db.stream():
            record["age"]
        await db.clear()

    return 1_500, lambda: asyncio.run(calls())


@pytest.mark.parametrize(
    ("make", "rounds"),
    [(single_records, 120), (results, 60), (errors, 60), (awaited, 80)],
    ids=["single records", "results", "errors", "awaited calls"],
)
def test_a_million_operations_leave_nothing_behind(
    make: Callable[[], tuple[int, Callable[[], None]]], rounds: int
) -> None:
    operations, work = make()
    blocks, memory = grows(work, rounds)
    # A leak of one object, or of 100 bytes, in each operation would be far past these.
    assert blocks < operations * rounds // 200, f"{blocks} objects more"
    assert memory < 24 * 2**20, f"{memory} bytes more"
