"""Databases in tables of a real PostgreSQL server, which ``cargo xtask test`` starts."""

from __future__ import annotations

import asyncio
import os
import uuid
from datetime import datetime, timezone

import pytest

from dataknobs_data import Database, Query, Record, SyncDatabase
from dataknobs_data.backends.postgres import PostgresDatabase, SyncPostgresDatabase
from dataknobs_data.exceptions import (
    AccessRefusedError,
    AlreadyExistsError,
    ConflictError,
    InvalidConfigError,
    InvalidRecordError,
    TimedOutError,
)


@pytest.fixture
def url() -> str:
    """Give the URL of a table that is not there yet."""
    return f"{os.environ['DATAKNOBS_TEST_POSTGRES']}/postgres?table=t{uuid.uuid4().hex}"


def settings(url: str) -> dict[str, object]:
    """Give the settings that a URL stands for."""
    from urllib.parse import parse_qs, unquote, urlsplit

    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "password": unquote(parts.password or ""),
        "database": parts.path.lstrip("/"),
        "table": parse_qs(parts.query)["table"][0],
    }


def test_classes_are_those_of_the_backend(url):
    db = Database.create("postgres", settings(url))
    assert type(db) is PostgresDatabase
    assert type(SyncDatabase.open(url)) is SyncPostgresDatabase


def test_the_plans_configuration_runs_as_written(url):
    async def main():
        db = Database.create("postgres", {**settings(url), "schema": {"id": "UUID", "data": "JSONB"}})
        record = Record({"name": "John Doe", "age": 30, "email": "john@example.com"})
        id = await db.create(record)
        retrieved = await db.read(id)
        assert retrieved == record
        assert await db.update(id, Record({"name": "John Doe", "age": 31}))
        query = Query().filter("age", ">=", 25).filter("name", "LIKE", "John%").sort("age", "DESC").limit(10)
        assert [found["age"] for found in await db.search(query)] == [31]
        assert await db.delete(id)
        with pytest.raises(InvalidRecordError):
            await db.create(Record({"name": "x"}, id="no uuid"))
        await db.close()

    asyncio.run(main())


def test_what_is_written_comes_back(url):
    moment = datetime(2024, 1, 31, 10, 0, 0, 5, tzinfo=timezone.utc)
    values = {"z": "a\0b", "a": moment, "bytes": b"\0\xff", "n": 2**53 + 1, "f": 1e300, "j": {"k": [1, 1.0, None]}}
    with SyncDatabase.open(url) as db:
        id = db.create(values)
        assert db.read(id).to_dict() == values
        assert list(db.read(id)) == list(values)
        with pytest.raises(AlreadyExistsError):
            db.create(Record({}, id=id))
        assert db.count(Query().filter("a", "=", "2024-01-31T11:00:00.000005+01:00")) == 1
    with SyncDatabase.open(url) as again:
        assert again.read(id).to_dict() == values


def test_a_batch_is_all_or_nothing(url):
    with SyncDatabase.open(url) as db:
        ids = db.create_batch([{"n": number} for number in range(500)])
        with pytest.raises(AlreadyExistsError) as raised:
            db.create_batch([Record({"n": -1}), *(Record({"n": 0}, id=id) for id in ids)])
        assert raised.value.failures[0][0] == 1
        assert db.count() == 500


def test_a_frame_comes_back_as_it_was_stored(url):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"name": ["Ada", "Grace"], "age": [36, 85]})
    with SyncDatabase.open(url) as db:
        db.create_batch(frame)
        found = db.search_as_dataframe(Query().sort("age", "DESC"))
        assert found["name"].tolist() == ["Grace", "Ada"]


def test_a_table_of_records_that_is_there_is_found_by_its_columns(url):
    with SyncDatabase.open(url) as db:
        db.create_batch([{"name": "Ada", "age": 36}, {"name": "Tim", "age": 7}])
    # The same rows, seen as the columns that the table has.
    with SyncDatabase.create("postgres", {**settings(url), "layout": "columns"}) as columns:
        found = columns.search(Query().filter("data", "EXISTS").sort("version"))
        assert [record["data"]["name"] for record in found] == ["Ada", "Tim"]
        assert columns.info()["layout"] == "columns"


