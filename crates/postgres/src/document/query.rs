//! Conditions, sorts and positions of a document table as SQL.

use dataknobs_data_core::{Condition, Path, SortKey, SortPosition, Value};

use super::leaf::{Indexed, push_leaf};
use super::place::{Alternative, Place, alternatives, pick};
use super::text::encode;
use super::write::value_text;
use crate::signs::rank;
use crate::sql::{KeyType, Parameter, Sql};

/// Adds a condition.
pub(crate) fn push_condition(sql: &mut Sql, condition: &Condition, key: KeyType, indexed: &dyn Indexed) {
    sql.push_condition(condition, &mut |sql, leaf| push_leaf(sql, leaf, key, indexed));
}

/// Whether the server can sort by these keys.
pub(crate) fn sorts_exactly(sort: &[SortKey], key: KeyType) -> bool {
    // A field of that name would have to sort as the numbers of the key do.
    key != KeyType::Integer || !sort.iter().any(|key| is_own_or_id(&key.path))
}

fn is_own_or_id(path: &Path) -> bool {
    matches!(path.segments(), [only] if only == "id")
}

/// A sort key as expressions: its class, and the value in each class.
struct Sorted {
    id_only: bool,
    class: String,
    json: String,
    instant: String,
    text: String,
    bytes: String,
}

impl Sorted {
    fn of(path: &Path, key: KeyType) -> Self {
        let places: Vec<Alternative> = alternatives(path, key);
        let id_only = matches!(&places[..], [Alternative { place: Place::Id(_), .. }]);
        Sorted {
            id_only,
            class: pick(&places, |place| Some(place.class())),
            json: pick(&places, |place| Some(place.json())),
            instant: pick(&places, Place::instant),
            text: pick(&places, |place| Some(place.text())),
            bytes: pick(&places, Place::bytes),
        }
    }

    /// The values of one class; none for JSON, which all tie.
    fn value(&self, class: u8) -> Option<String> {
        match class {
            0 | 1 => Some(self.json.clone()),
            2 => Some(self.instant.clone()),
            3 => Some(format!("({} COLLATE \"C\")", self.text)),
            4 => Some(self.bytes.clone()),
            _ => None,
        }
    }
}

/// Adds the order: the keys, then the id.
pub(crate) fn push_order(sql: &mut Sql, sort: &[SortKey], key: KeyType) {
    sql.push(" ORDER BY ");
    for SortKey { path, order } in sort {
        let direction = order.name();
        let sorted = Sorted::of(path, key);
        if sorted.id_only {
            sql.push(&format!("id {direction}"));
            // Nothing ties any more.
            return;
        }
        let class = &sorted.class;
        if class == "NULL" {
            continue;
        }
        sql.push(&format!("({class} IS NULL), {class} {direction}, "));
        for (test, of) in [("<= 1", 1), ("= 2", 2), ("= 3", 3), ("= 4", 4)] {
            let Some(value) = sorted.value(of) else { continue };
            if value != "NULL" {
                sql.push(&format!("CASE WHEN {class} {test} THEN {value} END {direction}, "));
            }
        }
    }
    sql.push("id");
}

/// A value in a position as it is compared with others of its class; none for JSON, which all tie.
fn bound(value: &Value) -> Option<Parameter> {
    match value {
        Value::Null | Value::Json(_) => None,
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => Some(Parameter::json(Some(&value_text(value)))),
        Value::DateTime(time) => Some(Parameter::json(Some(time.micros().to_string().as_bytes()))),
        Value::String(text) => Some(Parameter::text(encode(text))),
        Value::Binary(bytes) => Some(Parameter::bytes(bytes)),
    }
}

/// Adds that a row comes after a position.
pub(crate) fn push_after(sql: &mut Sql, after: &SortPosition, sort: &[SortKey], key: KeyType) {
    sql.push("(");
    let mut brackets = 0;
    let mut is_decided = false;
    for (SortKey { path, order }, value) in sort.iter().zip(after.keys()) {
        let sorted = Sorted::of(path, key);
        let beyond = if order.is_descending() { "<" } else { ">" };
        if sorted.id_only {
            match value {
                // What is not there comes last.
                None => sql.push("false"),
                Some(Value::String(id)) => push_beyond(sql, key, id, beyond),
                Some(other) => {
                    let before = (rank(other) < 3) != order.is_descending();
                    sql.push(if before { "true" } else { "false" });
                }
            }
            is_decided = true;
            break;
        }
        let class = &sorted.class;
        if class == "NULL" {
            continue;
        }
        let Some(value) = value else {
            // What is not there comes last, so that only such rows follow.
            sql.push(&format!("({class} IS NULL AND ("));
            brackets += 1;
            continue;
        };
        let (rank, parameter) = (rank(value), bound(value));
        let further = format!("{class} IS NULL OR {class} {beyond} {rank}");
        match (sorted.value(rank).filter(|value| value != "NULL"), parameter) {
            (Some(stored), Some(parameter)) => {
                let bound = sql.bind(parameter);
                sql.push(&format!(
                    "({further} OR CASE WHEN {class} = {rank} THEN {stored} {beyond} {bound} END \
                     OR CASE WHEN {class} = {rank} THEN {stored} = {bound} END AND ("
                ));
            }
            _ => sql.push(&format!("({further} OR {class} = {rank} AND (")),
        }
        brackets += 1;
    }
    if !is_decided {
        match after.id() {
            Some(id) => push_beyond(sql, key, id, ">"),
            None => sql.push("true"),
        }
    }
    sql.push(&"))".repeat(brackets));
    sql.push(")");
}

/// Adds that a row's id stands beyond this one, which need not be one that the key can hold.
fn push_beyond(sql: &mut Sql, key: KeyType, id: &str, beyond: &str) {
    let test = match (key, id.parse()) {
        (KeyType::Integer, Ok(number)) => format!("id {beyond} {}", sql.bind(Parameter::integer(number))),
        // Numbers come before whatever else there may be.
        (KeyType::Integer, Err(_)) => (beyond == "<").to_string(),
        _ => match key.parameter(id) {
            Some(id) => format!("id {beyond} {}", sql.bind(id)),
            // No id holds what the escape stands for, so that it compares with all of them alike.
            None => format!("(id::text COLLATE \"C\") {beyond} {}", sql.bind(Parameter::text(encode(id)))),
        },
    };
    sql.push(&test);
}
