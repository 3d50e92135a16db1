//! The metadata column: what the other columns cannot say of a record, as one JSON object.
//!
//! It is the `meta` of the document form (`types`, `fields`, `record`), and of exact conversions
//! also `missing`, the columns that are no fields of this record, and `order`, its fields in order
//! where that is not the order of the columns. Parts that would be empty are left out, and a record
//! that needs none of them has null.

use std::borrow::Borrow;

use dataknobs_data_core::{DocumentMeta, Error, Field, FieldType, Record, Result, Shape, Str, Value, parse_json};
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde_json::{Map, Value as Json};

use crate::infer::ColumnType;
use crate::shapes::Shapes;

const MISSING: &str = "missing";
const ORDER: &str = "order";

/// Writes the companions of records, in their order.
pub(crate) struct Companions<'a, R = Record> {
    shapes: &'a Shapes<'a, R>,
    /// For each distinct shape what it alone decides; empty unless the conversion is exact.
    layouts: Vec<Layout>,
}

/// What the records of one shape have in common.
struct Layout {
    /// The parts `missing` and `order`.
    parts: Map<String, Json>,
    /// Types that are not those of the columns.
    types: Vec<(String, FieldType)>,
    /// Positions of fields in columns of mixed values, whose types the values imply.
    mixed: Vec<usize>,
}

impl<'a, R: Borrow<Record>> Companions<'a, R> {
    pub(crate) fn new(shapes: &'a Shapes<'a, R>, columns: &[ColumnType], exact: bool) -> Self {
        let known: HashMap<&str, (usize, Option<FieldType>), RandomState> =
            columns.iter().enumerate().map(|(at, column)| (column.name.as_str(), (at, column.field_type))).collect();
        let layout = |shape: &&Shape| Layout::new(shape, columns, &known);
        let layouts = if exact { shapes.distinct().iter().map(layout).collect() } else { Vec::new() };
        Companions { shapes, layouts }
    }

    /// Whether something has to stand beside the record in this row.
    pub(crate) fn is_needed(&self, row: usize, record: &Record) -> bool {
        let is_mixed = |position: usize| record.values()[position].field_type() != record.shape().fields()[position].1;
        let of_shape = self.layouts.get(self.shapes.of_row(row)).is_some_and(|layout| {
            !layout.parts.is_empty()
                || !layout.types.is_empty()
                || layout.mixed.iter().any(|position| is_mixed(*position))
        });
        of_shape || record.has_metadata()
    }

    /// What stands beside the record in this row, if anything has to.
    pub(crate) fn of(&self, row: usize, record: &Record) -> Option<Map<String, Json>> {
        let layout = self.layouts.get(self.shapes.of_row(row));
        let mut meta = DocumentMeta { record: record.metadata().clone(), ..DocumentMeta::default() };
        if record.has_metadata() {
            let fields = record.fields().filter_map(|field| Some((field.name().to_owned(), field.metadata()?.clone())));
            meta.fields.extend(fields);
        }
        let Some(layout) = layout else { return (!meta.is_empty()).then(|| meta.to_json()) };
        meta.types.clone_from(&layout.types);
        for &position in &layout.mixed {
            let (name, declared) = &record.shape().fields()[position];
            if record.values()[position].field_type() != *declared {
                meta.types.push((name.to_string(), *declared));
            }
        }
        if meta.is_empty() && layout.parts.is_empty() {
            return None;
        }
        let mut companion = meta.to_json();
        companion.extend(layout.parts.clone());
        Some(companion)
    }
}

impl Layout {
    fn new(
        shape: &Shape,
        columns: &[ColumnType],
        known: &HashMap<&str, (usize, Option<FieldType>), RandomState>,
    ) -> Self {
        let mut layout = Layout { parts: Map::new(), types: Vec::new(), mixed: Vec::new() };
        let mut places = Vec::with_capacity(shape.len());
        for (position, (name, declared)) in shape.fields().iter().enumerate() {
            let Some((place, field_type)) = known.get(name.as_str()) else { continue };
            places.push(*place);
            match field_type {
                None => layout.mixed.push(position),
                Some(field_type) if field_type != declared => layout.types.push((name.to_string(), *declared)),
                Some(_) => {}
            }
        }
        if !places.is_sorted() {
            let order = shape.fields().iter().map(|(name, _)| Json::from(name.as_str())).collect();
            layout.parts.insert(ORDER.to_owned(), Json::Array(order));
        }
        if places.len() < columns.len() {
            let lacks = |column: &&ColumnType| shape.position(&column.name).is_none();
            let missing = columns.iter().filter(lacks).map(|column| Json::from(column.name.as_str())).collect();
            layout.parts.insert(MISSING.to_owned(), Json::Array(missing));
        }
        layout
    }
}

/// What was read from the metadata column for one record.
#[derive(Debug, Default)]
pub(crate) struct Companion {
    meta: DocumentMeta,
    missing: Vec<String>,
    order: Vec<String>,
}

impl Companion {
    /// Reads the JSON text of one row.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::corrupt("the metadata column does not hold what this library writes");
        let Ok(Json::Object(mut parts)) = parse_json(text.as_bytes()) else { return Err(wrong()) };
        let mut names = |key: &str| match parts.remove(key) {
            None => Ok(Vec::new()),
            Some(names) => serde_json::from_value(names).map_err(|_| wrong().with_context("part", key)),
        };
        Ok(Companion { missing: names(MISSING)?, order: names(ORDER)?, meta: DocumentMeta::from_json(&parts)? })
    }

    /// The record of these values; where a companion and a value that was changed since do not go
    /// together, the value is right.
    pub(crate) fn record(&self, values: impl Iterator<Item = (Str, FieldType, Value)>) -> Result<Record> {
        let mut fields: Vec<Field> = values
            .filter(|(name, _, value)| !(value.is_null() && self.missing.iter().any(|missing| missing == name)))
            .map(|(name, field_type, value)| {
                let declared = find(&self.meta.types, &name).copied().filter(|declared| declared.holds(&value));
                let metadata = find(&self.meta.fields, &name).cloned().unwrap_or_default();
                Field { name, value, field_type: declared.unwrap_or(field_type), metadata }
            })
            .collect();
        if !self.order.is_empty() {
            fields.sort_by_key(|field| self.order.iter().position(|name| *name == field.name).unwrap_or(usize::MAX));
        }
        let mut record = Record::from_fields(fields)?;
        if !self.meta.record.is_empty() {
            record.set_metadata(self.meta.record.clone())?;
        }
        Ok(record)
    }
}

fn find<'a, T>(entries: &'a [(String, T)], name: &str) -> Option<&'a T> {
    entries.iter().find(|(of, _)| of == name).map(|(_, entry)| entry)
}
