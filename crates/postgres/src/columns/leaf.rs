//! The leaves of a condition on columns as SQL.
//!
//! As in the document layout, the expression of a positive test is true where the test is, and
//! false or null elsewhere.

use dataknobs_data_core::{Leaf, Number, Operator, Path, Support, Value, compare_numbers};
use tokio_postgres::types::Type;

use super::key::uuid_of;
use super::kind::Kind;
use super::{Column, ColumnTable};
use crate::patterns::{LikeForm, after_all_with, loose_like, loose_words};
use crate::signs::{self, instant_of};
use crate::sql::{ArrayParameter, Parameter, Sql};

/// Where the value of a path may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Id,
    Column(usize),
    /// Inside the JSON of a column.
    Inside(usize),
}

/// The places of a path in the order in which they are tried: the first one that is not null
/// decides, or the last one.
pub(crate) fn places(table: &ColumnTable, path: &Path) -> Vec<Place> {
    let Some((first, rest)) = path.segments().split_first() else { return Vec::new() };
    match first.as_str() {
        "_id" if rest.is_empty() => return vec![Place::Id],
        "_id" | "_metadata" => return Vec::new(),
        _ => {}
    }
    let mut places = Vec::new();
    places.extend(path.whole_name().and_then(|whole| table.column(whole)).map(Place::Column));
    if let Some(column) = table.column(first) {
        match (rest.is_empty(), table.columns[column].kind.is_json()) {
            (true, _) => places.push(Place::Column(column)),
            (false, true) => places.push(Place::Inside(column)),
            // Nothing is inside a scalar.
            (false, false) => {}
        }
        if table.columns[column].not_null {
            return places;
        }
    }
    if first == "id" && rest.is_empty() {
        places.push(Place::Id);
    }
    places
}

/// How well SQL says a leaf.
pub(crate) fn support(table: &ColumnTable, leaf: &Leaf) -> Support {
    let places = places(table, leaf.path());
    let is_hidden = |place: &Place| match place {
        Place::Inside(_) => true,
        Place::Column(column) => table.columns[*column].kind.is_json() && leaf.operator() != Operator::Exists,
        Place::Id => false,
    };
    if places.iter().any(is_hidden) {
        return Support::No;
    }
    match leaf.operator() {
        Operator::Ilike | Operator::Regex | Operator::Match => Support::Superset,
        _ => Support::Exact,
    }
}

/// Adds a leaf that [`support`] did not refuse.
pub(crate) fn push_leaf(sql: &mut Sql, table: &ColumnTable, leaf: &Leaf) {
    let exact = support(table, leaf) == Support::Exact;
    let places = places(table, leaf.path());
    let Some((last, others)) = places.split_last() else {
        return sql.push(if leaf.when_absent() { "true" } else { "false" });
    };
    sql.push("(");
    for place in others {
        let present = is_present(table, *place);
        let test = signed(sql, table, leaf, *place, false, exact);
        sql.push(&format!("({test}) OR (NOT ({present}) AND "));
    }
    let test = signed(sql, table, leaf, *last, leaf.when_absent(), exact);
    sql.push(&format!("({test})"));
    sql.push(&")".repeat(others.len() + 1));
}

fn signed(sql: &mut Sql, table: &ColumnTable, leaf: &Leaf, place: Place, when_absent: bool, exact: bool) -> String {
    let present = |there| {
        let present = is_present(table, place);
        if there { present } else { format!("NOT ({present})") }
    };
    signs::signed(leaf, when_absent, exact, present, || positive(sql, table, leaf, place))
}

/// Never null.
fn is_present(table: &ColumnTable, place: Place) -> String {
    match place {
        Place::Id => "true".to_owned(),
        Place::Column(column) | Place::Inside(column) => {
            let Column { sql, kind, .. } = &table.columns[column];
            match kind {
                Kind::Json { .. } => format!("({sql} IS NOT NULL AND {sql}::text <> 'null')"),
                _ => format!("{sql} IS NOT NULL"),
            }
        }
    }
}

