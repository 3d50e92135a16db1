//! Results of aggregations.

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::record::plain_json;
use crate::value::{Str, Value};

/// Rows under named columns: what an aggregation gives.
///
/// ```
/// use dataknobs_data_core::{Table, Value};
/// let table = Table::new(["city", "count"], vec![vec!["Oslo".into(), 2.into()]])?;
/// assert_eq!(table.get(0, "count"), Some(&Value::from(2)));
/// assert_eq!(table.to_json(), serde_json::json!([{"city": "Oslo", "count": 2}]));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<Str>,
    rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table of these rows; each has one value for each column.
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when a row is longer or shorter, and when
    /// two columns have one name.
    pub fn new<C: Into<Str>>(columns: impl IntoIterator<Item = C>, rows: Vec<Vec<Value>>) -> Result<Self> {
        let columns: Vec<Str> = columns.into_iter().map(Into::into).collect();
        if let Some(index) = rows.iter().position(|row| row.len() != columns.len()) {
            return Err(Error::invalid_record("a row needs one value for each column")
                .with_context("row", index)
                .with_context("columns", columns.len())
                .with_context("values", rows[index].len()));
        }
        if let Some((_, column)) = columns.iter().enumerate().find(|(index, name)| columns[..*index].contains(name)) {
            return Err(Error::invalid_record("two columns have one name")
                .with_context("column", format!("`{}`", column.escape_debug())));
        }
        Ok(Table { columns, rows })
    }

    /// The column names, in order.
    pub fn columns(&self) -> &[Str] {
        &self.columns
    }

    /// The rows; each holds its values in column order.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where a column stands.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// One value, by row number and column name.
    pub fn get(&self, row: usize, column: &str) -> Option<&Value> {
        self.rows.get(row)?.get(self.position(column)?)
    }

    /// The rows as pairs of column name and value.
    ///
    /// ```
    /// use dataknobs_data_core::{Table, Value};
    /// let table = Table::new(["a", "b"], vec![vec![1.into(), 2.into()]])?;
    /// let row: Vec<_> = table.iter().next().unwrap().collect();
    /// assert_eq!(row, [("a", &Value::from(1)), ("b", &Value::from(2))]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = impl ExactSizeIterator<Item = (&str, &Value)>> {
        self.rows.iter().map(|row| self.columns.iter().map(Str::as_str).zip(row))
    }

    /// The columns and rows by themselves.
    pub fn into_parts(self) -> (Vec<Str>, Vec<Vec<Value>>) {
        (self.columns, self.rows)
    }

    /// An array of one object for each row, in plain JSON: datetimes as RFC 3339 text, bytes as
    /// base64.
    pub fn to_json(&self) -> Json {
        let object = |row: &Vec<Value>| {
            let members = self.columns.iter().zip(row).map(|(name, value)| (name.to_string(), plain_json(value)));
            Json::Object(members.collect::<Map<_, _>>())
        };
        Json::Array(self.rows.iter().map(object).collect())
    }
}
