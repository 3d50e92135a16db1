"""The plan's path from RecordStore: its file is a database as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataknobs_data import Database, SyncDatabase

RecordStore = pytest.importorskip("dataknobs_structures").RecordStore
RECORDS = [
    {"id": 1, "name": "Ada", "score": 9.5, "active": True},
    {"id": 2, "name": "a\ttab", "score": None, "active": False},
    {"id": 3, "name": 'a "quote"\nand a line', "score": -1.0, "active": True},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.tsv"
    store = RecordStore(str(path))
    for record in RECORDS:
        store.add_rec(dict(record))
    store.save()
    return path


async def test_the_plans_line_opens_what_a_record_store_wrote(path: Path) -> None:
    before = path.read_bytes()
    db = Database.create("file", {"path": str(path), "format": "tsv"})
    found = await db.search("ORDER BY id")
    assert [dict(record) for record in found] == RECORDS
    assert [record.id for record in found] == ["1", "2", "3"]
    assert await db.count("score > 9 AND active = TRUE") == 1
    await db.close()
    assert path.read_bytes() == before


def test_a_record_store_reads_what_is_written_to_its_file(path: Path) -> None:
    with SyncDatabase.create("file", path=path) as db:
        assert db.create({"name": "Grace", "score": 8.0, "active": True}) == "4"
        assert db.patch("2", {"score": 7.5})
        assert db.delete("3")
    expected = [RECORDS[0], RECORDS[1] | {"score": 7.5}, {"id": 4, "name": "Grace", "score": 8.0, "active": True}]
    assert RecordStore(str(path)).records == expected


def test_a_comma_separated_one_opens_too(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    store = RecordStore(str(path), sep=",")
    store.add_rec({"user": "a, b", "tags": ["x", "y"]})
    store.save()
    with SyncDatabase.create("file", path=path) as db:
        assert [dict(record) for record in db.search()] == [{"user": "a, b", "tags": "['x', 'y']"}]


def test_an_empty_one_is_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    RecordStore(str(path)).save()
    assert path.exists()
    with SyncDatabase.create("file", path=path) as db:
        assert db.count() == 0
        db.create({"name": "Ada"})
    assert [record["name"] for record in RecordStore(str(path)).records] == ["Ada"]
