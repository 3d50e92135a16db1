"""Records and DataFrames, each as the other, with the pandas that is installed: 2 or 3."""

from __future__ import annotations

import asyncio
import decimal
import gc
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import (
    Database,
    Field,
    Filter,
    Query,
    Record,
    SyncDatabase,
    dataframe_to_records,
    records_to_dataframe,
)
from dataknobs_data.exceptions import AlreadyExistsError, InvalidRecordError, UnsupportedError

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

PANDAS_3 = int(pd.__version__.split(".")[0]) >= 3
STRINGS = "str" if PANDAS_3 else "object"
STRINGS_WITH_NULLS = "str" if PANDAS_3 else "string"
UTC = timezone.utc
MOMENT = datetime(2024, 5, 1, 10, 30, 0, 123456)
ZONED = MOMENT.replace(tzinfo=timezone(timedelta(hours=2)))
LONG = "long text " * 200

#: A value of each of the eight types.
VALUES = {
    "STRING": "text",
    "TEXT": LONG,
    "INTEGER": 2**62 + 1,
    "FLOAT": 0.1,
    "BOOLEAN": True,
    "DATETIME": MOMENT,
    "JSON": {"list": [1, None, "x"], "nested": {"deep": 0.5}},
    "BINARY": b"\x00\xff",
}


def types(record: Record) -> dict[str, str]:
    return {name: field.type.value for name, field in record.fields.items()}


def column(values: Any, dtype: Any = None) -> list[Any]:
    """What the cells of one column become."""
    return [record["a"] for record in dataframe_to_records(pd.DataFrame({"a": pd.Series(values, dtype=dtype)}))]


def same(left: Any, right: Any) -> None:
    pd.testing.assert_frame_equal(left, right)
    assert left.attrs == right.attrs


# --- dtypes of records -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "dtype", "with_nulls"),
    [
        ("STRING", STRINGS, STRINGS_WITH_NULLS),
        ("TEXT", STRINGS, STRINGS_WITH_NULLS),
        ("INTEGER", "int64", "Int64"),
        ("FLOAT", "float64", "float64"),
        ("BOOLEAN", "bool", "boolean"),
        ("DATETIME", "datetime64[us]", "datetime64[us]"),
        ("JSON", "object", "object"),
        ("BINARY", "object", "object"),
    ],
)
def test_each_type_has_its_dtype_and_comes_back(kind: str, dtype: str, with_nulls: str) -> None:
    full = [Record({"a": VALUES[kind]}) for _ in range(3)]
    gaps = [Record([Field("a", value, kind)]) for value in (None, VALUES[kind], None)]
    empty = [Record([Field("a", None, kind)]) for _ in range(3)]
    assert types(full[0]) == {"a": kind}
    assert str(records_to_dataframe(full)["a"].dtype) == dtype
    for records in (gaps, empty):
        frame = records_to_dataframe(records)
        assert str(frame["a"].dtype) == with_nulls
        assert frame["a"].isna().tolist() == [record["a"] is None for record in records]
    for records in (full, gaps, empty):
        assert dataframe_to_records(records_to_dataframe(records)) == records


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (UTC, "UTC"),
        (timezone(timedelta(hours=2)), "UTC+02:00"),
        (timezone(-timedelta(hours=9, minutes=30)), "UTC-09:30"),
    ],
)
def test_one_offset_is_the_zone_of_a_column(zone: timezone, expected: str) -> None:
    records = [Record({"at": MOMENT.replace(tzinfo=zone)}), Record([Field("at", None, "DATETIME")])]
    frame = records_to_dataframe(records)
    assert str(frame["at"].dtype) == f"datetime64[us, {expected}]"
    assert frame["at"].iloc[0] == records[0]["at"]
    assert dataframe_to_records(frame) == records


def test_different_offsets_become_utc() -> None:
    moments = [ZONED, MOMENT.replace(tzinfo=UTC), datetime(1893, 1, 1, tzinfo=timezone(timedelta(seconds=3208)))]
    frame = records_to_dataframe([Record({"at": moment}) for moment in moments])
    assert str(frame["at"].dtype) == "datetime64[us, UTC]"
    assert frame["at"].tolist() == moments


def test_the_first_and_the_last_moment_survive() -> None:
    records = [Record({"at": datetime.min}), Record({"at": datetime.max})]
    assert dataframe_to_records(records_to_dataframe(records)) == records


def test_integers_and_floats_become_floats_where_nothing_is_lost() -> None:
    assert str(records_to_dataframe([Record({"n": 1}), Record({"n": 1.5})])["n"].dtype) == "float64"
    mixed = records_to_dataframe([Record({"n": 2**53 + 1}), Record({"n": 1.5})])
    assert (str(mixed["n"].dtype), mixed["n"].tolist()) == ("object", [2**53 + 1, 1.5])


