//! What a CSV file's columns are: by its header, its descriptor, and its first rows.

use dataknobs_data_core::{Error, FieldType, Result, Str, validate_field_name};

use super::parse::{Parser, RawRow};
use super::{Column, CsvLayout, Role, Sidecar, cell, delimiter};
use crate::columns::number;
use crate::config::FileConfig;
use crate::key::Key;

/// Reads the header and as many rows as the types need. Damage in these rows is not reported
/// here: whoever reads them will. None for a file of blank lines, which is how pandas writes a table
/// without columns.
pub(crate) fn discover(
    mut parser: Parser,
    sidecar: Option<Sidecar>,
    config: &FileConfig,
    delimiter: u8,
) -> Result<Option<(CsvLayout, Key)>> {
    let mut row = RawRow::default();
    let separator_line = parser.skip_separator_line()?;
    let delimiter = match (config.delimiter, separator_line) {
        (None, Some(named)) => named,
        (None, None) if delimiter == b',' => delimiter::of_header(&mut parser, delimiter)?,
        _ => delimiter,
    };
    parser.set_delimiter(delimiter);
    if !parser.read(&mut row)? {
        if separator_line.is_none() && parser.has_lines() {
            return Ok(None);
        }
        return Err(Error::corrupt("the file has no header row").with_context("line", 1));
    }
    let mut layout = CsvLayout::new_file(delimiter, &config.null_values);
    layout.byte_order_mark = parser.has_byte_order_mark();
    layout.separator_line = separator_line.is_some();
    layout.crlf = parser.has_crlf();
    if let Some(markers) = sidecar.as_ref().and_then(Sidecar::null_markers) {
        layout.nulls.extend(markers);
    }
    let mut columns = header(&row, sidecar.as_ref())?;
    let key = key_column(&columns, config)?;
    guess(&mut parser, &mut row, &mut columns, &layout, config.infer_rows)?;
    let key = match key {
        KeyColumn::Own(at) => {
            if columns[at].field_type != FieldType::Integer {
                columns[at].field_type = FieldType::String;
            }
            Key { field_type: columns[at].field_type, ..Key::own() }
        }
        KeyColumn::Field(at) => {
            let field_type = match columns[at].field_type {
                FieldType::Text => FieldType::String,
                other => other,
            };
            Key::field(columns[at].name.clone(), field_type)
        }
        KeyColumn::None => Key::ordinal(),
    };
    layout.sidecar = sidecar;
    Ok(Some((layout.with_columns(columns)?, key)))
}

fn header(row: &RawRow, sidecar: Option<&Sidecar>) -> Result<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::with_capacity(row.len());
    let mut seen = std::collections::HashMap::new();
    for position in 0..row.len() {
        let number = position + 1;
        let text = row.cell(position);
        let name = if text.is_empty() { Str::from(format!("column_{number}")) } else { Str::from(text) };
        let role = match name.as_str() {
            "_id" => Role::Id,
            "_meta" => Role::Meta,
            _ => {
                validate_field_name(&name)
                    .map_err(|error| error.with_context("line", row.line()).with_context("column", number))?;
                Role::Field
            }
        };
        if let Some(first) = seen.insert(name.clone(), number) {
            return Err(Error::corrupt("the header names a column twice")
                .with_context("line", row.line())
                .with_context("field", format!("`{}`", name.escape_debug()))
                .with_context("columns", format!("{first} and {number}")));
        }
        let declared = sidecar.and_then(|sidecar| sidecar.type_of(&name));
        columns.push(Column {
            name,
            role,
            field_type: declared.unwrap_or(FieldType::String),
            declared: declared.is_some() || role == Role::Meta,
        });
    }
    Ok(columns)
}

enum KeyColumn {
    Own(usize),
    Field(usize),
    None,
}

fn key_column(columns: &[Column], config: &FileConfig) -> Result<KeyColumn> {
    let position = |name: &str| columns.iter().position(|column| column.name == name);
    let wanted = config.id_field.as_deref();
    match (wanted, position("_id")) {
        (None | Some("" | "_id"), Some(own)) => return Ok(KeyColumn::Own(own)),
        (Some(wanted), Some(_)) => return Err(own_ids(wanted)),
        _ => {}
    }
    match wanted {
        None => Ok(position("id").map_or(KeyColumn::None, KeyColumn::Field)),
        Some("") => Ok(KeyColumn::None),
        Some(wanted) => match position(wanted) {
            Some(at) => Ok(KeyColumn::Field(at)),
            None => Err(Error::invalid_config("the file has no column of the name that `id_field` gives")
                .with_context("id_field", format!("`{}`", wanted.escape_debug()))),
        },
    }
}

/// The error for `id_field` on a file with ids of its own.
pub(crate) fn own_ids(wanted: &str) -> Error {
    Error::invalid_config("the file has ids of its own, in `_id`")
        .with_context("id_field", format!("`{}`", wanted.escape_debug()))
        .with_hint("leave `id_field` out")
}

/// Guesses the types that are not declared.
fn guess(parser: &mut Parser, row: &mut RawRow, columns: &mut [Column], layout: &CsvLayout, rows: u64) -> Result<()> {
    let mut guesses: Vec<(usize, Guess)> =
        (0..columns.len()).filter(|at| !columns[*at].declared).map(|at| (at, Guess::default())).collect();
    if guesses.is_empty() {
        return Ok(());
    }
    for _ in 0..rows {
        match parser.read(row) {
            Ok(true) if row.len() == columns.len() => {}
            _ => break,
        }
        for (at, guess) in &mut guesses {
            let text = row.cell(*at);
            if !layout.is_null(text) {
                guess.look_at(text, row.line());
            }
        }
    }
    for (at, guess) in guesses {
        columns[at].field_type = guess.field_type().map_err(|line| too_wide(&columns[at].name, line, at + 1))?;
    }
    Ok(())
}

