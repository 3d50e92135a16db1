//! The `_meta` cell: what the other cells of a row cannot say.
//!
//! A JSON object with the parts of [`DocumentMeta`] (`types` lists the types that differ from the
//! column's), and
//! - `present`: names of fields whose cell is a value although it looks like a null: the empty
//!   string, no bytes, the text of a null marker
//! - `order`: names of the record's fields in their order, where that is not the columns' order

use dataknobs_data_core::{DocumentMeta, Error, Field, FieldType, Metadata, Record, Result, Shape, Str, Value};
use serde_json::{Map, Value as Json};

use crate::format::json_row::parse_document;

#[derive(Debug, Default)]
pub(super) struct RowMeta {
    pub(super) document: DocumentMeta,
    pub(super) present: Vec<String>,
    pub(super) order: Vec<String>,
}

impl RowMeta {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let Json::Object(mut parts) = parse_document(text, "_meta")? else {
            return Err(Error::corrupt("the cell `_meta` is not a JSON object"));
        };
        let mut names = |part: &'static str| match parts.shift_remove(part) {
            None => Ok(Vec::new()),
            Some(names) => serde_json::from_value(names).map_err(|_| {
                Error::corrupt("record metadata is not of the documented form").with_context("part", part)
            }),
        };
        let (present, order) = (names("present")?, names("order")?);
        Ok(RowMeta { document: DocumentMeta::from_json(&parts)?, present, order })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.document.is_empty() && self.present.is_empty() && self.order.is_empty()
    }

    pub(super) fn to_json(&self) -> Map<String, Json> {
        let mut parts = self.document.to_json();
        for (part, names) in [("present", &self.present), ("order", &self.order)] {
            if !names.is_empty() {
                parts.insert(part.into(), Json::from(names.clone()));
            }
        }
        parts
    }

    pub(super) fn type_of(&self, name: &str) -> Option<FieldType> {
        self.document.types.iter().find(|(field, _)| field == name).map(|(_, kind)| *kind)
    }

    pub(super) fn is_present(&self, name: &str) -> bool {
        self.present.iter().any(|field| field == name)
    }

    /// The record of these fields, which stand in the columns' order.
    pub(super) fn record(mut self, mut fields: Vec<Field>) -> Result<Record> {
        for (name, metadata) in std::mem::take(&mut self.document.fields) {
            if let Some(field) = fields.iter_mut().find(|field| field.name == name) {
                field.metadata = metadata;
            }
        }
        if !self.order.is_empty() {
            let place = |field: &Field| self.order.iter().position(|name| *name == field.name).unwrap_or(usize::MAX);
            fields.sort_by_key(place);
        }
        let mut record = Record::from_fields(fields)?;
        if !self.document.record.is_empty() {
            record.set_metadata(self.document.record)?;
        }
        Ok(record)
    }
}

/// A record as its row reads back: null in the columns that it lacks. It may have fields that no
/// column holds yet.
pub(super) fn complete(shape: &Shape, record: &Record) -> Result<Record> {
    let null = |name: &Str, field_type| Field {
        name: name.clone(),
        value: Value::Null,
        field_type,
        metadata: Metadata::new(),
    };
    let mut fields: Vec<Field> = Vec::with_capacity(shape.len());
    let is_known = |(name, _): &(Str, FieldType)| shape.position(name).is_some();
    if is_ordered(shape, record.shape()) && record.shape().fields().iter().all(is_known) {
        for (name, field_type) in shape.fields() {
            fields.push(record.field(name).map_or_else(|| null(name, *field_type), |field| field.to_field()));
        }
    } else {
        fields.extend(record.fields().map(|field| field.to_field()));
        for (name, field_type) in shape.fields() {
            if record.shape().position(name).is_none() {
                fields.push(null(name, *field_type));
            }
        }
    }
    let mut completed = Record::from_fields(fields)?;
    if !record.metadata().is_empty() {
        completed.set_metadata(record.metadata().clone())?;
    }
    Ok(completed)
}

/// Whether fields stand in the order of the columns.
pub(super) fn is_ordered(columns: &Shape, shape: &Shape) -> bool {
    let positions = shape.fields().iter().map(|(name, _)| columns.position(name));
    positions.is_sorted()
}