def test_values_of_several_kinds_stay_as_they_are() -> None:
    records = [Record({"v": value}) for value in VALUES.values()]
    frame = records_to_dataframe(records)
    assert frame["v"].dtype == object
    assert frame["v"].tolist() == list(VALUES.values())
    assert dataframe_to_records(frame) == records


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_columns_stand_in_order_of_first_appearance() -> None:
    frame = records_to_dataframe([Record({"b": 1, "a": 2}), Record({"c": 3, "a": 4}), Record({})])
    assert list(frame.columns) == ["b", "a", "c"]
    assert frame["c"].isna().tolist() == [True, False, True]


@pytest.mark.parametrize("options", [{}, {"id": "index"}, {"id": "column"}, {"metadata": True}])
def test_no_records_are_an_empty_frame(options: dict[str, Any]) -> None:
    frame = records_to_dataframe([], **options)
    assert len(frame) == 0
    assert len(dataframe_to_records(frame)) == 0


def test_records_without_fields_are_rows_without_columns() -> None:
    frame = records_to_dataframe([Record({}), Record({})])
    assert frame.shape == (2, 0)
    assert dataframe_to_records(frame) == [Record({}), Record({})]
    assert len(dataframe_to_records(pd.DataFrame())) == 0
    assert len(dataframe_to_records(pd.DataFrame({"a": []}))) == 0
    assert SyncDatabase.create("memory").create_batch(pd.DataFrame()) == []


def test_more_rows_than_one_thread_reads() -> None:
    records = [
        Record({"n": n, "half": n / 2, "text": f"t{n % 5}" if n % 3 else None, "own": f"text {n}"})
        for n in range(50_000)
    ]
    frame = records_to_dataframe(records)
    assert frame["n"].tolist() == list(range(50_000))
    assert frame["text"].isna().sum() == sum(n % 3 == 0 for n in range(50_000))
    assert frame["own"].iloc[-1] == "text 49999"
    assert dataframe_to_records(frame).to_dicts() == [record.to_dict() for record in records]


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["index", "column"])
@pytest.mark.parametrize("name", ["_id", "key"])
def test_ids_go_into_the_index_or_a_column_and_back(id: str, name: str) -> None:
    records = [Record({"n": n}, f"id{n}") for n in range(3)]
    frame = records_to_dataframe(records, id=id, id_column=name)
    found = frame.index if id == "index" else frame[name]
    assert (found.name, list(found)) == (name, ["id0", "id1", "id2"])
    assert list(frame.columns) == (["n"] if id == "index" else [name, "n"])
    back = dataframe_to_records(frame, id_column=None if name == "_id" else name)
    assert back == records
    assert back.ids() == ["id0", "id1", "id2"]


def test_records_without_ids_have_none() -> None:
    records = [Record({"n": 1}, "a"), Record({"n": 2})]
    for id in ("index", "column"):
        frame = records_to_dataframe(records, id=id)
        assert dataframe_to_records(frame).ids() == ["a", None]
    assert dataframe_to_records(records_to_dataframe(records)).ids() == [None, None]


def test_ids_are_text_integers_or_uuids() -> None:
    one = uuid.UUID(int=1)
    for values, expected in [
        ([1, 2], ["1", "2"]),
        (pd.array([1, None], dtype="Int64"), ["1", None]),
        (np.array([2**64 - 1, 0], dtype="uint64"), [str(2**64 - 1), "0"]),
        (pd.Series([np.int64(3), np.str_("x")], dtype=object), ["3", "x"]),
        ([one, None], [str(one), None]),
        (pd.Categorical(["a", "b"]), ["a", "b"]),
    ]:
        frame = pd.DataFrame({"k": values, "n": [1, 2]})
        assert dataframe_to_records(frame, id_column="k").ids() == expected
        assert dataframe_to_records(frame.set_index("k"), id_column="k").ids() == expected


@pytest.mark.parametrize("value", [1.5, True, b"x", MOMENT])
def test_other_ids_are_refused(value: Any) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        dataframe_to_records(pd.DataFrame({"_id": ["a", value]}, dtype=object))
    assert (caught.value.context["column"], caught.value.context["row"]) == ("`_id`", "1")


def test_a_missing_id_column_and_an_empty_id_are_errors() -> None:
    with pytest.raises(InvalidRecordError, match="no such column"):
        dataframe_to_records(pd.DataFrame({"a": [1]}), id_column="key")
    with pytest.raises(InvalidRecordError, match="empty"):
        dataframe_to_records(pd.DataFrame({"_id": ["a", ""]}))
    with pytest.raises(InvalidRecordError, match="column of ids"):
        records_to_dataframe([Record({"key": 1}, "a")], id="column", id_column="key")


