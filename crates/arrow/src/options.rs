//! What a caller may say about a conversion.

use dataknobs_data_core::Str;

/// The column of record ids, unless another one is named.
pub(crate) const ID_COLUMN: &str = "_id";
/// The column of what other columns cannot say, unless another one is named.
pub(crate) const METADATA_COLUMN: &str = "_meta";

/// How records become columns.
///
/// The default is made for people and tools: one plain column a field, what differs from record to
/// record evened out. [`ToArrowOptions::exact`] loses nothing instead.
///
/// ```
/// use dataknobs_data_arrow::{ToArrowOptions, records_to_batches};
/// use dataknobs_data_core::record;
/// let records = [record! { "n": 1 }?.with_id("a")?];
/// let (schema, _) = records_to_batches(&records, &ToArrowOptions::new().with_id_column("key"))?;
/// assert_eq!(schema.field(0).name(), "key");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToArrowOptions {
    /// The name of the column of ids, which comes first; it stands only where a record has an id.
    /// None: no such column.
    pub id_column: Option<Str>,
    /// The name of the column of metadata, JSON text, which comes last; it stands only where a
    /// record needs it. None: no such column, except that `exact` makes it `_meta`.
    pub metadata_column: Option<Str>,
    /// Loses nothing: reading gives equal records under the same ids. What the columns cannot say
    /// (missing fields, types and orders of single records, metadata) stands in the metadata
    /// column, and values of different kinds or offsets in one field become tagged JSON text.
    pub exact: bool,
    /// Integers and floats in one field become floats, if each integer is exactly a float.
    /// Has no effect when `exact` is on.
    pub widen_numbers: bool,
    /// Rows of a batch, at most; 0 counts as 1.
    pub batch_rows: usize,
    /// Bytes of text or binary in one column beyond which its offsets get 64 bits.
    pub(crate) large_from: usize,
}

impl Default for ToArrowOptions {
    fn default() -> Self {
        ToArrowOptions {
            id_column: Some(Str::new_static(ID_COLUMN)),
            metadata_column: None,
            exact: false,
            widen_numbers: true,
            batch_rows: 65_536,
            large_from: i32::MAX as usize,
        }
    }
}

impl ToArrowOptions {
    /// The default: ids in `_id`, no metadata, numbers widened, 65,536 rows a batch.
    ///
    /// ```
    /// use dataknobs_data_arrow::ToArrowOptions;
    /// assert_eq!(ToArrowOptions::new().id_column.as_deref(), Some("_id"));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses nothing; see the field of this name.
    ///
    /// ```
    /// use dataknobs_data_arrow::{FromArrowOptions, ToArrowOptions, batches_to_records, records_to_batches};
    /// use dataknobs_data_core::record;
    /// let records = [record! { "n": 1, "m": () }?, record! { "n": "one" }?];
    /// let (_, batches) = records_to_batches(&records, &ToArrowOptions::exact())?;
    /// assert_eq!(batches_to_records(&batches, &FromArrowOptions::new())?, records);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn exact() -> Self {
        ToArrowOptions { exact: true, ..Self::default() }
    }

    /// Another name for the column of ids.
    ///
    /// ```
    /// use dataknobs_data_arrow::ToArrowOptions;
    /// assert_eq!(ToArrowOptions::new().with_id_column("key").id_column.unwrap(), "key");
    /// ```
    #[must_use]
    pub fn with_id_column(mut self, name: impl Into<Str>) -> Self {
        self.id_column = Some(name.into());
        self
    }

    /// No column of ids.
    ///
    /// ```
    /// use dataknobs_data_arrow::ToArrowOptions;
    /// assert_eq!(ToArrowOptions::new().without_ids().id_column, None);
    /// ```
    #[must_use]
    pub fn without_ids(mut self) -> Self {
        self.id_column = None;
        self
    }

    /// A column of metadata of this name.
    ///
    /// ```
    /// use dataknobs_data_arrow::ToArrowOptions;
    /// assert_eq!(ToArrowOptions::new().with_metadata_column("_meta").metadata_column.unwrap(), "_meta");
    /// ```
    #[must_use]
    pub fn with_metadata_column(mut self, name: impl Into<Str>) -> Self {
        self.metadata_column = Some(name.into());
        self
    }

    /// Rows of a batch, at most.
    ///
    /// ```
    /// use dataknobs_data_arrow::{ToArrowOptions, records_to_batches};
    /// use dataknobs_data_core::record;
    /// let records = vec![record! { "n": 1 }?; 5];
    /// let (_, batches) = records_to_batches(&records, &ToArrowOptions::new().with_batch_rows(2))?;
    /// assert!(batches.iter().map(|batch| batch.num_rows()).eq([2, 2, 1]));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows;
        self
    }

    /// The metadata column that these options ask for, if any.
    pub(crate) fn metadata_name(&self) -> Option<Str> {
        self.metadata_column.clone().or_else(|| self.exact.then(|| Str::new_static(METADATA_COLUMN)))
    }
}

/// How columns become records.
///
/// ```
/// use dataknobs_data_arrow::{FromArrowOptions, ToArrowOptions, batches_to_records, records_to_batches};
/// use dataknobs_data_core::record;
/// let (_, batches) = records_to_batches(&[record! { "key": 7, "n": 1 }?], &ToArrowOptions::new())?;
/// let records = batches_to_records(&batches, &FromArrowOptions::new().with_id_column("key"))?;
/// assert_eq!((records[0].id().unwrap().as_str(), records[0].len()), ("7", 1));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct FromArrowOptions {
    /// The column that holds the ids, as text or integers; it is no field then. None: the column
    /// that was written as such, else `_id`, if there is one.
    pub id_column: Option<Str>,
    /// The column that holds what [`ToArrowOptions::metadata_column`] says. None: the column that
    /// was written as such, else `_meta`, if there is one.
    pub metadata_column: Option<Str>,
    /// Datetimes and bytes inside lists, structs and maps become RFC 3339 and base64 text.
    /// Off: they are refused.
    pub nested_as_text: bool,
    /// Text is STRING or TEXT by its own length, not by the longest of its batch.
    pub(crate) text_by_value: bool,
}

impl FromArrowOptions {
    /// The default: ids and metadata found by themselves, no datetimes and bytes inside others.
    ///
    /// ```
    /// use dataknobs_data_arrow::FromArrowOptions;
    /// assert!(!FromArrowOptions::new().nested_as_text);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The column that holds the ids.
    ///
    /// ```
    /// use dataknobs_data_arrow::FromArrowOptions;
    /// assert_eq!(FromArrowOptions::new().with_id_column("key").id_column.unwrap(), "key");
    /// ```
    #[must_use]
    pub fn with_id_column(mut self, name: impl Into<Str>) -> Self {
        self.id_column = Some(name.into());
        self
    }

    /// The column that holds the metadata.
    ///
    /// ```
    /// use dataknobs_data_arrow::FromArrowOptions;
    /// assert_eq!(FromArrowOptions::new().with_metadata_column("m").metadata_column.unwrap(), "m");
    /// ```
    #[must_use]
    pub fn with_metadata_column(mut self, name: impl Into<Str>) -> Self {
        self.metadata_column = Some(name.into());
        self
    }

    /// Whether datetimes and bytes inside lists, structs and maps become text.
    ///
    /// ```
    /// use dataknobs_data_arrow::FromArrowOptions;
    /// assert!(FromArrowOptions::new().with_nested_as_text(true).nested_as_text);
    /// ```
    #[must_use]
    pub fn with_nested_as_text(mut self, nested_as_text: bool) -> Self {
        self.nested_as_text = nested_as_text;
        self
    }
}
