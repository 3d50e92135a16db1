//! Filters: trees of tests.

use regex::Regex;

use super::operator::{IntoOperator, Operator};
use super::path::{IntoPath, Path};
use crate::error::{Error, Result};
use crate::value::Value;

/// A condition on records: a test, or a combination of conditions.
///
/// ```
/// use dataknobs_data_core::Filter;
/// let adult = Filter::new("age", ">=", 18)?;
/// let local = Filter::new("city", "IN", ["Oslo", "Bergen"])?;
/// let wanted = adult.and(local.negate());
/// assert_eq!(wanted.to_string(), "age >= 18 AND NOT city IN ('Oslo', 'Bergen')");
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one holds; of none: true.
    All(Vec<Filter>),
    /// At least one holds; of none: false.
    Any(Vec<Filter>),
    /// The plain negation of the two-valued result, so true on absent fields.
    Not(Box<Filter>),
    /// One comparison.
    Test(Test),
}

/// One comparison: a path, an operator and its operand, checked when it was built.
///
/// ```
/// use dataknobs_data_core::{Filter, Operator, Value};
/// let Filter::Test(test) = Filter::parse("age BETWEEN 18 AND 30")? else { panic!() };
/// assert_eq!((test.path().to_string().as_str(), test.operator()), ("age", Operator::Between));
/// assert_eq!(test.literals(), [Value::from(18), Value::from(30)]);
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Test {
    path: Path,
    operator: Operator,
    operand: Operand,
    regex: Option<Regex>,
}

/// What an operator compares with.
///
/// ```
/// use dataknobs_data_core::{Operand, Value};
/// assert_eq!(Operand::from(1), Operand::One(Value::from(1)));
/// assert_eq!(Operand::from(["a", "b"]), Operand::Many(vec!["a".into(), "b".into()]));
/// assert_eq!(Operand::from(()), Operand::None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Nothing: EXISTS and NOT_EXISTS.
    None,
    /// One literal.
    One(Value),
    /// Several literals: IN, NOT_IN, BETWEEN, NOT_BETWEEN.
    Many(Vec<Value>),
}

/// The longest pattern of LIKE, ILIKE, REGEX, STARTS_WITH and MATCH, in bytes.
///
/// ```
/// use dataknobs_data_core::{Filter, MAX_PATTERN_BYTES};
/// let pattern = "x".repeat(MAX_PATTERN_BYTES + 1);
/// assert!(Filter::new("name", "LIKE", pattern).is_err());
/// ```
pub const MAX_PATTERN_BYTES: usize = 64 * 1024;

/// What a compiled regular expression may take, in bytes.
const REGEX_SIZE_LIMIT: usize = 10 * 1024 * 1024;

impl Filter {
    /// A test of one path.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// assert_eq!(Filter::new("age", ">=", 18)?.to_string(), "age >= 18");
    /// assert!(Filter::new("age", "~", 18).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`](crate::ErrorKind::InvalidQuery) for an unknown operator, an invalid path or
    /// pattern, or an operand of the wrong shape.
    pub fn new(path: impl IntoPath, operator: impl IntoOperator, operand: impl Into<Operand>) -> Result<Self> {
        let path = path.into_path()?;
        let operator = operator.into_operator()?;
        Ok(Filter::Test(Test::new(path, operator, operand.into())?))
    }

    /// All of these hold.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filters = [Filter::new("age", ">=", 18)?, Filter::new("city", "=", "Oslo")?];
    /// assert_eq!(Filter::all_of(filters).to_string(), "age >= 18 AND city = 'Oslo'");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn all_of(filters: impl IntoIterator<Item = Filter>) -> Self {
        Filter::All(filters.into_iter().collect())
    }

    /// Any of these holds.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filters = [Filter::new("age", "<", 18)?, Filter::new("age", ">", 65)?];
    /// assert_eq!(Filter::any_of(filters).to_string(), "age < 18 OR age > 65");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn any_of(filters: impl IntoIterator<Item = Filter>) -> Self {
        Filter::Any(filters.into_iter().collect())
    }

    /// This one does not hold.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filter = Filter::new("city", "=", "Oslo")?.negate();
    /// assert_eq!(filter.to_string(), "NOT city = 'Oslo'");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn negate(self) -> Self {
        Filter::Not(Box::new(self))
    }

    /// Both hold.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filter = Filter::new("age", ">=", 18)?.and(Filter::new("age", "<", 65)?);
    /// assert_eq!(filter.to_string(), "age >= 18 AND age < 65");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn and(self, other: Filter) -> Self {
        match self {
            Filter::All(mut filters) => {
                filters.push(other);
                Filter::All(filters)
            }
            first => Filter::All(vec![first, other]),
        }
    }

    /// At least one holds.
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// let filter = Filter::new("age", "<", 18)?.or(Filter::new("age", ">", 65)?);
    /// assert_eq!(filter.to_string(), "age < 18 OR age > 65");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    #[must_use]
    pub fn or(self, other: Filter) -> Self {
        match self {
            Filter::Any(mut filters) => {
                filters.push(other);
                Filter::Any(filters)
            }
            first => Filter::Any(vec![first, other]),
        }
    }

    /// How deep its groups nest; a test by itself is 0. Queries take up to
    /// [`MAX_FILTER_DEPTH`](crate::MAX_FILTER_DEPTH).
    ///
    /// ```
    /// use dataknobs_data_core::Filter;
    /// assert_eq!(Filter::parse("age < 18")?.depth(), 0);
    /// assert_eq!(Filter::parse("NOT (age < 18 OR age > 65)")?.depth(), 2);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn depth(&self) -> usize {
        match self {
            Filter::All(filters) | Filter::Any(filters) => {
                1 + filters.iter().map(Filter::depth).max().unwrap_or_default()
            }
            Filter::Not(filter) => 1 + filter.depth(),
            Filter::Test(_) => 0,
        }
    }
}

