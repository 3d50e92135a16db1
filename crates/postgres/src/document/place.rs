//! Where a path leads in a row, as SQL.

use dataknobs_data_core::{Path, Str};

use crate::identifier::constant;
use crate::sql::KeyType;

/// Characters of a string that an index in order holds.
pub(crate) const INDEXED_CHARACTERS: usize = 256;

/// One place where the value of a path may be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// The key column.
    Id(KeyType),
    /// A field.
    Field(Str),
    /// Inside the JSON of a field.
    Inside(Str, Vec<Str>),
    /// Inside the record's metadata.
    Metadata(Vec<Str>),
}

/// A place, and when it is the one that counts: the first one that does decides.
#[derive(Debug, Clone)]
pub(crate) struct Alternative {
    /// In SQL, never null; none where nothing comes after it.
    pub(crate) guard: Option<String>,
    pub(crate) place: Place,
}

/// The places of a path in the order in which they are tried; empty where nothing can be there.
pub(crate) fn alternatives(path: &Path, key: KeyType) -> Vec<Alternative> {
    let Some((first, rest)) = path.segments().split_first() else { return Vec::new() };
    let last = |place| Alternative { guard: None, place };
    let guarded = |field: &Str, place| Alternative { guard: Some(Place::Field(field.clone()).is_present()), place };
    let metadata = || (!rest.is_empty()).then(|| last(Place::Metadata(rest.to_vec())));
    match first.as_str() {
        "_id" if rest.is_empty() => return vec![last(Place::Id(key))],
        "_id" => return Vec::new(),
        "_metadata" => return metadata().into_iter().collect(),
        _ => {}
    }
    let own = match rest {
        [] => Place::Field(first.clone()),
        rest => Place::Inside(first.clone(), rest.to_vec()),
    };
    let mut places = Vec::new();
    if let Some(whole) = path.whole_name() {
        let whole = Str::new(whole);
        places.push(guarded(&whole, Place::Field(whole.clone())));
    }
    match first.as_str() {
        "id" if rest.is_empty() => {
            places.push(guarded(first, own));
            places.push(last(Place::Id(key)));
        }
        "metadata" if !rest.is_empty() => {
            places.push(guarded(first, own));
            places.extend(metadata());
        }
        _ => places.push(last(own)),
    }
    places
}

/// Whether the server would take a segment for the index of an array.
fn is_index(segment: &str) -> bool {
    segment == "0" || (!segment.starts_with('0') && !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit()))
}

/// The steps into a document; the last one gives text where `as_text` says so.
fn walk(document: &str, steps: &[Str], as_text: bool) -> String {
    let mut sql = format!("({document}");
    for (position, step) in steps.iter().enumerate() {
        let last = as_text && position + 1 == steps.len();
        // `#>` takes a number as a key and as an index; `->` takes a text as a key only.
        match (is_index(step), last) {
            (true, false) => sql.push_str(&format!("#>'{{{step}}}'")),
            (true, true) => sql.push_str(&format!("#>>'{{{step}}}'")),
            (false, false) => sql.push_str(&format!("->{}", constant(step))),
            (false, true) => sql.push_str(&format!("->>{}", constant(step))),
        }
    }
    sql.push(')');
    sql
}

impl Place {
    /// The value as JSONB; for the key, the id as text.
    pub(crate) fn json(&self) -> String {
        match self {
            Place::Id(_) => format!("to_jsonb({})", self.text()),
            Place::Field(name) => walk("data", std::slice::from_ref(name), false),
            Place::Inside(name, rest) => walk("data", &joined(name, rest), false),
            Place::Metadata(rest) => walk("meta->'record'", rest, false),
        }
    }

    /// The value as text, in the order of code points.
    pub(crate) fn text(&self) -> String {
        let text = match self {
            Place::Id(KeyType::Text) => "id".to_owned(),
            Place::Id(_) => "id::text".to_owned(),
            Place::Field(name) => walk("data", std::slice::from_ref(name), true),
            Place::Inside(name, rest) => walk("data", &joined(name, rest), true),
            Place::Metadata(rest) => walk("meta->'record'", rest, true),
        };
        format!("({text} COLLATE \"C\")")
    }

    /// The recorded type, for the one place where plain JSON may not show it.
    pub(crate) fn recorded_type(&self) -> Option<String> {
        match self {
            Place::Field(name) => Some(format!("(meta->'types'->>{})", constant(name))),
            _ => None,
        }
    }

