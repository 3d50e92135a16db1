"""Times the PostgreSQL store beside asyncpg, psycopg 3, ConnectorX, ADBC and ``pandas.read_sql``, on one durable server.

``DATAKNOBS_TEST_POSTGRES`` says where the server is; ``cargo xtask bench python -- postgres`` starts one. Single calls,
batches and searches run on a table of documents: the rivals write and read the same rows of it, with connections of
their own that have each statement prepared. DataFrames are made of a table of ten columns, each engine in a process of
its own that connects, reads and lets go; all of them must give the same values.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench import Report

ROUNDS = 7
CALLS = 1_000
BATCH = 10_000
FOUND = 1_000
WIDE = 1_000_000

#: The same rows, whoever writes them.
INSERT = "INSERT INTO {table} (id, data) VALUES ($1, $2)"
READ = "SELECT id, data, meta, version FROM {table} WHERE id = $1"
UPDATE = "UPDATE {table} SET data = $2, version = DEFAULT, updated_at = now() WHERE id = $1"
DELETE = "DELETE FROM {table} WHERE id = $1"
SEARCH = "SELECT id, data, meta, version FROM {table} WHERE data->'age' = $1 ORDER BY id"

#: The same as psycopg has them: values in order, in their binary form.
PSYCOPG = {
    name: text.replace("$1", "%b").replace("$2", "%b").format(table="py_theirs")
    for name, text in {"create": INSERT, "read": READ, "delete": DELETE}.items()
}
PSYCOPG["update"] = "UPDATE py_theirs SET data = %b, version = DEFAULT, updated_at = now() WHERE id = %b"


def server() -> str:
    """Give the URL of the server, without a database."""
    return os.environ["DATAKNOBS_TEST_POSTGRES"]


def rows(start: int, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Give ids and fields."""
    return [
        (
            f"id{number:08}",
            {"name": f"name{number}", "city": f"city{number % 20}", "age": number % 100, "score": number / 7, "ok": True},
        )
        for number in range(start, start + count)
    ]


def seconds(body: Callable[[], Any]) -> float:
    """Give the time of one call."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        body()
        return time.perf_counter() - start
    finally:
        gc.enable()


def in_turn(runs: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """Give the median of each; they run in turn, so that a busy machine is unfair to none."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(run())
    return {name: statistics.median(found) for name, found in times.items()}


def add(report: Report, what: str, found: dict[str, float], bar: float) -> None:
    """Add a row: ours beside the fastest of the others."""
    ours = found.pop("ours")
    rival = min(found, key=lambda name: found[name])
    others = ", ".join(f"{name} {value * 1e3:.3g} ms" for name, value in found.items())
    report.add(f"postgres: {what} ({others})", ours, found[rival], f"<= {bar:.2f} of {rival}", ours / found[rival] <= bar)


class Tables:
    """A table of documents for each side, and what empties them."""

    def __init__(self) -> None:
        import psycopg

        from dataknobs_data import SyncDatabase

        self.admin = psycopg.connect(server() + "/postgres", autocommit=True)
        for table in ("py_ours", "py_theirs"):
            self.admin.execute(f"DROP TABLE IF EXISTS {table}")
            with SyncDatabase.open(f"{server()}/postgres?table={table}") as db:
                db.connect()

    def clear(self) -> None:
        """Empty both."""
        self.admin.execute("TRUNCATE py_ours, py_theirs")

    def fill(self, count: int) -> None:
        """Put the same rows into both."""
        self.clear()
        with self.admin.cursor() as cursor, cursor.copy("COPY py_ours (id, data) FROM STDIN") as copy:
            for id, data in rows(0, count):
                copy.write_row((id, json.dumps(data)))
        self.admin.execute("INSERT INTO py_theirs (id, data) SELECT id, data FROM py_ours")
        self.admin.execute("VACUUM ANALYZE py_ours, py_theirs")