impl Test {
    /// A checked test.
    ///
    /// ```
    /// use dataknobs_data_core::{Filter, Operand, Operator, Path, Test};
    /// let test = Test::new(Path::dotted("age")?, Operator::Gt, Operand::from(30))?;
    /// assert_eq!(Filter::Test(test), Filter::new("age", ">", 30)?);
    /// assert!(Test::new(Path::dotted("age")?, Operator::In, Operand::None).is_err());
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Filter::new`].
    pub fn new(path: Path, operator: Operator, operand: Operand) -> Result<Self> {
        let place = |error: Error| error.with_context("path", format!("`{path}`")).with_context("operator", operator);
        let regex = check_operand(operator, &operand).map_err(place)?;
        Ok(Test { path, operator, operand, regex })
    }

    /// What is compared.
    ///
    /// ```
    /// # use dataknobs_data_core::{Operand, Operator, Path, Test};
    /// # let test = Test::new(Path::dotted("age")?, Operator::Gt, Operand::from(30))?;
    /// assert_eq!(test.path().to_string(), "age");
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How.
    ///
    /// ```
    /// use dataknobs_data_core::Operator;
    /// # use dataknobs_data_core::{Operand, Path, Test};
    /// # let test = Test::new(Path::dotted("age")?, Operator::Gt, Operand::from(30))?;
    /// assert_eq!(test.operator(), Operator::Gt);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// With what.
    ///
    /// ```
    /// use dataknobs_data_core::{Operand, Operator, Path, Test};
    /// let test = Test::new(Path::dotted("age")?, Operator::Exists, Operand::None)?;
    /// assert_eq!(test.operand(), &Operand::None);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn operand(&self) -> &Operand {
        &self.operand
    }

    /// The single literal, for operators that take one.
    ///
    /// ```
    /// use dataknobs_data_core::Value;
    /// # use dataknobs_data_core::{Operand, Operator, Path, Test};
    /// # let test = Test::new(Path::dotted("age")?, Operator::Gt, Operand::from(30))?;
    /// assert_eq!(test.literal(), Some(&Value::from(30)));
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn literal(&self) -> Option<&Value> {
        if let Operand::One(value) = &self.operand { Some(value) } else { None }
    }

    /// The list of literals, for operators that take one.
    ///
    /// ```
    /// use dataknobs_data_core::{Operand, Operator, Path, Test, Value};
    /// let test = Test::new(Path::dotted("city")?, Operator::In, Operand::from(["Oslo", "Bergen"]))?;
    /// assert_eq!(test.literals(), [Value::from("Oslo"), Value::from("Bergen")]);
    /// # Ok::<(), dataknobs_data_core::Error>(())
    /// ```
    pub fn literals(&self) -> &[Value] {
        if let Operand::Many(values) = &self.operand { values } else { &[] }
    }

    pub(crate) fn regex(&self) -> Option<&Regex> {
        self.regex.as_ref()
    }
}

impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.operator, &self.operand) == (&other.path, other.operator, &other.operand)
    }
}

