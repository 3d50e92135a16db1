//! What becomes of each Arrow type that others make.

use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeListBuilder, Int32Builder, ListBuilder, ListViewBuilder, MapBuilder, StringBuilder, StringRunBuilder,
};
use arrow_array::types::{Int8Type, Int32Type, UInt32Type};
use arrow_array::*;
use arrow_buffer::{NullBuffer, i256};
use arrow_schema::{DataType, Field, Fields};
use dataknobs_data_arrow::{FromArrowOptions, batches_to_records};
use dataknobs_data_core::{DateTime, FieldType, Record, Value};
use serde_json::json;

pub(crate) fn batch(column: impl Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter([("c", Arc::new(column) as ArrayRef)]).unwrap()
}

pub(crate) fn read(column: impl Array + 'static) -> Vec<Record> {
    batches_to_records([batch(column)], &FromArrowOptions::new()).unwrap()
}

/// The values of a column and the one type of all its fields.
#[track_caller]
fn assert_read<V: Into<Value>>(
    column: impl Array + 'static,
    field_type: FieldType,
    expected: impl IntoIterator<Item = V>,
) {
    let records = read(column);
    let values: Vec<Value> = records.iter().map(|record| record["c"].clone()).collect();
    assert_eq!(values, expected.into_iter().map(Into::into).collect::<Vec<_>>());
    assert!(records.iter().all(|record| record.field("c").unwrap().field_type() == field_type));
}

fn time(text: &str) -> Value {
    Value::from(DateTime::parse(text).unwrap())
}

fn doc(document: serde_json::Value) -> Value {
    Value::json(document).unwrap()
}

