//! From a record to the values of a row: what a column cannot hold is refused.

use dataknobs_data_core::{Error, Record, Result, Value};
use tokio_postgres::types::Type;

use super::kind::Kind;
use super::read::EPOCH;
use super::{Column, ColumnTable};
use crate::document::write::value_text;
use crate::sql::{Parameter, Sql};

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// The columns that a write sets, each with its expression.
pub(crate) type Assignments = Vec<(usize, String)>;

impl ColumnTable {
    /// The column of a field.
    pub(crate) fn place_of(&self, name: &str) -> Result<usize> {
        self.column(name).ok_or_else(|| {
            Error::invalid_record("the table has no such column")
                .with_context("field", format!("`{}`", name.escape_debug()))
        })
    }

    /// What an insert does where there is a row: nothing.
    pub(crate) fn keeping(&self) -> String {
        format!("ON CONFLICT ({}) DO NOTHING", self.key_list())
    }

    /// What an insert of these columns does where there is a row: it replaces all of it, so that a
    /// column which is not among them gets what it has by itself.
    pub(crate) fn replacing(&self, places: &[usize]) -> String {
        let excluded = |place: usize| format!("EXCLUDED.{}", self.columns[place].quoted);
        match self.sets(|place| places.contains(&place).then(|| excluded(place))) {
            None => self.keeping(),
            Some(sets) => format!("ON CONFLICT ({}) DO UPDATE SET {sets}", self.key_list()),
        }
    }

    /// What replacing a row sets, with commas: each column to its value, or to what it has by itself.
    /// None in a table of nothing but its key.
    pub(crate) fn sets(&self, value: impl Fn(usize) -> Option<String>) -> Option<String> {
        let set = |(place, Column { quoted, .. }): (usize, &Column)| {
            format!("{quoted} = {}", value(place).unwrap_or_else(|| "DEFAULT".to_owned()))
        };
        let sets: Vec<String> = self.settable().map(set).collect();
        (!sets.is_empty()).then(|| sets.join(", "))
    }

    /// What an update sets in a table of nothing but its key: the row is written all the same.
    pub(crate) fn touching(&self) -> String {
        let key = &self.columns[self.key[0]].quoted;
        format!("{key} = t.{key}")
    }

    /// What a record sets. Columns that it lacks are not among it; what the server computes is
    /// left to it.
    pub(crate) fn assignments(&self, sql: &mut Sql, record: &Record) -> Result<Assignments> {
        check_metadata(record)?;
        let mut assignments = Vec::with_capacity(record.len());
        for field in record.fields() {
            let place = self.place_of(field.name())?;
            let column = &self.columns[place];
            if column.generated {
                continue;
            }
            assignments.push((place, expression(sql, column, field.value())?));
        }
        Ok(assignments)
    }
}

/// A value as an expression of its column's type.
pub(crate) fn expression(sql: &mut Sql, column: &Column, value: &Value) -> Result<String> {
    let parameter = parameter(column, value)?;
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        _ => cast(column, sql.bind(parameter)),
    })
}

/// What [`parameter`] gives, as SQL of the column's type.
pub(crate) fn cast(column: &Column, bound: String) -> String {
    match &column.kind {
        Kind::Numeric { .. } | Kind::Named { .. } | Kind::Json { binary: false } | Kind::Composed => {
            format!("{bound}::{}", column.type_sql)
        }
        Kind::Date => format!("{bound}::date"),
        _ => bound,
    }
}

/// The type of what [`parameter`] gives for columns of a kind.
pub(crate) fn element(kind: &Kind) -> Type {
    match kind {
        Kind::Boolean => Type::BOOL,
        Kind::Integer => Type::INT8,
        Kind::Float { .. } => Type::FLOAT8,
        Kind::Numeric { .. } | Kind::Text { .. } | Kind::Named { .. } | Kind::Composed => Type::TEXT,
        Kind::Date | Kind::Timestamp { utc: false } => Type::TIMESTAMP,
        Kind::Timestamp { utc: true } => Type::TIMESTAMPTZ,
        Kind::Json { .. } => Type::JSONB,
        Kind::Bytes => Type::BYTEA,
    }
}

