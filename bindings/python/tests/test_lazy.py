"""Nothing is made of fields that nobody touches."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TypeVar

from dataknobs_data import SyncDatabase

T = TypeVar("T")

COUNT = 100_000


def made_by(body: Callable[[], T]) -> tuple[int, T]:
    """How many blocks of memory Python holds more after a call whose result is kept, and the result."""
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        result = body()
        return sys.getallocatedblocks() - before, result
    finally:
        gc.enable()


def test_a_search_of_100k_records_makes_no_objects_of_them() -> None:
    db = SyncDatabase.create("memory")
    db.create_batch([{"name": f"person {n}", "age": n, "score": n / 7, "tags": ["x"]} for n in range(COUNT)])
    blocks, found = made_by(lambda: db.search("age >= 0 ORDER BY age DESC"))
    assert len(found) == COUNT
    assert blocks < 100
    blocks, record = made_by(lambda: found[COUNT // 2])
    assert blocks < 10
    blocks, name = made_by(lambda: record["name"])
    assert name == f"person {COUNT // 2 - 1}" and blocks < 10
    blocks, records = made_by(lambda: list(found))
    assert COUNT <= blocks < 1.2 * COUNT, "one object a record, none a field"
    del records
    blocks, _ = made_by(lambda: found[10:90_000])
    assert blocks < 100
