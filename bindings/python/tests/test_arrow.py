"""Arrow data out of results and into databases, with pyarrow, polars and DuckDB at the other end."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, Field, Record, SearchResult, SyncDatabase
from dataknobs_data.exceptions import (
    BackendError,
    DataknobsError,
    InvalidConfigError,
    InvalidRecordError,
    UnsupportedError,
)

pa = pytest.importorskip("pyarrow")

UTC = timezone.utc
MOMENT = datetime(2024, 5, 1, 10, 30, 0, 123456)
LONG = "long text " * 200
ALL = {
    "s": "text",
    "t": LONG,
    "i": 2**62 + 1,
    "f": 0.1,
    "b": True,
    "at": MOMENT,
    "utc": MOMENT.replace(tzinfo=UTC),
    "zone": MOMENT.replace(tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "j": {"list": [1, None, "x"], "nested": {"deep": 0.5}},
    "raw": b"\x00\xff",
}
TYPES = {name: field.type for name, field in Record(ALL).fields.items()}
#: A full record, one of nulls, and another full one.
RECORDS = [
    Record(ALL, "a"),
    Record([Field(name, None, kind) for name, kind in TYPES.items()], "b"),
    Record({**ALL, "s": "other", "i": -1}, "c"),
]


def stored(data: Any, **options: Any) -> SearchResult:
    """What a database holds after it was given Arrow data."""
    db = SyncDatabase.create("memory")
    db.upsert_batch(data, **options) if options else db.create_batch(data)
    return db.search()


def result(records: list[Record]) -> SearchResult:
    db = SyncDatabase.create("memory")
    db.create_batch(records)
    return db.search("ORDER BY _id") if records else db.search()


def column(array: Any) -> list[Any]:
    """What the cells of one array become."""
    return [record["a"] for record in stored(pa.table({"a": array}))]


def types(record: Record) -> dict[str, str]:
    return {name: field.type.value for name, field in record.fields.items()}


# --- out -------------------------------------------------------------------------------------------------------------


def test_each_type_has_its_arrow_type() -> None:
    table = pa.table(result(RECORDS))
    assert {field.name: str(field.type) for field in table.schema} == {
        "_id": "string",
        "s": "string",
        "t": "string",
        "i": "int64",
        "f": "double",
        "b": "bool",
        "at": "timestamp[us]",
        "utc": "timestamp[us, tz=UTC]",
        "zone": "timestamp[us, tz=+05:30]",
        "j": "string",
        "raw": "binary",
    }
    table.validate(full=True)
    assert table["i"].to_pylist() == [2**62 + 1, None, -1]
    assert table["utc"].to_pylist()[0] == ALL["utc"]
    assert table.schema.metadata == {b"dataknobs:format": b"1"}
    assert table.schema.field("t").metadata == {b"dataknobs:type": b"TEXT"}


def test_pyarrow_gives_back_equal_records() -> None:
    found = result(RECORDS)
    table = pa.table(found)
    for data in (table, table.to_reader(), table.combine_chunks(), table.to_batches()[0], found):
        back = stored(data)
        assert back == found
        assert [types(record) for record in back] == [types(record) for record in found]
        assert back.ids() == ["a", "b", "c"]


def test_polars_gives_back_equal_records() -> None:
    polars = pytest.importorskip("polars")
    records = [
        Record({name: record[name] for name in ("s", "i", "f", "b", "at", "utc", "raw")}, record.id)
        for record in RECORDS
    ]
    found = result([records[0], records[2]])
    frame = polars.DataFrame(found)
    assert frame.columns == ["_id", *records[0]]
    assert frame["i"].to_list() == [2**62 + 1, -1]
    assert frame.schema["utc"] == polars.Datetime("us", "UTC")
    back = stored(frame)
    assert back == found
    assert [types(record) for record in back] == [types(record) for record in found]
    filtered = frame.filter(polars.col("i") < 0).with_columns(double=polars.col("i") * 2)
    assert stored(filtered)[0].to_dict() == {**records[2].to_dict(), "double": -2}


def test_duckdb_reads_a_result_by_its_name() -> None:
    duckdb = pytest.importorskip("duckdb")
    records = [
        Record({name: record[name] for name in ("s", "i", "f", "b", "at", "raw")}, record.id) for record in RECORDS
    ]
    people = result([records[0], records[2]])
    with duckdb.connect() as connection:
        assert connection.sql("SELECT count(*), sum(f) FROM people").fetchall() == [(2, 0.2)]
        assert connection.sql("SELECT _id FROM people WHERE i < 0").fetchall() == [("c",)]
        for _ in range(2):  # a result can be read again and again
            back = stored(connection.sql("SELECT * FROM people ORDER BY _id"))
            assert back == people
            assert [types(record) for record in back] == [types(record) for record in people]
        counted = stored(connection.sql("SELECT b, count(*) AS n FROM people GROUP BY b"))
        assert counted.to_dicts() == [{"b": True, "n": 2}]


@pytest.mark.parametrize("records", [[], [Record({}, "a")]], ids=["no records", "no fields"])
def test_nothing_is_a_table_too(records: list[Record]) -> None:
    found = result(records)
    assert pa.table(found).num_rows == len(records)
    assert stored(found) == found


def test_mixed_shapes_are_evened_out() -> None:
    found = result([Record({"n": 1, "a": "x"}, "a"), Record({"n": 1.5}, "b"), Record({"z": True}, "c")])
    table = pa.table(found)
    assert table.schema.names == ["_id", "n", "a", "z"]
    assert table["n"].to_pylist() == [1.0, 1.5, None]
    assert table["a"].to_pylist() == ["x", None, None]


def test_values_of_several_kinds_come_back_as_they_were() -> None:
    found = result([Record({"v": value}, f"id{n:02}") for n, value in enumerate(ALL.values())])
    assert stored(pa.table(found)) == found


def test_a_part_of_a_result_and_many_batches() -> None:
    found = result([Record({"n": n, "s": f"text {n}"}, f"{n:06}") for n in range(70_000)])
    reader = pa.RecordBatchReader.from_stream(found)
    assert [batch.num_rows for batch in reader] == [65_536, 4_464]
    assert stored(pa.table(found)).ids() == found.ids()
    assert pa.table(found[10:20:3])["n"].to_pylist() == [10, 13, 16, 19]


def test_a_stream_outlives_its_result() -> None:
    found = result(RECORDS)
    streams = [found.__arrow_c_stream__() for _ in range(10)]
    del found
    gc.collect()
    streams[1:] = []  # one that nobody reads is let go
    assert stored(Stream(streams[0])).ids() == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["data.json", "data.jsonl", "data.csv"])
async def test_from_file_to_memory_and_back(name: str, tmp_path: Path) -> None:
    async with Database.open(str(tmp_path / name)) as source, Database.create("memory") as target:
        await source.create_batch(RECORDS)
        found = await source.search("ORDER BY _id")
        assert await target.create_batch(pa.table(found)) == ["a", "b", "c"]
        assert await target.search("ORDER BY _id") == found
        assert await source.upsert_batch(found) == ["a", "b", "c"]
        assert await source.count() == 3


# --- in --------------------------------------------------------------------------------------------------------------

DAY = datetime(2024, 5, 1)
FAMILIES: list[tuple[str, Callable[[], Any], list[Any], str]] = [
    ("null", lambda: pa.nulls(2), [None, None], "STRING"),
    ("bool", lambda: pa.array([True, None, False]), [True, None, False], "BOOLEAN"),
    *[
        (f"{sign}int{bits}", lambda s=sign, b=bits: pa.array([1, None, 0], f"{s}int{b}"), [1, None, 0], "INTEGER")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    ],
    ("float16", lambda: pa.array([0.5, None], pa.float16()), [0.5, None], "FLOAT"),
    ("float32", lambda: pa.array([0.5, None], pa.float32()), [0.5, None], "FLOAT"),
    ("float64", lambda: pa.array([0.1, None, float("nan")]), [0.1, None, None], "FLOAT"),
    ("decimal, whole", lambda: pa.array([Decimal(7), None], pa.decimal256(50, 0)), [7, None], "INTEGER"),
    ("decimal", lambda: pa.array([Decimal("1.50"), None], pa.decimal128(5, 2)), ["1.50", None], "STRING"),
    ("string", lambda: pa.array(["ü", None, ""]), ["ü", None, ""], "STRING"),
    ("large string", lambda: pa.array(["x", None], pa.large_string()), ["x", None], "STRING"),
    ("string view", lambda: pa.array(["x" * 50, None], pa.string_view()), ["x" * 50, None], "STRING"),
    ("long text", lambda: pa.array([LONG, None]), [LONG, None], "TEXT"),
    ("binary", lambda: pa.array([b"x", None]), [b"x", None], "BINARY"),
    ("large binary", lambda: pa.array([b"x", None], pa.large_binary()), [b"x", None], "BINARY"),
    ("fixed binary", lambda: pa.array([b"xy", None], pa.binary(2)), [b"xy", None], "BINARY"),
    ("binary view", lambda: pa.array([b"x", None], pa.binary_view()), [b"x", None], "BINARY"),
    ("date32", lambda: pa.array([date(2024, 5, 1), None]), [DAY, None], "DATETIME"),
    ("date64", lambda: pa.array([date(2024, 5, 1), None], pa.date64()), [DAY, None], "DATETIME"),
    *[
        (f"timestamp {unit}", lambda u=unit: pa.array([DAY, None], pa.timestamp(u)), [DAY, None], "DATETIME")
        for unit in ("s", "ms", "us", "ns")
    ],
    ("time32", lambda: pa.array([time(1, 2, 3), None], pa.time32("s")), ["01:02:03", None], "STRING"),
    ("time64", lambda: pa.array([time(1, 2, 3, 4), None], pa.time64("us")), ["01:02:03.000004", None], "STRING"),
    ("list", lambda: pa.array([[1, None], None, []]), [[1, None], None, []], "JSON"),
    ("large list", lambda: pa.array([[1.5], None], pa.large_list(pa.float32())), [[1.5], None], "JSON"),
    ("fixed list", lambda: pa.array([[1, 2], None], pa.list_(pa.int8(), 2)), [[1, 2], None], "JSON"),
    ("list view", lambda: pa.array([["x"], None], pa.list_view(pa.string())), [["x"], None], "JSON"),
    ("struct", lambda: pa.array([{"x": 1, "y": [True]}, None]), [{"x": 1, "y": [True]}, None], "JSON"),
    ("map", lambda: pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8())), [{"k": 1}, None], "JSON"),
    ("dictionary", lambda: pa.array(["x", None, "x"]).dictionary_encode(), ["x", None, "x"], "STRING"),
    (
        "dictionary of nulls",
        lambda: pa.DictionaryArray.from_arrays(pa.array([0, None, 1], "int8"), pa.array(["x", None])),
        ["x", None, None],
        "STRING",
    ),
    ("runs", lambda: pa.RunEndEncodedArray.from_arrays([2, 3], [5, None]), [5, 5, None], "INTEGER"),
]


@pytest.mark.parametrize(
    ("make", "expected", "kind"), [family[1:] for family in FAMILIES], ids=[family[0] for family in FAMILIES]
)
def test_arrays_of_each_family(make: Callable[[], Any], expected: list[Any], kind: str) -> None:
    array = make()
    records = stored(pa.table({"a": array}))
    assert [record["a"] for record in records] == expected
    assert {types(record)["a"] for record in records} == {kind}
    # In pieces, and beginning in the middle of a buffer.
    assert column(pa.chunked_array([array[:1], array[1:]])) == expected
    assert column(array[1:]) == expected[1:]
    assert column(array[:0]) == []
    sliced = pa.table({"a": array}).slice(1)
    assert [record["a"] for record in stored(sliced)] == expected[1:]


def test_a_zone_with_rules_gives_each_value_its_offset() -> None:
    moments = [datetime(2024, 1, 15, tzinfo=UTC), datetime(2024, 7, 15, tzinfo=UTC), None]
    found = column(pa.array(moments, pa.timestamp("ms", "Europe/Berlin")))
    assert found == moments
    assert [moment and moment.utcoffset() for moment in found] == [timedelta(hours=1), timedelta(hours=2), None]
    assert column(pa.array([0], pa.timestamp("s", "-09:30")))[0].utcoffset() == -timedelta(hours=9, minutes=30)


def test_nanoseconds_are_cut() -> None:
    found = column(pa.array([1_999, -1], pa.timestamp("ns")))
    assert found == [datetime(1970, 1, 1, 0, 0, 0, 1), datetime(1969, 12, 31, 23, 59, 59, 999_999)]


@pytest.mark.parametrize(
    ("array", "row"),
    [
        (pa.chunked_array([[1], [5, 2**63]], pa.uint64()), "2"),
        (pa.array([1.0, float("inf")]), "1"),
        (pa.array([1.0, -float("inf")], pa.float32()), "1"),
        (pa.array([0, 2**60], pa.timestamp("s")), "1"),
        (pa.array([Decimal(1), Decimal(2**64)], pa.decimal128(30, 0)), "1"),
        (pa.array([[], [DAY]]), "1"),
        (pa.array([{"x": b"x"}]), "0"),
        (pa.array([[(1, 1)]], pa.map_(pa.int8(), pa.int8())), "0"),
    ],
)
def test_a_value_that_no_record_holds_names_its_place(array: Any, row: str) -> None:
    db = SyncDatabase.create("memory")
    with pytest.raises(InvalidRecordError) as caught:
        db.create_batch(pa.table({"fine": range(len(array)), "bad": array}))
    assert (caught.value.context["column"], caught.value.context["row"]) == ("`bad`", row)
    assert db.count() == 0


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1], pa.duration("s")),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
        pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]),
    ],
    ids=["duration", "interval", "sparse union", "dense union"],
)
def test_types_that_no_record_has_are_unsupported(array: Any) -> None:
    with pytest.raises(UnsupportedError) as caught:
        column(array)
    assert caught.value.context["column"] == "`a`"
    assert caught.value.hint


def test_extension_types_are_their_storage() -> None:
    assert column(pa.array([b"\x01" * 16], pa.uuid())) == [b"\x01" * 16]
    assert column(pa.array(['{"a":1}'], pa.json_())) == ['{"a":1}']


def test_metadata_of_others_is_left_alone() -> None:
    schema = pa.schema(
        [pa.field("a", pa.int64(), metadata={"unit": "m", "PARQUET:field_id": "1"})], metadata={"pandas": "{}"}
    )
    assert stored(pa.table([[1]], schema=schema)).to_dicts() == [{"a": 1}]


@pytest.mark.parametrize(
    "metadata",
    [{"dataknobs:type": "BINARY"}, {"dataknobs:type": "NOTHING"}, {"dataknobs:role": "other"}, {"dataknobs:form": "x"}],
)
def test_wrong_marks_of_ours_do_no_harm(metadata: dict[str, str]) -> None:
    schema = pa.schema([pa.field("a", pa.int64(), metadata=metadata)])
    try:
        found = stored(pa.table([[1]], schema=schema)).to_dicts()
    except DataknobsError as error:
        assert str(error)
    else:
        assert found == [{"a": 1}]


def test_a_format_of_the_future_is_refused() -> None:
    table = pa.table({"a": [1]}).replace_schema_metadata({"dataknobs:format": "999"})
    with pytest.raises(DataknobsError):
        stored(table)


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pa.array(["a", "b"]), ["a", "b"]),
        (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (pa.array(["a", "b"], pa.string_view()), ["a", "b"]),
        (pa.array([1, 2], pa.uint8()), ["1", "2"]),
    ],
)
def test_ids_come_from_a_column(ids: Any, expected: list[str]) -> None:
    db = SyncDatabase.create("memory")
    assert db.create_batch(pa.table({"_id": ids, "n": [1, 2]})) == expected
    assert db.upsert_batch(pa.table({"key": ids, "n": [3, 4]}), id_column="key") == expected
    assert [record.to_dict() for record in db.read_batch(expected)] == [{"n": 3}, {"n": 4}]


def test_a_null_id_is_none_yet() -> None:
    db = SyncDatabase.create("memory")
    made = db.create_batch(pa.table({"_id": ["a", None], "n": [1, 2]}))
    assert made[0] == "a"
    assert db.read(made[1])["n"] == 2


def test_wrong_ids_are_refused() -> None:
    db = SyncDatabase.create("memory")
    for ids, row in ((pa.array(["a", ""]), "1"), (pa.array([1.5, 2.5]), "0")):
        with pytest.raises(InvalidRecordError) as caught:
            db.create_batch(pa.table({"_id": ids, "n": [1, 2]}))
        assert (caught.value.context["column"], caught.value.context["row"]) == ("`_id`", row)
    with pytest.raises(InvalidConfigError, match="no such column"):
        db.upsert_batch(pa.table({"n": [1]}), id_column="key")
    assert db.count() == 0


def test_names_must_be_distinct_and_not_empty() -> None:
    with pytest.raises(InvalidRecordError, match="twice"):
        stored(pa.table([[1], [2]], names=["a", "a"]))
    with pytest.raises(InvalidRecordError, match="empty"):
        stored(pa.table([[1]], names=[""]))


# --- streams ---------------------------------------------------------------------------------------------------------


class Stream:
    """An object that hands over what it was given as its stream."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        if isinstance(self.capsule, Exception):
            raise self.capsule
        return self.capsule


