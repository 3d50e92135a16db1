//! Ids: the text of the key's column, or of all of them with `/` between, where `/` and `%` inside
//! are written `%2F` and `%25`.

use dataknobs_data_core::{Record, Value};
use tokio_postgres::types::Type;

use super::kind::Kind;
use super::{Column, ColumnTable};
use crate::sql::{Parameter, Sql};

impl ColumnTable {
    /// The id as SQL.
    pub(crate) fn id_text(&self) -> String {
        if let Some(only) = self.single_key() {
            return format!("{}::text", only.sql);
        }
        let part = |place: &usize| {
            let column = &self.columns[*place].sql;
            format!("replace(replace({column}::text, '%', '%25'), '/', '%2F')")
        };
        self.key.iter().map(part).collect::<Vec<_>>().join(" || '/' || ")
    }

    /// The id in the order in which records come.
    pub(crate) fn id_in_order(&self) -> String {
        match self.single_key() {
            Some(Column { kind: Kind::Integer | Kind::Named { uuid: true }, sql, .. }) => sql.clone(),
            _ => format!("(({}) COLLATE \"C\")", self.id_text()),
        }
    }

    /// The texts of the key's columns in an id; none where it is not one.
    pub(crate) fn parts(&self, id: &str) -> Option<Vec<String>> {
        if self.key.len() == 1 {
            return Some(vec![id.to_owned()]);
        }
        let parts: Vec<String> = id.split('/').map(|part| part.replace("%2F", "/").replace("%25", "%")).collect();
        let again: Vec<String> = parts.iter().map(|part| part.replace('%', "%25").replace('/', "%2F")).collect();
        (parts.len() == self.key.len() && again.join("/") == id).then_some(parts)
    }

    /// The key's values for an id; none where no row can have it.
    pub(crate) fn key_parts(&self, id: &str) -> Option<Vec<Parameter>> {
        let parts = self.parts(id)?;
        self.key.iter().zip(parts).map(|(place, part)| self.columns[*place].key_parameter(&part)).collect()
    }

    /// That a row has this id, in a form that the key's index answers; none where no row can.
    pub(crate) fn has_id(&self, sql: &mut Sql, id: &str) -> Option<String> {
        let parts = self.key_parts(id)?;
        let tests = self.key.iter().zip(parts).map(|(place, part)| self.columns[*place].is_key(&sql.bind(part)));
        Some(tests.collect::<Vec<_>>().join(" AND "))
    }

    /// The id of a record's own key fields, where all of them are there.
    pub(crate) fn own_id(&self, record: &Record) -> Option<String> {
        let mut parts = Vec::with_capacity(self.key.len());
        for place in &self.key {
            let column = &self.columns[*place];
            let text = match (record.get(&column.name)?, &column.kind) {
                (Value::String(text), _) => text.to_string(),
                (Value::Integer(number), _) => number.to_string(),
                (Value::Boolean(value), _) => value.to_string(),
                (Value::DateTime(time), Kind::Date) => time.to_string().get(..10)?.to_owned(),
                _ => return None,
            };
            parts.push(if self.key.len() == 1 { text } else { text.replace('%', "%25").replace('/', "%2F") });
        }
        Some(parts.join("/"))
    }
}

impl Column {
    /// A part of an id as the column's key is compared with it; none where no row can have it.
    fn key_parameter(&self, part: &str) -> Option<Parameter> {
        match &self.kind {
            Kind::Integer => {
                let number: i64 = part.parse().ok().filter(|number: &i64| number.to_string() == part)?;
                Some(Parameter::integer(number))
            }
            Kind::Named { uuid: true } => uuid_of(part),
            _ => (!part.contains('\0')).then(|| Parameter::text(part)),
        }
    }

    /// The type of these parts.
    pub(crate) fn key_element(&self) -> Type {
        match &self.kind {
            Kind::Integer => Type::INT8,
            Kind::Named { uuid: true } => Type::UUID,
            _ => Type::TEXT,
        }
    }

    /// That the column is this part of a key.
    pub(crate) fn is_key(&self, part: &str) -> String {
        match &self.kind {
            Kind::Integer | Kind::Named { uuid: true } | Kind::Text { native: true } => {
                format!("{} = {part}", self.sql)
            }
            _ => format!("({}::text COLLATE \"C\") = {part}", self.sql),
        }
    }
}

/// A UUID in its usual spelling.
pub(crate) fn uuid_of(text: &str) -> Option<Parameter> {
    crate::sql::KeyType::Uuid.parameter(text)
}
