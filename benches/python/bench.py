"""Times this package beside what people would use instead, in one process, and prints a table.

Run it with the package's release build and pandas, polars and pydantic installed: ``cargo xtask bench python``.
Every figure is a median of repeated runs; both sides do the same work, and the results are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import gc
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from files import files
from postgres import postgres

REPEATS = 7


def median(run: Callable[[], float], repeats: int = REPEATS) -> float:
    """Give the median of several runs, each of which times itself."""
    run()
    return statistics.median(run() for _ in range(repeats))


def timed(body: Callable[[], Any], number: int = 1, before: Callable[[], Any] | None = None) -> Callable[[], float]:
    """Give a run: seconds for one call of the body, averaged over some."""

    def run() -> float:
        if before is not None:
            before()
        gc.collect()
        gc.disable()
        try:
            start = time.perf_counter()
            for _ in range(number):
                body()
            return (time.perf_counter() - start) / number
        finally:
            gc.enable()

    return run


def alternate(ours: Callable[[], float], theirs: Callable[[], float], repeats: int = REPEATS) -> tuple[float, float]:
    """Give both medians; the runs alternate, so that a busy machine is unfair to neither."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(repeats)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


class Report:
    """The rows of the table."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = [("what", "ours", "theirs", "ratio", "bar", "")]

    def add(self, what: str, ours: float, theirs: float, bar: str, met: bool, faster: bool = False) -> None:
        """Add a row. The ratio is ours in theirs, or with ``faster``, how many times faster ours is."""
        ratio = theirs / ours if faster else ours / theirs
        text = f"{ratio:.1f}x faster" if faster else f"{ratio:.2f}"
        self.rows.append((what, unit(ours), unit(theirs), text, bar, "met" if met else "MISSED"))
        print(f"  {what}: {text}", file=sys.stderr)

    def __str__(self) -> str:
        widths = [max(len(row[column]) for row in self.rows) for column in range(len(self.rows[0]))]
        lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows]
        lines.insert(1, "-|-".join("-" * width for width in widths))
        return "\n".join(f"| {line} |" for line in lines).replace("| -", "|-").replace("- |", "-|")


def unit(seconds: float) -> str:
    """Give a time with the unit that fits."""
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.2f} {name}"
    return f"{seconds * 1e9:.0f} ns"


def rows(count: int) -> list[dict[str, Any]]:
    """Give the rows that every measurement uses: two strings, two integers, a float."""
    source = random.Random(7)
    return [
        {
            "name": f"person number {index}",
            "city": f"city{source.randrange(20)}",
            "age": source.randrange(100),
            "visits": source.randrange(1_000_000),
            "score": source.random(),
        }
        for index in range(count)
    ]


def record_construction(report: Report) -> None:
    from pydantic import BaseModel

    from dataknobs_data import Record

    class Person(BaseModel):
        name: str
        city: str
        age: int
        visits: int
        score: float

    data = rows(1)[0]
    assert Record(data).to_dict() == Person(**data).model_dump()

    def ours() -> None:
        for _ in range(20_000):
            Record(data)

    def theirs() -> None:
        for _ in range(20_000):
            Person(**data)

    mine, other = alternate(timed(ours), timed(theirs))
    mine, other = mine / 20_000, other / 20_000
    report.add("Record(dict of 5), pydantic model", mine, other, "<= 1 (aim 1 us)", mine <= other)


def memory_single(report: Report, count: int) -> None:
    from dataknobs_data import SyncDatabase

    data = rows(count)
    keys = [f"id{index}" for index in range(count)]
    records = [{**row} for row in data]
    state: dict[str, Any] = {}

    def fresh() -> None:
        state["db"] = SyncDatabase.create("memory")
        state["dict"] = {}

    from dataknobs_data import Record

    def create_ours() -> None:
        db, pairs = state["db"], zip(keys, records, strict=True)
        for key, row in pairs:
            db.create(Record(row, key))

    def create_theirs() -> None:
        store, pairs = state["dict"], zip(keys, records, strict=True)
        for key, row in pairs:
            if key in store:
                raise KeyError(key)
            store[key] = copy.deepcopy(row)

    mine, other = alternate(timed(create_ours, before=fresh), timed(create_theirs, before=fresh), 5)
    report.add(f"create, {count} stored; dict with deepcopy", mine / count, other / count, ">= 3x faster",
               other / mine >= 3, faster=True)
    fresh()
    create_ours()
    create_theirs()
    db, store = state["db"], state["dict"]
    order = keys[:]
    random.Random(1).shuffle(order)
    order = order[:20_000]
    assert db.read(order[0]).to_dict() == store[order[0]]

    def read_ours() -> None:
        read = db.read
        for key in order:
            read(key)

    def read_copy() -> None:
        for key in order:
            copy.deepcopy(store[key])

    def read_bare() -> None:
        for key in order:
            store[key]

    mine, other = alternate(timed(read_ours), timed(read_copy))
    n = len(order)
    report.add("read by id; dict with deepcopy", mine / n, other / n, ">= 3x faster", other / mine >= 3, faster=True)
    mine, other = alternate(timed(read_ours), timed(read_bare))
    report.add("read by id; bare dict look-up", mine / n, other / n, "<= 10", mine / other <= 10)


def async_read(report: Report, count: int) -> None:
    from dataknobs_data import Database, Record

    data = rows(count)
    keys = [f"id{index}" for index in range(count)]
    store = dict(zip(keys, data, strict=True))
    order = keys[:]
    random.Random(1).shuffle(order)
    order = order[:20_000]

    async def look_up(key: str) -> dict[str, Any]:
        return store[key]

    async def main() -> tuple[float, float]:
        db = Database.create("memory")
        await db.create_batch([Record(row, key) for key, row in store.items()])

        async def ours() -> float:
            start = time.perf_counter()
            for key in order:
                await db.read(key)
            return time.perf_counter() - start

        async def theirs() -> float:
            start = time.perf_counter()
            for key in order:
                await look_up(key)
            return time.perf_counter() - start

        pairs = [(await ours(), await theirs()) for _ in range(REPEATS + 1)][1:]
        return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)

    mine, other = asyncio.run(main())
    n = len(order)
    report.add("async read, awaited; async function, dict look-up", mine / n, other / n, "<= 5", mine / other <= 5)


def search(report: Report, count: int) -> None:
    import polars

    from dataknobs_data import SyncDatabase

    data = [{**row, "flag": index % 2 == 0} for index, row in enumerate(rows(count))]
    db = SyncDatabase.create("memory")
    db.create_batch(data)
    frame = polars.DataFrame(data)
    query = "age > 50 AND city = 'city7' ORDER BY visits DESC LIMIT 10"

    def theirs() -> Any:
        found = frame.filter((polars.col("age") > 50) & (polars.col("city") == "city7"))
        return found.sort("visits", descending=True).head(10)

    def ours() -> Any:
        return db.search(query)

    hits = db.count(query)
    assert [record["visits"] for record in ours()] == theirs()["visits"].to_list()
    mine, other = alternate(timed(ours, 10), timed(theirs, 10), 15)
    what = f"search {count} x 6, {hits / count:.1%} of rows, sort, limit 10; polars"
    report.add(what, mine, other, "<= 4", mine / other <= 4)
    db.create_index("city", "hash")
    assert [record["visits"] for record in ours()] == theirs()["visits"].to_list()
    mine, other = alternate(timed(ours, 10), timed(theirs, 10), 15)
    report.add("the same with a hash index on city; polars", mine, other, "< 1", mine < other)


def frames(report: Report, count: int) -> None:
    import pandas

    from dataknobs_data import Record, SyncDatabase, records_to_dataframe

    strings = rows(count)
    numbers = [{"a": r["age"], "b": r["visits"], "c": r["score"], "d": r["age"] * 2, "e": r["score"] / 3} for r in strings]
    for name, data, bar in (("two string columns", strings, 5), ("all numeric", numbers, 20)):
        records = [Record(row) for row in data]
        db = SyncDatabase.create("memory")
        db.create_batch(records)
        plain = pandas.DataFrame(data)
        for what, ours in (
            ("records_to_dataframe", lambda records=records: records_to_dataframe(records, id=None)),
            ("search_as_dataframe", lambda db=db: db.search_as_dataframe(id=None)),
        ):
            pandas.testing.assert_frame_equal(
                ours().reset_index(drop=True), plain, check_dtype=False, check_index_type=False
            )
            mine, other = alternate(timed(ours), timed(lambda data=data: pandas.DataFrame(data)))
            label = f"{what} {count} x 5, {name}; pandas.DataFrame(list of dicts)"
            report.add(label, mine, other, f">= {bar}x faster", other / mine >= bar, faster=True)
    frame = pandas.DataFrame(strings)
    state: dict[str, Any] = {}

    def fresh() -> None:
        state["db"] = SyncDatabase.create("memory")

    def theirs() -> None:
        store = {}
        for index, row in enumerate(frame.to_dict("records")):
            store[index] = row
        state["store"] = store

    def mine_batch() -> None:
        state["db"].create_batch(frame)

    fresh()
    mine_batch()
    assert state["db"].count() == count
    mine, other = alternate(timed(mine_batch, before=fresh), timed(theirs))
    report.add(f"create_batch(df) {count} x 5; df.to_dict into a dict", mine, other, ">= 5x faster", other / mine >= 5,
               faster=True)


def imports(report: Report) -> None:
    def run(module: str) -> Callable[[], float]:
        code = (
            f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start); "
            "import sys; print([name for name in ('dataknobs_config', 'pandas', 'pyarrow') if name in sys.modules])"
        )

        def once() -> float:
            output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            seconds, found = output.stdout.splitlines()
            if module == "dataknobs_data":
                assert found == "[]", found
            return float(seconds)

        return once

    mine, other = alternate(run("dataknobs_data"), run("polars"), 9)
    report.add("import dataknobs_data; import polars", mine, other, "< 1", mine < other)


def main() -> None:
    """Measure everything, or the named parts."""
    parts: dict[str, Callable[[Report], None]] = {
        "record": record_construction,
        "single": lambda report: memory_single(report, 100_000),
        "async": lambda report: async_read(report, 100_000),
        "search": lambda report: search(report, 100_000),
        "frames": lambda report: frames(report, 100_000),
        "import": imports,
        "files": files,
        "postgres": postgres,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="what to measure; everything without it")
    chosen = parser.parse_args().parts or list(parts)
    report = Report()
    for part in chosen:
        parts[part](report)
    print(report)


if __name__ == "__main__":
    main()