@pytest.mark.parametrize("options", [{"id": "row"}, {"id": True}])
def test_nonsense_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        records_to_dataframe([], **options)
    with pytest.raises(ValueError):
        dataframe_to_records(pd.DataFrame(), missing="keep")


# --- metadata --------------------------------------------------------------------------------------------------------

ANYTHING = [
    Record({"n": 1, "s": "x"}, "a", {"source": {"file": "a.csv"}, "line": 1}),
    Record([Field("n", None, "INTEGER"), Field("s", LONG), Field("f", 0.5, metadata={"unit": "m"})], "b"),
    Record([Field("n", 1.5), Field("s", None, "TEXT")], "c"),
    Record({}, "d", {"empty": True}),
    Record([Field("f", None, "FLOAT", {"why": "broken"}), Field("short", "text", "TEXT")], "e"),
]


@pytest.mark.parametrize("id", ["index", "column", None])
def test_with_metadata_the_round_trip_is_exact(id: str | None) -> None:
    records = [record.copy() for record in ANYTHING]
    if id is None:
        for record in records:
            record.id = None
    frame = records_to_dataframe(records, id=id, metadata=True)
    back = dataframe_to_records(frame)
    assert [record.to_dict() for record in back] == [record.to_dict() for record in records]
    for found, record in zip(back, records, strict=True):
        assert types(found) == types(record)
        assert found.metadata.to_dict() == record.metadata.to_dict()
        assert {name: dict(field.metadata or {}) for name, field in found.fields.items()} == {
            name: dict(field.metadata or {}) for name, field in record.fields.items()
        }
        assert found.id == record.id


def test_metadata_stays_with_its_row() -> None:
    records = [Record({"n": n}, f"id{n}", {"n": n}) for n in range(6)]
    for id in (None, "index", "column"):
        frame = records_to_dataframe(records, id=id, metadata=True)
        for changed in (frame[frame["n"] % 2 == 1], frame.sort_values("n", ascending=False), frame.iloc[3:]):
            back = dataframe_to_records(changed)
            assert [record.metadata.to_dict() for record in back] == [{"n": n} for n in changed["n"]]
    frame = records_to_dataframe(records, id="column", metadata=True).sort_values("n", ascending=False)
    back = dataframe_to_records(frame.reset_index(drop=True))
    assert [record.metadata["n"] for record in back] == [5, 4, 3, 2, 1, 0]


def test_without_ids_that_tell_rows_apart_metadata_goes_by_position() -> None:
    records = [Record({"n": n}, id, {"n": n}) for n, id in enumerate(["a", None, "a", None])]
    for id in ("index", "column"):
        assert dataframe_to_records(records_to_dataframe(records, id=id, metadata=True)) == records


def test_a_changed_value_has_its_own_type() -> None:
    frame = records_to_dataframe([Record({"n": 1}), Record({"n": 1.5}), Record({"n": 2})], metadata=True)
    frame.loc[0, "n"] = 1.7
    back = dataframe_to_records(frame)
    assert [types(record)["n"] for record in back] == ["FLOAT", "FLOAT", "INTEGER"]
    frame["n"] = ["5", "6", "x"]
    assert [types(record)["n"] for record in dataframe_to_records(frame)] == ["STRING"] * 3


def test_attributes_of_others_are_left_alone() -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["dataknobs"] = "something else"
    assert dataframe_to_records(frame) == [Record({"a": 1})]
    assert records_to_dataframe([Record({"a": 1})], metadata=True).attrs == {}


def test_a_null_is_a_field_or_none() -> None:
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]})
    assert [list(record) for record in dataframe_to_records(frame)] == [["a", "b"], ["a", "b"]]
    assert [list(record) for record in dataframe_to_records(frame, missing="drop")] == [["a", "b"], ["b"]]
    plain = records_to_dataframe([Record({"a": None, "b": 1}), Record({"b": 2})])
    assert [list(record) for record in dataframe_to_records(plain)] == [["a", "b"], ["a", "b"]]


# --- dtypes of frames ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_integers_of_every_width(dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = [int(limits.min), 0, min(int(limits.max), 2**63 - 1)]
    assert column(values, dtype) == values
    assert column([*values, None], f"U{dtype[1:].capitalize()}" if dtype[0] == "u" else dtype.capitalize()) == [
        *values,
        None,
    ]
    assert all(type(value) is int for value in column(values, dtype))


