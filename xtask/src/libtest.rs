//! The counts in the output of `cargo test`.
//!
//! Every test binary and every crate's documentation tests end with a line such as
//! `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; …`.

use crate::steps::Outcome;

/// The counts of one line, or none when it is not a result line.
pub(crate) fn parse_result(line: &str) -> Option<Outcome> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |label: &str| {
        let part = counts.split(';').find_map(|part| part.trim().strip_suffix(label))?;
        part.trim().parse().ok()
    };
    Some(Outcome { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_counts_of_a_result_line() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.05s";
        assert_eq!(parse_result(line), Some(Outcome { passed: 12, failed: 2, ignored: 1 }));
    }

    #[test]
    fn other_lines_are_not_results() {
        assert_eq!(parse_result("test query::parses ... ok"), None);
        assert_eq!(parse_result("test result: pending"), None);
    }
}