def test_a_table_with_columns_is_a_frame_without_records(url):
    pd = pytest.importorskip("pandas")
    table = settings(url)["table"]
    with SyncDatabase.open(url) as db:
        db.create_batch([Record({"name": f"n{number}", "n": number}, id=f"id{number:04}") for number in range(2_000)])
        db.patch("id0007", {"n": None})
    with SyncDatabase.create("postgres", {**settings(url), "layout": "columns"}) as columns:
        for query in (None, "_id > 'id0500' ORDER BY _id DESC", "_id = 'nobody'", Query().select(["id", "version"])):
            expected = columns.search(query).to_dataframe(id="index")
            found = columns.search_as_dataframe(query, id="index")
            pd.testing.assert_frame_equal(found, expected)
            assert found.attrs == expected.attrs
            again = asyncio.run(columns.to_async().search_as_dataframe(query, id="index"))
            pd.testing.assert_frame_equal(again, expected)
        frame = columns.search_as_dataframe()
        assert list(frame.columns) == list(columns.first())
        assert frame["id"].tolist() == [f"id{number:04}" for number in range(2_000)], table
        assert frame["data"][7] == {"name": "n7", "n": None}
        assert str(frame["version"].dtype) == "int64" and "UTC" in str(frame["created_at"].dtype)


def test_savepoints_undo_a_part(url):
    with SyncDatabase.open(url) as db:
        assert db.capabilities.savepoints
        with db.transaction() as tx:
            kept = tx.create({"n": 1})
            with pytest.raises(AlreadyExistsError), tx.savepoint():
                tx.create({"n": 2})
                tx.create_batch([Record({"n": 3}), Record({"n": 4}, id=kept)])
            with tx.savepoint():
                tx.create({"n": 5})
            point = tx.savepoint()
            tx.delete(kept)
            point.rollback()
            with pytest.raises(ConflictError):
                point.release()
            with pytest.raises(ConflictError), point:
                tx.clear()
        assert sorted(record["n"] for record in db.search()) == [1, 5]

    async def main():
        async with Database.open(url) as db, db.transaction() as tx:
            async with tx.savepoint() as outer:
                await tx.create({"n": 6})
                inner = await tx.savepoint()
                await tx.clear()
                await inner.rollback()
            assert await tx.count() == 3
            with pytest.raises(ConflictError):
                await outer.release()
            with pytest.raises(ConflictError):
                async with outer:
                    await tx.clear()
            with pytest.raises(RuntimeError):
                async with tx.savepoint():
                    await tx.clear()
                    raise RuntimeError
        async with Database.open(url) as db:
            assert await db.count() == 3

    asyncio.run(main())


def test_what_went_wrong_in_a_savepoint_is_what_is_reported(url):
    async def main():
        async with Database.open(url) as db:
            id = await db.create({"n": 1})
            async with db.transaction() as holder:
                await holder.patch(id, {"n": 2})
                # A call that is interrupted leaves its transaction in the middle of something.
                with pytest.raises(TimedOutError):
                    async with db.transaction() as tx, tx.savepoint():
                        await tx.patch(id, {"n": 3}, timeout=0.2)
                with pytest.raises(asyncio.TimeoutError):
                    async with db.transaction() as tx, tx.savepoint():
                        await asyncio.wait_for(tx.patch(id, {"n": 3}), 0.2)
            assert (await db.read(id))["n"] == 2

    asyncio.run(main())


def test_transactions_have_levels(url):
    with SyncDatabase.open(url) as db:
        assert db.capabilities.serializable
        id = db.create({"n": 1})
        with db.transaction(isolation="serializable") as tx:
            assert tx.patch(id, {"n": 2})
        assert db.run_transaction(lambda tx: tx.read(id)["n"], isolation="read committed") == 2
        with pytest.raises(InvalidConfigError):
            db.transaction(isolation="chaos")


def test_errors_have_their_class_and_no_secret(url):
    db = SyncDatabase.create("postgres", {**settings(url), "password": "wrong secret"})
    with pytest.raises(AccessRefusedError) as raised:
        db.count()
    assert "wrong secret" not in repr(raised.value) + str(raised.value) + repr(db)
    with pytest.raises(InvalidConfigError, match="tabel"):
        SyncDatabase.create("postgres", tabel="x")
