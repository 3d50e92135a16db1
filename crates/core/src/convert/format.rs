//! Formats: whole lists of records to and from bytes, by name or file extension.

use std::fmt;
use std::sync::Arc;

use crate::config::nearest;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::value::{JsonFault, parse_json};

/// Reads and writes lists of records in one format.
///
/// ```
/// use dataknobs_data_core::{FormatHandler, Formats, Record, Result, Value, record};
/// use std::sync::Arc;
/// /// One field a line.
/// struct Lines;
/// impl FormatHandler for Lines {
///     fn name(&self) -> &str {
///         "lines"
///     }
///     fn extensions(&self) -> Vec<String> {
///         vec!["txt".to_owned()]
///     }
///     fn read(&self, bytes: &[u8]) -> Result<Vec<Record>> {
///         String::from_utf8_lossy(bytes).lines().map(|line| record! { "line": line }).collect()
///     }
///     fn write(&self, records: &[Record]) -> Result<Vec<u8>> {
///         let lines = records.iter().filter_map(|record| record.get("line").and_then(Value::as_str));
///         Ok(lines.flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect())
///     }
/// }
/// let mut formats = Formats::default();
/// formats.register(Arc::new(Lines));
/// let records = formats.for_extension("TXT").unwrap().read(b"one\ntwo\n")?;
/// assert_eq!(formats.get("lines")?.write(&records)?, b"one\ntwo\n");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait FormatHandler: Send + Sync {
    /// The name it is asked for by, in lower case: `"json"`.
    ///
    /// ```
    /// use dataknobs_data_core::Formats;
    /// assert_eq!(Formats::default().get("json")?.name(), "json");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    fn name(&self) -> &str;

    /// The file extensions it stands for, without the dot, in lower case.
    ///
    /// ```
    /// use dataknobs_data_core::Formats;
    /// assert!(Formats::default().get("json")?.extensions().contains(&"json".to_owned()));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    fn extensions(&self) -> Vec<String>;

    /// The records in these bytes.
    ///
    /// ```
    /// use dataknobs_data_core::{ErrorKind, Formats, record};
    /// let json = Formats::default().get("json")?;
    /// assert_eq!(json.read(br#"[{"data": {"n": 1}}]"#)?, [record! { "n": 1 }?]);
    /// assert_eq!(json.read(b"[{").unwrap_err().kind(), ErrorKind::Corrupt);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) with the place when the bytes are not of the format.
    fn read(&self, bytes: &[u8]) -> Result<Vec<Record>>;

    /// These records as bytes, which [`FormatHandler::read`] gives back unchanged.
    ///
    /// ```
    /// use dataknobs_data_core::{Formats, record};
    /// let json_lines = Formats::default().get("jsonl")?;
    /// assert_eq!(json_lines.write(&[record! { "n": 1 }?])?, b"{\"data\":{\"n\":1}}\n");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidRecord`](crate::ErrorKind::InvalidRecord) when the format cannot hold a record.
    fn write(&self, records: &[Record]) -> Result<Vec<u8>>;
}

/// The known formats. Cloning is cheap.
///
/// The default holds `json` (an array of record documents, see [`Record::to_json`]) and `jsonl`
/// (one document a line).
///
/// ```
/// use dataknobs_data_core::{Formats, record};
/// let formats = Formats::default();
/// let json_lines = formats.get("jsonl")?;
/// let bytes = json_lines.write(&[record! { "name": "Ada" }?])?;
/// assert_eq!(bytes, b"{\"data\":{\"name\":\"Ada\"}}\n");
/// assert_eq!(json_lines.read(&bytes)?[0]["name"].as_str(), Some("Ada"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Formats {
    handlers: Arc<Vec<Arc<dyn FormatHandler>>>,
}

impl Default for Formats {
    fn default() -> Self {
        Formats { handlers: Arc::new(vec![Arc::new(JsonArray), Arc::new(JsonLines)]) }
    }
}

