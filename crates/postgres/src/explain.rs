//! What the server would do, asked of its planner.

use std::sync::Arc;

use dataknobs_data_core::Result;
use dataknobs_data_core::backend::{AccessPlan, ScanRequest};
use serde_json::Value as Json;

use crate::connection::Connection;
use crate::document::leaf::wants_index;
use crate::index::Indexes;
use crate::sql::{Parameter, Sql};
use crate::table::Table;
use crate::work::Raw;

/// The server's plan for a scan. Nothing is read but statistics.
pub(crate) async fn access_plan(
    connection: &Connection,
    table: &Table,
    mut sql: Sql,
    request: &ScanRequest,
) -> Result<AccessPlan> {
    sql.text.insert_str(0, "EXPLAIN (FORMAT JSON) ");
    let rows = connection.query_once(&sql).await?;
    let (row_bytes, bytes) = table_bytes(connection, table.sql()).await?;
    let indexes = match table {
        Table::Documents(table) => table.indexes(),
        Table::Columns(_) => Arc::default(),
    };
    let plan: Option<Json> = rows.first().and_then(|row| serde_json::from_slice(row.get::<_, Raw<'_>>(0).0).ok());
    let plan = plan.as_ref().and_then(|plan| plan.get(0)?.get("Plan"));
    let mut found = Scans::default();
    if let Some(plan) = plan {
        found.walk(plan, &indexes);
    }
    let mut access = AccessPlan::new(match &found.access[..] {
        [] => "nothing is read".to_owned(),
        parts => parts.join(", "),
    });
    access.index = found.index;
    // Of a table that it never counted, the planner expects some rows in any case. A view has no bytes.
    let is_view = matches!(table, Table::Columns(table) if !table.writable);
    let is_empty = row_bytes == 0 && !is_view;
    access.rows_examined = if is_empty { Some(0) } else { found.rows };
    access.bytes_read = (found.is_full && !is_view).then_some(bytes);
    access.requests = Some(1);
    if let (true, Table::Documents(_)) = (found.is_full, table) {
        let advice = request.condition.leaves().into_iter().filter_map(wants_index);
        for path in advice.filter(|path| !indexes.has_ordered(path)) {
            access.notes.push(format!("an ordered index on `{path}` would help: create_index(\"{path}\", ordered)"));
        }
    }
    if found.sorts {
        access.notes.push("the server sorts what it finds".to_owned());
    }
    Ok(access)
}

/// How many bytes a table's rows have in their own place, and with what stands beside them; of a
/// table in parts, those of all parts.
async fn table_bytes(connection: &Connection, table: &str) -> Result<(u64, u64)> {
    let text = "SELECT greatest(pg_relation_size(t), rows)::int8, greatest(pg_table_size(t), whole)::int8 \
                FROM to_regclass($1) t, LATERAL (SELECT coalesce(sum(pg_relation_size(relid)), 0) AS rows, \
                coalesce(sum(pg_table_size(relid)), 0) AS whole FROM pg_partition_tree(t)) parts";
    let row = connection.first(text, &[Parameter::text(table)]).await?;
    let bytes = |at: usize| {
        let bytes = row.as_ref().and_then(|row| row.try_get::<_, Option<i64>>(at).ok().flatten());
        u64::try_from(bytes.unwrap_or_default()).unwrap_or_default()
    };
    Ok((bytes(0), bytes(1)))
}

#[derive(Default)]
struct Scans {
    access: Vec<String>,
    index: Option<String>,
    rows: Option<u64>,
    is_full: bool,
    sorts: bool,
}

impl Scans {
    fn walk(&mut self, node: &Json, indexes: &Indexes) {
        let text = |key: &str| node.get(key).and_then(Json::as_str);
        let kind = text("Node Type").unwrap_or_default();
        let rows = node.get("Plan Rows").and_then(Json::as_u64);
        let index = text("Index Name").map(|physical| indexes.name_of(physical).unwrap_or(physical).to_owned());
        match (kind, &index) {
            ("Seq Scan", _) => {
                self.access.push("full scan".to_owned());
                self.is_full = true;
                self.rows = self.rows.max(rows);
            }
            // All rows, in an order that saves sorting them.
            ("Index Scan" | "Index Only Scan", Some(index)) if text("Index Cond").is_none() => {
                self.access.push(format!("full scan in the order of index {index}"));
                self.is_full = true;
                self.rows = self.rows.max(rows);
            }
            (_, Some(index)) => {
                self.access.push(format!("index {index}: {}", kind.to_lowercase()));
                self.index.get_or_insert_with(|| index.clone());
                self.rows = self.rows.max(rows);
            }
            ("Sort" | "Incremental Sort", _) => self.sorts = true,
            _ => {}
        }
        for inner in node.get("Plans").and_then(Json::as_array).into_iter().flatten() {
            self.walk(inner, indexes);
        }
    }
}
