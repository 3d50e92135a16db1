//! Columns for people: a header, a rule, cells as wide as they appear, numbers to the right.

use std::io;

use anstream::ColorChoice;
use anstyle::Style;
use dataknobs_data::{Str, Value};
use unicode_width::UnicodeWidthStr as _;

use super::{Layout, Out, Row, RowWriter, SAMPLE_ROWS, cell_text, cells_of, columns_of};
use crate::exit::Outcome;

/// The widest cell, unless all is to be shown.
const WIDEST: usize = 60;
const GAP: &str = "  ";
const HEADER: Style = Style::new().bold();

/// Holds the first rows back to learn the widths; the others follow as they come.
pub(super) struct TableWriter {
    out: Out,
    layout: Layout,
    columns: Vec<Column>,
    begun: bool,
    sample: Vec<Row>,
    /// Fields that only rows after the sample have.
    left_out: Vec<Str>,
}

struct Column {
    name: Str,
    width: usize,
    right: bool,
}

impl TableWriter {
    pub(super) fn new(out: Out, layout: Layout) -> Self {
        TableWriter { out, layout, columns: Vec::new(), begun: false, sample: Vec::new(), left_out: Vec::new() }
    }

    fn begin(&mut self) -> Outcome {
        self.begun = true;
        let sample = std::mem::take(&mut self.sample);
        let names = self.layout.columns.clone().unwrap_or_else(|| columns_of(&sample));
        let rows: Vec<Vec<Value>> = sample.into_iter().map(|row| self.known_cells(row, &names)).collect();
        let shown: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| self.shown(cell)).collect()).collect();
        for (index, name) in names.iter().enumerate() {
            let widths = shown.iter().map(|row| row[index].width());
            let mut present = rows.iter().map(|row| &row[index]).filter(|value| !value.is_null()).peekable();
            let right = present.peek().is_some() && present.all(is_number);
            let width = widths.max().unwrap_or(0).max(printable(name).width());
            self.columns.push(Column { name: name.clone(), width, right });
        }
        if names.is_empty() {
            return Ok(());
        }
        let header = self.columns.iter().map(|column| printable(&column.name)).collect();
        let header = self.line(header);
        let colour = anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        let style = if colour { HEADER } else { Style::new() };
        self.out.print(&format!("{style}{header}{style:#}\n"))?;
        let rule = self.columns.iter().map(|column| "─".repeat(column.width)).collect::<Vec<_>>().join(GAP);
        self.out.print(&format!("{rule}\n"))?;
        shown.into_iter().try_for_each(|row| self.print(row))
    }

    /// The cells of a row; notes what no column shows.
    fn known_cells(&mut self, row: Row, names: &[Str]) -> Vec<Value> {
        for (name, _) in &row {
            if !names.contains(name) && !self.left_out.contains(name) {
                self.left_out.push(name.clone());
            }
        }
        let known = row.into_iter().filter(|(name, _)| names.contains(name)).collect();
        cells_of(known, names).unwrap_or_default()
    }

    fn shown(&self, value: &Value) -> String {
        let text = printable(&cell_text(value));
        if self.layout.wide || text.width() <= WIDEST { text } else { cut(&text) }
    }

    fn print(&mut self, cells: Vec<String>) -> Outcome {
        let line = self.line(cells);
        self.out.print(&line)?;
        self.out.print("\n")
    }

    fn line(&self, cells: Vec<String>) -> String {
        let mut line = String::new();
        for (column, cell) in self.columns.iter().zip(cells) {
            let padding = " ".repeat(column.width.saturating_sub(cell.width()));
            let (before, after) = if column.right { (padding.as_str(), "") } else { ("", padding.as_str()) };
            line.push_str(before);
            line.push_str(&cell);
            line.push_str(after);
            line.push_str(GAP);
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}

/// Text on one line, without what a terminal would obey: control characters, and marks that turn
/// the direction of writing.
fn printable(text: &str) -> String {
    let obeyed = |character: char| {
        character.is_control()
            || matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if obeyed(character) { line.extend(character.escape_default()) } else { line.push(character) }
    }
    line
}

/// The beginning of a text that is too wide.
fn cut(text: &str) -> String {
    let mut end = 0;
    for (at, character) in text.char_indices() {
        if text[..at + character.len_utf8()].width() > WIDEST - 1 {
            break;
        }
        end = at + character.len_utf8();
    }
    format!("{}…", &text[..end])
}

impl RowWriter for TableWriter {
    fn write(&mut self, row: Row) -> Outcome {
        if self.begun {
            let names: Vec<Str> = self.columns.iter().map(|column| column.name.clone()).collect();
            let cells = self.known_cells(row, &names);
            let shown = cells.iter().map(|cell| self.shown(cell)).collect();
            return self.print(shown);
        }
        self.sample.push(row);
        if self.sample.len() >= SAMPLE_ROWS { self.begin() } else { Ok(()) }
    }

    fn finish(&mut self) -> Outcome {
        if !self.begun {
            self.begin()?;
        }
        self.out.flush()?;
        if !self.left_out.is_empty() {
            let names: Vec<String> = self.left_out.iter().map(|name| format!("`{}`", printable(name))).collect();
            anstream::eprintln!(
                "note: fields that only records after the first {SAMPLE_ROWS} have are not shown: {}; name the columns \
                 with --fields",
                names.join(", ")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_on_their_line() {
        assert_eq!(printable("a\tb\n\u{1b}[31m\u{202E}é"), "a\\tb\\n\\u{1b}[31m\\u{202e}é");
        assert_eq!(cut(&"日".repeat(40)).width(), WIDEST - 1);
        assert_eq!(cut(&"x".repeat(80)).width(), WIDEST);
    }
}