#[test]
fn integers_of_every_width() {
    let expected = [Some(7i64), None];
    assert_read(Int8Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(Int16Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(Int32Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(Int64Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(UInt8Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(UInt16Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(UInt32Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(UInt64Array::from(vec![Some(7), None]), FieldType::Integer, expected);
    assert_read(UInt64Array::from(vec![i64::MAX as u64]), FieldType::Integer, [i64::MAX]);
    assert_read(Int64Array::from(vec![i64::MIN]), FieldType::Integer, [i64::MIN]);
}

#[test]
fn floats_of_every_width_with_nan_as_null() {
    let half = Float16Array::from_iter([Some(half(1.5)), Some(half(f32::NAN)), None]);
    assert_read(half, FieldType::Float, [Some(1.5), None, None]);
    assert_read(Float32Array::from(vec![Some(0.5), Some(f32::NAN), None]), FieldType::Float, [Some(0.5), None, None]);
    assert_read(Float64Array::from(vec![Some(0.1), Some(f64::NAN), None]), FieldType::Float, [Some(0.1), None, None]);
}

fn half(value: f32) -> <types::Float16Type as ArrowPrimitiveType>::Native {
    <types::Float16Type as ArrowPrimitiveType>::Native::from_f32(value)
}

#[test]
fn booleans_and_nothing() {
    assert_read(
        BooleanArray::from(vec![Some(true), Some(false), None]),
        FieldType::Boolean,
        [Some(true), Some(false), None],
    );
    assert_read(NullArray::new(2), FieldType::String, [Value::Null, Value::Null]);
}

#[test]
fn text_in_every_layout() {
    let texts = vec![Some("é"), Some("longer than the twelve bytes of a view"), None];
    assert_read(StringArray::from(texts.clone()), FieldType::String, texts.clone());
    assert_read(LargeStringArray::from(texts.clone()), FieldType::String, texts.clone());
    assert_read(StringViewArray::from(texts.clone()), FieldType::String, texts.clone());
    assert_read(
        StringArray::from(texts).slice(1, 2),
        FieldType::String,
        [Some("longer than the twelve bytes of a view"), None],
    );
    let long = "x".repeat(1001);
    assert_read(StringArray::from(vec!["short", &long]), FieldType::Text, ["short", &long]);
}

#[test]
fn bytes_in_every_layout() {
    let bytes: Vec<Option<&[u8]>> = vec![Some(b"\x00\xFF"), None];
    let expected = || bytes.iter().map(|bytes| bytes.map_or(Value::Null, Value::from));
    assert_read(BinaryArray::from(bytes.clone()), FieldType::Binary, expected());
    assert_read(LargeBinaryArray::from(bytes.clone()), FieldType::Binary, expected());
    assert_read(BinaryViewArray::from(bytes.clone()), FieldType::Binary, expected());
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes.iter().copied(), 2).unwrap();
    assert_read(fixed, FieldType::Binary, expected());
}

#[test]
fn dates_are_midnights() {
    let expected = || [time("1969-12-31"), time("2024-05-01"), Value::Null];
    assert_read(Date32Array::from(vec![Some(-1), Some(19_844), None]), FieldType::DateTime, expected());
    let millis = vec![Some(-1), Some(19_844 * 86_400_000 + 5), None];
    assert_read(Date64Array::from(millis), FieldType::DateTime, expected());
}

#[test]
fn timestamps_of_every_unit() {
    let expected = || [time("1970-01-01T00:00:05"), time("1969-12-31T23:59:59"), Value::Null];
    assert_read(TimestampSecondArray::from(vec![Some(5), Some(-1), None]), FieldType::DateTime, expected());
    assert_read(
        TimestampMillisecondArray::from(vec![Some(5_000), Some(-1_000), None]),
        FieldType::DateTime,
        expected(),
    );
    assert_read(
        TimestampMicrosecondArray::from(vec![Some(5_000_000), Some(-1_000_000), None]),
        FieldType::DateTime,
        expected(),
    );
    assert_read(
        TimestampNanosecondArray::from(vec![Some(5_000_000_999), Some(-1_000_000_000), None]),
        FieldType::DateTime,
        expected(),
    );
    assert_read(TimestampNanosecondArray::from(vec![-1]), FieldType::DateTime, [time("1969-12-31T23:59:59.999999")]);
}

#[test]
fn zones_give_offsets() {
    let moments = || TimestampSecondArray::from(vec![1_704_103_200, 1_714_550_400]);
    for (zone, expected) in [
        ("UTC", ["2024-01-01T10:00:00Z", "2024-05-01T08:00:00Z"]),
        ("+02:00", ["2024-01-01T12:00:00+02:00", "2024-05-01T10:00:00+02:00"]),
        ("-0530", ["2024-01-01T04:30:00-05:30", "2024-05-01T02:30:00-05:30"]),
        ("Europe/Berlin", ["2024-01-01T11:00:00+01:00", "2024-05-01T10:00:00+02:00"]),
        ("Atlantis/Capital", ["2024-01-01T10:00:00Z", "2024-05-01T08:00:00Z"]),
    ] {
        assert_read(moments().with_timezone(zone), FieldType::DateTime, expected.map(time));
    }
}

#[test]
fn times_of_day_are_text() {
    assert_read(Time32SecondArray::from(vec![Some(36_005), None]), FieldType::String, [Some("10:00:05"), None]);
    assert_read(Time32MillisecondArray::from(vec![500]), FieldType::String, ["00:00:00.500000"]);
    assert_read(Time64MicrosecondArray::from(vec![86_399_999_999]), FieldType::String, ["23:59:59.999999"]);
    assert_read(
        Time64NanosecondArray::from(vec![1, 1_000, 0]),
        FieldType::String,
        ["00:00:00.000000001", "00:00:00.000001", "00:00:00"],
    );
}

#[test]
fn decimals_without_fraction_are_integers_and_others_exact_text() {
    let whole = Decimal128Array::from(vec![Some(i128::from(i64::MAX)), Some(-3), None]);
    assert_read(whole.with_precision_and_scale(38, 0).unwrap(), FieldType::Integer, [Some(i64::MAX), Some(-3), None]);
    let hundreds = Decimal64Array::from(vec![-3]).with_precision_and_scale(9, -2).unwrap();
    assert_read(hundreds, FieldType::Integer, [-300]);
    let cents = Decimal128Array::from(vec![Some(-12_345), Some(5), None]).with_precision_and_scale(38, 2).unwrap();
    assert_read(cents, FieldType::String, [Some("-123.45"), Some("0.05"), None]);
    let wide = Decimal256Array::from(vec![i256::from_i128(i128::MAX)]).with_precision_and_scale(76, 1).unwrap();
    assert_read(wide, FieldType::String, ["17014118346046923173168730371588410572.7"]);
    assert_read(Decimal32Array::from(vec![105]).with_precision_and_scale(5, 3).unwrap(), FieldType::String, ["0.105"]);
}

#[test]
fn dictionaries_and_runs_are_decoded() {
    let words: DictionaryArray<Int8Type> = vec![Some("a"), None, Some("b"), Some("a")].into_iter().collect();
    assert_read(words.clone(), FieldType::String, [Some("a"), None, Some("b"), Some("a")]);
    assert_read(words.slice(2, 2), FieldType::String, ["b", "a"]);
    let numbers =
        DictionaryArray::<UInt32Type>::new(vec![1u32, 0].into(), Arc::new(Int32Array::from(vec![Some(5), None])));
    assert_read(numbers, FieldType::Integer, [None, Some(5i64)]);
    let empty = DictionaryArray::<Int32Type>::new(vec![None].into(), Arc::new(StringArray::from(Vec::<&str>::new())));
    assert_read(empty, FieldType::String, [Value::Null]);
    let mut runs = StringRunBuilder::<Int32Type>::new();
    runs.extend([Some("a"), Some("a"), None, Some("b")]);
    let runs = runs.finish();
    assert_read(runs.slice(1, 3), FieldType::String, [Some("a"), None, Some("b")]);
}

#[test]
fn lists_are_json() {
    let rows = || [Some(vec![Some(1), None]), None, Some(vec![])];
    let expected = || [doc(json!([1, null])), Value::Null, doc(json!([]))];
    assert_read(ListArray::from_iter_primitive::<Int32Type, _, _>(rows()), FieldType::Json, expected());
    assert_read(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows()), FieldType::Json, expected());
    let mut views = ListViewBuilder::new(Int32Builder::new());
    rows().into_iter().for_each(|row| views.append_option(row));
    assert_read(views.finish(), FieldType::Json, expected());
    let mut fixed = FixedSizeListBuilder::new(Int32Builder::new(), 2);
    fixed.values().append_slice(&[1, 2, 3, 4]);
    fixed.append(true);
    fixed.append(false);
    assert_read(fixed.finish(), FieldType::Json, [doc(json!([1, 2])), Value::Null]);
    let mut nested = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    nested.values().append_value([Some("a"), None]);
    nested.append(true);
    assert_read(nested.finish(), FieldType::Json, [doc(json!([["a", null]]))]);
}

#[test]
fn structs_and_maps_are_objects() {
    let fields = Fields::from(vec![Field::new("b", DataType::Float64, true), Field::new("a", DataType::Utf8, true)]);
    let members: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::INFINITY), Some(f64::NAN)])),
        Arc::new(StringArray::from(vec![None, Some("hidden"), Some("x")])),
    ];
    let valid = NullBuffer::from(vec![true, false, true]);
    let structs = StructArray::new(fields, members, Some(valid));
    let expected = [doc(json!({"b": 0.5, "a": null})), Value::Null, doc(json!({"b": null, "a": "x"}))];
    assert_read(structs, FieldType::Json, expected);

    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    maps.keys().append_value("k");
    maps.values().append_value(1);
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    assert_read(maps.finish(), FieldType::Json, [doc(json!({"k": 1})), Value::Null]);
}

