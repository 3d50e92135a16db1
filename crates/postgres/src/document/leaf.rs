//! The leaves of a condition as SQL.
//!
//! Every expression for a positive test is true where the test is, and false or null elsewhere:
//! nothing is negated but by `IS NOT TRUE`. Where a test cannot be said exactly ([`support`]), its
//! expression is true more often than the test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dataknobs_data_core::{DateTime, Leaf, Operator, Path, Support, Value};
use tokio_postgres::types::Type;

use super::place::{Alternative, INDEXED_CHARACTERS, Place, alternatives};
use super::text::{encode, may_be_half};
use super::write::{value_text, write_text};
use crate::patterns::{LikeForm, after_all_with, loose_like, loose_words};
use crate::signs::{instant_of, signed};
use crate::sql::{ArrayParameter, KeyType, Parameter, Sql};

/// Which indexes there are, so that conditions are written in the form that these answer.
pub(crate) trait Indexed {
    /// Whether an index holds the values of this place in order.
    fn is_ordered(&self, place: &Place) -> bool;
    /// Whether an index finds equal values of this place.
    fn is_hashed(&self, place: &Place) -> bool;
}

/// How well SQL says a leaf.
pub(crate) fn support(leaf: &Leaf) -> Support {
    let text = leaf.test().literal().and_then(Value::as_str);
    let exact = match (leaf.operator(), text) {
        (Operator::Like, Some(pattern)) => LikeForm::of(pattern).is_exact,
        (Operator::Contains, Some(part)) => !may_be_half(part),
        (Operator::Ilike | Operator::Regex | Operator::Match, _) => false,
        _ => true,
    };
    if exact { Support::Exact } else { Support::Superset }
}

/// Adds a leaf to a statement.
pub(crate) fn push_leaf(sql: &mut Sql, leaf: &Leaf, key: KeyType, indexed: &dyn Indexed) {
    let places = alternatives(leaf.path(), key);
    if places.is_empty() {
        return sql.push(if leaf.when_absent() { "true" } else { "false" });
    }
    sql.push("(");
    let mut passed = Vec::new();
    for (position, Alternative { guard, place }) in places.iter().enumerate() {
        if position > 0 {
            sql.push(" OR ");
        }
        sql.push("(");
        for guard in &passed {
            sql.push(&format!("NOT ({guard}) AND "));
        }
        let guard_is_own = guard.as_ref().is_some_and(|guard| *guard == place.is_present());
        if let (Some(guard), false) = (guard, guard_is_own) {
            sql.push(&format!("{guard} AND "));
        }
        let when_absent = leaf.when_absent() && !guard_is_own;
        push_test(sql, leaf, place, when_absent, indexed);
        sql.push(")");
        passed.extend(guard.clone());
    }
    sql.push(")");
}

fn push_test(sql: &mut Sql, leaf: &Leaf, place: &Place, when_absent: bool, indexed: &dyn Indexed) {
    let exact = support(leaf) == Support::Exact;
    let present = |there| if there { place.is_present() } else { place.is_absent() };
    let test = signed(leaf, when_absent, exact, present, || positive(sql, leaf, place, indexed));
    sql.push(&test);
}

fn positive(sql: &mut Sql, leaf: &Leaf, place: &Place, indexed: &dyn Indexed) -> String {
    let test = leaf.test();
    let literal = test.literal();
    let text = literal.and_then(Value::as_str);
    match (leaf.operator(), literal, text) {
        (Operator::Exists, ..) => place.is_present(),
        (Operator::Eq, Some(literal), _) => equal(sql, place, literal, indexed),
        (Operator::Gt, Some(literal), _) => compare(sql, place, ">", literal, indexed),
        (Operator::Gte, Some(literal), _) => compare(sql, place, ">=", literal, indexed),
        (Operator::Lt, Some(literal), _) => compare(sql, place, "<", literal, indexed),
        (Operator::Lte, Some(literal), _) => compare(sql, place, "<=", literal, indexed),
        (Operator::Between, ..) => match test.literals() {
            [low, high] => {
                let low = compare(sql, place, ">=", low, indexed);
                let high = compare(sql, place, "<=", high, indexed);
                format!("({low} AND {high})")
            }
            _ => "false".to_owned(),
        },
        (Operator::In, ..) => one_of(sql, place, test.literals(), indexed),
        (Operator::StartsWith, _, Some(start)) => starts_with(sql, place, start, indexed),
        (Operator::Like, _, Some(pattern)) => like(sql, place, pattern, indexed),
        (Operator::Contains, Some(literal), _) => contains(sql, place, literal),
        (Operator::Ilike, _, Some(pattern)) => ilike(sql, place, pattern),
        (Operator::Match, _, Some(words)) => matches_words(sql, place, words),
        (Operator::Regex, ..) => place.is_string(),
        _ => "false".to_owned(),
    }
}

