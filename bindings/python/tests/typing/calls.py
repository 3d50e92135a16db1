"""What the types of the calls are, checked by mypy; nothing here runs."""

from __future__ import annotations

import sqlite3
from asyncio import StreamWriter, open_connection
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas
from typing_extensions import assert_type

from dataknobs_data import (
    Aggregation,
    Capabilities,
    Database,
    Explain,
    Field,
    FieldType,
    Filter,
    IndexInfo,
    Operator,
    Query,
    Record,
    SearchResult,
    SortSpec,
    SyncDatabase,
    SyncTransaction,
    Table,
    Transaction,
    dataframe_to_records,
    records_to_dataframe,
)
from dataknobs_data.backends.file import SyncFileDatabase
from dataknobs_data.backends.memory import MemoryDatabase
from dataknobs_data.connections import AsyncConnectionPool, ConnectionManager, ConnectionPool
from dataknobs_data.serializers import (
    FormatHandler,
    dump,
    dumps,
    format_for,
    format_names,
    get_format,
    load,
    loads,
    register_converter,
    register_format,
    register_serializer,
    unregister_converter,
    unregister_format,
    unregister_serializer,
)


@dataclass
class Person:
    name: str
    age: int


class Lines(FormatHandler):
    name = "lines"
    extensions = ("txt",)

    def read(self, data: bytes) -> list[Record]:
        return [Record({"line": line}) for line in data.decode().splitlines()]

    def write(self, records: Sequence[Record]) -> bytes:
        return "".join(f"{record['line']}\n" for record in records).encode()


def serializers() -> None:
    register_serializer(Decimal, serialize=str, deserialize=Decimal)
    register_serializer(Decimal, str, name="exact", replace=True)
    register_serializer(Person, lambda person: {"name": person.name}, lambda stored: Person(stored["name"], 0))
    register_serializer(Person, str, len)  # type: ignore[arg-type]
    assert_type(unregister_serializer(Decimal), bool)
    register_converter(FieldType.BOOLEAN, {"yes": True}.get)
    assert_type(unregister_converter("BOOLEAN", {"yes": True}.get), bool)
    register_format(Lines())
    assert_type(unregister_format("lines"), bool)
    assert_type(get_format("json"), FormatHandler)
    assert_type(format_for(Path("people.json")), FormatHandler)
    assert_type(format_names(), list[str])
    assert_type(loads(dumps([{"name": "Ada"}, Record()], "json"), Lines()), list[Record])
    assert_type(load(Path("people.json"), format="json"), list[Record])
    dump(pandas.DataFrame(), "people.json", "json")


def records() -> None:
    record = Record({"name": "Ada", "age": 36}, id="ada", metadata={"source": "letters"})
    assert_type(record["name"], Any)
    assert_type(record[0], Any)
    assert_type(record.id, str | None)
    assert_type(record.fields["age"], Field)
    assert_type(record.fields["age"].type, FieldType)
    assert_type(record.fields.get("age"), Field | None)
    assert_type(record.to_dict(), dict[str, Any])
    assert_type(record.copy(), Record)
    assert_type(record.project("name"), Record)
    assert_type(dict(record), dict[str, Any])
    assert_type(Record.from_json(record.to_json()), Record)
    record.id = UUID(int=1)
    record.metadata = {"source": "letters"}
    record["age"] = Field("age", "36", "INTEGER")
    as_mapping: Mapping[str, Any] = record
    Record(as_mapping)
    Record([Field("name", "Ada")])
    Record(Person("Ada", 36))
    Record(3)  # type: ignore[arg-type]
    record.version = "1"  # type: ignore[misc]


def queries() -> None:
    query = Query().filter("age", ">=", 25).filter("name", Operator.LIKE, "John%").sort("age", "DESC").limit(10)
    assert_type(query, Query)
    assert_type(query.offset(5).select("name", "age").after("token"), Query)
    assert_type(Query(filters=[("age", ">=", 25)], sort=SortSpec("age"), limit=10), Query)
    assert_type(Query.parse("age > 1"), Query)
    assert_type(query.to_dict(), dict[str, Any])
    old, near = Filter("age", ">", 65), Filter("city", "IN", ["Oslo"])
    assert_type(old & ~near | old, Filter)
    assert_type(Query().filter(old | near), Query)
    assert_type(Aggregation().group_by("city").count().avg("age"), Aggregation)
    query.limit("10")  # type: ignore[arg-type]