fn positive(sql: &mut Sql, table: &ColumnTable, leaf: &Leaf, place: Place) -> String {
    let test = leaf.test();
    let holds = |sql: &mut Sql, operator, literal: &Value| compare(sql, table, place, operator, literal);
    let text = test.literal().and_then(Value::as_str);
    match (leaf.operator(), test.literal(), text) {
        (Operator::Exists, ..) => is_present(table, place),
        (Operator::Eq, Some(literal), _) => holds(sql, "=", literal),
        (Operator::Gt, Some(literal), _) => holds(sql, ">", literal),
        (Operator::Gte, Some(literal), _) => holds(sql, ">=", literal),
        (Operator::Lt, Some(literal), _) => holds(sql, "<", literal),
        (Operator::Lte, Some(literal), _) => holds(sql, "<=", literal),
        (Operator::Between, ..) => match test.literals() {
            [low, high] => format!("({} AND {})", holds(sql, ">=", low), holds(sql, "<=", high)),
            _ => "false".to_owned(),
        },
        (Operator::In, ..) => one_of(sql, table, place, test.literals()),
        (operator, _, Some(text)) => match string_of(table, place) {
            Some(stored) => on_string(sql, &stored, operator, text),
            None => "false".to_owned(),
        },
        _ => "false".to_owned(),
    }
}

/// A string place as text in the order of code points; none where the values are no strings.
fn string_of(table: &ColumnTable, place: Place) -> Option<String> {
    match place {
        Place::Id => Some(format!("(({}) COLLATE \"C\")", table.id_text())),
        Place::Column(column) => {
            let Column { sql, kind, .. } = &table.columns[column];
            matches!(kind, Kind::Text { .. } | Kind::Named { .. }).then(|| kind.comparable(sql))
        }
        Place::Inside(_) => None,
    }
}

fn on_string(sql: &mut Sql, stored: &str, operator: Operator, text: &str) -> String {
    let never = "false".to_owned();
    // The server's texts hold no U+0000.
    let has_null = text.contains('\0');
    match operator {
        Operator::StartsWith | Operator::Contains if has_null => never,
        Operator::StartsWith => {
            let bound = sql.bind(Parameter::text(text));
            let mut test = format!("starts_with({stored}, {bound})");
            if !text.is_empty() {
                test = format!("{test} AND {stored} >= {bound}");
                if let Some(end) = after_all_with(text) {
                    test = format!("{test} AND {stored} < {}", sql.bind(Parameter::text(end)));
                }
            }
            format!("({test})")
        }
        Operator::Contains => format!("strpos({stored}, {}) > 0", sql.bind(Parameter::text(text))),
        Operator::Like => match LikeForm::plain(text) {
            Some(pattern) => format!("{stored} LIKE {}", sql.bind(Parameter::text(pattern))),
            None => never,
        },
        Operator::Ilike => format!("lower({stored}) LIKE {}", sql.bind(Parameter::text(loose_like(text)))),
        Operator::Match => {
            let mut test = format!("{stored} IS NOT NULL");
            for wide in loose_words(text) {
                test = format!("{test} AND lower({stored}) LIKE {}", sql.bind(Parameter::text(wide)));
            }
            format!("({test})")
        }
        Operator::Regex => format!("{stored} IS NOT NULL"),
        _ => never,
    }
}

fn one_of(sql: &mut Sql, table: &ColumnTable, place: Place, literals: &[Value]) -> String {
    let present = literals.iter().filter(|literal| !literal.is_null());
    if let Place::Column(column) = place {
        let Column { sql: name, kind, .. } = &table.columns[column];
        if *kind == (Kind::Text { native: true }) {
            let mut texts = ArrayParameter::of(&Type::TEXT);
            let fits = present.filter_map(Value::as_str).filter(|text| !text.contains('\0'));
            fits.for_each(|text| texts.push(Some(text.as_bytes())));
            return format!("{name} = ANY({})", sql.bind(texts.finish()));
        }
        if *kind == Kind::Integer {
            let mut numbers = ArrayParameter::of(&Type::INT8);
            for literal in present {
                if let Some(number) = whole(literal) {
                    numbers.push(Some(&number.to_be_bytes()));
                }
            }
            return format!("{name} = ANY({})", sql.bind(numbers.finish()));
        }
    }
    let tests: Vec<String> = present.map(|literal| compare(sql, table, place, "=", literal)).collect();
    if tests.is_empty() { "false".to_owned() } else { format!("({})", tests.join(" OR ")) }
}