impl Formats {
    /// Adds a format; one of the same name is replaced, and of the same extension hidden.
    ///
    /// ```
    /// use dataknobs_data_core::Formats;
    /// let mut formats = Formats::default();
    /// formats.register(formats.get("jsonl")?); // replaces the one of the same name
    /// assert_eq!(formats.names().count(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn register(&mut self, handler: Arc<dyn FormatHandler>) {
        let handlers = Arc::make_mut(&mut self.handlers);
        handlers.retain(|known| known.name() != handler.name());
        handlers.push(handler);
    }

    /// The format of this name.
    ///
    /// ```
    /// use dataknobs_data_core::Formats;
    /// let error = Formats::default().get("jsn").err().unwrap();
    /// assert_eq!(error.hint(), Some("did you mean `json`?"));
    /// ```
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) that hints at the nearest known name.
    pub fn get(&self, name: &str) -> Result<Arc<dyn FormatHandler>> {
        self.handlers.iter().find(|handler| handler.name() == name).cloned().ok_or_else(|| {
            let hint = match nearest(name, self.names()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the formats are {}", self.names().collect::<Vec<_>>().join(", ")),
            };
            Error::invalid_config("unknown format")
                .with_context("format", format!("`{}`", name.escape_debug()))
                .with_hint(hint)
        })
    }

    /// The format of files with this extension, given without the dot, in any letter case.
    ///
    /// ```
    /// use dataknobs_data_core::Formats;
    /// assert_eq!(Formats::default().for_extension("JSONL").unwrap().name(), "jsonl");
    /// ```
    pub fn for_extension(&self, extension: &str) -> Option<Arc<dyn FormatHandler>> {
        let wanted = extension.to_lowercase();
        self.handlers.iter().rev().find(|handler| handler.extensions().contains(&wanted)).cloned()
    }

    /// The names of all formats.
    ///
    /// ```
    /// use dataknobs_data_core::Formats;
    /// assert!(Formats::default().names().eq(["json", "jsonl"]));
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.handlers.iter().map(|handler| handler.name())
    }
}

impl fmt::Debug for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

struct JsonArray;

impl FormatHandler for JsonArray {
    fn name(&self) -> &str {
        "json"
    }

    fn extensions(&self) -> Vec<String> {
        vec!["json".to_owned()]
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Record>> {
        let document = parse_json(bytes).map_err(|fault| corrupt(fault, 1))?;
        let serde_json::Value::Array(items) = document else {
            return Err(Error::corrupt("a JSON file of records is an array"));
        };
        let read = |(index, item)| Record::from_json(item).map_err(|error: Error| error.with_context("index", index));
        items.into_iter().enumerate().map(read).collect()
    }

    fn write(&self, records: &[Record]) -> Result<Vec<u8>> {
        let mut bytes = b"[".to_vec();
        for (index, record) in records.iter().enumerate() {
            bytes.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
            append(&mut bytes, record)?;
        }
        bytes.extend_from_slice(if records.is_empty() { b"]\n" } else { b"\n]\n" });
        Ok(bytes)
    }
}

struct JsonLines;

impl FormatHandler for JsonLines {
    fn name(&self) -> &str {
        "jsonl"
    }

    fn extensions(&self) -> Vec<String> {
        vec!["jsonl".to_owned(), "ndjson".to_owned()]
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let document = parse_json(line).map_err(|fault| corrupt(fault, index + 1))?;
            records.push(Record::from_json(document).map_err(|error| error.with_context("line", index + 1))?);
        }
        Ok(records)
    }

    fn write(&self, records: &[Record]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for record in records {
            append(&mut bytes, record)?;
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

fn append(bytes: &mut Vec<u8>, record: &Record) -> Result<()> {
    serde_json::to_writer(bytes, record)
        .map_err(|error| Error::invalid_record("a record cannot be written as JSON").with_source(error))
}

/// A fault in a document that begins on this line of the whole.
fn corrupt(fault: JsonFault, first_line: usize) -> Error {
    Error::corrupt(fault.reason)
        .with_context("line", first_line + fault.line.saturating_sub(1))
        .with_context("column", fault.column)
}