fn json_number(time: DateTime) -> Vec<u8> {
    time.micros().to_string().into_bytes()
}

/// `a OR b`, of those that there are.
fn either(parts: Vec<String>) -> String {
    match parts.len() {
        0 => "false".to_owned(),
        1 => parts.into_iter().next().unwrap_or_default(),
        _ => format!("({})", parts.join(" OR ")),
    }
}

fn equal(sql: &mut Sql, place: &Place, literal: &Value, indexed: &dyn Indexed) -> String {
    if let Place::Id(key) = place {
        return match literal.as_str().and_then(|id| key.parameter(id)) {
            Some(id) => format!("id = {}", sql.bind(id)),
            None => "false".to_owned(),
        };
    }
    let mut parts = Vec::new();
    match literal {
        Value::Null | Value::DateTime(_) => {}
        Value::Binary(bytes) => {
            if let Some(recorded) = place.recorded_type() {
                let text = sql.bind(Parameter::text(STANDARD.encode(bytes)));
                parts.push(format!("({recorded} = 'BINARY' AND {} = {text})", place.text()));
            }
        }
        literal => {
            parts.push(equal_json(sql, place, literal, indexed));
        }
    }
    if let (Some(time), Some(instant)) = (instant_of(literal), place.instant()) {
        parts.push(format!("{instant} = {}", sql.bind(Parameter::json(Some(&json_number(time))))));
    }
    either(parts)
}

/// Equality with what plain JSON shows.
fn equal_json(sql: &mut Sql, place: &Place, literal: &Value, indexed: &dyn Indexed) -> String {
    if indexed.is_ordered(place) && !indexed.is_hashed(place) {
        match literal {
            Value::String(text) if is_short(&encode(text)) => {
                return format!("{} = {}", place.start(), sql.bind(Parameter::text(encode(text))));
            }
            Value::Integer(_) | Value::Float(_) => return compare_number(sql, place, "=", literal),
            Value::Boolean(_) => return compare_boolean(sql, place, "=", literal),
            _ => {}
        }
    }
    let test = holds(sql, place, &value_text(literal), literal.as_json().is_some(), indexed);
    match (literal, place.is_no_string_in_disguise()) {
        (Value::String(text), Some(plain)) if looks_disguised(text) => format!("({test} AND {plain})"),
        _ => format!("({test})"),
    }
}

fn compare_number(sql: &mut Sql, place: &Place, operator: &str, literal: &Value) -> String {
    let bound = sql.bind(Parameter::text(String::from_utf8_lossy(&value_text(literal))));
    format!("{} {operator} {bound}::numeric", place.number())
}

fn compare_boolean(sql: &mut Sql, place: &Place, operator: &str, literal: &Value) -> String {
    let json = place.json();
    let bound = sql.bind(Parameter::json(Some(&value_text(literal))));
    format!("(jsonb_typeof({json}) = 'boolean' AND {json} {operator} {bound})")
}

/// Whether the beginning of a string compares with this text as the whole string does.
fn is_short(text: &str) -> bool {
    text.len() < INDEXED_CHARACTERS || text.chars().count() < INDEXED_CHARACTERS
}

/// Whether datetimes or binary values might be written like this text.
fn looks_disguised(text: &str) -> bool {
    STANDARD.decode(text).is_ok() || DateTime::parse(text).is_ok()
}

/// That a place holds just this JSON, in the form that an index answers.
fn holds(sql: &mut Sql, place: &Place, json: &[u8], is_document: bool, indexed: &dyn Indexed) -> String {
    let contained = place.keys().filter(|_| !indexed.is_hashed(place) && !indexed.is_ordered(place));
    let mut equal = String::new();
    if contained.is_none() || is_document {
        equal = format!("{} = {}", place.json(), sql.bind(Parameter::json(Some(json))));
    }
    let Some(keys) = contained else { return equal };
    let mut document = Vec::new();
    for key in &keys {
        document.push(b'{');
        write_text(key, &mut document);
        document.push(b':');
    }
    document.extend_from_slice(json);
    document.extend(keys.iter().map(|_| b'}'));
    let contains = format!("data @> {}", sql.bind(Parameter::json(Some(&document))));
    // A document may hold more than the one that it contains.
    if is_document { format!("{contains} AND {equal}") } else { contains }
}

