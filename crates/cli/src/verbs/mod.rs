//! The verbs, one file each.

pub(crate) mod aggregate;
pub(crate) mod completions;
pub(crate) mod count;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod info;
pub(crate) mod put;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod schema;
