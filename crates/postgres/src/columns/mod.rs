//! The `columns` layout: a table or view that is there is a database, its columns are fields.
//!
//! | file | holds |
//! |---|---|
//! | `catalog.rs` | what the server says of the table: columns, types, the key |
//! | `kind.rs` | the types, and the SQL expression that a column's value is |
//! | `index.rs` | the server's indexes on single columns |
//! | `key.rs` | ids: the key's columns as one text |
//! | `leaf.rs`, `query.rs` | conditions and sorts as SQL |
//! | `many.rs` | many rows in one statement |
//! | `read.rs`, `write.rs` | rows to records, and back |
//! | `bulk/` | whole columns into Arrow |
//! | `work.rs` | what is done on one connection |
//!
//! The type of a column decides what values it has, so that a condition on it is a plain comparison
//! which the table's own indexes answer. What a field cannot hold is refused, never rounded.

pub(crate) mod bulk;
pub(crate) mod catalog;
pub(crate) mod index;
pub(crate) mod key;
pub(crate) mod kind;
pub(crate) mod leaf;
pub(crate) mod many;
pub(crate) mod query;
pub(crate) mod read;
pub(crate) mod work;
pub(crate) mod write;

use dataknobs_data_core::{Capabilities, IdOrder, Str};

use self::kind::Kind;
use self::read::Reading;

/// A table or view whose columns are fields.
#[derive(Debug)]
pub(crate) struct ColumnTable {
    /// The name as SQL, with its schema where one is given.
    pub(crate) sql: String,
    /// What stands before the name of anything in the table's schema: `"schema".`, or nothing.
    pub(crate) namespace: String,
    pub(crate) columns: Vec<Column>,
    /// The columns of the key, by place.
    pub(crate) key: Vec<usize>,
    /// Whether rows can be written: not those of views.
    pub(crate) writable: bool,
    /// Whether it can be locked against being rewritten: tables and views.
    pub(crate) lockable: bool,
    /// The server's version, as a number.
    pub(crate) server: i32,
    /// All columns.
    pub(crate) whole: Reading,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: Str,
    /// The name, quoted.
    pub(crate) quoted: String,
    /// The column of the table under its alias, `t`.
    pub(crate) sql: String,
    pub(crate) kind: Kind,
    /// The type's name as SQL.
    pub(crate) type_sql: String,
    pub(crate) not_null: bool,
    /// The server computes the value.
    pub(crate) generated: bool,
    /// The server has a value where none is given.
    pub(crate) has_default: bool,
}

impl ColumnTable {
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// What is read for a projection; none where it is all columns, which are as good for any.
    pub(crate) fn reading(&self, names: Option<&[Str]>) -> Option<Reading> {
        Reading::of(&self.columns, Some(names?)).ok()
    }

    /// The key's columns as SQL, with commas.
    pub(crate) fn key_list(&self) -> String {
        let key: Vec<&str> = self.key.iter().map(|place| self.columns[*place].quoted.as_str()).collect();
        key.join(", ")
    }

    /// The columns that a write of the whole record sets, each with its place.
    pub(crate) fn settable(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(place, column)| !column.generated && !self.key.contains(place))
    }

    /// The only column of the key.
    pub(crate) fn single_key(&self) -> Option<&Column> {
        match self.key[..] {
            [only] => Some(&self.columns[only]),
            _ => None,
        }
    }

    pub(crate) fn id_order(&self) -> IdOrder {
        match self.single_key() {
            Some(Column { kind: Kind::Integer, .. }) => IdOrder::Numeric,
            _ => IdOrder::CodePoint,
        }
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::minimal();
        capabilities.transactions = true;
        capabilities.serializable = true;
        capabilities.savepoints = true;
        capabilities.atomic_batches = true;
        capabilities.indexes = self.writable;
        capabilities.snapshot_streams = true;
        capabilities.unique_versions = self.writable;
        capabilities.persistent = true;
        capabilities.missing_fields = false;
        capabilities.field_order = false;
        capabilities.fixed_fields = true;
        capabilities.id_order = self.id_order();
        capabilities.key_field = self.single_key().map(|column| column.name.clone());
        capabilities.generates_ids = self.writable;
        capabilities.read_only = !self.writable;
        capabilities
    }
}