def blocking(db: SyncDatabase) -> None:
    assert_type(SyncDatabase.create("memory"), SyncDatabase)
    assert_type(SyncFileDatabase.create("file", path="people.csv"), SyncFileDatabase)
    assert_type(SyncDatabase.open("people.csv"), SyncDatabase)
    assert_type(db.create({"name": "Ada"}), str)
    assert_type(db.create(Person("Ada", 36), timeout=5), str)
    assert_type(db.read("ada"), Record | None)
    assert_type(db.update("ada", {"name": "Ada"}, expected_version="1"), bool)
    assert_type(db.patch("ada", {"age": 36}, unset=["name"]), bool)
    assert_type(db.upsert("ada", {"name": "Ada"}), str)
    assert_type(db.delete(UUID(int=1)), bool)
    assert_type(db.search("age > 1"), SearchResult)
    assert_type(db.search(Filter("age", ">", 1))[0], Record)
    assert_type(db.search({"limit": 5})[:2], SearchResult)
    assert_type([record for record in db.search()], list[Record])
    assert_type(db.search().to_dataframe(id="index"), pandas.DataFrame)
    assert_type(db.search_as_dataframe("age > 1"), pandas.DataFrame)
    assert_type(db.first(Query()), Record | None)
    assert_type(db.count(), int)
    assert_type([record for record in db.stream()], list[Record])
    assert_type(db.create_batch([{"n": 1}, Record({"n": 2})]), list[str])
    assert_type(db.create_batch(pandas.DataFrame({"n": [1]})), list[str])
    assert_type(db.create_batch(db.search()), list[str])
    assert_type(db.read_batch(["a"]), list[Record | None])
    assert_type(db.upsert_batch(pandas.DataFrame({"n": [1]}), id_column="n"), list[str])
    assert_type(db.update_where("age > 1", set={"old": True}), int)
    assert_type(db.aggregate(Aggregation().count()), Table)
    assert_type(db.explain("age > 1"), Explain)
    assert_type(db.create_index("age", kind="ordered"), IndexInfo)
    assert_type(db.capabilities, Capabilities)
    assert_type(db.read_only(), SyncDatabase)
    assert_type(db.to_async(), Database)
    assert_type(db.run_transaction(lambda tx: tx.count()), int)
    with db.transaction() as tx:
        assert_type(tx, SyncTransaction)
        assert_type(tx.create({"name": "Ada"}), str)
    with SyncDatabase.create("memory") as opened, opened.stream() as stream:
        assert_type(opened, SyncDatabase)
        assert_type(next(stream), Record)
    db.create(3)  # type: ignore[arg-type]
    db.read(3)  # type: ignore[arg-type]
    db.search(3)  # type: ignore[arg-type]
    db.create_batch(Record())  # type: ignore[arg-type]
    db.delete_where()  # type: ignore[call-arg]


async def asynchronous(db: Database) -> None:
    assert_type(Database.create("memory"), Database)
    assert_type(Database.create("file", {"path": "people.csv"}), Database)
    assert_type(MemoryDatabase.create("memory", persist="people.jsonl"), MemoryDatabase)
    assert_type(Database.from_config({"type": "memory"}), Database)
    assert_type(await db.create({"name": "Ada"}), str)
    assert_type(await db.read("ada", timeout=1.5), Record | None)
    assert_type(await db.update("ada", {"name": "Ada"}), bool)
    assert_type(await db.upsert(Record(id="ada")), str)
    assert_type(await db.search("age > 1"), SearchResult)
    assert_type(await db.search_as_dataframe("age > 1", id="column"), pandas.DataFrame)
    assert_type([record async for record in db.stream("age > 1")], list[Record])
    assert_type(await db.read_batch(["a"]), list[Record | None])
    assert_type(await db.delete_batch(["a"]), list[bool])
    assert_type(await db.aggregate(Aggregation().count()), Table)
    assert_type(await db.list_indexes(), list[IndexInfo])
    assert_type(await db.info(), dict[str, Any])
    assert_type(db.to_sync(), SyncDatabase)
    async with db.transaction() as tx:
        assert_type(tx, Transaction)
        assert_type(await tx.create({"name": "Ada"}), str)
    async with Database.create("memory") as opened:
        assert_type(opened, Database)

    async def ids(tx: Transaction) -> list[str | None]:
        return (await tx.search()).ids()

    assert_type(await db.run_transaction(ids), list[str | None])
    await db.create(3)  # type: ignore[arg-type]


def frames(db: SyncDatabase) -> None:
    frame = records_to_dataframe(db.search(), id="index")
    assert_type(frame, pandas.DataFrame)
    assert_type(dataframe_to_records(frame, missing="drop"), SearchResult)


class Sqlite(ConnectionManager[sqlite3.Connection]):
    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(":memory:")


class Streams(ConnectionManager[StreamWriter]):
    async def connect(self) -> StreamWriter:
        return (await open_connection("localhost", 7))[1]

    async def check(self, connection: StreamWriter) -> bool:
        return not connection.is_closing()


def connections() -> None:
    pool = ConnectionPool(lambda: sqlite3.connect(":memory:"), max_size=4, acquire_timeout="5s", idle_timeout=None)
    assert_type(pool, ConnectionPool[sqlite3.Connection])
    assert_type(ConnectionPool(Sqlite()), ConnectionPool[sqlite3.Connection])
    assert_type(ConnectionPool.from_config(Sqlite(), {"max_size": 4}), ConnectionPool[sqlite3.Connection])
    assert_type(pool.acquire(timeout=1), sqlite3.Connection)
    assert_type(pool.metrics.idle, int)
    with ConnectionPool(Sqlite(), retry=3) as opened, opened.connection() as connection:
        assert_type(connection, sqlite3.Connection)
        opened.release(connection)
    pool.release(3)  # type: ignore[arg-type]
    ConnectionPool(sqlite3.connect)  # type: ignore[arg-type]
    ConnectionPool(Sqlite(), max_size="4")  # type: ignore[arg-type]


async def asynchronous_connections() -> None:
    async def connect() -> StreamWriter:
        return (await open_connection("localhost", 7))[1]

    pool = AsyncConnectionPool(connect, check=StreamWriter.drain, close=StreamWriter.close)
    assert_type(pool, AsyncConnectionPool[StreamWriter])
    assert_type(AsyncConnectionPool(Streams()), AsyncConnectionPool[StreamWriter])
    assert_type(AsyncConnectionPool(lambda: sqlite3.connect(":memory:")), AsyncConnectionPool[sqlite3.Connection])
    assert_type(AsyncConnectionPool.from_config(connect, {"max_size": 4}), AsyncConnectionPool[StreamWriter])
    assert_type(await pool.acquire(), StreamWriter)
    async with pool, pool.connection(timeout=5) as connection:
        assert_type(connection, StreamWriter)
        await pool.discard(connection)
