//! Which columns a list of records has, and of which kind each is.

use std::borrow::Borrow;

use dataknobs_data_core::{FieldType, Record, Str, Value};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::ToArrowOptions;
use crate::shapes::{Positions, Shapes};

/// What the values of a column are.
///
/// ```
/// use dataknobs_data_arrow::{ColumnKind, ToArrowOptions, infer_columns};
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1 }?, record! { "n": 1.5 }?, record! { "n": () }?];
/// assert_eq!(infer_columns(&records, &ToArrowOptions::new())[0].kind, ColumnKind::Float);
/// assert_eq!(infer_columns(&records, &ToArrowOptions::exact())[0].kind, ColumnKind::Mixed);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Booleans.
    Boolean,
    /// Integers of 64 bits.
    Integer,
    /// Floats; with `widen_numbers` among integers, too.
    Float,
    /// Text, of type STRING or TEXT.
    Text,
    /// Points in time.
    DateTime(Zone),
    /// JSON objects and arrays.
    Json,
    /// Bytes.
    Binary,
    /// Values of more than one kind.
    Mixed,
}

/// What a column of datetimes says about offsets from UTC.
///
/// ```
/// use dataknobs_data_arrow::{ColumnKind, ToArrowOptions, Zone, infer_columns};
/// use dataknobs_data_core::{DateTime, record};
/// let records = [record! { "at": DateTime::parse("2024-05-01T10:00:00+02:00")? }?];
/// let kind = infer_columns(&records, &ToArrowOptions::new())[0].kind;
/// assert_eq!(kind, ColumnKind::DateTime(Zone::Offset(7200)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// No value has an offset.
    Naive,
    /// All are shown with this offset in seconds, whole minutes; 0 is UTC. It is the one offset of
    /// all values, or UTC where they differ.
    Offset(i32),
}

/// One column that records have together.
///
/// ```
/// use dataknobs_data_arrow::{ColumnType, ToArrowOptions, infer_columns};
/// use dataknobs_data_core::{FieldType, record};
/// let columns: Vec<ColumnType> = infer_columns(&[record! { "name": "Ada" }?], &ToArrowOptions::new());
/// assert_eq!((columns[0].name.as_str(), columns[0].field_type), ("name", Some(FieldType::String)));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnType {
    /// The field's name.
    pub name: Str,
    /// What its values are.
    pub kind: ColumnKind,
    /// The declared type of the field; none for [`ColumnKind::Mixed`]. Where records differ, TEXT
    /// goes before STRING.
    pub field_type: Option<FieldType>,
    /// Whether its text or bytes need offsets of 64 bits.
    pub(crate) large: bool,
}

/// The columns of these records, in order of first appearance.
///
/// Null and missing values say nothing about a column's kind; where there are no others, the
/// declared type decides.
///
/// ```
/// use dataknobs_data_arrow::{ToArrowOptions, infer_columns};
/// use dataknobs_data_core::record;
/// let records = [record! { "a": 1, "b": 2 }?, record! { "c": 3, "a": 4 }?];
/// let columns = infer_columns(&records, &ToArrowOptions::new());
/// assert!(columns.iter().map(|column| column.name.as_str()).eq(["a", "b", "c"]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub fn infer_columns(records: &[Record], options: &ToArrowOptions) -> Vec<ColumnType> {
    infer(&Shapes::of(records), options)
}

pub(crate) fn infer<R: Borrow<Record>>(shapes: &Shapes<'_, R>, options: &ToArrowOptions) -> Vec<ColumnType> {
    let mut names: Vec<(&Str, Vec<FieldType>)> = Vec::new();
    let mut known: HashMap<&Str, usize, RandomState> = HashMap::default();
    for shape in shapes.distinct() {
        for (name, field_type) in shape.fields() {
            let at = *known.entry(name).or_insert_with(|| {
                names.push((name, Vec::new()));
                names.len() - 1
            });
            let types = &mut names[at].1;
            if !types.contains(field_type) {
                types.push(*field_type);
            }
        }
    }
    names.into_iter().map(|(name, types)| infer_column(shapes, name, &types, options)).collect()
}

fn infer_column<R: Borrow<Record>>(
    shapes: &Shapes<'_, R>,
    name: &Str,
    declared: &[FieldType],
    options: &ToArrowOptions,
) -> ColumnType {
    let positions = &shapes.positions(name);
    let kind = settle_kind(declared, || kind_of_values(shapes, positions, options));
    let kind = settle_zone(kind, options.exact, || zone_of_values(shapes, positions));
    let field_type = settle_type(kind, declared);
    let large = matches!(kind, ColumnKind::Text | ColumnKind::Binary) && {
        let mut bytes = 0usize;
        shapes.each_value(positions, |value| bytes += value.map_or(0, byte_length));
        bytes > options.large_from
    };
    ColumnType { name: name.clone(), kind, field_type, large }
}

