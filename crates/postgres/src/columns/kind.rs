//! What the values of a column are.
//!
//! | type of the server | value | what is lost |
//! |---|---|---|
//! | `boolean` | Boolean | |
//! | `smallint`, `integer`, `bigint`; `numeric` without fraction of at most 18 digits | Integer | |
//! | `real`, `double precision` | Float | NaN and infinities are errors |
//! | other `numeric` | Float | digits past the 17th: the nearest double is the value, and what is compared |
//! | `text`, `varchar`, `char`, `citext`, `name`, enums, `uuid`, `inet`, `time`, `interval` and whatever else | String, as the server writes it | the blanks that fill a `char` |
//! | `date`, `timestamp` | DateTime without offset | infinities and years outside 1 to 9999 are errors |
//! | `timestamptz` | DateTime in UTC | the offset that it was written with |
//! | `json`, `jsonb` | Json; a scalar document is that scalar | key order and repeated keys of `jsonb` |
//! | arrays, composite types, ranges | Json, as `to_jsonb` writes them | |
//! | `bytea` | Binary | |

use dataknobs_data_core::FieldType;

/// The kinds of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    /// Whether it is a `double precision`, which compares as it is.
    Float {
        double: bool,
    },
    /// Fraction digits, where the type limits them.
    Numeric {
        scale: Option<usize>,
    },
    /// Whether equality by bytes is the column's own, so that its indexes answer it.
    Text {
        native: bool,
    },
    /// A type that has a text form; `uuid` compares by itself.
    Named {
        uuid: bool,
    },
    Date,
    Timestamp {
        utc: bool,
    },
    Json {
        binary: bool,
    },
    /// JSON made of something else, which is only read.
    Composed,
    Bytes,
}

impl Kind {
    pub(crate) fn field_type(&self) -> FieldType {
        match self {
            Kind::Boolean => FieldType::Boolean,
            Kind::Integer => FieldType::Integer,
            Kind::Float { .. } | Kind::Numeric { .. } => FieldType::Float,
            Kind::Text { .. } | Kind::Named { .. } => FieldType::String,
            Kind::Date | Kind::Timestamp { .. } => FieldType::DateTime,
            Kind::Json { .. } | Kind::Composed => FieldType::Json,
            Kind::Bytes => FieldType::Binary,
        }
    }

    /// Whether the values may be of any class.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Kind::Json { .. } | Kind::Composed)
    }

    /// The value as it is sent: in a form that the client knows.
    pub(crate) fn wire(&self, column: &str) -> String {
        match self {
            Kind::Boolean | Kind::Bytes => column.to_owned(),
            Kind::Integer => format!("{column}::bigint"),
            Kind::Float { .. } | Kind::Numeric { .. } => format!("{column}::float8"),
            Kind::Text { .. } | Kind::Named { .. } => format!("{column}::text"),
            Kind::Date | Kind::Timestamp { utc: false } => format!("{column}::timestamp"),
            Kind::Timestamp { utc: true } => format!("{column}::timestamptz"),
            Kind::Json { .. } => format!("{column}::text"),
            Kind::Composed => format!("to_jsonb({column})::text"),
        }
    }

    /// The value as it compares, for scalars: by code point, by value, by instant, by byte.
    pub(crate) fn comparable(&self, column: &str) -> String {
        match self {
            Kind::Text { .. } | Kind::Named { .. } => format!("({column}::text COLLATE \"C\")"),
            Kind::Float { double: false } | Kind::Numeric { .. } => format!("({column}::float8)"),
            Kind::Date => format!("({column}::timestamp)"),
            _ => column.to_owned(),
        }
    }
}