/// The integer that a number is.
fn whole(literal: &Value) -> Option<i64> {
    match literal {
        Value::Integer(number) => Some(*number),
        Value::Float(float) => {
            let number = *float as i64;
            compare_numbers(Number::Integer(number), Number::Float(*float)).is_eq().then_some(number)
        }
        _ => None,
    }
}

fn compare(sql: &mut Sql, table: &ColumnTable, place: Place, operator: &str, literal: &Value) -> String {
    match place {
        Place::Id => compare_id(sql, table, operator, literal),
        Place::Column(column) => compare_column(sql, &table.columns[column], operator, literal),
        Place::Inside(_) => "false".to_owned(),
    }
}

/// A comparison of a column with a literal.
pub(crate) fn compare_column(sql: &mut Sql, column: &Column, operator: &str, literal: &Value) -> String {
    let never = || "false".to_owned();
    let stored = column.kind.comparable(&column.sql);
    match (&column.kind, literal) {
        (Kind::Boolean, Value::Boolean(value)) => {
            let bound = sql.bind(Parameter::of_bytes(Type::BOOL, vec![u8::from(*value)]));
            format!("{stored} {operator} {bound}")
        }
        (Kind::Integer, Value::Integer(number)) => {
            format!("{stored} {operator} {}", sql.bind(Parameter::integer(*number)))
        }
        (Kind::Integer, Value::Float(float)) => match integer_bound(operator, *float) {
            Bound::Never => never(),
            Bound::Always => format!("{stored} IS NOT NULL"),
            Bound::Than(operator, number) => {
                format!("{stored} {operator} {}", sql.bind(Parameter::integer(number)))
            }
        },
        (Kind::Float { .. } | Kind::Numeric { .. }, Value::Float(float)) => {
            format!("{stored} {operator} {}", sql.bind(Parameter::float(*float)))
        }
        (Kind::Float { .. } | Kind::Numeric { .. }, Value::Integer(number)) => match float_bound(operator, *number) {
            Some((operator, float)) => format!("{stored} {operator} {}", sql.bind(Parameter::float(float))),
            None => never(),
        },
        (Kind::Text { native: true }, Value::String(text)) if operator == "=" => match text.contains('\0') {
            true => never(),
            false => format!("{} = {}", column.sql, sql.bind(Parameter::text(text))),
        },
        (Kind::Named { uuid: true }, Value::String(text)) if operator == "=" => match uuid_of(text) {
            Some(uuid) => format!("{} = {}", column.sql, sql.bind(uuid)),
            None => never(),
        },
        (Kind::Text { .. } | Kind::Named { .. }, Value::String(text)) => compare_text(sql, &stored, operator, text),
        (Kind::Date | Kind::Timestamp { .. }, literal) => match instant_of(literal) {
            Some(time) => {
                let kind =
                    if column.kind == (Kind::Timestamp { utc: true }) { Type::TIMESTAMPTZ } else { Type::TIMESTAMP };
                format!("{stored} {operator} {}", sql.bind(Parameter::instant(kind, time)))
            }
            None => never(),
        },
        (Kind::Bytes, Value::Binary(bytes)) => {
            format!("{stored} {operator} {}", sql.bind(Parameter::bytes(bytes)))
        }
        _ => never(),
    }
}

fn compare_id(sql: &mut Sql, table: &ColumnTable, operator: &str, literal: &Value) -> String {
    let Some(text) = literal.as_str() else { return "false".to_owned() };
    if operator == "=" {
        return table.has_id(sql, text).unwrap_or_else(|| "false".to_owned());
    }
    compare_text(sql, &format!("(({}) COLLATE \"C\")", table.id_text()), operator, text)
}