/// A value fits its declared type, so that one type decides without a look at the values.
pub(crate) fn settle_kind(declared: &[FieldType], of_values: impl FnOnce() -> Option<ColumnKind>) -> ColumnKind {
    match declared {
        [one] => kind_of(*one),
        types if types.iter().all(|one| kind_of(*one) == ColumnKind::Text) => ColumnKind::Text,
        types => of_values().unwrap_or_else(|| kind_of(types[0])),
    }
}

pub(crate) fn settle_zone(
    kind: ColumnKind,
    exact: bool,
    of_values: impl FnOnce() -> Result<Zone, NoCommonZone>,
) -> ColumnKind {
    match kind {
        ColumnKind::DateTime(_) => match of_values() {
            Ok(zone) => ColumnKind::DateTime(zone),
            Err(_) if exact => ColumnKind::Mixed,
            Err(_) => ColumnKind::DateTime(Zone::Offset(0)),
        },
        kind => kind,
    }
}

pub(crate) fn settle_type(kind: ColumnKind, declared: &[FieldType]) -> Option<FieldType> {
    match kind {
        ColumnKind::Mixed => None,
        ColumnKind::Text if declared.contains(&FieldType::Text) => Some(FieldType::Text),
        kind => FieldType::ALL.into_iter().find(|one| same_kind(kind_of(*one), kind)),
    }
}

pub(crate) fn kind_of(field_type: FieldType) -> ColumnKind {
    match field_type {
        FieldType::String | FieldType::Text => ColumnKind::Text,
        FieldType::Integer => ColumnKind::Integer,
        FieldType::Float => ColumnKind::Float,
        FieldType::Boolean => ColumnKind::Boolean,
        FieldType::DateTime => ColumnKind::DateTime(Zone::Naive),
        FieldType::Json => ColumnKind::Json,
        FieldType::Binary => ColumnKind::Binary,
        _ => ColumnKind::Mixed,
    }
}

fn same_kind(a: ColumnKind, b: ColumnKind) -> bool {
    a == b || matches!((a, b), (ColumnKind::DateTime(_), ColumnKind::DateTime(_)))
}

fn byte_length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        _ => 0,
    }
}

/// The kind that all values have, mixed if there is none; none without values.
pub(crate) fn kind_of_values<R: Borrow<Record>>(
    shapes: &Shapes<'_, R>,
    positions: &Positions,
    options: &ToArrowOptions,
) -> Option<ColumnKind> {
    let mut found: Option<ColumnKind> = None;
    let (mut numbers_only, mut integers_fit) = (true, true);
    shapes.each_value(positions, |value| {
        let kind = match value {
            None | Some(Value::Null) => return,
            Some(Value::Integer(integer)) => {
                integers_fit &= is_exact_float(*integer);
                ColumnKind::Integer
            }
            Some(value) => kind_of(value.field_type()),
        };
        numbers_only &= matches!(kind, ColumnKind::Integer | ColumnKind::Float);
        found = Some(match found {
            None => kind,
            Some(before) if before == kind => kind,
            Some(_) => ColumnKind::Mixed,
        });
    });
    if found == Some(ColumnKind::Mixed) && numbers_only && integers_fit && options.widen_numbers && !options.exact {
        return Some(ColumnKind::Float);
    }
    found
}

fn is_exact_float(integer: i64) -> bool {
    (integer as f64) as i128 == i128::from(integer)
}

/// The values have different offsets, or one that an Arrow zone cannot say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoCommonZone;

/// The zones seen so far.
pub(crate) type Zones = Result<Option<Zone>, NoCommonZone>;

fn zone_of_values<R: Borrow<Record>>(shapes: &Shapes<'_, R>, positions: &Positions) -> Result<Zone, NoCommonZone> {
    let mut found = Ok(None);
    gather_zones(&mut found, shapes, positions);
    found.map(|zone| zone.unwrap_or(Zone::Naive))
}

pub(crate) fn gather_zones<R: Borrow<Record>>(found: &mut Zones, shapes: &Shapes<'_, R>, positions: &Positions) {
    shapes.each_value(positions, |value| {
        let (Some(Value::DateTime(time)), Ok(before)) = (value, &*found) else { return };
        let zone = match time.offset_seconds() {
            None => Zone::Naive,
            Some(offset) if offset % 60 == 0 => Zone::Offset(offset),
            Some(_) => return *found = Err(NoCommonZone),
        };
        *found = if before.is_none_or(|before| before == zone) { Ok(Some(zone)) } else { Err(NoCommonZone) };
    });
}
