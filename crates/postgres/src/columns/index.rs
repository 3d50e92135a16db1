//! Indexes of a table of columns: the server's own, each on one column.

use dataknobs_data_core::{Error, IndexInfo, IndexKind, Path, Result};

use super::kind::Kind;
use super::{Column, ColumnTable};
use crate::connection::Connection;
use crate::identifier::{constant, identifier};
use crate::index::{comment_of, physical_name, read_comment, taken};
use crate::sql::{Parameter, Sql};

/// The indexes on single columns, by name, each with the server's name of it; not those that uphold
/// a constraint.
async fn known(connection: &Connection, table: &ColumnTable) -> Result<Vec<(IndexInfo, String)>> {
    let text = "SELECT c.relname::text, a.attname::text, m.amname::text, obj_description(c.oid, 'pg_class') \
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam \
                LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attnum > 0 \
                WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL \
                AND m.amname IN ('btree', 'hash') \
                AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)";
    let rows = connection.query_once(&Sql::with(text, vec![Parameter::text(&table.sql)])).await?;
    let info = |row: &tokio_postgres::Row| {
        let physical: String = row.get(0);
        // Names are the schema's, so that ours are longer than those they go by.
        if let Some(info) = row.get::<_, Option<&str>>(3).and_then(read_comment) {
            return Some((info, physical));
        }
        let kind = if row.get::<_, &str>(2) == "hash" { IndexKind::Hash } else { IndexKind::Ordered };
        let path = Path::literal([row.get::<_, Option<&str>>(1)?]).ok()?;
        Some((plain(IndexInfo::new(physical.as_str(), path, kind)), physical))
    };
    let mut known: Vec<_> = rows.iter().filter_map(info).collect();
    known.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    Ok(known)
}

/// The indexes on single columns, by name.
pub(crate) async fn list(connection: &Connection, table: &ColumnTable) -> Result<Vec<IndexInfo>> {
    Ok(known(connection, table).await?.into_iter().map(|(info, _)| info).collect())
}

/// A path that a text path would be, too, as one.
fn plain(info: IndexInfo) -> IndexInfo {
    match Path::dotted(&info.path.to_string()) {
        Ok(path) if path.segments() == info.path.segments() => IndexInfo::new(info.name, path, info.kind),
        _ => info,
    }
}

/// The column that a path names.
fn column<'a>(table: &'a ColumnTable, path: &Path) -> Result<&'a Column> {
    let whole = path.whole_name().and_then(|whole| table.column(whole));
    let named = || match path.segments() {
        [only] => table.column(only),
        _ => None,
    };
    let found = whole.or_else(named).map(|place| &table.columns[place]);
    match found {
        Some(column) if column.kind.is_json() => Err(Error::unsupported("values of this type have no order")
            .with_context("column", format!("`{}`", column.name.escape_debug()))),
        Some(column) => Ok(column),
        None => Err(Error::unsupported("an index is on a column, and the table has none of this name")
            .with_context("path", format!("`{path}`"))),
    }
}

/// Makes an index on a column, in the order in which conditions compare.
pub(crate) async fn create(connection: &Connection, table: &ColumnTable, info: &IndexInfo) -> Result<()> {
    let Column { quoted, kind, .. } = column(table, &info.path)?;
    if let Some(other) = list(connection, table).await?.into_iter().find(|other| other.name == info.name) {
        if other.kind == info.kind && column(table, &other.path)?.quoted == *quoted {
            return Ok(());
        }
        return Err(taken(&info.name));
    }
    let method = if info.kind == IndexKind::Hash { "hash" } else { "btree" };
    let order = match (kind, info.kind) {
        (Kind::Text { .. }, IndexKind::Ordered) => format!("({quoted}::text) COLLATE \"C\""),
        (Kind::Named { uuid: false }, IndexKind::Ordered) => {
            return Err(
                Error::unsupported("this type's text form cannot be indexed in order").with_context("column", quoted)
            );
        }
        _ => quoted.clone(),
    };
    let physical = identifier(&physical_name(&table.sql, &info.name, "column"));
    let comment = constant(&comment_of(info));
    let text = format!(
        "CREATE INDEX {physical} ON {} USING {method} ({order}); COMMENT ON INDEX {}{physical} IS {comment}",
        table.sql, table.namespace
    );
    connection.batch(&text).await
}

/// Drops an index that [`list`] knows.
pub(crate) async fn drop(connection: &Connection, table: &ColumnTable, name: &str) -> Result<bool> {
    let known = known(connection, table).await?;
    let Some((_, physical)) = known.iter().find(|(info, _)| info.name == name) else { return Ok(false) };
    connection.batch(&format!("DROP INDEX IF EXISTS {}{}", table.namespace, identifier(physical))).await?;
    Ok(true)
}
