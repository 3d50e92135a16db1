//! Which columns records have, and what stands in them.

use dataknobs_data_arrow::{ColumnData, ColumnKind, ToArrowOptions, Zone, columns, infer_columns};
use dataknobs_data_core::{DateTime, Field, FieldType, Record, Value, record};
use serde_json::json;

/// Records of one field `c` with these values.
fn of(values: impl IntoIterator<Item = impl Into<Value>>) -> Vec<Record> {
    values.into_iter().map(|value| Record::from_pairs([("c", value)]).unwrap()).collect()
}

#[track_caller]
fn assert_kind(records: &[Record], plain: ColumnKind, exact: ColumnKind) {
    assert_eq!(infer_columns(records, &ToArrowOptions::new())[0].kind, plain);
    assert_eq!(infer_columns(records, &ToArrowOptions::exact())[0].kind, exact);
}

fn time(text: &str) -> Value {
    Value::from(DateTime::parse(text).unwrap())
}

#[test]
fn one_kind_of_values_makes_a_column_of_it() {
    let document = Value::json(json!([1])).unwrap();
    for (value, kind) in [
        (Value::from(true), ColumnKind::Boolean),
        (Value::from(1), ColumnKind::Integer),
        (Value::from(1.5), ColumnKind::Float),
        (Value::from("x"), ColumnKind::Text),
        (time("2024-05-01"), ColumnKind::DateTime(Zone::Naive)),
        (document, ColumnKind::Json),
        (Value::from(vec![1u8]), ColumnKind::Binary),
    ] {
        assert_kind(&of([Value::Null, value.clone(), Value::Null, value]), kind, kind);
    }
}

#[test]
fn numbers_widen_only_where_nothing_is_lost() {
    let mixed = |integer: i64| of([Value::from(integer), Value::from(0.5)]);
    assert_kind(&mixed(1 << 53), ColumnKind::Float, ColumnKind::Mixed);
    assert_kind(&mixed(i64::MIN), ColumnKind::Float, ColumnKind::Mixed);
    assert_kind(&mixed((1 << 53) + 1), ColumnKind::Mixed, ColumnKind::Mixed);
    assert_kind(&mixed(i64::MAX), ColumnKind::Mixed, ColumnKind::Mixed);
    let mut options = ToArrowOptions::new();
    options.widen_numbers = false;
    assert_eq!(infer_columns(&mixed(1), &options)[0].kind, ColumnKind::Mixed);
}

#[test]
fn values_of_different_kinds_are_mixed() {
    assert_kind(&of([Value::from(1), Value::from("x")]), ColumnKind::Mixed, ColumnKind::Mixed);
    assert_kind(&of([Value::from(1), Value::from(true)]), ColumnKind::Mixed, ColumnKind::Mixed);
}

#[test]
fn offsets_that_differ_become_utc_unless_exact() {
    let offset = |seconds| ColumnKind::DateTime(Zone::Offset(seconds));
    let same = of([time("2024-05-01T10:00:00+02:00"), time("2023-05-01T10:00:00+02:00")]);
    assert_kind(&same, offset(7200), offset(7200));
    assert_kind(&of([time("2024-05-01T10:00:00Z")]), offset(0), offset(0));
    let differ = of([time("2024-05-01T10:00:00+02:00"), time("2023-05-01T10:00:00Z")]);
    assert_kind(&differ, offset(0), ColumnKind::Mixed);
    let naive = of([time("2024-05-01T10:00:00"), time("2023-05-01T10:00:00Z")]);
    assert_kind(&naive, offset(0), ColumnKind::Mixed);
    assert_kind(&of([time("1880-05-01T10:00:00+01:12:34")]), offset(0), ColumnKind::Mixed);
}

#[test]
fn without_values_the_declared_type_decides() {
    let null = |field_type| Record::from_fields([Field::new("c", Value::Null).with_type(field_type)]).unwrap();
    for (field_type, kind) in
        [(FieldType::Integer, ColumnKind::Integer), (FieldType::DateTime, ColumnKind::DateTime(Zone::Naive))]
    {
        let column = &infer_columns(&[null(field_type), null(FieldType::String)], &ToArrowOptions::new())[0];
        assert_eq!((column.kind, column.field_type), (kind, Some(field_type)));
    }
}

#[test]
fn columns_hold_values_and_say_where_there_are_none() {
    let records = [
        record! { "b": true, "i": 1, "f": 0.5, "s": "x", "d": DateTime::from_micros(7), "x": vec![1u8] }.unwrap(),
        record! { "i": (), "f": (), "s": "y" }.unwrap(),
    ];
    let columns = columns(&records, &ToArrowOptions::new());
    let gap = Some(vec![1, 0]);
    let binary = Value::from(vec![1u8]);
    let expected = [
        ("b", ColumnData::Boolean(vec![1, 0]), gap.clone()),
        ("i", ColumnData::Integer(vec![1, 0]), gap.clone()),
        ("s", ColumnData::Text(vec![Some("x"), Some("y")]), None),
        ("d", ColumnData::DateTime(vec![7, i64::MIN]), gap.clone()),
        ("x", ColumnData::Values(vec![&binary, &Value::Null]), gap.clone()),
    ];
    for (name, data, validity) in expected {
        let column = columns.iter().find(|column| column.name == name).unwrap();
        assert_eq!((&column.data, &column.validity), (&data, &validity));
    }
    assert!(matches!(&columns[2].data, ColumnData::Float(values) if values[0] == 0.5 && values[1].is_nan()));
}

#[test]
fn many_records_of_many_shapes_keep_their_rows() {
    let records: Vec<Record> = (0..3_000i64)
        .map(|row| {
            Record::from_pairs([(format!("own{}", row % 40), Value::from(row)), ("all".into(), row.into())]).unwrap()
        })
        .collect();
    let columns = columns(&records, &ToArrowOptions::new());
    assert_eq!(columns.len(), 41);
    assert_eq!(columns[1].data, ColumnData::Integer((0..3_000).collect()));
    let own = columns.iter().find(|column| column.name == "own39").unwrap();
    let (ColumnData::Integer(values), Some(mask)) = (&own.data, &own.validity) else { panic!("{own:?}") };
    assert_eq!((values[79], mask[79], values[80], mask[80]), (79, 1, 0, 0));
    assert_eq!(mask.iter().map(|one| usize::from(*one)).sum::<usize>(), 75);
}
