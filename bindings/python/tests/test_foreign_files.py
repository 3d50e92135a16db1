"""Files that other tools write open here, and what is written here opens there with the same values."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Record, SyncDatabase
from dataknobs_data.exceptions import CorruptError

RECORDS: list[dict[str, Any]] = [
    {"name": "Ada", "n": 1, "f": 0.1, "ok": True, "t": dt.datetime(2024, 1, 31, 10)},
    {
        "name": 'O"Neil; \t"Ned",\nJr.',
        "n": -(2**53),
        "f": -2.5,
        "ok": False,
        "t": dt.datetime(1999, 12, 31, 23, 59, 59),
    },
    {"name": "Größe", "n": 2**62, "f": 1e300, "ok": True, "t": None},
]
ENDINGS = [".csv", ".csv.gz", ".csv.zst", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".jsonl.zst"]


@pytest.fixture(params=ENDINGS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"data{request.param}"
    with SyncDatabase.open(str(path)) as db:
        db.create_batch(RECORDS)
    return path


def as_text(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Datetimes as the texts that stand in files."""
    return [{**record, "t": record["t"] and record["t"].isoformat()} for record in records]


@pytest.mark.parametrize("written", [ending for ending in ENDINGS if ".zst" not in ending], indirect=True)
def test_pandas_reads_what_we_write(written: Path) -> None:
    pandas = pytest.importorskip("pandas")
    if ".csv" in written.name:
        frame = pandas.read_csv(written, dtype={"t": "object", "name": "object"})
    else:
        frame = pandas.read_json(written, lines=".jsonl" in written.name, dtype=False, precise_float=True)
    rows = frame[["name", "n", "f", "ok", "t"]].astype("object")
    rows = rows.where(rows.notna(), None).to_dict("records")
    assert rows == as_text(RECORDS)


def test_duckdb_reads_what_we_write(written: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    reader = "read_csv" if ".csv" in written.name else "read_json"
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT name, n, f, ok, t FROM {reader}('{written}') ORDER BY _id")
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert sorted(rows, key=lambda row: row["n"]) == sorted(RECORDS, key=lambda record: record["n"])


def test_the_text_inside_is_the_plain_files(tmp_path: Path) -> None:
    for path in [tmp_path / "a.json", tmp_path / "a.json.gz"]:
        with SyncDatabase.open(str(path)) as db:
            db.create(Record({"name": "Ada"}, id="a"))
    assert gzip.decompress((tmp_path / "a.json.gz").read_bytes()) == (tmp_path / "a.json").read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".json", ".jsonl"])
def test_we_read_what_pandas_writes(ending: str, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame, path = pandas.DataFrame(RECORDS), tmp_path / f"data{ending}"
    if ".csv" in ending:
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=ending == ".jsonl", date_format="iso", double_precision=15)
    with SyncDatabase.open(str(path)) as db:
        rows = [dict(record) for record in db.search()]
    if ".csv" not in ending:
        for row in rows:
            row["t"] = row["t"] and dt.datetime.fromisoformat(row["t"])
    assert rows == RECORDS


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json", "a.jsonl.zst"])
def test_we_read_what_duckdb_copies(name: str, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / name
    values = "(1, 'Ada', TIMESTAMP '2024-01-31 10:00:00'), (2, 'a;b', NULL)"
    with duckdb.connect() as connection:
        connection.sql(f"COPY (SELECT * FROM (VALUES {values}) rows(n, name, t)) TO '{path}'")
    with SyncDatabase.open(str(path)) as db:
        rows = [dict(record) for record in db.search()]
    time: Any = dt.datetime(2024, 1, 31, 10) if ".csv" in name else "2024-01-31 10:00:00"
    assert rows == [{"n": 1, "name": "Ada", "t": time}, {"n": 2, "name": "a;b", "t": None}]


def test_a_damaged_compressed_file_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "people.json.gz"
    path.write_bytes(gzip.compress(json.dumps([{"_id": "a"}]).encode())[:-1])
    with pytest.raises(CorruptError, match="cut off") as caught, SyncDatabase.open(str(path)):
        pass
    assert caught.value.context["compression"] == "gzip"


def test_a_name_that_says_nothing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_bytes(gzip.compress(b"[]"))
    with pytest.raises(CorruptError, match="compressed with gzip"), SyncDatabase.open(str(path)):
        pass
    with SyncDatabase.create("file", path=path, compression="gzip") as db:
        assert db.count() == 0
