"""Records and pandas DataFrames, each as the other.

pandas is an extra (``pip install dataknobs-data[pandas]``); pyarrow is not needed.

| type | column without nulls | column with nulls | back |
|---|---|---|---|
| STRING | `object`; `str` (pandas 3) | `string`; `str` (pandas 3) | STRING |
| TEXT | the same | the same | TEXT, by `attrs` |
| INTEGER | `int64` | `Int64` | INTEGER |
| FLOAT | `float64` | `float64` with NaN | FLOAT |
| BOOLEAN | `bool` | `boolean` | BOOLEAN |
| DATETIME | `datetime64[us]`, or with the offset as its zone | the same with NaT | DATETIME |
| JSON | `object` of dicts and lists | the same with None | JSON |
| BINARY | `object` of bytes | the same with None | BINARY |

A DataFrame cannot tell a missing field from a null one: both are null on the way back. Integers and floats in one
column become floats where each integer is exactly one; datetimes of different offsets become UTC; values of other
kinds together stay as they are in an ``object`` column.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import _native
from ..exceptions import InvalidRecordError, UnsupportedError
from ..fields import Field

if TYPE_CHECKING:
    import pandas

    from .._native import Record, SearchResult, Table

__all__ = ["dataframe_to_records", "records_to_dataframe", "table_to_dataframe"]

#: The key of ``DataFrame.attrs`` under which stands what columns cannot say.
ATTRIBUTES = "dataknobs"

#: The type of a column's nulls, where its dtype says one.
TYPES = {"boolean": "BOOLEAN", "integer": "INTEGER", "float": "FLOAT", "datetime": "DATETIME"}


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise UnsupportedError(
            "DataFrames need pandas, which is not installed", hint="pip install dataknobs-data[pandas]"
        ) from error
    return pandas


def records_to_dataframe(
    records: Iterable[Record] | SearchResult,
    *,
    id: str | None = None,
    id_column: str = "_id",
    metadata: bool = False,
) -> pandas.DataFrame:
    """Give records as a DataFrame: a column for each field, in order of first appearance.

    Parameters
    ----------
    records : SearchResult or iterable of Record
        The records; a result is read without making Python objects of its records.
    id : {None, "index", "column"}
        Where the ids go: nowhere, into the index, or into the first column.
    id_column : str
        The name of that index or column.
    metadata : bool
        Whether ``attrs["dataknobs"]`` carries the metadata of records and fields, so that
        `dataframe_to_records` gives equal records. Rows are known again by their ids where the DataFrame has them, and
        by their index labels otherwise: with ids, sorting, filtering and `reset_index` mix nothing up.

    Returns
    -------
    pandas.DataFrame
        Types as the table of this module says.

    Raises
    ------
    UnsupportedError
        When pandas is not installed.

    Examples
    --------
    >>> from dataknobs_data import Record, records_to_dataframe
    >>> frame = records_to_dataframe([Record({"name": "Ada", "age": 36}), Record({"name": "Alan", "age": None})])
    >>> str(frame["age"].dtype)
    'Int64'
    """
    pandas = _pandas()
    _check_id(id)
    found: Any = records
    if not isinstance(records, _native.SearchResult):
        found = records if type(records) is list else list(records)
        if id is not None or metadata:
            found = _native.records_from_columns(found)
    columns = _native._columns(found, _takes_arrow(pandas))
    ids = None if id is None else found.ids()
    frame = _frame(columns, len(found), ids if id == "column" else None, ids if id == "index" else None, id_column)
    if metadata:
        by, keys = _keys(ids, id, len(found))
        described = _metadata(found, {name: declared for name, _, _, _, declared, _ in columns}, keys)
        if described:
            described["by"] = by
            frame.attrs[ATTRIBUTES] = {**frame.attrs.get(ATTRIBUTES, {}), **described}
    return frame


def _check_id(id: str | None) -> None:
    if id not in (None, "index", "column"):
        raise ValueError('`id` is None, "index" or "column"')


def _scanned_frame(scanned: Any, id: str | None, id_column: str) -> pandas.DataFrame:
    """Give a DataFrame of what a store scanned: columns, how many rows, and the ids."""
    columns, rows, ids = scanned
    if id is not None and ids is None:
        ids = []  # nothing was found
    return _frame(columns, rows, ids if id == "column" else None, ids if id == "index" else None, id_column)


def _frame(
    columns: list[Any],
    rows: int,
    id_values: list[Any] | None = None,
    index_values: list[Any] | None = None,
    id_column: str = "_id",
) -> pandas.DataFrame:
    """Give a DataFrame of native columns, with the ids in a column or in the index."""
    library = _pandas()
    data: dict[str, Any] = {}
    types: dict[str, str] = {}
    if id_values is not None:
        data[id_column] = _texts(library, _objects(id_values), None in id_values)
    for name, kind, values, present, declared, offset in columns:
        if name in data:
            raise InvalidRecordError("a field has the name of the column of ids", context={"field": f"`{name}`"})
        data[name] = _series(library, kind, values, present, offset)
        if declared is not None and (declared == "TEXT" or (present is not None and _is_empty(present))):
            types[name] = declared
    index = None if index_values is None else library.Index(_objects(index_values), name=id_column)
    if not data and index is None:
        index = library.RangeIndex(rows)
    # The arrays are nobody else's, so that there is no need for copies.
    frame: pandas.DataFrame = library.DataFrame(data, index=index, copy=False)
    if types:
        frame.attrs[ATTRIBUTES] = {"types": types}
    return frame


def _is_empty(present: Any) -> bool:
    import numpy

    return not numpy.asarray(present).any()


def _texts(pandas: Any, values: Any, gaps: bool) -> Any:
    """Give an object array of text as pandas holds text."""
    if _has_str(pandas):
        return pandas.array(values, dtype="str")
    return pandas.array(values, dtype="string") if gaps else values


def _has_str(pandas: Any) -> bool:
    """Whether text has a type of its own by default, as from pandas 3 on."""
    return int(pandas.__version__.split(".", 1)[0]) >= 3


def _takes_arrow(pandas: Any) -> bool:
    """Whether text is Arrow data inside a DataFrame, so that no objects are needed for it."""
    return _has_str(pandas) and pandas.StringDtype(na_value=float("nan")).storage == "pyarrow"


def _objects(values: list[Any]) -> Any:
    import numpy

    array = numpy.empty(len(values), dtype=object)
    array[:] = values
    return array


def _series(pandas: Any, kind: str, values: Any, present: Any, offset: int | None) -> Any:
    """Give the array of one column as pandas holds it."""
    import numpy

    if kind == "text" and isinstance(values, list):
        import pyarrow  # type: ignore[import-untyped, unused-ignore]

        return pandas.array(pyarrow.chunked_array([pyarrow.array(part) for part in values]), dtype="str")
    array = numpy.asarray(values)
    if kind == "values":
        return array
    if kind == "text":
        return _texts(pandas, array, present is not None)
    if kind == "datetime":
        if offset is None:
            return array
        from datetime import timedelta, timezone

        zone = timezone.utc if offset == 0 else timezone(timedelta(seconds=offset))
        return pandas.DatetimeIndex(array, tz="UTC").tz_convert(zone)
    if present is None or kind == "float":
        return array
    missing = ~numpy.asarray(present)
    if kind == "integer":
        return pandas.arrays.IntegerArray(array, missing)
    return pandas.arrays.BooleanArray(array, missing)


def _keys(ids: list[str | None] | None, id: str | None, rows: int) -> tuple[str, list[Any]]:
    """Give by what rows are known again, and each row's key."""
    if ids is not None and None not in ids and len(set(ids)) == rows:
        return "id", list(ids)
    return "position" if id == "index" else "label", list(range(rows))


