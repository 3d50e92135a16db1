"""Moving records between databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.exceptions import AlreadyExistsError
from dataknobs_data.utils.migrations import MigrationReport, migrate, migrate_async


def filled(count: int) -> SyncDatabase:
    source = SyncDatabase.create("memory")
    source.create_batch([Record({"n": n}, f"id{n}", {"part": n % 2}) for n in range(count)])
    return source


@pytest.mark.parametrize("name", ["records.json", "records.jsonl", "records.csv"])
def test_ids_types_and_metadata_come_along(tmp_path: Path, name: str) -> None:
    source = filled(25)
    with SyncDatabase.open(str(tmp_path / name)) as target:
        report = migrate(source, target, batch_size=10)
        assert (report.read, report.written, report.skipped) == (25, 25, 0)
        assert target.search("ORDER BY n") == source.search("ORDER BY n")
        assert target.read("id7").metadata == {"part": 1}


def test_a_query_says_which_records() -> None:
    target = SyncDatabase.create("memory")
    assert migrate(filled(10), target, "n >= 7").written == 3
    assert target.search("ORDER BY n").ids() == ["id7", "id8", "id9"]


def test_a_transformation_changes_and_leaves_out() -> None:
    def transform(record: Record) -> Record | None:
        return None if record["n"] % 2 else Record({"twice": record["n"] * 2})

    target = SyncDatabase.create("memory")
    report = migrate(filled(4), target, transform=transform)
    assert (report.read, report.written, report.skipped) == (4, 2, 2)
    assert target.read("id2").to_dict() == {"twice": 4}


def test_what_is_there_already_is_an_error_replaced_or_skipped() -> None:
    def target() -> SyncDatabase:
        database = SyncDatabase.create("memory")
        database.create(Record({"n": -1}, "id2"))
        return database

    with pytest.raises(AlreadyExistsError):
        migrate(filled(4), target())
    replaced = target()
    assert migrate(filled(4), replaced, existing="replace").written == 4
    assert replaced.read("id2")["n"] == 2
    kept = target()
    report = migrate(filled(4), kept, existing="skip", batch_size=2)
    assert (report.written, report.skipped) == (3, 1)
    assert kept.read("id2")["n"] == -1


def test_progress_is_told_after_each_batch() -> None:
    seen: list[int] = []
    migrate(
        filled(25), SyncDatabase.create("memory"), batch_size=10, progress=lambda report: seen.append(report.written)
    )
    assert seen == [10, 20, 25]


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"existing": "ignore"}])
def test_nonsense_is_refused_before_anything_is_read(options: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        migrate(filled(1), SyncDatabase.create("memory"), **options)  # type: ignore[arg-type]


async def test_the_asynchronous_form_does_the_same() -> None:
    source, target = Database.create("memory"), Database.create("memory")
    await source.create_batch([Record({"n": n}, f"id{n}") for n in range(25)])
    report: MigrationReport = await migrate_async(source, target, batch_size=10)
    assert repr(report) == "MigrationReport(read=25, written=25, skipped=0)"
    assert await target.search("ORDER BY n") == await source.search("ORDER BY n")
    await target.delete("id3")
    report = await migrate_async(source, target, existing="skip")
    assert (report.written, report.skipped) == (1, 24)
    assert (await migrate_async(source, target, existing="replace")).written == 25