@pytest.mark.parametrize("dtype", ["uint64", "UInt64", "object"])
def test_an_integer_past_64_bits_names_its_place(dtype: str) -> None:
    frame = pd.DataFrame({"fine": [1, 2, 3], "big": pd.Series([1, 2**63 - 1, 2**63], dtype=dtype)})
    with pytest.raises(InvalidRecordError, match="64-bit") as caught:
        dataframe_to_records(frame)
    assert (caught.value.context["column"], caught.value.context["row"]) == ("`big`", "2")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", "Float32", "Float64"])
def test_floats_of_every_width(dtype: str) -> None:
    assert column([0.5, None, -1.25], dtype) == [0.5, None, -1.25]
    assert column([0.5, None], "object") == [0.5, None]


@pytest.mark.parametrize("dtype", ["float32", "float64", "Float64", "object"])
@pytest.mark.parametrize("value", [float("inf"), -float("inf")])
def test_infinite_floats_name_their_place(dtype: str, value: float) -> None:
    with pytest.raises(InvalidRecordError, match="finite") as caught:
        column([1.0, value], dtype)
    assert (caught.value.context["column"], caught.value.context["row"]) == ("`a`", "1")


@pytest.mark.skipif(np.finfo("longdouble").max <= np.finfo("float64").max, reason="longdouble is float64 here")
def test_a_float_past_the_range_names_its_place() -> None:
    with pytest.raises(InvalidRecordError, match="finite") as caught:
        column(np.array(["1", "1e400"], dtype="longdouble"))
    assert caught.value.context["row"] == "1"


def test_every_missing_marker_is_null() -> None:
    markers = [
        None,
        float("nan"),
        np.float64("nan"),
        np.float32("nan"),
        pd.NA,
        pd.NaT,
        np.datetime64("NaT"),
        np.timedelta64("NaT"),
        decimal.Decimal("nan"),
    ]
    assert column(["x", *markers], "object") == ["x", *[None] * len(markers)]
    for values, dtype in [
        ([1, None], "Int64"),
        ([True, None], "boolean"),
        (["x", None], "string"),
        (["x", None], "category"),
        ([1.5, None], "float64"),
        ([1.5, None], "Float64"),
        ([MOMENT, None], "datetime64[ns]"),
    ]:
        assert column(values, dtype)[1] is None


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([None, 1], "Int64", "INTEGER"),
        ([None, True], "boolean", "BOOLEAN"),
        ([None, 1.5], "float64", "FLOAT"),
        ([None, None], "float64", "FLOAT"),
        ([None, "x"], "string", "STRING"),
        ([None, MOMENT], "datetime64[ns]", "DATETIME"),
        ([None, b"x"], "object", "BINARY"),
        ([None, None, {"x": 1}], "object", "JSON"),
        ([None, 1], "object", "INTEGER"),
        ([None, None], "object", "STRING"),
        ([None, 1], "category", "INTEGER"),
    ],
)
def test_a_null_has_the_type_of_its_column(values: list[Any], dtype: str, kind: str) -> None:
    records = dataframe_to_records(pd.DataFrame({"a": pd.Series(values, dtype=dtype)}))
    assert [types(record)["a"] for record in records] == [kind] * len(values)


@pytest.mark.parametrize("dtype", ["object", "string", "string[python]", "string[pyarrow]", "str", "category"])
def test_text_of_every_dtype(dtype: str) -> None:
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    values = ["plain", "", "ünï\U0001f980", LONG]
    assert column(values, dtype) == values
    if PANDAS_3 or dtype != "str":  # pandas 2 writes the word None there
        assert column([*values, None], dtype) == [*values, None]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["b", "a", "b"], "category", ["b", "a", "b"]),
        ([3, None, 1], "category", [3, None, 1]),
        ([MOMENT, None], "category", [MOMENT, None]),
        ([True, False], "category", [True, False]),
        ([0, 0, 1], "Sparse[int64]", [0, 0, 1]),
        ([float("nan"), 0.5], "Sparse[float64]", [None, 0.5]),
    ],
)
def test_categories_and_sparse_columns_are_their_values(values: list[Any], dtype: str, expected: list[Any]) -> None:
    assert column(values, dtype) == expected


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("int8", 5, 5),
        ("uint64", 5, 5),
        ("float", 0.5, 0.5),
        ("double", 0.5, 0.5),
        ("bool", True, True),
        ("string", "x", "x"),
        ("large_string", "x", "x"),
        ("binary", b"x", b"x"),
        ("timestamp[s]", datetime(2024, 5, 1), datetime(2024, 5, 1)),
        ("timestamp[ns]", MOMENT, MOMENT),
        ("timestamp[us, tz=Europe/Berlin]", ZONED, ZONED),
        ("date32[day]", date(2024, 5, 1), datetime(2024, 5, 1)),
    ],
)
def test_columns_of_arrow_dtypes(dtype: str, value: Any, expected: Any) -> None:
    pytest.importorskip("pyarrow")
    found = column([value, None], f"{dtype}[pyarrow]")
    assert found == [expected, None]
    assert getattr(found[0], "tzinfo", None) == getattr(expected, "tzinfo", None)