#[test]
fn datetimes_and_bytes_inside_become_text_on_request() {
    let fields = Fields::from(vec![Field::new("d", DataType::Date32, true), Field::new("x", DataType::Binary, true)]);
    let members: Vec<ArrayRef> =
        vec![Arc::new(Date32Array::from(vec![0])), Arc::new(BinaryArray::from(vec![&b"\x00\xFF"[..]]))];
    let structs = batch(StructArray::new(fields, members, None));
    let options = FromArrowOptions::new().with_nested_as_text(true);
    let records = batches_to_records([structs], &options).unwrap();
    assert_eq!(records[0]["c"], doc(json!({"d": "1970-01-01T00:00:00", "x": "AP8="})));
}

#[test]
fn ids_are_text_or_integers() {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("_id", ids.clone()), ("n", numbers.clone())]).unwrap();
    let records = batches_to_records([&batch], &FromArrowOptions::new()).unwrap();
    assert_eq!((records[0].id().unwrap().as_str(), records[1].id()), ("7", None));
    assert_eq!(records[0].len(), 1);
    let batch = RecordBatch::try_from_iter([("key", ids), ("n", numbers)]).unwrap();
    let records = batches_to_records([&batch], &FromArrowOptions::new()).unwrap();
    assert_eq!((records[0].id(), records[0].len()), (None, 2));
}