fn indexed_start(text: &str) -> &str {
    text.char_indices().nth(INDEXED_CHARACTERS).map_or(text, |(end, _)| &text[..end])
}

fn compare(sql: &mut Sql, place: &Place, operator: &str, literal: &Value, indexed: &dyn Indexed) -> String {
    if let Place::Id(_) = place {
        return match literal.as_str() {
            // No id holds what the escape stands for, so that it compares with all of them alike.
            Some(text) => format!("{} {operator} {}", place.text(), sql.bind(Parameter::text(encode(text)))),
            None => "false".to_owned(),
        };
    }
    let mut parts = Vec::new();
    match literal {
        Value::Boolean(_) => parts.push(compare_boolean(sql, place, operator, literal)),
        Value::Integer(_) | Value::Float(_) => parts.push(compare_number(sql, place, operator, literal)),
        Value::String(text) => {
            let text = encode(text);
            parts.push(match (indexed.is_ordered(place), is_short(&text)) {
                (true, true) => format!("{} {operator} {}", place.start(), sql.bind(Parameter::text(&text))),
                (true, false) => {
                    // Strings that begin alike may stand on either side.
                    let wide = if operator.starts_with('>') { ">=" } else { "<=" };
                    let start = sql.bind(Parameter::text(indexed_start(&text)));
                    let bound = sql.bind(Parameter::text(&text));
                    format!("({} {wide} {start} AND {} {operator} {bound})", place.start(), place.text())
                }
                (false, _) => {
                    let bound = sql.bind(Parameter::text(&text));
                    format!("({} AND {} {operator} {bound})", place.is_string(), place.text())
                }
            });
        }
        Value::Binary(bytes) => {
            if let Some(stored) = place.bytes() {
                parts.push(format!("{stored} {operator} {}", sql.bind(Parameter::bytes(bytes))));
            }
        }
        _ => {}
    }
    if let (Some(time), Some(instant)) = (instant_of(literal), place.instant()) {
        parts.push(format!("{instant} {operator} {}", sql.bind(Parameter::json(Some(&json_number(time))))));
    }
    either(parts)
}

/// Alternatives up to which each one is a test of its own, which a GIN index answers.
const FEW: usize = 16;

fn one_of(sql: &mut Sql, place: &Place, literals: &[Value], indexed: &dyn Indexed) -> String {
    let present: Vec<&Value> = literals.iter().filter(|literal| !literal.is_null()).collect();
    if let Place::Id(key) = place {
        let mut ids = ArrayParameter::of(&key.element());
        present.iter().filter_map(|id| key.bytes(id.as_str()?)).for_each(|id| ids.push(Some(&id)));
        return format!("id = ANY({})", sql.bind(ids.finish()));
    }
    if present.len() <= FEW {
        return either(present.into_iter().map(|literal| equal(sql, place, literal, indexed)).collect());
    }
    let (mut documents, mut texts, mut instants) =
        (ArrayParameter::of(&Type::JSONB), ArrayParameter::of(&Type::TEXT), ArrayParameter::of(&Type::JSONB));
    let mut disguised = false;
    for literal in present {
        match literal {
            Value::DateTime(_) | Value::Null => {}
            Value::Binary(bytes) => texts.push(Some(STANDARD.encode(bytes).as_bytes())),
            literal => {
                disguised |= literal.as_str().is_some_and(looks_disguised);
                documents.push_json(Some(&value_text(literal)));
            }
        }
        if let Some(time) = instant_of(literal) {
            instants.push_json(Some(&json_number(time)));
        }
    }
    let mut test = format!("{} = ANY({})", place.json(), sql.bind(documents.finish()));
    if let (true, Some(plain)) = (disguised, place.is_no_string_in_disguise()) {
        test = format!("({test} AND {plain})");
    }
    let mut parts = vec![test];
    if let (Some(recorded), Some(instant)) = (place.recorded_type(), place.instant()) {
        let texts = sql.bind(texts.finish());
        parts.push(format!("({recorded} = 'BINARY' AND {} = ANY({texts}))", place.text()));
        parts.push(format!("{instant} = ANY({})", sql.bind(instants.finish())));
    }
    either(parts)
}