def test_a_stream_is_taken_once() -> None:
    stream = Stream(pa.table({"a": [1]}).__arrow_c_stream__())
    assert stored(stream).to_dicts() == [{"a": 1}]
    for _ in range(2):
        with pytest.raises(InvalidRecordError, match="taken already"):
            stored(stream)
    ours = Stream(result(RECORDS).__arrow_c_stream__())
    assert len(stored(ours)) == 3
    with pytest.raises(InvalidRecordError, match="taken already"):
        stored(ours)


def test_what_is_no_stream_is_refused() -> None:
    with pytest.raises(TypeError):
        stored(Stream(None))
    with pytest.raises(ValueError):
        stored(Stream(pa.schema([]).__arrow_c_schema__()))
    with pytest.raises(KeyError, match="mine"):
        stored(Stream(KeyError("mine")))
    with pytest.raises(InvalidRecordError, match="record batches"):
        stored(pa.chunked_array([[1, 2]]))


def test_a_stream_that_fails_stores_nothing() -> None:
    def batches() -> Any:
        yield pa.record_batch({"a": [1]})
        raise RuntimeError("the source broke")

    db = SyncDatabase.create("memory")
    with pytest.raises(BackendError) as caught:
        db.create_batch(pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches()))
    assert caught.value.context["batch"] == "1"
    assert "the source broke" in str(caught.value.__cause__)
    assert db.count() == 0


