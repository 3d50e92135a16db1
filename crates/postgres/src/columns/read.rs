//! From a row to a record.

use dataknobs_data_core::{DateTime, Error, FieldType, Record, RecordId, Result, Shape, Str, Value, Version};
use tokio_postgres::Row;

use super::kind::Kind;
use super::{Column, ColumnTable};
use crate::work::Raw;

/// Microseconds from 1970 to 2000, from where the server counts.
pub(crate) const EPOCH: i64 = 946_684_800_000_000;

/// The version of a row: who wrote it and where it stands.
pub(crate) const VERSION: &str = "t.xmin::text || '.' || t.ctid::text";

/// The places of all columns, or of those of these names.
pub(crate) fn places_of(columns: &[Column], names: Option<&[Str]>) -> Vec<usize> {
    let is_named = |place: &usize| names.is_none_or(|names| names.contains(&columns[*place].name));
    (0..columns.len()).filter(is_named).collect()
}

/// The columns that are read of a table, by place, and the fields that they are.
#[derive(Debug)]
pub(crate) struct Reading {
    places: Vec<usize>,
    /// As long as JSON columns hold documents.
    shape: Shape,
}

impl Reading {
    /// All columns, or those of these names.
    pub(crate) fn of(columns: &[Column], names: Option<&[Str]>) -> Result<Self> {
        let places = places_of(columns, names);
        let field = |place: &usize| (columns[*place].name.clone(), columns[*place].kind.field_type());
        let shape = Shape::new(places.iter().map(field).collect::<Vec<_>>())?;
        Ok(Reading { places, shape })
    }

    /// What a query selects: the id, the version, then each column as it is sent.
    pub(crate) fn selection(&self, table: &ColumnTable) -> String {
        // A view has no rows of its own: the version is what is in one.
        let version = if table.writable { VERSION } else { "md5(row_to_json(t)::text)" };
        let mut selection = format!("{}, {version}", table.id_text());
        for place in &self.places {
            let column = &table.columns[*place];
            selection.push_str(", ");
            selection.push_str(&column.kind.wire(&column.sql));
        }
        selection
    }

    /// The record that a row is.
    pub(crate) fn record(&self, table: &ColumnTable, row: &Row) -> Result<Record> {
        let text = |column: usize| row.get::<_, Option<&str>>(column);
        let id = text(0).ok_or_else(|| Error::corrupt("a row has no key"))?;
        let named = |error: Error| error.with_context("id", format!("`{}`", id.escape_debug()));
        let mut values = Vec::with_capacity(self.places.len());
        let mut is_plain = true;
        for (at, place) in self.places.iter().enumerate() {
            let column = &table.columns[*place];
            let value = match row.get::<_, Option<Raw<'_>>>(at + 2) {
                Some(raw) => value(column, raw.0).map_err(named)?,
                None => Value::Null,
            };
            is_plain &= column.kind.field_type().holds(&value);
            values.push(value);
        }
        let mut record = match is_plain {
            true => Record::with_shape(self.shape.clone(), values),
            // A JSON column with a scalar in it.
            false => self.with_scalars(table, values),
        }
        .map_err(named)?;
        record.set_id(RecordId::new(id).map_err(named)?);
        record.set_version(text(1).map(Version::from_token));
        Ok(record)
    }

    fn with_scalars(&self, table: &ColumnTable, values: Vec<Value>) -> Result<Record> {
        let fields = self.places.iter().zip(&values).map(|(place, value)| {
            let column = &table.columns[*place];
            let own = column.kind.field_type();
            let shown = if own.holds(value) { own } else { FieldType::detect(value) };
            (column.name.clone(), shown)
        });
        let fields: Vec<(Str, FieldType)> = fields.collect();
        Record::with_shape(Shape::new(fields)?, values)
    }
}

/// The value of a column as it was sent.
pub(crate) fn value(column: &Column, raw: &[u8]) -> Result<Value> {
    let odd = |message: &'static str| {
        Error::invalid_record(message)
            .with_context("field", format!("`{}`", column.name.escape_debug()))
            .with_context("type", &column.type_sql)
    };
    let number = || raw.try_into().map(i64::from_be_bytes).map_err(|_| odd("a value is not of its column's type"));
    Ok(match &column.kind {
        Kind::Boolean => Value::Boolean(raw == [1]),
        Kind::Integer => Value::Integer(number()?),
        Kind::Float { .. } | Kind::Numeric { .. } => {
            let float = f64::from_bits(number()? as u64);
            if !float.is_finite() {
                return Err(odd("a number is not finite"));
            }
            Value::Float(float)
        }
        Kind::Text { .. } | Kind::Named { .. } => {
            Value::String(std::str::from_utf8(raw).map_err(|_| odd("a text is not UTF-8"))?.into())
        }
        Kind::Date | Kind::Timestamp { .. } => {
            let micros = number()?.checked_add(EPOCH).ok_or_else(|| odd("a date or time is infinite"))?;
            let in_range = (DateTime::MIN.micros()..=DateTime::MAX.micros()).contains(&micros);
            if !in_range {
                return Err(odd("a date or time is outside the years 1 to 9999"));
            }
            match column.kind {
                Kind::Timestamp { utc: true } => Value::DateTime(DateTime::with_offset(micros, 0)?),
                _ => Value::DateTime(DateTime::from_micros(micros)),
            }
        }
        Kind::Json { .. } | Kind::Composed => {
            let document = dataknobs_data_core::parse_json(raw)
                .map_err(|fault| odd("a JSON value cannot be read").with_context("reason", fault.reason))?;
            Value::json(document).map_err(|error| error.with_context("field", format!("`{}`", column.name)))?
        }
        Kind::Bytes => Value::from(raw),
    })
}