def test_nested_arrow_dtypes_are_json() -> None:
    pa = pytest.importorskip("pyarrow")
    for arrow, value in [
        (pa.list_(pa.int8()), [1, 2]),
        (pa.list_(pa.list_(pa.string())), [["a"], []]),
        (pa.struct({"x": pa.int8()}), {"x": 1}),
    ]:
        assert column([value, None], pd.ArrowDtype(arrow)) == [value, None]


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.to_timedelta([1, 2]),
        lambda: pd.period_range("2024", periods=2, freq="D"),
        lambda: pd.interval_range(0, 2),
        lambda: np.array([1j, 2]),
    ],
    ids=["timedelta", "period", "interval", "complex"],
)
def test_dtypes_that_no_value_can_hold_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        dataframe_to_records(pd.DataFrame({"fine": [1, 2], "bad": make()}))
    assert caught.value.context["column"] == "`bad`"
    assert caught.value.hint


@pytest.mark.parametrize(
    "value", [timedelta(1), pd.Timedelta("1s"), 1j, decimal.Decimal("1.5"), time(1), object(), {"x": float("inf")}, {1}]
)
def test_objects_that_no_value_can_hold_name_their_place(value: Any) -> None:
    with pytest.raises(InvalidRecordError) as caught:
        column(["x", "y", value], "object")
    assert (caught.value.context["column"], caught.value.context["row"]) == ("`a`", "2")


def test_objects_become_what_they_become_in_a_record() -> None:
    one = uuid.UUID(int=1)
    given = [{"a": [1, {"b": None}]}, [1, "x"], (1, 2), b"x", bytearray(b"y"), one, date(2024, 5, 1), np.int8(3), True]
    assert column(given, "object") == [Record({"a": value})["a"] for value in given]


# --- datetimes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_datetimes_of_every_unit(unit: str) -> None:
    moments = [datetime(1970, 1, 1), None, datetime(2024, 2, 29, 23, 59, 59), datetime(1969, 12, 31, 23, 59, 59)]
    assert column(moments, f"datetime64[{unit}]") == moments
    zoned = [None if moment is None else moment.replace(tzinfo=UTC) for moment in moments]
    assert column(zoned, f"datetime64[{unit}, UTC]") == zoned


def test_nanoseconds_are_cut() -> None:
    stamps = pd.Series(np.array(["2024-01-01T00:00:00.123456789", "1969-12-31T23:59:59.999999999"], "datetime64[ns]"))
    assert [moment.microsecond for moment in column(stamps)] == [123456, 999999]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "UTC"])
def test_each_value_has_the_offset_that_its_zone_has_then(zone: str) -> None:
    pytest.importorskip("zoneinfo")
    stamps = pd.Series(
        pd.to_datetime(["2024-01-15 12:00", None, "2024-07-15 12:00", "2024-10-27 00:30", "2024-10-27 01:30"], utc=True)
    ).dt.tz_convert(zone)
    found = column(stamps)
    assert found[1] is None
    for moment, stamp in zip(found, stamps, strict=True):
        if moment is not None:
            # Python never calls times of different zones equal in the hour that a clock repeats.
            assert (moment.astimezone(UTC), moment.utcoffset()) == (stamp.tz_convert("UTC"), stamp.utcoffset())
    if zone == "Europe/Berlin":
        hours = [moment and moment.utcoffset() / timedelta(hours=1) for moment in found]
        assert hours == [1, None, 2, 2, 1]


@pytest.mark.parametrize(
    "values",
    [
        np.array(["2024-01-01", "12000-01-01"], "datetime64[s]"),
        np.array(["2024-01-01", "-0001-01-01"], "datetime64[ms]"),
        np.array(["2024-01-01", "10000-01-01"], "datetime64[us]"),
        np.array([0, 2**60], "datetime64[s]"),
        np.array([0, -(2**62)], "datetime64[ms]"),
    ],
)
def test_datetimes_outside_the_calendar_name_their_place(values: Any) -> None:
    naive = pd.Series(values)
    far = abs(int(values.view("int64")[1])) >= 2**60  # where pandas has no zones
    for series in [naive] if far else [naive, naive.dt.tz_localize("UTC")]:
        with pytest.raises(InvalidRecordError) as caught:
            column(series)
        assert (caught.value.context["column"], caught.value.context["row"]) == ("`a`", "1")


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        ["x", "x"],
        ["_id", "_id"],
        [0, 1],
        ["x", None],
        ["x", ("a", "b")],
        pd.MultiIndex.from_tuples([("_id", "x"), ("a", "b")]),
        pd.MultiIndex.from_tuples([("a", "x"), ("a", "b")]),
        pd.to_datetime(["2024-01-01", "2024-01-02"]),
    ],
)
def test_names_must_be_distinct_text(columns: Any) -> None:
    frame = pd.DataFrame([["a", "b"]], columns=columns)
    for id_column in (None, "2024-01-01"):
        with pytest.raises(InvalidRecordError) as caught:
            dataframe_to_records(frame, id_column=id_column)
        assert caught.value.context["column"]
    with pytest.raises(InvalidRecordError):
        SyncDatabase.create("memory").create_batch(frame)


