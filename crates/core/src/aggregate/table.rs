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
    /// ```
    /// use dataknobs_data_core::Table;
    /// assert_eq!(Table::new(["n"], vec![vec![1.into()]])?.len(), 1);
    /// assert!(Table::new(["n", "m"], vec![vec![1.into()]]).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
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
    ///
    /// ```
    /// use dataknobs_data_core::Table;
    /// assert_eq!(Table::new(["city", "count"], Vec::new())?.columns(), ["city", "count"]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn columns(&self) -> &[Str] {
        &self.columns
    }

    /// The rows; each holds its values in column order.
    ///
    /// ```
    /// use dataknobs_data_core::{Table, Value};
    /// let table = Table::new(["n"], vec![vec![1.into()], vec![2.into()]])?;
    /// assert_eq!(table.rows(), [[Value::from(1)], [Value::from(2)]]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// How many rows.
    ///
    /// ```
    /// use dataknobs_data_core::Table;
    /// assert_eq!(Table::new(["n"], vec![vec![1.into()], vec![2.into()]])?.len(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    ///
    /// ```
    /// use dataknobs_data_core::Table;
    /// assert!(Table::new(["n"], Vec::new())?.is_empty());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where a column stands.
    ///
    /// ```
    /// use dataknobs_data_core::Table;
    /// assert_eq!(Table::new(["city", "count"], Vec::new())?.position("count"), Some(1));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// One value, by row number and column name.
    ///
    /// ```
    /// use dataknobs_data_core::Table;
    /// let table = Table::new(["n"], vec![vec![1.into()]])?;
    /// assert_eq!(table.get(0, "n"), Some(&1.into()));
    /// assert_eq!((table.get(1, "n"), table.get(0, "m")), (None, None));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
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
    ///
    /// ```
    /// use dataknobs_data_core::{Table, Value};
    /// let (columns, rows) = Table::new(["n"], vec![vec![1.into()]])?.into_parts();
    /// assert_eq!((columns[0].as_str(), &rows[0][0]), ("n", &Value::from(1)));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn into_parts(self) -> (Vec<Str>, Vec<Vec<Value>>) {
        (self.columns, self.rows)
    }

    /// An array of one object for each row, in plain JSON: datetimes as RFC 3339 text, bytes as
    /// base64.
    ///
    /// ```
    /// use dataknobs_data_core::{DateTime, Table};
    /// let table = Table::new(["day", "n"], vec![vec![DateTime::parse("2024-05-01")?.into(), 2.into()]])?;
    /// assert_eq!(table.to_json(), serde_json::json!([{"day": "2024-05-01T00:00:00", "n": 2}]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn to_json(&self) -> Json {
        let object = |row: &Vec<Value>| {
            let members = self.columns.iter().zip(row).map(|(name, value)| (name.to_string(), plain_json(value)));
            Json::Object(members.collect::<Map<_, _>>())
        };
        Json::Array(self.rows.iter().map(object).collect())
    }
}