/// The error for a column of integers with one that no integer field holds: neither rounding it nor
/// making texts of its neighbours would be what the file says.
fn too_wide(name: &str, line: u64, column: usize) -> Error {
    Error::invalid_record("an integer is outside the 64-bit range")
        .with_context("field", format!("`{}`", name.escape_debug()))
        .with_context("line", line)
        .with_context("column", column)
        .with_hint("if the column holds texts, say so in the sidecar FILE.schema.json")
}

/// The types that a column's cells still allow.
struct Guess {
    empty: bool,
    integer: bool,
    float: bool,
    boolean: bool,
    datetime: bool,
    long: bool,
    /// Every cell is written as an integer.
    whole: bool,
    /// The line of the first integer outside the 64-bit range.
    wide: Option<u64>,
}

impl Default for Guess {
    fn default() -> Self {
        Guess {
            empty: true,
            integer: true,
            float: true,
            boolean: true,
            datetime: true,
            long: false,
            whole: true,
            wide: None,
        }
    }
}

impl Guess {
    fn look_at(&mut self, text: &str, line: u64) {
        self.empty = false;
        if self.look_at_number(text.as_bytes()) {
            return;
        }
        if self.whole {
            let fits = cell::integer(text, false).is_some();
            self.integer &= fits;
            self.whole = fits || cell::is_integer(text);
            if self.whole && !fits {
                self.wide.get_or_insert(line);
            }
        }
        self.float = self.float && cell::float(text, false).is_some();
        self.boolean = self.boolean && cell::boolean(text, false).is_some();
        self.datetime = self.datetime && cell::datetime(text, false).is_some();
        self.long = self.long
            || (text.len() > FieldType::TEXT_THRESHOLD && text.chars().nth(FieldType::TEXT_THRESHOLD).is_some());
    }

    /// Looks at a cell of up to 15 digits, which is exact as a float and of no other type; false when
    /// it is none.
    fn look_at_number(&mut self, text: &[u8]) -> bool {
        if number::float(text, 0, text.len()).is_none() {
            return false;
        }
        // The minus of `-0` says more than an integer can.
        if text.contains(&b'.') || text == b"-0" {
            self.integer = false;
            self.whole = false;
        }
        self.boolean = false;
        self.datetime = false;
        true
    }

    /// The narrowest type, or the line of an integer that keeps a column from having one.
    fn field_type(&self) -> Result<FieldType, u64> {
        Ok(match self {
            Guess { empty: true, .. } => FieldType::String,
            Guess { whole: true, wide: Some(line), .. } => return Err(*line),
            Guess { integer: true, .. } => FieldType::Integer,
            Guess { float: true, .. } => FieldType::Float,
            Guess { boolean: true, .. } => FieldType::Boolean,
            Guess { datetime: true, .. } => FieldType::DateTime,
            Guess { long: true, .. } => FieldType::Text,
            _ => FieldType::String,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(cells: &[&str]) -> FieldType {
        let mut guess = Guess::default();
        cells.iter().for_each(|cell| guess.look_at(cell, 1));
        guess.field_type().unwrap()
    }

    #[test]
    fn an_integer_past_64_bits_among_integers_is_an_error_at_its_line() {
        let mut guess = Guess::default();
        for (line, cell) in ["1", "9223372036854775808", "-99999999999999999999"].into_iter().enumerate() {
            guess.look_at(cell, line as u64 + 2);
        }
        assert_eq!(guess.field_type(), Err(3));
    }

    #[test]
    fn usual_numbers_are_looked_at_as_all_others() {
        let texts = ["0", "-0", "7", "-7", "0.5", "5.", ".5", "-.5", "123456789012345", "12345678901234.5", "-0.0"];
        for text in texts {
            let mut fast = Guess::default();
            assert!(fast.look_at_number(text.as_bytes()), "{text}");
            assert_eq!(fast.integer, cell::integer(text, false).is_some(), "{text}");
            assert_eq!(fast.whole, cell::is_integer(text), "{text}");
            assert!(cell::float(text, false).is_some() && cell::boolean(text, false).is_none(), "{text}");
            assert!(cell::datetime(text, false).is_none() && !fast.boolean && !fast.datetime && fast.float, "{text}");
        }
        for text in ["", "-", ".", "007", "00", "+1", "1e5", "1234567890123456", "true", "2024-05-01T10:00:00"] {
            assert!(!Guess::default().look_at_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn columns_get_the_narrowest_exact_type() {
        let long = "x".repeat(1001);
        let cases: [(&[&str], FieldType); 14] = [
            (&[], FieldType::String),
            (&["1", "-2"], FieldType::Integer),
            (&["1", "2.5"], FieldType::Float),
            (&["9007199254740993", "2.5"], FieldType::String),
            (&["9223372036854775808", "x"], FieldType::String),
            (&["9223372036854775808", "1.5"], FieldType::String),
            (&["007"], FieldType::String),
            (&["+1"], FieldType::String),
            (&["1e400"], FieldType::String),
            (&["True", "false"], FieldType::Boolean),
            (&["true", "1"], FieldType::String),
            (&["2024-01-01T00:00:00", "2024-01-01 10:00:00Z"], FieldType::DateTime),
            (&["2024-01-01", "2024-01-01T10:00:00"], FieldType::String),
            (&["a", &long], FieldType::Text),
        ];
        for (cells, expected) in cases {
            assert_eq!(guessed(cells), expected, "{cells:?}");
        }
    }
}