fn starts_with(sql: &mut Sql, place: &Place, start: &str, indexed: &dyn Indexed) -> String {
    let start = encode(start);
    match start_range(sql, place, &start, indexed) {
        Some(range) if is_short(&start) => format!("({range})"),
        range => {
            let bound = sql.bind(Parameter::text(&start));
            let range = range.map_or_else(String::new, |range| format!("{range} AND "));
            format!("({range}{} AND starts_with({}, {bound}))", place.is_string(), place.text())
        }
    }
}

/// The part of an index in which all strings with a beginning stand.
fn start_range(sql: &mut Sql, place: &Place, start: &str, indexed: &dyn Indexed) -> Option<String> {
    if start.is_empty() || !indexed.is_ordered(place) {
        return None;
    }
    let start = indexed_start(start);
    let stored = place.start();
    let low = sql.bind(Parameter::text(start));
    let mut range = format!("{stored} >= {low}");
    if let Some(end) = after_all_with(start) {
        range = format!("{range} AND {stored} < {}", sql.bind(Parameter::text(end)));
    }
    Some(range)
}

fn like(sql: &mut Sql, place: &Place, pattern: &str, indexed: &dyn Indexed) -> String {
    let form = LikeForm::of(pattern);
    if form.takes_one && !form.is_exact {
        return place.is_string();
    }
    let text = if form.takes_one && !matches!(place, Place::Id(_)) {
        // Each escape becomes one character that the pattern does not name.
        format!("replace(replace({}, E'\\x01\\x02', E'\\x02'), E'\\x01\\x03', E'\\x02')", place.text())
    } else {
        place.text()
    };
    let mut test = format!("{} AND {text} LIKE {}", place.is_string(), sql.bind(Parameter::text(&form.pattern)));
    if let Some(range) = start_range(sql, place, &form.start, indexed) {
        test = format!("{test} AND {range}");
    }
    format!("({test})")
}

fn contains(sql: &mut Sql, place: &Place, literal: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(part) = literal.as_str() {
        let bound = sql.bind(Parameter::text(encode(part)));
        parts.push(format!("({} AND strpos({}, {bound}) > 0)", place.is_string(), place.text()));
    }
    // In plain JSON there are no datetimes and no bytes.
    let in_arrays = !matches!(literal, Value::DateTime(_) | Value::Binary(_) | Value::Null | Value::Json(_));
    if in_arrays && !matches!(place, Place::Id(_)) {
        let mut items = vec![b'['];
        items.extend_from_slice(&value_text(literal));
        items.push(b']');
        let json = place.json();
        let mut test =
            format!("jsonb_typeof({json}) = 'array' AND {json} @> {}", sql.bind(Parameter::json(Some(&items))));
        if let Some(keys) = place.keys() {
            let mut document = Vec::new();
            for key in &keys {
                document.push(b'{');
                write_text(key, &mut document);
                document.push(b':');
            }
            document.extend_from_slice(&items);
            document.extend(keys.iter().map(|_| b'}'));
            test = format!("{test} AND data @> {}", sql.bind(Parameter::json(Some(&document))));
        }
        parts.push(format!("({test})"));
    }
    either(parts)
}

fn ilike(sql: &mut Sql, place: &Place, pattern: &str) -> String {
    let wide = sql.bind(Parameter::text(loose_like(pattern)));
    format!("({} AND lower({}) LIKE {wide})", place.is_string(), place.text())
}

fn matches_words(sql: &mut Sql, place: &Place, words: &str) -> String {
    let mut test = place.is_string();
    for wide in loose_words(words) {
        test = format!("{test} AND lower({}) LIKE {}", place.text(), sql.bind(Parameter::text(wide)));
    }
    format!("({test})")
}

/// The paths of leaves that only another index would answer, for advice.
pub(crate) fn wants_index(leaf: &Leaf) -> Option<&Path> {
    let ranged = matches!(
        leaf.operator(),
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte | Operator::Between | Operator::StartsWith
    );
    (ranged && leaf.is_plain()).then(|| leaf.path())
}
