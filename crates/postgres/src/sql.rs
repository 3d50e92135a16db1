//! SQL text with its bound values.

use bytes::BytesMut;
use dataknobs_data_core::backend::ScanRequest;
use dataknobs_data_core::{Condition, DateTime, Leaf, RecordId, Str};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value that is bound: its type, and its binary form on the wire.
#[derive(Clone)]
pub(crate) struct Parameter {
    pub(crate) kind: Type,
    bytes: Option<Vec<u8>>,
}

impl Parameter {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Parameter { kind: Type::TEXT, bytes: Some(text.as_ref().as_bytes().to_vec()) }
    }

    /// JSON text; none is an SQL null.
    pub(crate) fn json(text: Option<&[u8]>) -> Self {
        Parameter { kind: Type::JSONB, bytes: text.map(json_bytes) }
    }

    /// A text; none is an SQL null.
    pub(crate) fn optional_text(text: Option<&str>) -> Self {
        Parameter { kind: Type::TEXT, bytes: text.map(|text| text.as_bytes().to_vec()) }
    }

    pub(crate) fn integer(integer: i64) -> Self {
        Parameter { kind: Type::INT8, bytes: Some(integer.to_be_bytes().to_vec()) }
    }

    pub(crate) fn float(float: f64) -> Self {
        Parameter::of_bytes(Type::FLOAT8, float.to_be_bytes().to_vec())
    }

    /// A timestamp, with or without time zone.
    pub(crate) fn instant(kind: Type, time: DateTime) -> Self {
        Parameter::of_bytes(kind, (time.micros() - crate::columns::read::EPOCH).to_be_bytes().to_vec())
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Parameter { kind: Type::BYTEA, bytes: Some(bytes.to_vec()) }
    }

    /// The binary form on the wire; none is an SQL null.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    pub(crate) fn of_bytes(kind: Type, bytes: Vec<u8>) -> Self {
        Parameter { kind, bytes: Some(bytes) }
    }
}

fn json_bytes(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.push(1); // the version of the binary form
    bytes.extend_from_slice(text);
    bytes
}