def blocking(report: Report, tables: Tables) -> None:
    """Single calls and batches, blocking; psycopg 3."""
    import psycopg
    from psycopg.types.json import Jsonb

    from dataknobs_data import Record, SyncDatabase

    db = SyncDatabase.open(f"{server()}/postgres?table=py_ours")
    theirs = psycopg.connect(server() + "/postgres", autocommit=True, prepare_threshold=0)
    some = rows(0, CALLS)

    def ours(call: Callable[[str, dict[str, Any]], Any]) -> Callable[[], Any]:
        return lambda: [call(id, data) for id, data in some]

    def check(found: Any) -> None:
        assert found, "a call did nothing"

    singles: dict[str, tuple[Callable[[], Any], Callable[[str, dict[str, Any]], Any], Callable[[str, Any], Any]]] = {
        "create": (
            tables.clear,
            lambda id, data: check(db.create(Record(data, id=id))),
            lambda id, data: check(theirs.execute(PSYCOPG["create"], (id, Jsonb(data))).rowcount),
        ),
        "read": (
            lambda: tables.fill(CALLS),
            lambda id, data: check(db.read(id)["age"] == data["age"]),
            lambda id, data: check(theirs.execute(PSYCOPG["read"], (id,)).fetchone()[1]["age"] == data["age"]),
        ),
        "update": (
            lambda: tables.fill(CALLS),
            lambda id, data: check(db.update(id, data)),
            lambda id, data: check(theirs.execute(PSYCOPG["update"], (Jsonb(data), id)).rowcount),
        ),
        "delete": (
            lambda: tables.fill(CALLS),
            lambda id, data: check(db.delete(id)),
            lambda id, data: check(theirs.execute(PSYCOPG["delete"], (id,)).rowcount),
        ),
    }
    for what, (before, mine, other) in singles.items():

        def run(body: Callable[[str, Any], Any], before: Callable[[], Any] = before) -> Callable[[], float]:
            def once() -> float:
                before()
                return seconds(ours(body)) / CALLS

            return once

        add(report, f"{what}, blocking", in_turn({"ours": run(mine), "psycopg": run(other)}), 1.25)

    def copy_psycopg(items: list[tuple[str, dict[str, Any]]]) -> None:
        with theirs.cursor() as cursor, cursor.copy("COPY py_theirs (id, data) FROM STDIN") as copy:
            for id, data in items:
                copy.write_row((id, json.dumps(data)))

    many = rows(0, BATCH)
    # Each side's own objects are in memory; what becomes of them is timed.
    records = [Record(data, id=id) for id, data in many]

    def batch(body: Callable[[], Any]) -> Callable[[], float]:
        def once() -> float:
            tables.clear()
            return seconds(body)

        return once

    create = {
        "ours": batch(lambda: db.create_batch(records)),
        "psycopg": batch(lambda: copy_psycopg(many)),
    }
    loop = asyncio.new_event_loop()
    asyncpg = loop.run_until_complete(asyncpg_connection())
    create["asyncpg"] = batch(
        lambda: loop.run_until_complete(
            asyncpg.copy_records_to_table("py_theirs", records=((id, data) for id, data in many), columns=["id", "data"])
        )
    )
    add(report, f"create_batch {BATCH}", in_turn(create, 2 * ROUNDS), 1.0)
    create["ours"] = batch(lambda: db.create_batch([Record(data, id=id) for id, data in many]))
    add(report, f"create_batch {BATCH}, records made of dicts first", in_turn(create, 2 * ROUNDS), 1.0)

    tables.fill(100 * FOUND)
    with SyncDatabase.open(f"{server()}/postgres?table=py_ours") as indexes:
        indexes.create_index("age", "hash")
    tables.admin.execute("CREATE INDEX ON py_theirs USING hash ((data->'age'))")
    tables.admin.execute("VACUUM ANALYZE py_ours, py_theirs")
    search = SEARCH.format(table="py_theirs")

    def sum_ours() -> float:
        found = db.search("age = 7")
        assert len(found) == FOUND
        return sum(record["score"] for record in found)

    def sum_psycopg() -> float:
        found = theirs.execute(search.replace("$1", "%b"), (Jsonb(7),)).fetchall()
        assert len(found) == FOUND
        return sum(row[1]["score"] for row in found)

    def sum_asyncpg() -> float:
        found = loop.run_until_complete(asyncpg.fetch(search, 7))
        assert len(found) == FOUND
        return sum(row["data"]["score"] for row in found)

    assert sum_ours() == sum_psycopg() == sum_asyncpg()
    searches = {"ours": sum_ours, "psycopg": sum_psycopg, "asyncpg": sum_asyncpg}
    timed = {name: lambda body=body: seconds(lambda: [body() for _ in range(10)]) / 10 for name, body in searches.items()}
    add(report, f"search, {FOUND} found", in_turn(timed), 1.0)
    loop.run_until_complete(asyncpg.close())
    loop.close()
    theirs.close()
    db.close()