/// A text with U+0000 stands right behind the part before it, and no text of the server's is it.
pub(crate) fn compare_text(sql: &mut Sql, stored: &str, operator: &str, text: &str) -> String {
    let (text, operator) = match (text.split_once('\0'), operator) {
        (None, operator) => (text, operator),
        (Some(_), "=") => return "false".to_owned(),
        (Some((before, _)), ">" | ">=") => (before, ">"),
        (Some((before, _)), _) => (before, "<="),
    };
    format!("{stored} {operator} {}", sql.bind(Parameter::text(text)))
}

enum Bound {
    Never,
    Always,
    Than(&'static str, i64),
}

/// A comparison of integers with a float as one with an integer.
fn integer_bound(operator: &str, float: f64) -> Bound {
    const END: f64 = 9_223_372_036_854_775_808.0;
    if float >= END {
        return if operator.starts_with('<') { Bound::Always } else { Bound::Never };
    }
    if float < -END {
        return if operator.starts_with('>') { Bound::Always } else { Bound::Never };
    }
    let whole = float.floor();
    let exact = whole == float;
    match (operator, exact) {
        ("=", true) => Bound::Than("=", whole as i64),
        ("=", false) => Bound::Never,
        (">", _) => Bound::Than(">", whole as i64),
        (">=", true) => Bound::Than(">=", whole as i64),
        (">=", false) => Bound::Than(">", whole as i64),
        ("<", true) => Bound::Than("<", whole as i64),
        ("<", false) | (_, _) => Bound::Than("<=", whole as i64),
    }
}

/// A comparison of floats with an integer as one with a float.
fn float_bound(operator: &str, number: i64) -> Option<(&'static str, f64)> {
    let float = number as f64;
    let order = compare_numbers(Number::Integer(number), Number::Float(float));
    Some(match (operator, order) {
        ("=", std::cmp::Ordering::Equal) => ("=", float),
        ("=", _) => return None,
        (">", std::cmp::Ordering::Equal) => (">", float),
        (">=", std::cmp::Ordering::Equal) => (">=", float),
        ("<", std::cmp::Ordering::Equal) => ("<", float),
        (_, std::cmp::Ordering::Equal) => ("<=", float),
        // No float lies between the integer and the nearest one.
        (">" | ">=", std::cmp::Ordering::Greater) => (">", float),
        (">" | ">=", std::cmp::Ordering::Less) => (">=", float),
        (_, std::cmp::Ordering::Greater) => ("<=", float),
        (_, std::cmp::Ordering::Less) => ("<", float),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_across_kinds_of_numbers_are_exact() {
        let integers = [i64::MIN, -3, -1, 0, 1, 2, (1 << 53) + 1, i64::MAX];
        let floats = [
            -1e19,
            -9_223_372_036_854_775_808.0,
            -1.5,
            -1.0,
            0.0,
            0.5,
            2.0,
            9007199254740992.0,
            9007199254740994.0,
            9_223_372_036_854_775_808.0,
            1e300,
        ];
        for operator in ["=", ">", ">=", "<", "<="] {
            let holds = |order: std::cmp::Ordering, operator: &str| match operator {
                "=" => order.is_eq(),
                ">" => order.is_gt(),
                ">=" => order.is_ge(),
                "<" => order.is_lt(),
                _ => order.is_le(),
            };
            for integer in integers {
                for float in floats {
                    let order = compare_numbers(Number::Integer(integer), Number::Float(float));
                    let by_integer = match integer_bound(operator, float) {
                        Bound::Never => false,
                        Bound::Always => true,
                        Bound::Than(operator, bound) => holds(integer.cmp(&bound), operator),
                    };
                    assert_eq!(by_integer, holds(order, operator), "{integer} {operator} {float}");
                    let by_float = float_bound(operator, integer)
                        .is_some_and(|(operator, bound)| holds(float.total_cmp(&bound), operator));
                    assert_eq!(by_float, holds(order.reverse(), operator), "{float} {operator} {integer}");
                }
            }
        }
    }
}