    /// The microseconds of a datetime, as JSONB.
    pub(crate) fn instant(&self) -> Option<String> {
        match self {
            Place::Field(name) => Some(format!("(meta->'instants'->{})", constant(name))),
            _ => None,
        }
    }

    /// The bytes of a binary value, null for every other one.
    pub(crate) fn bytes(&self) -> Option<String> {
        let recorded = self.recorded_type()?;
        Some(format!("(CASE WHEN {recorded} = 'BINARY' THEN decode({}, 'base64') END)", self.text()))
    }

    /// A number as NUMERIC, null for every other value.
    pub(crate) fn number(&self) -> String {
        let json = self.json();
        format!("(CASE WHEN jsonb_typeof({json}) = 'number' THEN ({json})::numeric END)")
    }

    /// The beginning of a string, null for every other value: what an index in order holds, since
    /// whole strings may be too long for one. A literal that is shorter compares with it just as
    /// with the string.
    pub(crate) fn start(&self) -> String {
        let (is_string, text) = (self.is_string(), self.text());
        format!("(CASE WHEN {is_string} THEN left({text}, {INDEXED_CHARACTERS}) END COLLATE \"C\")")
    }

    /// Never null.
    pub(crate) fn is_present(&self) -> String {
        match self {
            Place::Id(_) => "true".to_owned(),
            place => format!("coalesce(jsonb_typeof({}), 'null') <> 'null'", place.json()),
        }
    }

    /// Never null.
    pub(crate) fn is_absent(&self) -> String {
        match self {
            Place::Id(_) => "false".to_owned(),
            place => format!("coalesce(jsonb_typeof({}), 'null') = 'null'", place.json()),
        }
    }

    /// Whether it is a string in the sense of queries; may be null.
    pub(crate) fn is_string(&self) -> String {
        match self {
            Place::Id(_) => "true".to_owned(),
            place => {
                let is_string = format!("jsonb_typeof({}) = 'string'", place.json());
                match place.is_no_string_in_disguise() {
                    Some(test) => format!("({is_string} AND {test})"),
                    None => is_string,
                }
            }
        }
    }

    /// Whether a JSON string is neither a datetime nor binary.
    pub(crate) fn is_no_string_in_disguise(&self) -> Option<String> {
        let recorded = self.recorded_type()?;
        Some(format!("coalesce({recorded}, '') NOT IN ('DATETIME', 'BINARY')"))
    }

    /// The comparison class as its rank in a sort, null where nothing is present.
    pub(crate) fn class(&self) -> String {
        let Place::Id(_) = self else {
            let string = match self.recorded_type() {
                Some(recorded) => format!("CASE {recorded} WHEN 'DATETIME' THEN 2 WHEN 'BINARY' THEN 4 ELSE 3 END"),
                None => "3".to_owned(),
            };
            return format!(
                "(CASE jsonb_typeof({}) WHEN 'boolean' THEN 0 WHEN 'number' THEN 1 WHEN 'string' THEN {string} \
                 WHEN 'array' THEN 5 WHEN 'object' THEN 5 END)",
                self.json()
            );
        };
        "3".to_owned()
    }

    /// The names that lead here from the top of `data`, where all of them can only be keys.
    pub(crate) fn keys(&self) -> Option<Vec<&str>> {
        match self {
            Place::Field(name) => Some(vec![name]),
            Place::Inside(name, rest) if !rest.iter().any(|step| is_index(step)) => {
                Some(std::iter::once(name).chain(rest).map(Str::as_str).collect())
            }
            _ => None,
        }
    }
}

fn joined(name: &Str, rest: &[Str]) -> Vec<Str> {
    std::iter::once(name).chain(rest).cloned().collect()
}

/// What a path finds, as one expression over its places: `of` says what is taken from each.
pub(crate) fn pick(alternatives: &[Alternative], of: impl Fn(&Place) -> Option<String>) -> String {
    let of = |place: &Place| of(place).unwrap_or_else(|| "NULL".to_owned());
    match alternatives {
        [] => "NULL".to_owned(),
        [only] => of(&only.place),
        [others @ .., last] => {
            let mut sql = "(CASE".to_owned();
            for alternative in others {
                let guard = alternative.guard.as_deref().unwrap_or("true");
                sql.push_str(&format!(" WHEN {guard} THEN {}", of(&alternative.place)));
            }
            sql.push_str(&match &last.guard {
                Some(guard) => format!(" WHEN {guard} THEN {} END)", of(&last.place)),
                None => format!(" ELSE {} END)", of(&last.place)),
            });
            sql
        }
    }
}
