//! The JSON form of queries and of the values in them.
use crate::error::Result;
use crate::value::Value;
use serde_json::Value as Json;
/// .
pub fn value_to_tagged(value: &Value) -> Json {
    crate::record::plain_json(value)
}
/// .
pub fn value_from_tagged(value: Json) -> Result<Value> {
    Value::json(value)
}