def _keys_of(frame: Any, ids: list[str | None] | None, attributes: dict[str, Any]) -> list[Any]:
    """Give the keys of a DataFrame's rows; None for a row that cannot be known again."""
    by = attributes.get("by")
    if by == "label":
        return list(frame.index.tolist())
    if by == "position":
        return list(range(len(frame)))
    return ids if by == "id" and ids is not None else [None] * len(frame)


def _metadata(records: SearchResult, declared: dict[str, str | None], keys: list[Any]) -> dict[str, Any]:
    """Give what columns cannot say, by the record's key: metadata, missing fields, and types of single values."""
    found: dict[str, dict[Any, Any]] = {"records": {}, "fields": {}, "missing": {}, "value_types": {}}
    for key, record in zip(keys, records, strict=True):
        if len(record.metadata):
            found["records"][key] = record.metadata.to_dict()
        fields = record.fields
        missing = [name for name in declared if name not in fields]
        if missing:
            found["missing"][key] = missing
        for field in fields.values():
            if field.metadata:
                found["fields"].setdefault(key, {})[field.name] = dict(field.metadata)
            type_of_column = declared[field.name]
            mixed = type_of_column is None and (field.value is None or field.type == "TEXT")
            if mixed or (type_of_column is not None and field.type != type_of_column):
                found["value_types"].setdefault(key, {})[field.name] = field.type.value
    return {part: content for part, content in found.items() if content}


