//! What a run of the suite did: which behaviour held on which fixture.

use std::collections::BTreeMap;
use std::fmt;

/// What came of one behaviour, or one case, on one fixture.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, and why.
    Fails(String),
    /// It does not apply, because of this capability.
    NotApplicable(String),
}

/// One row of the matrix.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    /// By column.
    verdicts: BTreeMap<usize, Verdict>,
}

/// A matrix of behaviours and fixtures. Its `Display` is the matrix, the totals and the failures.
#[derive(Debug, Clone, Default)]
pub struct Report {
    title: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

/// How many of each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// What holds.
    pub held: usize,
    /// What fails.
    pub failed: usize,
    /// What does not apply.
    pub not_applicable: usize,
}

impl Totals {
    /// How many ran.
    pub fn executed(self) -> usize {
        self.held + self.failed
    }

    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Holds => self.held += 1,
            Verdict::Fails(_) => self.failed += 1,
            Verdict::NotApplicable(_) => self.not_applicable += 1,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ok, {} FAIL, {} not applicable", self.held, self.failed, self.not_applicable)
    }
}

impl Report {
    /// An empty report.
    pub fn new(title: impl Into<String>) -> Self {
        Report { title: title.into(), ..Report::default() }
    }

    /// Adds one verdict; rows and columns stand in the order in which they are first named.
    pub fn add(&mut self, row: &str, column: &str, verdict: Verdict) {
        let column = match self.columns.iter().position(|name| name == column) {
            Some(position) => position,
            None => {
                self.columns.push(column.to_owned());
                self.columns.len() - 1
            }
        };
        match self.rows.iter_mut().find(|known| known.name == row) {
            Some(known) => {
                known.verdicts.insert(column, verdict);
            }
            None => self.rows.push(Row { name: row.to_owned(), verdicts: BTreeMap::from([(column, verdict)]) }),
        }
    }

    /// The columns: fixture and form.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The totals of one column.
    pub fn totals_of(&self, column: &str) -> Totals {
        let position = self.columns.iter().position(|name| name == column);
        let mut totals = Totals::default();
        self.rows.iter().filter_map(|row| row.verdicts.get(&position?)).for_each(|verdict| totals.add(verdict));
        totals
    }

    /// The totals of all.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.rows.iter().flat_map(|row| row.verdicts.values()).for_each(|verdict| totals.add(verdict));
        totals
    }

    /// The totals by group of rows (what stands before the colon in their names) and column: a
    /// table without the single rows.
    pub fn summary(&self) -> String {
        let mut groups: Vec<(&str, Vec<Totals>)> = Vec::new();
        for row in &self.rows {
            let name = row.name.split_once(": ").map_or(row.name.as_str(), |(group, _)| group);
            let position = groups.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                groups.push((name, vec![Totals::default(); self.columns.len()]));
                groups.len() - 1
            });
            for (column, verdict) in &row.verdicts {
                groups[position].1[*column].add(verdict);
            }
        }
        let width = groups.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(self.title.len());
        let mut lines = vec![format!("{}: {}", self.title, self.totals())];
        for (position, column) in self.columns.iter().enumerate() {
            lines.push(format!("  [{}] {column}: {}", position + 1, self.totals_of(column)));
        }
        let heads = (1..=self.columns.len()).map(|position| format!(" {:>9}", format!("[{position}]")));
        lines.push(format!("{:width$}{}   (ok/FAIL/not applicable)", "", heads.collect::<String>()));
        for (name, totals) in groups {
            let cells = totals.iter().map(|totals| match totals.executed() + totals.not_applicable {
                0 => format!(" {:>9}", "-"),
                _ => format!(" {:>9}", format!("{}/{}/{}", totals.held, totals.failed, totals.not_applicable)),
            });
            lines.push(format!("{name:width$}{}", cells.collect::<String>()));
        }
        lines.join("\n")
    }

    /// What failed: row, column, reason.
    pub fn failures(&self) -> Vec<(&str, &str, &str)> {
        let mut failures = Vec::new();
        for row in &self.rows {
            for (column, verdict) in &row.verdicts {
                if let (Verdict::Fails(reason), Some(column)) = (verdict, self.columns.get(*column)) {
                    failures.push((row.name.as_str(), column.as_str(), reason.as_str()));
                }
            }
        }
        failures
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(self.title.len());
        writeln!(f, "{}", self.title)?;
        for (position, column) in self.columns.iter().enumerate() {
            writeln!(f, "  [{}] {column}: {}", position + 1, self.totals_of(column))?;
        }
        write!(f, "{:width$}", "")?;
        for position in 1..=self.columns.len() {
            write!(f, " {:>4}", format!("[{position}]"))?;
        }
        writeln!(f)?;
        let mut reasons: Vec<&str> = Vec::new();
        for row in &self.rows {
            write!(f, "{:width$}", row.name)?;
            for position in 0..self.columns.len() {
                let mark = match row.verdicts.get(&position) {
                    Some(Verdict::Holds) => "ok".to_owned(),
                    Some(Verdict::Fails(_)) => "FAIL".to_owned(),
                    Some(Verdict::NotApplicable(reason)) => {
                        let known = reasons.iter().position(|known| known == reason).unwrap_or_else(|| {
                            reasons.push(reason);
                            reasons.len() - 1
                        });
                        format!("n/{}", reason_letter(known))
                    }
                    None => "-".to_owned(),
                };
                write!(f, " {mark:>4}")?;
            }
            writeln!(f)?;
        }
        for (position, reason) in reasons.iter().enumerate() {
            writeln!(f, "  n/{}: not applicable, needs {reason}", reason_letter(position))?;
        }
        writeln!(f, "{}: {}", self.title, self.totals())?;
        for (row, column, reason) in self.failures() {
            writeln!(f, "FAIL {row} on {column}\n     {reason}")?;
        }
        Ok(())
    }
}

fn reason_letter(position: usize) -> char {
    u8::try_from(position).ok().and_then(|position| b'a'.checked_add(position)).map_or('?', char::from)
}
