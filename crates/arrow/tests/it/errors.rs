//! What is refused, and how the error says where.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use dataknobs_data_arrow::{
    FromArrowOptions, ToArrowOptions, batches_to_records, reader, records_from_reader, records_to_batches,
};
use dataknobs_data_core::{Error, ErrorKind, record};

use crate::inward::batch;

#[track_caller]
fn refused(batches: impl IntoIterator<Item = RecordBatch>, kind: ErrorKind) -> Error {
    let error = batches_to_records(batches, &FromArrowOptions::new()).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    error
}

#[track_caller]
fn assert_place(error: &Error, row: usize, path: Option<&str>) {
    assert_eq!(error.context_value("column"), Some("`c`"), "{error}");
    assert_eq!(error.context_value("row"), Some(row.to_string().as_str()), "{error}");
    assert_eq!(error.context_value("path"), path, "{error}");
}

#[test]
fn values_outside_the_data_model_name_column_and_row() {
    let invalid = ErrorKind::InvalidRecord;
    let wide = u64::MAX;
    assert_place(&refused([batch(UInt64Array::from(vec![1, wide]))], invalid), 1, None);
    assert_place(&refused([batch(Float64Array::from(vec![0.0, 1.0, f64::INFINITY]))], invalid), 2, None);
    assert_place(&refused([batch(Float32Array::from(vec![f32::NEG_INFINITY]))], invalid), 0, None);
    let decimal = Decimal128Array::from(vec![i128::MAX / 10]).with_precision_and_scale(38, 0).unwrap();
    assert_place(&refused([batch(decimal)], invalid), 0, None);
    assert_place(&refused([batch(TimestampSecondArray::from(vec![i64::MAX]))], invalid), 0, None);
    assert_place(&refused([batch(TimestampMicrosecondArray::from(vec![i64::MIN + 1]))], invalid), 0, None);
    assert_place(&refused([batch(Date32Array::from(vec![0, i32::MAX]))], invalid), 1, None);
    assert_place(&refused([batch(Time32SecondArray::from(vec![86_400]))], invalid), 0, None);
}

#[test]
fn rows_count_over_all_batches() {
    let good = batch(Float64Array::from(vec![1.0, 2.0]));
    let error = refused([good, batch(Float64Array::from(vec![f64::INFINITY]))], ErrorKind::InvalidRecord);
    assert_place(&error, 2, None);
    assert_eq!(error.context_value("batch"), Some("1"));
}

#[test]
fn types_without_a_value_are_unsupported() {
    let error = refused([batch(DurationSecondArray::from(vec![1]))], ErrorKind::Unsupported);
    assert_eq!(error.context_value("column"), Some("`c`"));
    assert!(error.hint().is_some());
    refused([batch(IntervalYearMonthArray::from(vec![1]))], ErrorKind::Unsupported);
    let mut keyed = builder::MapBuilder::new(None, builder::Int32Builder::new(), builder::Int32Builder::new());
    keyed.keys().append_value(1);
    keyed.values().append_value(1);
    keyed.append(true).unwrap();
    assert_place(&refused([batch(keyed.finish())], ErrorKind::InvalidRecord), 0, Some("0"));
}

#[test]
fn places_inside_lists_and_structs_are_paths() {
    let fields = Fields::from(vec![Field::new("when", DataType::Date32, true)]);
    let days = |days: Vec<Option<i32>>| vec![Arc::new(Date32Array::from(days)) as ArrayRef];
    let structs = StructArray::new(fields.clone(), days(vec![None, Some(1)]), None);
    assert_place(&refused([batch(structs)], ErrorKind::InvalidRecord), 1, Some("when"));
    let structs = StructArray::new(fields, days(vec![None, None, Some(1)]), None);
    let item = Arc::new(Field::new_list_field(structs.data_type().clone(), true));
    let offsets = arrow_buffer::OffsetBuffer::from_lengths([0, 1, 2]);
    let list = ListArray::new(item, offsets, Arc::new(structs), None);
    assert_place(&refused([batch(list)], ErrorKind::InvalidRecord), 2, Some("1.when"));
}

#[test]
fn names_that_no_field_can_have_are_named() {
    for name in ["", "_score", "a\tb"] {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![1]));
        let batch = RecordBatch::try_from_iter([(name, column)]).unwrap();
        let error = refused([batch], ErrorKind::InvalidRecord);
        assert!(error.context_value("column").is_some(), "{error}");
    }
    let column: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let twice = RecordBatch::try_from_iter([("a", column.clone()), ("a", column)]).unwrap();
    refused([twice], ErrorKind::InvalidRecord);
}