async def asyncpg_connection() -> Any:
    """Give a connection that takes and gives JSON as objects, in its binary form."""
    import asyncpg

    connection = await asyncpg.connect(server() + "/postgres")
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value).encode(),
        decoder=lambda data: json.loads(data[1:]),
    )
    return connection


async def awaited(report: Report, tables: Tables) -> None:
    """Single calls, awaited; asyncpg and psycopg 3."""
    import psycopg
    from psycopg.types.json import Jsonb

    from dataknobs_data import Database, Record

    db = Database.open(f"{server()}/postgres?table=py_ours")
    asyncpg = await asyncpg_connection()
    theirs = await psycopg.AsyncConnection.connect(server() + "/postgres", autocommit=True, prepare_threshold=0)
    # asyncpg keeps statements prepared by their texts.
    by_name = {"create": INSERT, "read": READ, "update": UPDATE, "delete": DELETE}
    prepared = {name: text.format(table="py_theirs") for name, text in by_name.items()}
    some = rows(0, CALLS)

    async def psycopg_read(id: str, data: dict[str, Any]) -> bool:
        row = await (await theirs.execute(PSYCOPG["read"], (id,))).fetchone()
        return row is not None and row[1]["age"] == data["age"]

    async def changed(statement: str, parameters: tuple[Any, ...]) -> bool:
        return (await theirs.execute(statement, parameters)).rowcount == 1

    async def ours_read(id: str, data: dict[str, Any]) -> bool:
        record = await db.read(id)
        return record is not None and record["age"] == data["age"]

    async def asyncpg_read(id: str, data: dict[str, Any]) -> bool:
        return (await asyncpg.fetchrow(prepared["read"], id))["data"]["age"] == data["age"]

    calls: dict[str, dict[str, Callable[[str, dict[str, Any]], Awaitable[Any]]]] = {
        "create": {
            "ours": lambda id, data: db.create(Record(data, id=id)),
            "asyncpg": lambda id, data: asyncpg.execute(prepared["create"], id, data),
            "psycopg": lambda id, data: changed(PSYCOPG["create"], (id, Jsonb(data))),
        },
        "read": {"ours": ours_read, "asyncpg": asyncpg_read, "psycopg": psycopg_read},
        "update": {
            "ours": lambda id, data: db.update(id, data),
            "asyncpg": lambda id, data: asyncpg.execute(prepared["update"], id, data),
            "psycopg": lambda id, data: changed(PSYCOPG["update"], (Jsonb(data), id)),
        },
        "delete": {
            "ours": lambda id, data: db.delete(id),
            "asyncpg": lambda id, data: asyncpg.execute(prepared["delete"], id),
            "psycopg": lambda id, data: changed(PSYCOPG["delete"], (id,)),
        },
    }
    for what, sides in calls.items():
        times: dict[str, list[float]] = {name: [] for name in sides}
        for round in range(ROUNDS + 1):
            for name, call in sides.items():
                tables.clear() if what == "create" else tables.fill(CALLS)
                gc.collect()
                start = time.perf_counter()
                for id, data in some:
                    answer = await call(id, data)
                    assert answer is not False
                if round > 0:
                    times[name].append((time.perf_counter() - start) / CALLS)
        add(report, f"{what}, awaited", {name: statistics.median(found) for name, found in times.items()}, 1.25)
    await db.close()
    await asyncpg.close()
    await theirs.close()


def fill_wide(admin: Any, count: int) -> None:
    """Make the table that DataFrames are made of."""
    admin.execute("DROP TABLE IF EXISTS wide")
    admin.execute(
        "CREATE TABLE wide AS SELECT i::bigint AS id, (i::bigint * 7919 % 1000)::int AS quantity, "
        "i::bigint * 104729 AS stock, (i % 9973) / 7.0::float8 AS price, sqrt(i)::float8 AS score, i % 3 = 0 AS active, "
        "timestamp '2020-01-01' + i * interval '37 seconds' AS created, 'name' || lpad(i::text, 8, '0') AS name, "
        f"'city' || (i % 20) AS city, md5(i::text) AS note FROM generate_series(1, {count}) i"
    )
    admin.execute("ALTER TABLE wide ADD PRIMARY KEY (id)")
    admin.execute("VACUUM ANALYZE wide")


