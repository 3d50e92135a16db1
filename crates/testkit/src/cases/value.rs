//! Values and records of case files.

use dataknobs_data_core::{Field, FieldType, Record, Value, parse_json, value_from_tagged};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::form::RecordForm;
use crate::failure::{Failure, Outcome};

/// JSON by the rules of values: exact integers.
pub(super) fn json(raw: &RawValue) -> Outcome<Json> {
    parse_json(raw.get().as_bytes())
        .map_err(|fault| Failure::new(fault.reason).at(format!("line {}, column {}", fault.line, fault.column)))
}

/// A value and the type that a field of it has.
pub(super) fn typed_value(raw: &RawValue) -> Outcome<(Value, FieldType)> {
    let json = json(raw)?;
    let members = json.as_object().filter(|members| members.len() == 1);
    match members.and_then(|members| members.get("$text")) {
        Some(Json::String(text)) => Ok((Value::from(text.as_str()), FieldType::Text)),
        Some(_) => Err(Failure::new("$text holds text")),
        None => {
            let value = value_from_tagged(json)?;
            let field_type = value.field_type();
            Ok((value, field_type))
        }
    }
}

pub(super) fn value(raw: &RawValue) -> Outcome<Value> {
    Ok(typed_value(raw)?.0)
}

pub(super) fn field_type(name: &str) -> Outcome<FieldType> {
    Ok(name.parse::<FieldType>()?)
}

pub(super) fn record(form: &RecordForm) -> Outcome<Record> {
    let place = |failure: Failure| failure.at(format!("record `{}`", form.id));
    let unknown = form.types.0.iter().map(|(name, _)| name).chain(form.field_metadata.0.iter().map(|(name, _)| name));
    if let Some(name) = unknown.into_iter().find(|name| form.fields.get(name).is_none()) {
        return Err(place(Failure::new(format!("there is no field `{name}`"))));
    }
    let mut fields = Vec::new();
    for (name, raw) in &form.fields.0 {
        let (value, detected) = typed_value(raw).map_err(|failure| place(failure.at(format!("field `{name}`"))))?;
        let mut field = Field::new(name.as_str(), value).with_type(detected);
        if let Some(declared) = form.types.get(name) {
            field.field_type = field_type(declared).map_err(place)?;
        }
        if let Some(raw) = form.field_metadata.get(name) {
            field.metadata = object(raw).map_err(place)?;
        }
        fields.push(field);
    }
    let mut record = Record::from_fields(fields)?.with_id(form.id.as_str())?;
    if let Some(raw) = &form.metadata {
        record.set_metadata(object(raw).map_err(place)?)?;
    }
    Ok(record)
}

fn object(raw: &RawValue) -> Outcome<serde_json::Map<String, Json>> {
    match json(raw)? {
        Json::Object(members) => Ok(members),
        _ => Err(Failure::new("metadata is an object")),
    }
}

/// The same kind and content, down to the sign of zero; floats within 1e-9 relative where `near`.
pub(super) fn same_value(a: &Value, b: &Value, near: bool) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            a.to_bits() == b.to_bits() || (near && *a != 0.0 && (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
        }
        // Printed, so that the order of keys counts: results of this kind are canonical.
        (Value::Json(a), Value::Json(b)) => a.to_string() == b.to_string(),
        (a, b) => a == b,
    }
}