#[test]
fn ids_and_metadata_must_be_such() {
    let one = |name: &str, column: ArrayRef| RecordBatch::try_from_iter([(name, column)]).unwrap();
    let error = refused([one("_id", Arc::new(StringArray::from(vec!["a", ""])))], ErrorKind::InvalidRecord);
    assert_eq!((error.context_value("column"), error.context_value("row")), (Some("`_id`"), Some("1")));
    refused([one("_id", Arc::new(Float64Array::from(vec![1.5])))], ErrorKind::InvalidRecord);
    for text in ["{", "[]", r#"{"order": 1}"#, r#"{"nonsense": 1}"#] {
        let error = refused([one("_meta", Arc::new(StringArray::from(vec![text])))], ErrorKind::Corrupt);
        assert_eq!(error.context_value("row"), Some("0"));
    }
    refused([one("_meta", Arc::new(Int32Array::from(vec![1])))], ErrorKind::Corrupt);
}

#[test]
fn columns_that_options_name_must_be_there() {
    let batch = batch(Int32Array::from(vec![1]));
    for options in [FromArrowOptions::new().with_id_column("k"), FromArrowOptions::new().with_metadata_column("k")] {
        let error = batches_to_records([&batch], &options).unwrap_err();
        assert_eq!((error.kind(), error.context_value("column")), (ErrorKind::InvalidConfig, Some("`k`")));
    }
}

#[test]
fn columns_of_ids_and_metadata_need_free_names() {
    let records = [record! { "a": 1 }.unwrap().with_id("x").unwrap().with_metadata("k", 1).unwrap()];
    for options in [ToArrowOptions::new().with_id_column("a"), ToArrowOptions::new().with_metadata_column("a")] {
        assert_eq!(records_to_batches(&records, &options).unwrap_err().kind(), ErrorKind::InvalidConfig);
    }
    let both = ToArrowOptions::exact().with_id_column("k").with_metadata_column("k");
    assert_eq!(records_to_batches(&records, &both).unwrap_err().kind(), ErrorKind::InvalidConfig);
}

/// A column of ours with other texts in it.
fn with_texts(field: Field, texts: Vec<&str>) -> RecordBatch {
    let column: ArrayRef = Arc::new(StringArray::from(texts));
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column]).unwrap()
}

#[test]
fn damaged_json_and_tags_are_named() {
    let marked = |key: &str, value: &str| {
        Field::new("c", DataType::Utf8, true).with_metadata([(key.to_owned(), value.to_owned())])
    };
    for text in ["{", "1", "[99999999999999999999]"] {
        let damaged = with_texts(marked("dataknobs:type", "JSON"), vec!["[]", text]);
        assert_place(&refused([damaged], ErrorKind::InvalidRecord), 1, None);
    }
    for text in ["x", r#"{"$binary": "?"}"#] {
        let damaged = with_texts(marked("dataknobs:form", "tagged"), vec!["1", text]);
        assert_place(&refused([damaged], ErrorKind::InvalidRecord), 1, None);
    }
}

#[test]
fn later_layouts_are_refused() {
    let schema = Schema::new_with_metadata(Vec::<Field>::new(), [("dataknobs:format".to_owned(), "2".to_owned())]);
    refused([RecordBatch::new_empty(Arc::new(schema))], ErrorKind::Unsupported);
}

#[test]
fn a_stream_that_fails_names_the_batch() {
    struct Broken(usize);
    impl Iterator for Broken {
        type Item = Result<RecordBatch, ArrowError>;
        fn next(&mut self) -> Option<Self::Item> {
            self.0 += 1;
            Some(if self.0 == 1 {
                Ok(batch(Int32Array::from(vec![1])))
            } else {
                Err(ArrowError::ComputeError("no".into()))
            })
        }
    }
    impl RecordBatchReader for Broken {
        fn schema(&self) -> SchemaRef {
            batch(Int32Array::from(vec![1])).schema()
        }
    }
    let error = records_from_reader(Broken(0), &FromArrowOptions::new()).unwrap_err();
    assert_eq!((error.kind(), error.context_value("batch")), (ErrorKind::Backend, Some("1")));
}

#[test]
fn records_cross_the_c_stream() {
    use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
    let records = vec![record! { "n": 1, "s": "x" }.unwrap().with_id("a").unwrap(), record! { "s": "y" }.unwrap()];
    let stream = FFI_ArrowArrayStream::new(Box::new(reader(records.clone(), &ToArrowOptions::exact()).unwrap()));
    let stream = RecordBatchStreamReader::try_new(stream).unwrap();
    assert_eq!(records_from_reader(stream, &FromArrowOptions::new()).unwrap(), records);
}