fn check_operand(operator: Operator, operand: &Operand) -> Result<Option<Regex>> {
    let wrong = |message: &'static str| Err(Error::invalid_query(message));
    let literals: &[Value] = match operand {
        Operand::None => &[],
        Operand::One(value) => std::slice::from_ref(value),
        Operand::Many(values) => values,
    };
    for value in literals {
        value.validate().map_err(|error| Error::invalid_query(error.message().to_owned()))?;
    }
    match (operator, operand) {
        (Operator::Exists | Operator::NotExists, Operand::None | Operand::One(Value::Null)) => Ok(None),
        (Operator::Exists | Operator::NotExists, _) => wrong("this operator takes no value"),
        (Operator::In | Operator::NotIn, Operand::Many(_)) => Ok(None),
        (Operator::In | Operator::NotIn, _) => wrong("this operator takes a list of values"),
        (Operator::Between | Operator::NotBetween, Operand::Many(bounds)) if bounds.len() == 2 => {
            if bounds.iter().any(Value::is_null) {
                return wrong("a bound must not be null");
            }
            if bounds.iter().any(|bound| bound.as_json().is_some()) {
                return wrong("JSON values have no order");
            }
            Ok(None)
        }
        (Operator::Between | Operator::NotBetween, _) => wrong("this operator takes a list of two bounds"),
        (_, Operand::None | Operand::Many(_)) => wrong("this operator takes one value"),
        (Operator::Eq | Operator::Neq, Operand::One(_)) => Ok(None),
        (_, Operand::One(Value::Null)) => wrong("this operator cannot compare with null"),
        (Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte, Operand::One(Value::Json(_))) => {
            wrong("JSON values have no order")
        }
        (Operator::Contains, Operand::One(Value::Json(_))) => wrong("CONTAINS takes a scalar value"),
        (
            Operator::Like
            | Operator::NotLike
            | Operator::Ilike
            | Operator::StartsWith
            | Operator::Regex
            | Operator::Match,
            Operand::One(literal),
        ) => check_pattern(operator, literal),
        (_, Operand::One(_)) => Ok(None),
    }
}

fn check_pattern(operator: Operator, literal: &Value) -> Result<Option<Regex>> {
    let Some(pattern) = literal.as_str() else {
        return Err(Error::invalid_query("this operator takes a string").with_context("value", literal.kind_name()));
    };
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(Error::invalid_query("a pattern must not be longer than 65,536 bytes")
            .with_context("length", pattern.len()));
    }
    match operator {
        Operator::Like | Operator::NotLike | Operator::Ilike => {
            let backslashes = pattern.bytes().rev().take_while(|byte| *byte == b'\\').count();
            if backslashes % 2 == 1 {
                return Err(Error::invalid_query("a LIKE pattern must not end in its escape character")
                    .with_hint("write \\\\ for a backslash"));
            }
            Ok(None)
        }
        Operator::Regex => regex::RegexBuilder::new(pattern)
            .size_limit(REGEX_SIZE_LIMIT)
            .dfa_size_limit(REGEX_SIZE_LIMIT)
            .build()
            .map(Some)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    Error::invalid_query("the regular expression is too large").with_source(error)
                }
                error => {
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    Error::invalid_query("invalid regular expression").with_context("reason", reason).with_source(error)
                }
            }),
        _ => Ok(None),
    }
}

impl std::ops::BitAnd for Filter {
    type Output = Filter;

    fn bitand(self, other: Filter) -> Filter {
        self.and(other)
    }
}

impl std::ops::BitOr for Filter {
    type Output = Filter;

    fn bitor(self, other: Filter) -> Filter {
        self.or(other)
    }
}

impl std::ops::Not for Filter {
    type Output = Filter;

    fn not(self) -> Filter {
        self.negate()
    }
}

macro_rules! operand_from_scalar {
    ($($source:ty),* $(,)?) => {$(
        impl From<$source> for Operand {
            fn from(value: $source) -> Self {
                Operand::One(value.into())
            }
        }
    )*};
}

macro_rules! operand_from_list {
    ($($source:ty),* $(,)?) => {$(
        impl From<Vec<$source>> for Operand {
            fn from(values: Vec<$source>) -> Self {
                Operand::Many(values.into_iter().map(Into::into).collect())
            }
        }
    )*};
}

operand_from_scalar! {
    bool, i64, i32, i16, i8, u32, u16, u8, f64, f32, &str, String, &String, crate::value::Str,
    crate::value::DateTime, Vec<u8>, Value,
}

operand_from_list! { Value, i64, i32, f64, &str, String, crate::value::Str, bool, crate::value::DateTime }

impl<V: Into<Value>, const N: usize> From<[V; N]> for Operand {
    fn from(values: [V; N]) -> Self {
        Operand::Many(values.into_iter().map(Into::into).collect())
    }
}

impl From<()> for Operand {
    fn from((): ()) -> Self {
        Operand::None
    }
}

impl Test {
    /// The same path and pattern under the positive operator that it stands for.
    pub(crate) fn rewritten(&self, operator: Operator, operand: Operand) -> Test {
        Test { path: self.path.clone(), operator, operand, regex: self.regex.clone() }
    }
}