ENGINES = ("ours", "connectorx", "connectorx, 2 partitions", "connectorx through arrow", "adbc", "pandas.read_sql")


def read_wide(engine: str) -> Any:
    """Connect, read, let go, and give the DataFrame."""
    url, sql = server() + "/postgres", "SELECT * FROM wide"
    if engine == "ours":
        from dataknobs_data import SyncDatabase

        with SyncDatabase.open(f"{url}?table=wide") as db:
            return db.search_as_dataframe()
    if engine.startswith("connectorx"):
        import connectorx

        if engine.endswith("arrow"):
            return connectorx.read_sql(url, sql, return_type="arrow").to_pandas()
        if engine.endswith("partitions"):
            return connectorx.read_sql(url, sql, partition_on="id", partition_num=2)
        return connectorx.read_sql(url, sql)
    if engine == "adbc":
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_df()
    import pandas
    import sqlalchemy

    alchemy = sqlalchemy.create_engine(url.replace("postgres://", "postgresql+psycopg://"))
    try:
        return pandas.read_sql(sql, alchemy)
    finally:
        alchemy.dispose()


def one_process(engine: str) -> None:
    """Print how long three reads took, and how much memory they had at most; in a process of its own."""
    import resource

    import pandas

    try:
        import pyarrow  # noqa: F401
    except ImportError:
        pass

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before, times, frame = peak(), [], None
    for _ in range(3):
        frame = None
        start = time.perf_counter()
        frame = read_wide(engine)
        times.append(time.perf_counter() - start)
    most = peak() - before
    assert frame is not None
    frame = frame.sort_values("id").reset_index(drop=True)
    told = [len(frame), int(frame["stock"].astype("int64").sum()), float(frame["price"].astype("float64").sum())]
    told += [int(frame["active"].astype(bool).sum()), str(frame["created"].max()), int(frame["name"].str.len().sum())]
    told += [int(pandas.util.hash_array(frame["note"].to_numpy(dtype=object)).sum() % (1 << 31)), frame["city"].nunique()]
    print(json.dumps({"times": times, "peak": most, "told": told}))


def dataframes(report: Report, tables: Tables) -> None:
    """A million rows of ten columns as a DataFrame."""
    fill_wide(tables.admin, WIDE)
    times: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    first: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    peaks: dict[str, list[int]] = {engine: [] for engine in ENGINES}
    told = None
    for _ in range(5):
        for engine in ENGINES:
            output = subprocess.run([sys.executable, __file__, engine], capture_output=True, text=True, check=True)
            found = json.loads(output.stdout.splitlines()[-1])
            told = told or found["told"]
            assert found["told"] == told, (engine, found["told"], told)
            first[engine].append(found["times"][0])
            times[engine].extend(found["times"][1:])
            peaks[engine].append(found["peak"])
    for what, found in (("first read", first), ("next reads", times)):
        medians = {engine: statistics.median(values) for engine, values in found.items()}
        add(report, f"{WIDE} x 10 to DataFrame, {what}", medians, 1.0)
    memory = {engine: statistics.median(values) / 1024 for engine, values in peaks.items()}
    ours = memory.pop("ours")
    rival = min(memory, key=lambda name: memory[name])
    others = ", ".join(f"{name} {value:.0f} MB" for name, value in memory.items())
    row = (f"postgres: {WIDE} x 10 to DataFrame, peak memory ({others})", f"{ours:.0f} MB", f"{memory[rival]:.0f} MB")
    report.rows.append((*row, f"{ours / memory[rival]:.2f}", f"<= 1.00 of {rival}", "met" if ours <= memory[rival] else "MISSED"))


def postgres(report: Report) -> None:
    """All rows of this store."""
    tables = Tables()
    dataframes(report, tables)
    asyncio.run(awaited(report, tables))
    blocking(report, tables)


if __name__ == "__main__":
    one_process(sys.argv[1])