def test_names_of_any_text_are_fields() -> None:
    names = ["a.b", "with space", "ünï", "select", '"quoted"']
    assert list(dataframe_to_records(pd.DataFrame([range(5)], columns=names))[0]) == names


# --- arrays of any layout --------------------------------------------------------------------------------------------


class Frame(pd.DataFrame):  # type: ignore[misc, name-defined]
    """A subclass, as GeoPandas has one."""

    @property
    def _constructor(self) -> Any:
        return Frame


def test_a_subclass_is_a_dataframe() -> None:
    db = SyncDatabase.create("memory")
    assert db.create_batch(Frame({"_id": ["a"], "n": [1]})) == ["a"]
    assert dataframe_to_records(Frame({"n": [1]})) == [Record({"n": 1})]


@pytest.mark.parametrize(
    "dtype", ["int64", "float64", "bool", "datetime64[us]", "int32", ">i8", ">f8", ">u4", "object"]
)
def test_arrays_of_any_layout(dtype: str) -> None:
    base = np.arange(24).astype("int64") % 2 if dtype == "bool" else np.arange(24)
    base = base.astype(dtype)
    reversed_twos = base[::-2]
    read_only = base.copy()
    read_only.flags.writeable = False
    matrix = base.reshape(6, 4)
    arrays = [base, base[3:9], reversed_twos, read_only, matrix[:, 1], matrix.T[2], base[:0]]
    if dtype != "object":
        packed = np.frombuffer(b"\0" + base.tobytes(), dtype=np.uint8)[1:].view(dtype)
        arrays.append(packed)
    for array in arrays:
        frame = pd.DataFrame({"a": array}, copy=False)
        assert [record["a"] for record in dataframe_to_records(frame)] == array.tolist()
    frame = pd.DataFrame(matrix, columns=list("abcd"), copy=False)
    views = [frame, frame.iloc[::-1], frame.iloc[1::2]]
    if np.dtype(dtype).isnative:  # pandas itself does not take columns out of others
        views += [frame.iloc[1::2, ::-1], frame[["d", "a"]]]
    for view in views:
        assert dataframe_to_records(view).to_dicts() == [
            dict(zip(view.columns, row, strict=True)) for row in view.to_numpy().tolist()
        ]


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_frame_changed_later_does_not_change_the_database() -> None:
    frame = pd.DataFrame({"_id": ["a", "b"], "n": [1, 2], "s": ["x", "y"], "j": [{"k": [1]}, {"k": [2]}]})
    db = SyncDatabase.create("memory")
    db.create_batch(frame)
    frame["j"].iloc[0]["k"].append(9)
    frame.loc[0, "n"] = 100
    frame.loc[0, "s"] = "changed"
    assert db.read("a").to_dict() == {"n": 1, "s": "x", "j": {"k": [1]}}
    given = db.search_as_dataframe("ORDER BY n", id="index")
    given.loc["a", "n"] = 100
    given.loc["a", "s"] = "changed"
    given["j"].iloc[0]["k"].append(9)
    assert db.read("a").to_dict() == {"n": 1, "s": "x", "j": {"k": [1]}}


def test_every_array_may_be_written() -> None:
    records = [Record({"n": n, "x": n / 2, "b": n % 2 == 0, "at": MOMENT, "s": f"t{n}"}) for n in range(10)]
    frame = records_to_dataframe(records)
    for name, value in [("n", -1), ("x", -0.5), ("b", True), ("at", datetime(2000, 1, 1)), ("s", "new")]:
        frame.loc[3, name] = value
        assert frame.loc[3, name] == value
        assert frame.loc[4, name] == records[4][name]
    frame["n"] += 1
    assert frame["n"].tolist() == [1, 2, 3, 0, 5, 6, 7, 8, 9, 10]


class Token:
    """An object whose references are counted."""