def dataframe_to_records(
    frame: pandas.DataFrame, *, id_column: str | None = None, missing: str = "null"
) -> SearchResult:
    """Give the rows of a DataFrame as records.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its columns must have distinct names, all of them `str`. NaN, NaT, NA and None are null.
    id_column : str, optional
        The column, or the index, that holds the ids. Without one, an index or a column named ``_id`` is it, and where
        there is none the records have no ids.
    missing : {"null", "drop"}
        Whether a null is a field that is null, or no field.

    Returns
    -------
    SearchResult
        The records, in the frame's order; a sequence.

    Raises
    ------
    InvalidRecordError
        When a value is of no type that a record holds (a timedelta, an infinite float, an integer past 64 bits); the
        context names column and row.

    Examples
    --------
    >>> import pandas
    >>> from dataknobs_data import dataframe_to_records
    >>> records = dataframe_to_records(pandas.DataFrame({"key": ["a"], "n": [1]}), id_column="key")
    >>> records[0].id, records[0]["n"]
    ('a', 1)
    """
    _pandas()
    if missing not in ("null", "drop"):
        raise ValueError('`missing` is "null" or "drop"')
    columns, ids, attributes = _parts(frame, id_column)
    records = _native._records(columns, len(frame), ids)
    if missing == "drop" or attributes:
        return _finished(records, attributes, _keys_of(frame, ids, attributes), missing == "drop")
    return records


def _parts(frame: Any, id_column: str | None) -> tuple[list[Any], list[str | None] | None, dict[str, Any]]:
    """Give a DataFrame's columns as `_native._records` takes them, the ids, and what columns cannot say."""
    attributes = frame.attrs.get(ATTRIBUTES)
    if not isinstance(attributes, dict):
        attributes = {}
    types = attributes.get("types", {})
    seen = set()
    for column in frame.columns:
        if not isinstance(column, str):
            raise InvalidRecordError("the name of a column must be a str", context={"column": repr(column)})
        if column in seen:
            raise InvalidRecordError("a column name stands twice", context={"column": f"`{column}`"})
        seen.add(column)
    ids = None
    name = id_column if id_column is not None else "_id"
    if name in seen:
        ids = _ids(frame[name], name)
    elif frame.index.name == name:
        ids = _ids(frame.index.to_series(), name)
    elif id_column is not None:
        raise InvalidRecordError("there is no such column", context={"column": f"`{id_column}`"})
    columns = []
    for position, column in enumerate(frame.columns):
        if ids is not None and column == name:
            continue
        cells = _cells(frame.iloc[:, position], column)
        columns.append((column, *cells, TYPES.get(cells[0]) or types.get(column)))
    parts = ("records", "fields", "missing", "value_types", "by")
    return columns, ids, {part: attributes[part] for part in parts if part in attributes}


def _retyped(field: Field, kind: str | None, metadata: dict[str, Any] | None) -> Field:
    """Give a field its type of before, unless its value is another now."""
    if kind is not None:
        try:
            # Without metadata, which may say that the value is read back as an object.
            typed = Field(field.name, field.value, kind)
        except InvalidRecordError:
            pass
        else:
            if typed.value == field.value:
                return Field(field.name, field.value, kind, metadata)
    return Field(field.name, field.value, field.type, metadata)


def _finished(records: SearchResult, attributes: dict[str, Any], keys: list[Any], drop: bool) -> SearchResult:
    """Give the records with what the columns could not say."""
    finished = []
    for key, record in zip(keys, records, strict=True):
        absent = set(attributes.get("missing", {}).get(key, ()))
        if drop:
            absent.update(name for name, value in record.items() if value is None)
        for name in absent:
            if name in record and record[name] is None:
                del record[name]
        metadata = attributes.get("records", {}).get(key)
        if metadata:
            record.metadata = metadata
        described = attributes.get("fields", {}).get(key, {})
        types = attributes.get("value_types", {}).get(key, {})
        for name in {**described, **types}:
            if name in record:
                field = record.fields[name]
                record.set_field(_retyped(field, types.get(name), described.get(name)))
        finished.append(record)
    return _native.records_from_columns(finished)


def _ids(column: Any, name: str) -> list[str | None]:
    import numpy

    ids: list[str | None] = []
    for row, (value, absent) in enumerate(zip(column.tolist(), column.isna().tolist(), strict=True)):
        if absent:
            ids.append(None)
        elif isinstance(value, str):
            ids.append(value)
        elif type(value).__name__ == "UUID" or (isinstance(value, int | numpy.integer) and not isinstance(value, bool)):
            ids.append(str(value))
        else:
            raise InvalidRecordError(
                "an id is text or an integer",
                context={"column": f"`{name}`", "row": str(row), "python type": type(value).__qualname__},
            )
    return ids


