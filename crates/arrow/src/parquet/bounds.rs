//! What a condition says of values of which only the least and the greatest are known.

use dataknobs_data_core::{Condition, Filter, Leaf, Matcher, Operator, Path, Record, Value};

/// What statistics tell of the values of one column in some rows.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// A value not above any other, and one not below any; none where that is not known.
    pub(super) range: Option<(Value, Value)>,
    /// Whether rows may lack a value, and whether all do.
    pub(super) some_absent: bool,
    pub(super) all_absent: bool,
}

impl Bounds {
    /// Whether one of the rows may fit. True when in doubt.
    pub(super) fn may_fit(&self, leaf: &Leaf) -> bool {
        if (self.some_absent || self.all_absent) && leaf.when_absent() {
            return true;
        }
        if self.all_absent {
            return false;
        }
        let Some((least, greatest)) = &self.range else { return true };
        fits_between(leaf, least, greatest)
    }
}

/// Whether a value from `least` to `greatest` may fit. The question is put to the reference
/// evaluator for the two ends, since each of these operators changes its answer at most once on
/// the way from one to the other.
fn fits_between(leaf: &Leaf, least: &Value, greatest: &Value) -> bool {
    let holds = |operator: &str, literal: &Value, value: &Value| holds(operator, literal, value);
    let test = leaf.test();
    let literals = test.literal().map_or_else(|| test.literals(), std::slice::from_ref);
    let positive = !leaf.negated();
    let within = |literal: &Value| match (holds("<=", literal, least), holds(">=", literal, greatest)) {
        (Some(above), Some(below)) => above && below,
        _ => false,
    };
    // All values are this one.
    let all_are =
        |literal: &Value| holds("=", literal, least) == Some(true) && holds("=", literal, greatest) == Some(true);
    let any_end = |operator: &str, literal: &Value, end: &Value| holds(operator, literal, end).unwrap_or(true);
    match (leaf.operator(), literals) {
        (Operator::Exists, _) => positive,
        (Operator::Eq, [literal]) => {
            if positive {
                within(literal)
            } else {
                !all_are(literal)
            }
        }
        (Operator::In, literals) => {
            if positive {
                literals.iter().any(within)
            } else {
                !literals.iter().any(all_are)
            }
        }
        (Operator::Gt, [literal]) => {
            if positive {
                any_end(">", literal, greatest)
            } else {
                holds(">", literal, least) != Some(true)
            }
        }
        (Operator::Gte, [literal]) => {
            if positive {
                any_end(">=", literal, greatest)
            } else {
                holds(">=", literal, least) != Some(true)
            }
        }
        (Operator::Lt, [literal]) => {
            if positive {
                any_end("<", literal, least)
            } else {
                holds("<", literal, greatest) != Some(true)
            }
        }
        (Operator::Lte, [literal]) => {
            if positive {
                any_end("<=", literal, least)
            } else {
                holds("<=", literal, greatest) != Some(true)
            }
        }
        (Operator::Between, [low, high]) => {
            let (from, to) = (any_end(">=", low, greatest), any_end("<=", high, least));
            if positive {
                from && to
            } else {
                holds(">=", low, least) != Some(true) || holds("<=", high, greatest) != Some(true)
            }
        }
        (Operator::StartsWith, [Value::String(prefix)]) if positive => may_start(prefix, least, greatest),
        (Operator::Like, [Value::String(pattern)]) if positive => {
            let end = pattern.find(['%', '_', '\\']).unwrap_or(pattern.len());
            may_start(&pattern[..end], least, greatest)
        }
        _ => true,
    }
}

/// Whether a string from `least` to `greatest` may begin so. Only strings begin with anything.
fn may_start(prefix: &str, least: &Value, greatest: &Value) -> bool {
    let (Some(least), Some(greatest)) = (least.as_str(), greatest.as_str()) else { return false };
    let head = &least.as_bytes()[..least.len().min(prefix.len())];
    head <= prefix.as_bytes() && greatest.as_bytes() >= prefix.as_bytes()
}