def test_objects_written_into_columns_are_counted() -> None:
    token = Token()
    before = sys.getrefcount(token)
    for _ in range(200):
        frame = records_to_dataframe(
            [Record({"j": {"k": n}, "b": b"x%d" % n, "m": n if n % 2 else "s"}) for n in range(50)]
        )
        for name in ("j", "b", "m"):
            values = frame[name].array._ndarray
            view = values[::2]
            values[:] = [token] * 50
            values[::2] = [None] * 25
            values[1::3] = [f"text {n}" for n in range(len(values[1::3]))]
            del values
        del frame
        kept = view.tolist()
        del view
        gc.collect(0)
        assert len(kept) == 25
        del kept
    gc.collect()
    assert sys.getrefcount(token) == before


def test_a_view_outlives_its_frame_and_records() -> None:
    views = []
    for _ in range(20):
        frame = records_to_dataframe([Record({"s": f"text {n}", "j": [n], "x": n / 2}) for n in range(100)])
        views.append((frame["s"].iloc[10:20], frame["j"].iloc[10:20], frame["x"].to_numpy()[10:20]))
        del frame
    gc.collect()
    for texts, lists, floats in views:
        assert texts.tolist() == [f"text {n}" for n in range(10, 20)]
        assert lists.tolist() == [[n] for n in range(10, 20)]
        assert floats.tolist() == [n / 2 for n in range(10, 20)]


def test_objects_of_a_column_are_let_go() -> None:
    none = sys.getrefcount(None)
    for _ in range(50):
        frame = records_to_dataframe([Record({"j": None if n % 2 else {"n": n}, "s": f"t{n % 3}"}) for n in range(100)])
        dataframe_to_records(frame)
        del frame
    gc.collect()
    assert abs(sys.getrefcount(None) - none) < 1_000


# --- databases -------------------------------------------------------------------------------------------------------

PEOPLE = [
    Record({"name": "Ada", "age": 36, "city": "London", "at": MOMENT, "tags": ["math"]}, "ada", {"n": 1}),
    Record({"name": "Alan", "age": 41, "city": None, "score": 0.5}, "alan"),
    Record({"name": "Grace", "age": 85, "city": "Arlington", "raw": b"\x01"}, "grace"),
    Record({"name": "Kurt", "age": None, "city": "Princeton", "score": 2}, "kurt"),
    Record({"name": "Edsger", "city": "Rotterdam", "at": ZONED}, "edsger"),
    Record({"other": "shape", "age": "unknown"}, "other"),
]
UNIFORM = [
    Record({"name": f"n{n % 7}", "age": n % 90, "score": n / 4, "on": n % 2 == 0}, f"id{n:04}") for n in range(200)
]
QUERIES: list[Any] = [
    None,
    Query(),
    "age >= 36",
    "age >= 36 ORDER BY age DESC LIMIT 2",
    "name = 'n3' AND age > 10 ORDER BY score DESC, name LIMIT 5 OFFSET 1",
    "age > 1000",
    Query().filter("age", ">", 40).select("name", "age"),
    Query().sort("name", "DESC").limit(3).select("name"),
    Query().sort("score").offset(2),
    Filter("name", "!=", "Ada"),
]
OPTIONS: list[dict[str, Any]] = [{}, {"id": "index"}, {"id": "column", "metadata": True}]
STORES = {"memory": "memory:", "json lines": "records.jsonl", "json": "records.json"}