def test_empty_tables() -> None:
    for table in (
        pa.table({}),
        pa.table({"a": pa.array([], pa.int8())}),
        pa.table({"a": pa.chunked_array([], "int8")}),
    ):
        assert len(stored(table)) == 0
    assert stored(pa.table({"a": [1, 2]}).select([])).to_dicts() == [{}, {}]


def test_memory_is_given_back() -> None:
    found = result([Record({"n": n, "s": f"text {n}"}) for n in range(1_000)])
    gc.collect()
    before = pa.total_allocated_bytes()
    for _ in range(50):
        table = pa.table(found)
        stored(table)
        del table
    gc.collect()
    assert pa.total_allocated_bytes() <= before


CSV = "id,name,n,x,at\n1,Ada,7,0.5,2024-05-01T10:00:00Z\n2,Alan,,1.5,\n3,Grace,9,2.5,2024-05-02T10:00:00Z\n"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(CSV)
    return path


@pytest.mark.parametrize("query", [None, "n > 7", "name LIKE 'A%' OR x >= 2.5", "ORDER BY n DESC", "n > 0 LIMIT 1"])
def test_a_search_as_arrow_gives_what_a_search_gives(people: Path, query: str | None) -> None:
    with SyncDatabase.create("file", path=people) as db:
        found = db.search_as_arrow(query)
        assert pa.table(found).equals(pa.table(db.search(query)), check_metadata=True)
        assert len(found) == len(db.search(query))
        assert found.column_names == ["_id", "id", "name", "n", "x", "at"]
        # It can be taken again.
        assert pa.table(found).num_rows == len(found)
        assert pa.table(db.search_as_arrow(query, id_column="key")).column_names[0] == "key"
        assert "_id" not in db.search_as_arrow(query, id_column=None).column_names


def test_a_search_as_arrow_of_any_store_works() -> None:
    db = SyncDatabase.create("memory")
    db.create_batch(RECORDS)
    assert pa.table(db.search_as_arrow("ORDER BY _id")).equals(pa.table(db.search("ORDER BY _id")))
    assert len(db.search_as_arrow("i = 12345")) == 0


async def test_a_search_as_arrow_is_awaited(people: Path) -> None:
    async with Database.create("file", path=people) as db:
        assert pa.table(await db.search_as_arrow("n = 7"))["name"].to_pylist() == ["Ada"]


def test_a_search_as_arrow_reports_damage_as_a_search_does(people: Path) -> None:
    people.write_text(CSV + "4,Edsger,seven,0,\n5,short\n")
    with SyncDatabase.create("file", path=people, infer_rows=2) as db:
        errors = []
        for search in (db.search, db.search_as_arrow):
            with pytest.raises(DataknobsError) as caught:
                search("x < 1")
            errors.append((type(caught.value), str(caught.value)))
        assert errors[0] == errors[1]
        assert len(db.search_as_arrow("x < 1 LIMIT 1")) == 1