/// Refuses a record that says more than columns do.
pub(crate) fn check_metadata(record: &Record) -> Result<()> {
    if record.has_metadata() {
        return Err(Error::invalid_record("a table of columns has no place for metadata"));
    }
    Ok(())
}

/// The value as it is bound.
pub(crate) fn parameter(column: &Column, value: &Value) -> Result<Parameter> {
    let refused = |message: &'static str| {
        Err(Error::invalid_record(message)
            .with_context("field", format!("`{}`", column.name.escape_debug()))
            .with_context("value", value.kind_name())
            .with_context("type", &column.type_sql))
    };
    let exact = |number: i64| (number as f64, number as f64 as i64 == number && number != i64::MAX);
    Ok(match (&column.kind, value) {
        (_, Value::Null) => Parameter::optional_text(None),
        (Kind::Boolean, Value::Boolean(value)) => Parameter::of_bytes(Type::BOOL, vec![u8::from(*value)]),
        (Kind::Integer, Value::Integer(number)) => Parameter::integer(*number),
        (Kind::Float { double }, Value::Float(float)) => {
            if !double && f64::from(*float as f32) != *float {
                return refused("the column holds fewer digits");
            }
            Parameter::float(*float)
        }
        (Kind::Float { double: true }, Value::Integer(number)) if exact(*number).1 => {
            Parameter::float(exact(*number).0)
        }
        (Kind::Numeric { scale }, Value::Float(_) | Value::Integer(_)) => {
            let text = String::from_utf8_lossy(&value_text(value)).into_owned();
            if scale.is_some_and(|scale| fraction_digits(&text) > scale) {
                return refused("the column holds fewer fraction digits");
            }
            Parameter::text(text)
        }
        (Kind::Text { .. } | Kind::Named { .. }, Value::String(text)) => {
            if text.contains('\0') {
                return refused("the server's texts cannot hold the character U+0000");
            }
            if column.type_sql == "character" && text.ends_with(' ') {
                return refused("the column does not keep blanks at the end");
            }
            Parameter::text(text)
        }
        (Kind::Date, Value::DateTime(time)) => {
            if time.offset_seconds().is_some() || time.micros().rem_euclid(DAY) != 0 {
                return refused("the column holds days only");
            }
            Parameter::instant(Type::TIMESTAMP, *time)
        }
        (Kind::Timestamp { utc: false }, Value::DateTime(time)) => {
            if time.offset_seconds().is_some() {
                return refused("the column holds no offsets");
            }
            Parameter::instant(Type::TIMESTAMP, *time)
        }
        (Kind::Timestamp { utc: true }, Value::DateTime(time)) => Parameter::instant(Type::TIMESTAMPTZ, *time),
        (Kind::Json { .. }, value) if !matches!(value, Value::DateTime(_) | Value::Binary(_)) => {
            let text = value_text(value);
            // The escape of the document layout is not for the tables of others.
            if memchr::memmem::find(&text, b"\\u0001").is_some() {
                return refused("JSON in this column cannot hold the characters U+0000 and U+0001");
            }
            Parameter::json(Some(&text))
        }
        (Kind::Bytes, Value::Binary(bytes)) => Parameter::bytes(bytes),
        (Kind::Composed, _) => return refused("values of this type can only be read"),
        _ => return refused("the column holds values of another kind"),
    })
}

/// How many digits a decimal has behind its point, without zeros at the end.
fn fraction_digits(text: &str) -> usize {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let fraction = mantissa.split_once('.').map_or("", |(_, fraction)| fraction.trim_end_matches('0'));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    usize::try_from(fraction.len() as i64 - exponent).unwrap_or(0)
}

const _: () = assert!(EPOCH % DAY == 0);
