//! Random records, contents, queries and writes, biased to what stores get wrong.
//!
//! Everything is made from a [`Rng`], whose whole state is one seed: the same seed gives the same
//! data. Literals and paths of queries are drawn from the contents they will run over, so that
//! about half of the tests let some records through and stop others.
//!
//! `value.rs` and `text.rs` hold the hard values, `record.rs` makes [`Contents`] of them,
//! `vocabulary.rs` knows which paths lead where in given contents, `filter.rs` and `query.rs` ask
//! for them, `aggregation.rs` summarises them and `write.rs` changes them.

mod aggregation;
mod filter;
mod query;
mod record;
mod rng;
pub mod text;
pub mod value;
mod vocabulary;
mod write;

pub use query::QueryParts;
pub use record::Contents;
pub use rng::Rng;
pub use vocabulary::Vocabulary;
pub use write::{Change, Expect, Operation};

use dataknobs_data_core::Capabilities;

/// What a store cannot hold, so that no test asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A missing field is told from a null one.
    pub missing_fields: bool,
    /// Each record keeps an order of fields of its own.
    pub field_order: bool,
    /// A field named `id` is a field like any other.
    pub free_id_field: bool,
}

impl Limits {
    /// No limits.
    pub const NONE: Limits = Limits { missing_fields: true, field_order: true, free_id_field: true };

    /// The limits that a store declares.
    pub fn of(capabilities: &Capabilities) -> Self {
        Limits {
            missing_fields: capabilities.missing_fields,
            field_order: capabilities.field_order,
            free_id_field: capabilities.key_field.is_none(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::NONE
    }
}

#[cfg(test)]
mod tests;
