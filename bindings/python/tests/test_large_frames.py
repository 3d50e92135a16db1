"""DataFrames of so many rows that several threads work on them: they give what few rows give."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from dataknobs_data import Record, SyncDatabase, dataframe_to_records, records_to_dataframe
from dataknobs_data.exceptions import InvalidRecordError

pandas = pytest.importorskip("pandas")

#: More than twice what a thread is started for.
ROWS = 40_000

SOME = {"flag": True, "n": 1, "x": 0.5, "at": datetime(2024, 1, 31, 12), "text": "some"}


def value(row: int) -> dict[str, Any]:
    values = {
        "flag": row % 2 == 0,
        "n": row * 7,
        "x": row / 3,
        "at": datetime(2024, 1, 1) + timedelta(seconds=row),
        "text": f"text of row {row}, ünd so on",
    }
    missing = list(values)[row % 7] if row % 7 < 5 else None
    return {name: None if name == missing else found for name, found in values.items()}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [SOME, *(value(row) for row in range(1, ROWS))]


@pytest.fixture(scope="module")
def frame(rows: list[dict[str, Any]]) -> Any:
    kinds = {"flag": "boolean", "n": "Int64", "x": "float64", "at": "datetime64[us]", "text": "object"}
    return pandas.DataFrame({name: pandas.array([row[name] for row in rows], dtype=kinds[name]) for name in kinds})


def test_records_have_the_values_and_types_of_the_rows(frame: Any, rows: list[dict[str, Any]]) -> None:
    records = dataframe_to_records(frame)
    assert len(records) == ROWS
    for row in (*range(20), *range(0, ROWS, 997), ROWS - 1):
        assert records[row].to_dict() == rows[row]
    types = {tuple(field.type.value for field in record.fields.values()) for record in records}
    assert types == {("BOOLEAN", "INTEGER", "FLOAT", "DATETIME", "STRING")}


def test_records_of_text_that_pandas_keeps_itself(rows: list[dict[str, Any]]) -> None:
    texts = [row["text"] for row in rows]
    records = dataframe_to_records(pandas.DataFrame({"text": pandas.array(texts, dtype="string")}))
    assert [record["text"] for record in records] == texts


def test_offsets_are_kept(rows: list[dict[str, Any]]) -> None:
    zone = timezone(timedelta(hours=2))
    moments = pandas.Series([row["at"] for row in rows]).dt.tz_localize(zone)
    records = dataframe_to_records(pandas.DataFrame({"at": moments}))
    for row in (0, 1, 3, ROWS - 1):
        expected = rows[row]["at"]
        assert records[row]["at"] == (expected and expected.replace(tzinfo=zone))


def test_long_text_is_prose_and_the_rest_is_not() -> None:
    texts = [f"{row}" for row in range(ROWS)]
    texts[ROWS - 2] = "x" * 1_001
    texts[ROWS - 3] = "é" * 1_000  # more bytes than characters
    records = dataframe_to_records(pandas.DataFrame({"text": texts}))
    assert [record.fields["text"].type.value for record in records[ROWS - 4 :]] == [
        "STRING",
        "STRING",
        "TEXT",
        "STRING",
    ]
    assert [record["text"] for record in records] == texts


def test_ids_go_with_their_rows(frame: Any, rows: list[dict[str, Any]]) -> None:
    keyed = frame.assign(key=[f"id{row}" for row in range(ROWS)])
    records = dataframe_to_records(keyed, id_column="key")
    assert [record.id for record in records] == [f"id{row}" for row in range(ROWS)]
    with SyncDatabase.create("memory") as db:
        db.upsert_batch(keyed, id_column="key")
        assert db.count() == ROWS
        for row in (0, 20_000, ROWS - 1):
            found = db.read(f"id{row}")
            assert found is not None and found.to_dict() == rows[row]


def test_new_ids_ascend_and_are_in_order(frame: Any) -> None:
    with SyncDatabase.create("memory") as db:
        ids = db.create_batch(frame[["n"]])
        assert len(set(ids)) == ROWS and ids == sorted(ids)
        assert [record.id for record in db.search()] == ids


@pytest.mark.parametrize(("column", "wrong"), [("x", float("inf")), ("text", object())], ids=["infinite", "object"])
def test_what_is_wrong_is_named_with_its_row(frame: Any, column: str, wrong: object) -> None:
    broken = frame.copy()
    cells = broken[column].tolist()
    cells[ROWS - 5] = wrong
    broken[column] = pandas.Series(cells, dtype="float64" if column == "x" else "object")
    with SyncDatabase.create("memory") as db:
        with pytest.raises(InvalidRecordError) as caught:
            db.create_batch(broken)
        assert caught.value.context["row"] == str(ROWS - 5) and caught.value.context["column"] == f"`{column}`"
        assert db.count() == 0


class Person(Record):
    """A record class of the user's."""


@pytest.mark.parametrize("kind", [Record, Person])
def test_record_objects_give_the_frame_that_a_result_gives(kind: Any, rows: list[dict[str, Any]]) -> None:
    records = [kind(row) for row in rows if None not in row.values()]
    numbers = [record.project("flag", "n", "x", "text") for record in records]
    with SyncDatabase.create("memory") as db:
        db.create_batch(numbers)
        pandas.testing.assert_frame_equal(records_to_dataframe(numbers), db.search_as_dataframe())
        assert list(records_to_dataframe(records)["at"]) == [record["at"] for record in records]


def test_record_objects_of_several_shapes_and_what_is_none() -> None:
    records = [Record({"n": row}) for row in range(ROWS)]
    records[ROWS - 1] = Record({"n": 0.5, "more": "x"})
    frame = records_to_dataframe(records)
    assert frame["n"].tolist()[-2:] == [ROWS - 2, 0.5] and frame["more"].tolist()[-1] == "x"
    with pytest.raises(TypeError):
        records_to_dataframe([*records, 1])  # type: ignore[list-item]
    assert records_to_dataframe([*records, {"n": 1}])["n"].tolist()[-1] == 1  # type: ignore[list-item]