@pytest.mark.parametrize("url", STORES.values(), ids=STORES.keys())
@pytest.mark.parametrize("records", [PEOPLE, UNIFORM, []], ids=["mixed", "uniform", "none"])
@pytest.mark.parametrize("indexed", [False, True], ids=["plain", "indexed"])
def test_a_search_as_dataframe_is_the_dataframe_of_the_search(
    url: str, records: list[Record], indexed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with SyncDatabase.open(url) as db:
        if indexed and db.capabilities.indexes:
            db.create_index("age", "ordered")
            db.create_index("name")
        db.create_batch(records)
        cases = [(query, options) for query in QUERIES for options in OPTIONS]

        async def asynchronous() -> list[Any]:
            database = db.to_async()
            return [await database.search_as_dataframe(query, **options) for query, options in cases]

        for (query, options), frame in zip(cases, asyncio.run(asynchronous()), strict=True):
            expected = records_to_dataframe(db.search(query), **options)
            same(db.search_as_dataframe(query, **options), expected)
            same(db.search(query).to_dataframe(**options), expected)
            same(frame, expected)
        same(db.search_as_dataframe("age > 10", timeout=10), records_to_dataframe(db.search("age > 10")))


CSV = """id,name,n,x,at,on,note
3,Ada,7,0.5,2024-01-31T10:00:00Z,true,
1,Alan,,2.5,2024-01-31T12:00:00+02:00,false,a
2,,9,,,,"b, c"
"""


@pytest.mark.parametrize("ids", [None, "index", "column"])
@pytest.mark.parametrize("query", [None, "n > 7", "ORDER BY n DESC", "n > 100", "name LIKE 'A%' LIMIT 1", "on = TRUE"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_search_as_dataframe_of_a_file_is_that_of_its_records(
    tmp_path: Path, kind: str, query: str | None, ids: Any
) -> None:
    path = tmp_path / f"people.{kind}"
    source = tmp_path / "source.csv"
    source.write_text(CSV)
    with SyncDatabase.create("file", path=source) as db:
        if kind == "csv":
            path = source
        else:
            with SyncDatabase.create("file", path=path) as other:
                other.create_batch(db.search())
    with SyncDatabase.create("file", path=path) as db:
        expected = records_to_dataframe(db.search(query), id=ids)
        same(db.search_as_dataframe(query, id=ids), expected)
        same(db.search_as_dataframe(query, id=ids, timeout=10), expected)
        same(asyncio.run(db.to_async().search_as_dataframe(query, id=ids)), expected)
        with pytest.raises(ValueError):
            db.search_as_dataframe(query, id="row")


def test_a_search_as_dataframe_connects_and_sees_a_transaction() -> None:
    db = SyncDatabase.create("memory")
    assert len(db.search_as_dataframe()) == 0
    with db.transaction() as tx:
        tx.create_batch(pd.DataFrame({"n": [1, 2]}))
        assert sorted(tx.search_as_dataframe()["n"]) == [1, 2]
        assert len(db.search_as_dataframe()) == 0
    assert len(db.search_as_dataframe()) == 2


@pytest.mark.parametrize("url", STORES.values(), ids=STORES.keys())
async def test_batches_of_frames(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"key": [10, 11], "name": ["Ada", None], "n": pd.array([None, 1], dtype="Int64")})
    async with Database.open(url) as db:
        made = await db.create_batch(frame)
        assert len(set(made)) == 2
        assert (await db.read(made[0]))["key"] == 10
        assert await db.upsert_batch(frame, id_column="key") == ["10", "11"]
        changed = frame.assign(name=["Grace", "Alan"]).set_index("key")
        assert await db.upsert_batch(changed, id_column="key") == ["10", "11"]
        assert (await db.read("11")).to_dict() == {"name": "Alan", "n": 1}
        assert await db.create_batch(pd.DataFrame({"n": [1]}, index=pd.Index(["x"], name="_id"))) == ["x"]
        with pytest.raises(AlreadyExistsError):
            await db.create_batch(pd.DataFrame({"_id": ["x"]}))
        assert await db.count() == 5


def test_a_wrong_frame_stores_nothing() -> None:
    db = SyncDatabase.create("memory")
    with pytest.raises(InvalidRecordError):
        db.create_batch(pd.DataFrame({"n": [1.0, float("inf")]}))
    with pytest.raises(InvalidRecordError, match="no such column"):
        db.upsert_batch(pd.DataFrame({"n": [1.0]}), id_column="key")
    with pytest.raises(TypeError, match="id_column"):
        db.upsert_batch([Record({"n": 1}, "a")], id_column="key")
    assert db.count() == 0


def test_a_frame_with_metadata_is_stored_with_it() -> None:
    db = SyncDatabase.create("memory")
    db.create_batch(records_to_dataframe(ANYTHING, id="index", metadata=True))
    for record in ANYTHING:
        assert db.read(record.id).metadata.to_dict() == record.metadata.to_dict()


# --- without pandas --------------------------------------------------------------------------------------------------


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_package_imports_none_of_its_clients() -> None:
    code = """
import sys, dataknobs_data
db = dataknobs_data.SyncDatabase.create("memory")
db.create_batch([dataknobs_data.Record({"n": 1})])
db.search("n = 1").to_dicts()
print([name for name in ("pandas", "pyarrow", "numpy", "polars", "duckdb", "dataknobs_config") if name in sys.modules])
"""
    assert run(code).strip() == "[]"


def test_without_pandas_the_error_says_what_to_install() -> None:
    code = """
import sys
sys.modules["pandas"] = None
from dataknobs_data import Record, SyncDatabase, dataframe_to_records, records_to_dataframe
from dataknobs_data.exceptions import UnsupportedError
db = SyncDatabase.create("memory")
for call in (
    lambda: records_to_dataframe([Record({"n": 1})]),
    lambda: dataframe_to_records(None),
    lambda: db.search().to_dataframe(),
    db.search_as_dataframe,
):
    try:
        call()
    except UnsupportedError as error:
        print(error.hint)
"""
    assert run(code).splitlines() == ["pip install dataknobs-data[pandas]"] * 4
    assert issubclass(UnsupportedError, Exception)
