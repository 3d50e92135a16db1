//! What a query will cost: how well a store answers it, and what is left to do here.

use std::fmt;

use serde::Serialize;

/// How well a store answers one leaf of a filter.
///
/// ```
/// use dataknobs_data_core::Support;
/// assert!(Support::No < Support::Superset && Support::Superset < Support::Exact);
/// assert_eq!(Support::Superset.to_string(), "superset");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// Not at all.
    No,
    /// With every record that passes, and perhaps others: results are re-checked.
    Superset,
    /// Just as the query semantics say.
    Exact,
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Support::No => "no",
            Support::Superset => "superset",
            Support::Exact => "exact",
        })
    }
}

/// How a store would answer a scan.
///
/// ```
/// use dataknobs_data_core::backend::AccessPlan;
/// let mut plan = AccessPlan::new("index age_ordered: range");
/// plan.index = Some("age_ordered".into());
/// plan.rows_examined = Some(12);
/// assert!(plan.notes.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AccessPlan {
    /// In one line: `"full scan"`, `"index age_ordered: range"`, …
    pub access: String,
    /// The index that is used.
    pub index: Option<String>,
    /// How many records it expects to look at.
    pub rows_examined: Option<u64>,
    /// How many bytes it expects to read.
    pub bytes_read: Option<u64>,
    /// How many requests to a server it expects to make.
    pub requests: Option<u64>,
    /// What those requests cost, in US dollars.
    pub dollars: Option<f64>,
    /// Anything else worth knowing, such as an index that would help.
    pub notes: Vec<String>,
}

impl AccessPlan {
    /// A plan described in one line.
    ///
    /// ```
    /// use dataknobs_data_core::backend::AccessPlan;
    /// assert_eq!(AccessPlan::new("full scan").access, "full scan");
    /// ```
    pub fn new(access: impl Into<String>) -> Self {
        AccessPlan { access: access.into(), ..AccessPlan::default() }
    }
}

/// One leaf of the filter and how well the store answers it.
///
/// ```
/// use dataknobs_data_core::{Query, Support, SyncDatabase};
/// let explain = SyncDatabase::memory().explain(&Query::parse("age > 30")?)?;
/// assert_eq!((explain.leaves[0].leaf.as_str(), explain.leaves[0].support), ("age > 30", Support::Exact));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LeafPlan {
    /// The leaf, as text.
    pub leaf: String,
    /// How well.
    pub support: Support,
}

impl LeafPlan {
    pub(crate) fn new(leaf: String, support: Support) -> Self {
        LeafPlan { leaf, support }
    }
}

/// How a query will be answered and what that will cost.
///
/// ```
/// use dataknobs_data_core::{Query, SyncDatabase};
/// let explain = SyncDatabase::memory().explain(&Query::parse("age > 30 ORDER BY age")?)?;
/// assert!(explain.sort_pushed && !explain.rechecked);
/// assert!(explain.to_string().starts_with("backend: memory\nquery: age > 30 ORDER BY age"));
/// # Ok::<(), dataknobs_data_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explain {
    /// The backend.
    pub backend: String,
    /// The query, as text.
    pub query: String,
    /// The leaves of the filter.
    pub leaves: Vec<LeafPlan>,
    /// Whether results are re-checked here, because not every leaf is exact.
    pub rechecked: bool,
    /// Whether the store sorts.
    pub sort_pushed: bool,
    /// Whether the store applies offset and limit.
    pub limit_pushed: bool,
    /// What the store will do.
    pub plan: AccessPlan,
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |pushed: bool| if pushed { "by the store" } else { "here" };
        writeln!(f, "backend: {}", self.backend)?;
        writeln!(f, "query: {}", self.query)?;
        writeln!(f, "access: {}", self.plan.access)?;
        let numbers = [
            ("records examined", self.plan.rows_examined),
            ("bytes read", self.plan.bytes_read),
            ("requests", self.plan.requests),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                writeln!(f, "{name}: {number}")?;
            }
        }
        if let Some(dollars) = self.plan.dollars {
            writeln!(f, "cost: ${dollars:.6}")?;
        }
        for leaf in &self.leaves {
            writeln!(f, "filter: {} [{}]", leaf.leaf, leaf.support)?;
        }
        writeln!(f, "re-checked here: {}", if self.rechecked { "yes" } else { "no" })?;
        writeln!(f, "sorted: {}", yes(self.sort_pushed))?;
        write!(f, "limited: {}", yes(self.limit_pushed))?;
        for note in &self.plan.notes {
            write!(f, "\nnote: {note}")?;
        }
        Ok(())
    }
}
