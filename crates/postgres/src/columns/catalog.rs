//! What the server says of a table.

use dataknobs_data_core::{Error, Result};
use tokio_postgres::types::{Oid, Type};

use super::kind::Kind;
use super::read::Reading;
use super::{Column, ColumnTable};
use crate::connection::Connection;
use crate::identifier::identifier;
use crate::sql::{Parameter, Sql};

/// Digits of a `numeric` that every 64-bit integer has.
const INTEGER_DIGITS: i32 = 18;

struct Description {
    column: Column,
    number: i16,
}

/// Reads the columns and the key. `wanted` names the key's columns where the server does not.
pub(crate) async fn describe(
    connection: &Connection,
    table: &str,
    namespace: Option<&str>,
    wanted: &[String],
    server: i32,
) -> Result<ColumnTable> {
    let relation = "SELECT c.relkind::text FROM pg_class c WHERE c.oid = to_regclass($1)";
    let row = connection.query_once(&Sql::with(relation, vec![Parameter::text(table)])).await?;
    let kind: String = row.first().map(|row| row.get(0)).unwrap_or_default();
    let writable = matches!(kind.as_str(), "r" | "p");
    let lockable = writable || kind == "v";
    let columns = columns(connection, table).await?;
    let key = key(connection, table, &columns, wanted).await?;
    let columns: Vec<Column> = columns.into_iter().map(|description| description.column).collect();
    let whole = Reading::of(&columns, None).map_err(|error| error.with_context("table", table))?;
    let namespace = namespace.map_or_else(String::new, |namespace| format!("{}.", identifier(namespace)));
    Ok(ColumnTable { sql: table.to_owned(), namespace, columns, key, writable, lockable, server, whole })
}

async fn columns(connection: &Connection, table: &str) -> Result<Vec<Description>> {
    let text = "SELECT a.attname::text, t.oid, t.typtype::text, t.typcategory::text, a.atttypmod, \
                format_type(t.oid, NULL), a.attnotnull, a.attgenerated::text, a.attidentity::text, a.atthasdef, \
                coalesce(l.collisdeterministic, true), a.attnum, t.typname::text \
                FROM pg_attribute a JOIN pg_type d ON d.oid = a.atttypid \
                JOIN pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END \
                LEFT JOIN pg_collation l ON l.oid = a.attcollation \
                WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
    let rows = connection.query_once(&Sql::with(text, vec![Parameter::text(table)])).await?;
    let describe = |row: &tokio_postgres::Row| {
        let name: String = row.get(0);
        let (oid, category, modifier): (Oid, String, i32) = (row.get(1), row.get(3), row.get(4));
        let (generated, identity): (String, String) = (row.get(7), row.get(8));
        let kind = kind_of(oid, row.get::<_, &str>(2), &category, modifier, row.get(10), row.get::<_, &str>(12));
        let column = Column {
            sql: format!("t.{}", identifier(&name)),
            quoted: identifier(&name),
            name: name.into(),
            kind,
            type_sql: type_sql(row.get(5)),
            not_null: row.get(6),
            generated: !generated.is_empty(),
            has_default: row.get::<_, bool>(9) || !identity.is_empty(),
        };
        Description { column, number: row.get(11) }
    };
    Ok(rows.iter().map(describe).collect())
}

/// A type without its limits, as what values are cast to.
fn type_sql(name: String) -> String {
    // `bit` is one bit, whatever the column holds.
    if name == "bit" { "bit varying".to_owned() } else { name }
}

fn kind_of(oid: Oid, form: &str, category: &str, modifier: i32, deterministic: bool, name: &str) -> Kind {
    match Type::from_oid(oid) {
        Some(Type::BOOL) => Kind::Boolean,
        Some(Type::INT2 | Type::INT4 | Type::INT8) => Kind::Integer,
        Some(Type::FLOAT4) => Kind::Float { double: false },
        Some(Type::FLOAT8) => Kind::Float { double: true },
        Some(Type::NUMERIC) => {
            // Precision and scale, in the upper and lower half; less than zero where nothing limits them.
            let limits = (modifier >= 4).then(|| ((modifier - 4) >> 16, (modifier - 4) & 0x7FF));
            match limits {
                Some((precision, 0)) if precision <= INTEGER_DIGITS => Kind::Integer,
                Some((_, scale)) if scale < 1_024 => Kind::Numeric { scale: usize::try_from(scale).ok() },
                _ => Kind::Numeric { scale: None },
            }
        }
        Some(Type::TEXT | Type::VARCHAR) => Kind::Text { native: deterministic },
        Some(Type::BPCHAR | Type::NAME | Type::CHAR) => Kind::Text { native: false },
        Some(Type::UUID) => Kind::Named { uuid: true },
        Some(Type::DATE) => Kind::Date,
        Some(Type::TIMESTAMP) => Kind::Timestamp { utc: false },
        Some(Type::TIMESTAMPTZ) => Kind::Timestamp { utc: true },
        Some(Type::JSON) => Kind::Json { binary: false },
        Some(Type::JSONB) => Kind::Json { binary: true },
        Some(Type::BYTEA) => Kind::Bytes,
        _ if name == "citext" => Kind::Text { native: false },
        _ if category == "A" || matches!(form, "c" | "r" | "m") => Kind::Composed,
        _ => Kind::Named { uuid: false },
    }
}

/// The places of the key's columns: those that are named, else the primary key's, else those of a
/// unique index that has no nulls, else a column `id`.
async fn key(connection: &Connection, table: &str, columns: &[Description], wanted: &[String]) -> Result<Vec<usize>> {
    let place = |name: &str| columns.iter().position(|described| described.column.name == name);
    if !wanted.is_empty() {
        let found = wanted.iter().map(|name| {
            place(name).ok_or_else(|| {
                Error::invalid_config("the table has no such column")
                    .with_context("key", "`key`")
                    .with_context("column", format!("`{}`", name.escape_debug()))
            })
        });
        return check_key(columns, found.collect::<Result<_>>()?);
    }
    let text = "SELECT i.indkey::int2[] FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique \
                AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
                AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid \
                AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull) \
                ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1";
    let rows = connection.query_once(&Sql::with(text, vec![Parameter::text(table)])).await?;
    if let Some(row) = rows.first() {
        let numbers: Vec<i16> = row.get(0);
        let of = |number: &i16| columns.iter().position(|described| described.number == *number);
        return check_key(columns, numbers.iter().filter_map(of).collect());
    }
    match place("id") {
        Some(id) => check_key(columns, vec![id]),
        None => Err(Error::invalid_config("the table has no key, and no column `id`")
            .with_context("table", table)
            .with_hint("name the columns that tell its rows apart with `key`")),
    }
}

fn check_key(columns: &[Description], key: Vec<usize>) -> Result<Vec<usize>> {
    match key.iter().map(|place| &columns[*place].column).find(|column| column.kind.is_json()) {
        Some(column) => Err(Error::unsupported("a key of such a type cannot be an id")
            .with_context("column", format!("`{}`", column.name.escape_debug()))
            .with_context("type", &column.type_sql)),
        None => Ok(key),
    }
}
