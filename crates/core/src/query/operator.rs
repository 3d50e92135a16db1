//! Operators and the names people write them by.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// How a test compares a field with its operand.
///
/// ```
/// use dataknobs_data_core::Operator;
/// assert_eq!("not in".parse::<Operator>()?, Operator::NotIn);
/// assert_eq!("<>".parse::<Operator>()?, Operator::Neq);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // the names are the documentation; `docs/semantics.md` defines each
pub enum Operator {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
    In,
    NotIn,
    Between,
    NotBetween,
    Like,
    NotLike,
    Ilike,
    StartsWith,
    Regex,
    Contains,
    Exists,
    NotExists,
    Match,
}

impl Operator {
    /// Every operator.
    ///
    /// ```
    /// use dataknobs_data_core::Operator;
    /// for operator in Operator::ALL {
    ///     assert_eq!(operator.name().parse::<Operator>()?, operator);
    /// }
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub const ALL: [Operator; 19] = [
        Operator::Eq,
        Operator::Neq,
        Operator::Gt,
        Operator::Gte,
        Operator::Lt,
        Operator::Lte,
        Operator::In,
        Operator::NotIn,
        Operator::Between,
        Operator::NotBetween,
        Operator::Like,
        Operator::NotLike,
        Operator::Ilike,
        Operator::StartsWith,
        Operator::Regex,
        Operator::Contains,
        Operator::Exists,
        Operator::NotExists,
        Operator::Match,
    ];

    /// The canonical name: `"EQ"`, `"NOT_IN"`, …
    ///
    /// ```
    /// use dataknobs_data_core::Operator;
    /// assert_eq!(Operator::StartsWith.name(), "STARTS_WITH");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Operator::Eq => "EQ",
            Operator::Neq => "NEQ",
            Operator::Gt => "GT",
            Operator::Gte => "GTE",
            Operator::Lt => "LT",
            Operator::Lte => "LTE",
            Operator::In => "IN",
            Operator::NotIn => "NOT_IN",
            Operator::Between => "BETWEEN",
            Operator::NotBetween => "NOT_BETWEEN",
            Operator::Like => "LIKE",
            Operator::NotLike => "NOT_LIKE",
            Operator::Ilike => "ILIKE",
            Operator::StartsWith => "STARTS_WITH",
            Operator::Regex => "REGEX",
            Operator::Contains => "CONTAINS",
            Operator::Exists => "EXISTS",
            Operator::NotExists => "NOT_EXISTS",
            Operator::Match => "MATCH",
        }
    }

    /// The positive operator that a negative one denies: present, and not that.
    ///
    /// ```
    /// use dataknobs_data_core::Operator;
    /// assert_eq!(Operator::NotIn.positive_of(), Some(Operator::In));
    /// assert_eq!(Operator::In.positive_of(), None);
    /// ```
    pub fn positive_of(self) -> Option<Operator> {
        match self {
            Operator::Neq => Some(Operator::Eq),
            Operator::NotIn => Some(Operator::In),
            Operator::NotLike => Some(Operator::Like),
            Operator::NotBetween => Some(Operator::Between),
            _ => None,
        }
    }
}

impl FromStr for Operator {
    type Err = Error;

    /// Reads a name or symbol in any letter case, with spaces or underscores: `">="`, `"not in"`,
    /// `"Starts_With"`.
    fn from_str(text: &str) -> Result<Self> {
        Ok(match text.trim() {
            "=" | "==" => Operator::Eq,
            "!=" | "<>" => Operator::Neq,
            ">" => Operator::Gt,
            ">=" => Operator::Gte,
            "<" => Operator::Lt,
            "<=" => Operator::Lte,
            name => {
                let wanted = name.split([' ', '_']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
                return Operator::ALL
                    .into_iter()
                    .find(|operator| operator.name().eq_ignore_ascii_case(&wanted))
                    .ok_or_else(|| unknown(text));
            }
        })
    }
}

fn unknown(text: &str) -> Error {
    let error = Error::invalid_query("unknown operator").with_context("operator", format!("`{}`", text.escape_debug()));
    let names = Operator::ALL.map(Operator::name);
    match crate::config::nearest(&text.to_ascii_uppercase().replace(' ', "_"), names) {
        Some(name) => error.with_hint(format!("did you mean {name}?")),
        None => error.with_hint(format!("the operators are {}", names.join(", "))),
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What names an operator where one is wanted: an [`Operator`], or text such as `">="`.
///
/// ```
/// use dataknobs_data_core::{IntoOperator, Operator};
/// assert_eq!(">=".into_operator()?, Operator::Gte);
/// assert_eq!(Operator::Like.into_operator()?, Operator::Like);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
pub trait IntoOperator {
    /// The operator.
    ///
    /// ```
    /// use dataknobs_data_core::IntoOperator;
    /// assert_eq!("STARTSWITH".into_operator().unwrap_err().hint(), Some("did you mean STARTS_WITH?"));
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) for an unknown name.
    fn into_operator(self) -> Result<Operator>;
}

impl IntoOperator for Operator {
    fn into_operator(self) -> Result<Operator> {
        Ok(self)
    }
}

impl IntoOperator for &str {
    fn into_operator(self) -> Result<Operator> {
        self.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_symbols_parse() {
        for operator in Operator::ALL {
            for form in [operator.name().to_lowercase(), operator.name().replace('_', " "), format!(" {operator} ")] {
                assert_eq!(form.parse::<Operator>().unwrap(), operator);
            }
        }
        for (symbol, operator) in [
            ("=", Operator::Eq),
            ("==", Operator::Eq),
            ("!=", Operator::Neq),
            ("<>", Operator::Neq),
            (">", Operator::Gt),
            (">=", Operator::Gte),
            ("<", Operator::Lt),
            ("<=", Operator::Lte),
        ] {
            assert_eq!(symbol.into_operator().unwrap(), operator);
        }
    }

    #[test]
    fn unknown_operators_name_the_nearest() {
        let error = "STARTSWITH".into_operator().unwrap_err();
        assert_eq!(error.hint(), Some("did you mean STARTS_WITH?"));
        let error = "~~~~~~~~~".parse::<Operator>().unwrap_err();
        assert!(error.hint().unwrap().contains("NOT_EXISTS"));
        assert_eq!(error.kind(), crate::ErrorKind::InvalidQuery);
    }
}