/// The answer of the evaluator for one value; none where the test is no legal one.
fn holds(operator: &str, literal: &Value, value: &Value) -> Option<bool> {
    let path = Path::literal(["v"]).ok()?;
    let filter = Filter::new(path, operator, literal.clone()).ok()?;
    let record = Record::from_pairs([("v", value.clone())]).ok()?;
    Some(Matcher::new(&Condition::of(&filter)).matches(&record))
}

#[cfg(test)]
mod tests {
    use dataknobs_data_core::DateTime;

    use super::*;

    fn time(text: &str) -> Value {
        Value::DateTime(DateTime::parse(text).unwrap())
    }

    /// Values of one class each, in order.
    fn classes() -> Vec<Vec<Value>> {
        vec![
            vec![false.into(), true.into()],
            vec![i64::MIN.into(), (-1).into(), 0.into(), 1.into(), ((1_i64 << 53) + 1).into(), i64::MAX.into()],
            vec![(-1e300).into(), (-0.5).into(), (-0.0).into(), 1.0.into(), 9_007_199_254_740_992.0.into()],
            vec![time("0001-01-01"), time("2024-05-01T10:00:00+02:00"), time("2024-05-01T08:00:00.000001Z")],
            vec![
                "".into(),
                "2024-05-01".into(),
                "a".into(),
                "a%".into(),
                "ab".into(),
                "b".into(),
                "\u{FF5E}".into(),
                "\u{1F600}".into(),
            ],
            vec![vec![0_u8].into(), vec![0_u8, 1].into(), vec![255_u8].into()],
        ]
    }

    #[test]
    fn what_fits_is_never_left_out() {
        let classes = classes();
        let mut literals: Vec<Value> = classes.concat();
        literals.extend(["2024-05-01T08:00:00Z".into(), Value::json(serde_json::json!([1])).unwrap(), Value::Null]);
        let mut filters: Vec<Filter> = Vec::new();
        for operator in
            ["=", "!=", "<", "<=", ">", ">=", "like", "not like", "ilike", "starts with", "regex", "contains", "match"]
        {
            filters.extend(literals.iter().filter_map(|literal| Filter::new("v", operator, literal.clone()).ok()));
        }
        for low in literals.iter().step_by(2) {
            for high in literals.iter().step_by(3) {
                for operator in ["in", "not in", "between", "not between"] {
                    filters.extend(Filter::new("v", operator, vec![low.clone(), high.clone()]).ok());
                }
            }
        }
        filters.push(Filter::parse("v EXISTS").unwrap());
        let negated: Vec<Filter> = filters.iter().cloned().map(Filter::negate).collect();
        let (mut kept, mut left_out) = (0_u32, 0_u32);
        for filter in filters.into_iter().chain(negated) {
            let condition = Condition::of(&filter);
            let Condition::Leaf(leaf) = &condition else { panic!("{filter:?}") };
            let matcher = Matcher::new(&condition);
            let fits = |value: &Value| matcher.matches(&Record::from_pairs([("v", value.clone())]).unwrap());
            for class in &classes {
                for start in 0..class.len() {
                    for end in start..class.len() {
                        let range = Some((class[start].clone(), class[end].clone()));
                        let bounds = Bounds { range, some_absent: false, all_absent: false };
                        let may = bounds.may_fit(leaf);
                        assert!(
                            may || !class[start..=end].iter().any(fits),
                            "{leaf} from {start} to {end} of {class:?}"
                        );
                        if may { kept += 1 } else { left_out += 1 }
                    }
                }
            }
            let nothing = Bounds { range: None, some_absent: true, all_absent: true };
            assert_eq!(nothing.may_fit(leaf), fits(&Value::Null));
            assert!(Bounds { range: None, some_absent: true, all_absent: false }.may_fit(leaf));
        }
        assert!(left_out * 2 > kept, "{left_out} left out, {kept} kept");
    }
}
