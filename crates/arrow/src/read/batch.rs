//! One batch after another: which column is what, and rows out of columns.

use std::rc::Rc;
use std::vec::IntoIter;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use dataknobs_data_core::{
    Error, FieldType, Record, RecordId, Result, Shape, Str, Value, parse_json, validate_field_name, value_from_tagged,
};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::place::Place;
use super::values::{field_type_of, values};
use crate::FromArrowOptions;
use crate::companion::Companion;
use crate::marks::{self, Mark};
use crate::options::{ID_COLUMN, METADATA_COLUMN};

/// Collects the records of batches.
pub(crate) struct Reader<'a> {
    options: &'a FromArrowOptions,
    batches: usize,
    /// Rows that others have read before the first batch.
    rows_before: usize,
    records: Vec<Record>,
}

/// A column that is a field.
struct FieldColumn {
    name: Str,
    /// None where each value has its own.
    field_type: Option<FieldType>,
    values: IntoIter<Value>,
}

/// Which columns are no fields.
#[derive(Clone)]
pub(crate) struct Roles {
    pub(crate) id: Option<usize>,
    pub(crate) metadata: Option<usize>,
}

impl Roles {
    pub(crate) fn of(schema: &Schema, options: &FromArrowOptions) -> Result<Self> {
        let find = |asked: &Option<Str>, role: Mark, usual: &str| {
            let fields = schema.fields();
            match asked {
                Some(name) => match fields.iter().position(|field| field.name() == name.as_str()) {
                    Some(found) => Ok(Some(found)),
                    None => Err(Error::invalid_config("there is no such column")
                        .with_context("column", format!("`{}`", name.escape_debug()))),
                },
                None => Ok(fields
                    .iter()
                    .position(|field| Mark::of(field) == Some(role))
                    .or_else(|| fields.iter().position(|field| field.name() == usual))),
            }
        };
        Ok(Roles {
            id: find(&options.id_column, Mark::Id, ID_COLUMN)?,
            metadata: find(&options.metadata_column, Mark::Metadata, METADATA_COLUMN)?,
        })
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(options: &'a FromArrowOptions) -> Self {
        Self::behind(options, 0, 0)
    }

    /// For batches behind others that are not read by this.
    pub(crate) fn behind(options: &'a FromArrowOptions, batches: usize, rows_before: usize) -> Self {
        Reader { options, batches, rows_before, records: Vec::new() }
    }

    pub(crate) fn finish(self) -> Vec<Record> {
        self.records
    }

    pub(crate) fn read(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema_ref();
        marks::check_format(schema)?;
        let roles = Roles::of(schema, self.options)?;
        let place = |at: usize| Place::Column {
            name: schema.field(at).name(),
            batch: self.batches,
            rows_before: self.rows_before + self.records.len(),
        };
        let mut fields = Vec::with_capacity(batch.num_columns());
        for at in (0..batch.num_columns()).filter(|at| roles.id != Some(*at) && roles.metadata != Some(*at)) {
            fields.push(self.field(batch, at, &place(at))?);
        }
        let first = self.records.len();
        let companions = match roles.metadata {
            Some(at) => self.companions(batch, at, &place(at))?,
            None => Vec::new(),
        };
        let ids = match roles.id {
            Some(at) => self.ids(batch, at, &place(at))?,
            None => Vec::new(),
        };
        self.records.reserve(batch.num_rows());
        if companions.is_empty() && fields.iter().all(|field| field.field_type.is_some()) {
            self.same_shape(fields, batch.num_rows())?;
        } else {
            self.own_shapes(fields, companions, batch.num_rows())?;
        }
        for (record, id) in self.records[first..].iter_mut().zip(ids) {
            record.set_id(id);
        }
        self.batches += 1;
        Ok(())
    }

    fn field(&self, batch: &RecordBatch, at: usize, place: &Place<'_>) -> Result<FieldColumn> {
        let (field, array) = (batch.schema_ref().field(at), batch.column(at));
        validate_field_name(field.name()).map_err(|error| place.complete(None, error))?;
        let mut values = values(array, place, self.options)?;
        let natural = field_type_of(field.data_type());
        let field_type = match (Mark::of(field), natural) {
            (Some(Mark::Tagged), FieldType::String) => {
                // Its errors are about literals of queries.
                parse_each(&mut values, place, |document| {
                    let wrong = |error| Error::invalid_record("this is no tagged value").with_source(error);
                    value_from_tagged(document).map_err(wrong)
                })?;
                None
            }
            (Some(Mark::Typed(FieldType::Json)), FieldType::String) => {
                parse_each(&mut values, place, |document| match document {
                    document @ (serde_json::Value::Array(_) | serde_json::Value::Object(_)) => Value::json(document),
                    _ => Err(Error::invalid_record("a JSON value is an object or an array")),
                })?;
                Some(FieldType::Json)
            }
            (Some(Mark::Typed(declared)), natural) if declared == natural => Some(declared),
            (Some(Mark::Typed(FieldType::Text)), FieldType::String) => Some(FieldType::Text),
            (Some(Mark::Typed(declared)), _) if values.iter().all(Value::is_null) => Some(declared),
            (_, FieldType::String) if values.iter().any(|value| value.field_type() == FieldType::Text) => {
                // By itself, the value's length decides, whatever batch it comes in.
                if self.options.text_by_value { None } else { Some(FieldType::Text) }
            }
            (_, natural) => Some(natural),
        };
        Ok(FieldColumn { name: field.name().into(), field_type, values: values.into_iter() })
    }

    /// Many records have the same companion, which is read once.
    fn companions(&self, batch: &RecordBatch, at: usize, place: &Place<'_>) -> Result<Vec<Rc<Companion>>> {
        let texts = values(batch.column(at), place, self.options)?.into_iter().enumerate();
        let none = Rc::new(Companion::default());
        let mut known: HashMap<Str, Rc<Companion>, RandomState> = HashMap::default();
        texts
            .map(|(row, text)| match text {
                Value::Null => Ok(none.clone()),
                Value::String(text) => {
                    if let Some(companion) = known.get(&text) {
                        return Ok(companion.clone());
                    }
                    let companion = Rc::new(Companion::parse(&text).map_err(|error| place.complete(row, error))?);
                    known.insert(text, companion.clone());
                    Ok(companion)
                }
                _ => Err(place.complete(row, Error::corrupt("metadata is JSON text"))),
            })
            .collect()
    }

    fn ids(&self, batch: &RecordBatch, at: usize, place: &Place<'_>) -> Result<Vec<Option<RecordId>>> {
        let texts = values(batch.column(at), place, self.options)?.into_iter().enumerate();
        texts
            .map(|(row, text)| match text {
                Value::Null => Ok(None),
                Value::String(text) => RecordId::new(text).map(Some).map_err(|error| place.complete(row, error)),
                Value::Integer(number) => RecordId::new(number.to_string()).map(Some),
                _ => Err(place.invalid(row, "an id is text or an integer")),
            })
            .collect()
    }

    fn same_shape(&mut self, mut fields: Vec<FieldColumn>, rows: usize) -> Result<()> {
        let types = fields.iter().map(|field| (field.name.clone(), field.field_type.unwrap_or(FieldType::String)));
        let shape = Shape::new(types)?;
        for _ in 0..rows {
            let values = fields.iter_mut().map(|field| field.values.next().unwrap_or(Value::Null));
            self.records.push(Record::from_shape(&shape, values)?);
        }
        Ok(())
    }

    fn own_shapes(&mut self, mut fields: Vec<FieldColumn>, companions: Vec<Rc<Companion>>, rows: usize) -> Result<()> {
        let mut companions = companions.into_iter();
        for _ in 0..rows {
            let values = fields.iter_mut().map(|field| {
                let value = field.values.next().unwrap_or(Value::Null);
                (field.name.clone(), field.field_type.unwrap_or_else(|| value.field_type()), value)
            });
            let row = self.rows_before + self.records.len();
            let record = companions.next().unwrap_or_default().record(values);
            self.records.push(record.map_err(|error| error.with_context("row", row))?);
        }
        Ok(())
    }
}

/// Replaces each text by the value that its JSON stands for.
fn parse_each(
    values: &mut [Value],
    place: &Place<'_>,
    read: impl Fn(serde_json::Value) -> Result<Value>,
) -> Result<()> {
    for (row, value) in values.iter_mut().enumerate() {
        let Value::String(text) = value else { continue };
        let document = parse_json(text.as_bytes()).map_err(|fault| {
            place.complete(row, Error::invalid_record("this is not JSON").with_context("reason", fault.reason))
        })?;
        *value = read(document).map_err(|error| place.complete(row, error))?;
    }
    Ok(())
}
