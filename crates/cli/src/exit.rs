//! How `dk` ends: exit codes, and what standard error says.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use dataknobs_data::{Error, ErrorKind};

use crate::open;

/// What a verb gives back.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a verb did not do all that it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense; also how clap hands over its help.
    Usage(clap::Error),
    /// The library says so.
    Library(Error),
    /// Standard output takes no more.
    Output(io::Error),
    /// Something is lost; the report on standard output says what.
    Lost,
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Failure::Usage(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl Failure {
    /// A command line that clap lets pass, but that makes no sense.
    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        Failure::Usage(clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{message}\n")))
    }
}

/// Exit codes: number, meaning, and the kinds of error that end with it.
const CODES: [(u8, &str, &[ErrorKind]); 8] = [
    (1, "any other failure", &[]),
    (2, "the command line makes no sense", &[]),
    (3, "not found: a record, a file", &[ErrorKind::NotFound]),
    (
        4,
        "invalid query, record or setting",
        &[ErrorKind::InvalidQuery, ErrorKind::InvalidRecord, ErrorKind::InvalidConfig],
    ),
    (5, "already exists, or changed by someone else", &[ErrorKind::AlreadyExists, ErrorKind::Conflict]),
    (6, "no connection, no time left, or no access", &[ErrorKind::Connection, ErrorKind::Timeout, ErrorKind::Auth]),
    (7, "damaged data; the message names the place", &[ErrorKind::Corrupt]),
    (8, "the database cannot do this", &[ErrorKind::Unsupported]),
];

const SUCCESS: u8 = 0;
const OTHER: u8 = 1;

/// The exit codes, for `--help`.
pub(crate) fn help() -> String {
    let mut help = "Exit codes:\n    0  done, also when the reader of the output stops early\n".to_owned();
    for (code, meaning, _) in CODES {
        let _ = writeln!(help, "    {code}  {meaning}");
    }
    help.push_str("  130  interrupted with Ctrl-C");
    help
}

fn code_of_kind(kind: ErrorKind) -> u8 {
    CODES.iter().find(|(_, _, kinds)| kinds.contains(&kind)).map_or(OTHER, |(code, _, _)| *code)
}

/// Reports a failure on standard error and gives the exit code.
pub(crate) fn code_of(outcome: Outcome) -> u8 {
    match outcome {
        Ok(()) => SUCCESS,
        Err(Failure::Usage(error)) => {
            // Help goes to standard output, whose reader may be gone.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(OTHER)
        }
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => SUCCESS,
        Err(Failure::Output(error)) => {
            report(&Error::from(error).with_context("writing to", "standard output"));
            OTHER
        }
        Err(Failure::Lost) => code_of_kind(ErrorKind::Corrupt),
        Err(Failure::Library(error)) => {
            report(&error);
            code_of_kind(error.kind())
        }
    }
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The most items of a batch that are listed.
const LISTED_FAILURES: usize = 10;

/// One line that says what is wrong, the place in a text, circumstances and causes indented, and
/// the way out.
fn report(error: &Error) {
    // Nobody can be told when standard error is gone.
    let _ = anstream::stderr().lock().write_all(message(error).as_bytes());
}

fn message(error: &Error) -> String {
    let mut text = format!("{ERROR}error{ERROR:#}: {}: {}\n", error.kind().phrase(), shown(error.message()));
    for line in error.excerpt().unwrap_or_default().lines() {
        let _ = writeln!(text, "  {}", shown(line));
    }
    for (key, value) in error.context() {
        let value = if open::is_spooled(value) { "standard input" } else { value };
        let _ = writeln!(text, "  {key}: {}", shown(value));
    }
    for failure in error.failures().iter().take(LISTED_FAILURES) {
        let _ = writeln!(text, "  record {}: {}", failure.index + 1, shown(&failure.error.to_string()));
    }
    if let Some(more) = error.failures().len().checked_sub(LISTED_FAILURES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
    let mut source = error.source();
    while let Some(cause) = source {
        for (index, line) in cause.to_string().lines().enumerate() {
            let start = if index == 0 { "because: " } else { "  " };
            let _ = writeln!(text, "  {start}{}", shown(line));
        }
        source = cause.source();
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(text, "{HINT}hint{HINT:#}: {}", shown(hint));
    }
    text
}

/// Text without what a terminal would obey.
pub(crate) fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{FFFD}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_help_once() {
        for (index, (code, meaning, _)) in CODES.iter().enumerate() {
            assert_eq!(usize::from(*code), index + 1);
            assert!(help().contains(&format!("    {code}  {meaning}\n")));
        }
        assert_eq!(code_of_kind(ErrorKind::Corrupt), 7);
        assert_eq!(code_of_kind(ErrorKind::Io), 1);
    }

    #[test]
    fn a_message_has_place_circumstances_cause_and_hint() {
        let error = Error::corrupt("a row is short")
            .with_excerpt("a,b\n  ^")
            .with_context("line", 3)
            .with_source(io::Error::other("x\u{1b}[2J"))
            .with_hint("mend it");
        let plain = anstream::adapter::strip_str(&message(&error)).to_string();
        assert_eq!(
            plain,
            "error: corrupt data: a row is short\n  a,b\n    ^\n  line: 3\n  because: x\u{FFFD}[2J\nhint: mend it\n"
        );
    }
}