/// Never shows a value.
impl std::fmt::Debug for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes)", self.kind, self.bytes.as_ref().map_or(0, Vec::len))
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match &self.bytes {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The binary form of a one-dimensional array, built element by element.
pub(crate) struct ArrayParameter {
    kind: Type,
    bytes: Vec<u8>,
    length: i32,
    nulls: bool,
}

impl ArrayParameter {
    /// An empty array of one of the types that values are bound as.
    pub(crate) fn of(element: &Type) -> Self {
        let kind = match *element {
            Type::UUID => Type::UUID_ARRAY,
            Type::INT8 => Type::INT8_ARRAY,
            Type::JSONB => Type::JSONB_ARRAY,
            Type::BOOL => Type::BOOL_ARRAY,
            Type::FLOAT8 => Type::FLOAT8_ARRAY,
            Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
            Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
            Type::BYTEA => Type::BYTEA_ARRAY,
            _ => Type::TEXT_ARRAY,
        };
        let mut bytes = Vec::with_capacity(1024);
        bytes.extend_from_slice(&1i32.to_be_bytes());
        bytes.extend_from_slice(&0i32.to_be_bytes());
        bytes.extend_from_slice(&element.oid().to_be_bytes());
        bytes.extend_from_slice(&0i32.to_be_bytes());
        bytes.extend_from_slice(&1i32.to_be_bytes());
        ArrayParameter { kind, bytes, length: 0, nulls: false }
    }

    pub(crate) fn push(&mut self, element: Option<&[u8]>) {
        self.length += 1;
        match element {
            Some(element) => {
                self.bytes.extend_from_slice(&(element.len() as i32).to_be_bytes());
                self.bytes.extend_from_slice(element);
            }
            None => {
                self.nulls = true;
                self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
            }
        }
    }

    pub(crate) fn push_json(&mut self, text: Option<&[u8]>) {
        let Some(text) = text else { return self.push(None) };
        self.length += 1;
        self.bytes.extend_from_slice(&(text.len() as i32 + 1).to_be_bytes());
        self.bytes.push(1);
        self.bytes.extend_from_slice(text);
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn finish(mut self) -> Parameter {
        if self.length == 0 {
            self.bytes.truncate(12);
            self.bytes[0..4].copy_from_slice(&0i32.to_be_bytes());
            return Parameter::of_bytes(self.kind, self.bytes);
        }
        self.bytes[4..8].copy_from_slice(&i32::from(self.nulls).to_be_bytes());
        self.bytes[12..16].copy_from_slice(&self.length.to_be_bytes());
        Parameter::of_bytes(self.kind, self.bytes)
    }
}

/// A statement in the making.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Parameter>,
}

impl Sql {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Sql { text: text.into(), parameters: Vec::new() }
    }

    pub(crate) fn with(text: impl Into<String>, parameters: Vec<Parameter>) -> Self {
        Sql { text: text.into(), parameters }
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a condition, each of its leaves as `push_leaf` does.
    pub(crate) fn push_condition(&mut self, condition: &Condition, push_leaf: &mut dyn FnMut(&mut Sql, &Leaf)) {
        let (parts, word, empty) = match condition {
            Condition::Leaf(leaf) => return push_leaf(self, leaf),
            Condition::All(parts) => (parts, " AND ", "true"),
            Condition::Any(parts) => (parts, " OR ", "false"),
        };
        if parts.is_empty() {
            return self.push(empty);
        }
        self.push("(");
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                self.push(word);
            }
            self.push_condition(part, push_leaf);
        }
        self.push(")");
    }

    /// Adds the limit and offset of a request.
    pub(crate) fn push_page(&mut self, request: &ScanRequest) {
        let number = |number: u64| Parameter::integer(i64::try_from(number).unwrap_or(i64::MAX));
        if let Some(limit) = request.limit {
            let limit = self.bind(number(limit));
            self.push(&format!(" LIMIT {limit}"));
        }
        if request.offset > 0 {
            let offset = self.bind(number(request.offset));
            self.push(&format!(" OFFSET {offset}"));
        }
    }

    /// Binds a value and gives its place in the text.
    pub(crate) fn bind(&mut self, parameter: Parameter) -> String {
        self.parameters.push(parameter);
        format!("${}", self.parameters.len())
    }
}

/// How the key column holds ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Text,
    Uuid,
    Integer,
}

impl KeyType {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            KeyType::Text => "text",
            KeyType::Uuid => "uuid",
            KeyType::Integer => "bigint",
        }
    }

    pub(crate) fn element(self) -> Type {
        match self {
            KeyType::Text => Type::TEXT,
            KeyType::Uuid => Type::UUID,
            KeyType::Integer => Type::INT8,
        }
    }

    /// The id as the column holds it; none where it cannot. Only the one usual spelling of a UUID
    /// or number is an id, so that no two ids are one row.
    pub(crate) fn bytes(self, id: &str) -> Option<Vec<u8>> {
        match self {
            KeyType::Text => (!id.contains('\0')).then(|| id.as_bytes().to_vec()),
            KeyType::Uuid => {
                let uuid = uuid::Uuid::try_parse(id).ok()?;
                let mut buffer = uuid::Uuid::encode_buffer();
                (uuid.hyphenated().encode_lower(&mut buffer) == id).then(|| uuid.as_bytes().to_vec())
            }
            KeyType::Integer => {
                let number: i64 = id.parse().ok()?;
                (number.to_string() == id).then(|| number.to_be_bytes().to_vec())
            }
        }
    }

    pub(crate) fn parameter(self, id: &str) -> Option<Parameter> {
        Some(Parameter::of_bytes(self.element(), self.bytes(id)?))
    }

    /// The id that the column's bytes are.
    pub(crate) fn id(self, bytes: &[u8]) -> Option<RecordId> {
        let text: Str = match self {
            KeyType::Text => std::str::from_utf8(bytes).ok()?.into(),
            KeyType::Uuid => {
                let mut buffer = uuid::Uuid::encode_buffer();
                Str::new(uuid::Uuid::from_slice(bytes).ok()?.hyphenated().encode_lower(&mut buffer))
            }
            KeyType::Integer => i64::from_be_bytes(bytes.try_into().ok()?).to_string().into(),
        };
        RecordId::new(text).ok()
    }
}
