//! Arrow types and fields of columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};
use dataknobs_data_core::Str;

use crate::infer::{ColumnKind, ColumnType, Zone};
use crate::marks::Mark;
use crate::write::batches::Ids;

/// The Arrow field of a column of values.
pub(crate) fn field(column: &ColumnType) -> Field {
    let mark = column.field_type.map_or(Mark::Tagged, Mark::Typed);
    mark.on(Field::new(column.name.as_str(), data_type(column), true))
}

/// The Arrow field of the column of ids or of metadata.
pub(crate) fn text_field(name: &Str, mark: Mark) -> Field {
    mark.on(Field::new(name.as_str(), DataType::Utf8, true))
}

/// The Arrow field of a column in which every record has an id.
#[cfg_attr(not(feature = "parquet"), allow(dead_code))]
pub(super) fn id_field(name: &Str, ids: Ids) -> Field {
    let data_type = if ids == Ids::Integer { DataType::Int64 } else { DataType::Utf8 };
    Mark::Id.on(Field::new(name.as_str(), data_type, false))
}

/// All fields in order: ids, values, metadata.
pub(super) fn fields(id: Option<Field>, columns: &[ColumnType], metadata: Option<&Str>) -> Vec<Field> {
    let metadata = metadata.map(|name| text_field(name, Mark::Metadata));
    id.into_iter().chain(columns.iter().map(field)).chain(metadata).collect()
}

fn data_type(column: &ColumnType) -> DataType {
    match column.kind {
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::DateTime(zone) => DataType::Timestamp(TimeUnit::Microsecond, zone_name(zone)),
        ColumnKind::Text if column.large => DataType::LargeUtf8,
        ColumnKind::Text | ColumnKind::Json | ColumnKind::Mixed => DataType::Utf8,
        ColumnKind::Binary if column.large => DataType::LargeBinary,
        ColumnKind::Binary => DataType::Binary,
    }
}

/// `UTC`, `+02:00`, `-05:30`; none for times without offset.
pub(crate) fn zone_name(zone: Zone) -> Option<Arc<str>> {
    match zone {
        Zone::Naive => None,
        Zone::Offset(0) => Some("UTC".into()),
        Zone::Offset(offset) => {
            let sign = if offset < 0 { '-' } else { '+' };
            let minutes = offset.abs() / 60;
            Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60).into())
        }
    }
}