def _cells(series: Any, name: str) -> tuple[str, Any, Any, Any]:
    """Give kind, data, which rows have a value, and offsets from UTC of one column."""
    import numpy

    dtype = series.dtype
    kind = dtype.kind if isinstance(dtype, numpy.dtype) else getattr(dtype, "kind", "O")
    plain = isinstance(dtype, numpy.dtype)
    zoned = type(dtype).__name__ == "DatetimeTZDtype"
    if kind in "mc" or type(dtype).__name__ in ("PeriodDtype", "IntervalDtype"):
        raise InvalidRecordError(
            "no value can hold what this column has",
            context={"column": f"`{name}`", "dtype": str(dtype)},
            hint="convert the column first, for example with astype(str)",
        )
    if zoned or (plain and kind == "M"):
        return _moments(series, name, zoned)
    categorical = type(dtype).__name__ == "CategoricalDtype"
    if not plain and kind in "iufb" and not categorical:  # Int64, boolean, Float64 and what Arrow holds
        present = ~series.isna().to_numpy()
        zero: Any = False if kind == "b" else 0
        target = {"i": "int64", "u": "uint64", "f": "float64", "b": "bool"}[kind]
        array = series.to_numpy(dtype=target, na_value=zero)
        return (*_numbers(array, kind, name), _plain(present, "bool"), None)
    if plain and kind in "iufb":
        return (*_numbers(series.to_numpy(), kind, name), None, None)
    if plain:
        return "objects", series.tolist(), None, None
    if type(series.array).__name__ == "ArrowStringArray":
        texts = _arrow_texts(series.array)
        if texts is not None:
            return "text", texts, None, None
    values = series.astype(object).to_numpy(dtype=object, copy=True)
    values[series.isna().to_numpy(dtype=bool)] = None
    return "objects", values.tolist(), None, None


def _arrow_texts(array: Any) -> Any:
    """Give text that pandas keeps in Arrow data as such data, so that no objects are made of it."""
    import pyarrow

    column = pyarrow.table([pyarrow.chunked_array(array.__arrow_array__())], ["text"])
    return column if column.schema[0].type in (pyarrow.string(), pyarrow.large_string()) else None


def _numbers(array: Any, kind: str, name: str) -> tuple[str, Any]:
    import numpy

    if kind == "b":
        return "boolean", _plain(array, "bool")
    if kind == "f":
        # What a float of more bits loses here is found as infinite, with its row.
        with numpy.errstate(over="ignore"):
            return "float", _plain(array, "float64")
    if kind == "u" and len(array) and array.max() > numpy.iinfo("int64").max:
        row = int((array > numpy.iinfo("int64").max).argmax())
        raise InvalidRecordError(
            "an integer is outside the 64-bit range", context={"column": f"`{name}`", "row": str(row)}
        )
    return "integer", _plain(array, "int64")


def _plain(array: Any, dtype: str) -> Any:
    """Give an array as the native module reads it: in one piece, aligned, in the order of this machine."""
    import numpy

    return numpy.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])


def _moments(series: Any, name: str, zoned: bool) -> tuple[str, Any, Any, Any]:
    import numpy

    if not zoned:
        return "datetime", _microseconds(series, name), None, None
    utc = _microseconds(series.dt.tz_convert("UTC").dt.tz_localize(None), name)
    local = _microseconds(series.dt.tz_localize(None), name)
    missing = numpy.isnat(utc)
    offsets = (local.view("int64") - utc.view("int64")) // 1_000_000
    offsets[missing] = 0
    return "datetime", utc, None, _plain(offsets, "int64")


def _microseconds(series: Any, name: str) -> Any:
    """Give datetimes in microseconds, after a look at whether these can hold them: NumPy would wrap them around."""
    import numpy

    array = series.to_numpy()
    unit: Any = numpy.datetime_data(array.dtype)[0]
    if unit in ("s", "ms") and len(array):
        outside = (array < numpy.datetime64("0001-01-01", unit)) | (array >= numpy.datetime64("10000-01-01", unit))
        if outside.any():
            raise InvalidRecordError(
                "a datetime must lie in the years 0001 to 9999",
                context={"column": f"`{name}`", "row": str(int(outside.argmax()))},
            )
    return _plain(array, "datetime64[us]")


def table_to_dataframe(table: Table) -> pandas.DataFrame:
    """Give the rows of an aggregation as a DataFrame.

    Parameters
    ----------
    table : Table
        What `Database.aggregate` gives.

    Returns
    -------
    pandas.DataFrame
        A column for each of the table's, of the types that `records_to_dataframe` gives.

    Raises
    ------
    UnsupportedError
        When pandas is not installed.

    Examples
    --------
    >>> import pandas
    >>> from dataknobs_data import Table
    >>> table_to_dataframe(Table(["city", "count"], [("Oslo", 2)]))["count"].tolist()
    [2]
    """
    _pandas()
    rows = _native.records_from_columns([dict(row) for row in table])
    frame = records_to_dataframe(rows)
    return frame[list(table.columns)] if len(table) else _pandas().DataFrame(columns=list(table.columns))
