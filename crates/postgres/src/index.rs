//! Indexes: one that a user asks for is a handful of the server's own, which the SQL of conditions
//! hits.
//!
//! | kind | places | the server's index |
//! |---|---|---|
//! | hash | JSON | `hash (data->'name')` |
//! | ordered | numbers | `btree ((data->'name')::numeric)`, over rows that hold one |
//! | ordered | strings | `btree (left(data->>'name', 256) COLLATE "C")`, over rows that hold one |
//! | ordered | booleans | `btree (data->'name')`, over rows that hold one |
//! | both | datetimes of a field | `btree (meta->'instants'->'name')` over rows that hold one |
//! | both | the key | an index on it |
//!
//! The definition stands in each one's comment, so that any program finds it.

use std::collections::BTreeMap;

use dataknobs_data_core::{Error, ErrorKind, IndexInfo, IndexKind, Path, Result, Str};
use serde_json::{Value as Json, json};

use crate::connection::Connection;
use crate::document::leaf::Indexed;
use crate::document::place::{Place, alternatives};
use crate::identifier::{constant, identifier};
use crate::sql::{KeyType, Parameter, Sql};
use crate::table::DocumentTable;

/// The beginning of the comment of an index of ours.
const MARK: &str = "dataknobs-data index ";

/// The indexes of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Indexes {
    defined: Vec<Defined>,
}

#[derive(Debug, Clone)]
struct Defined {
    info: IndexInfo,
    places: Vec<Place>,
    physical: Vec<String>,
}

impl Indexed for Indexes {
    fn is_ordered(&self, place: &Place) -> bool {
        self.covers(place, IndexKind::Ordered)
    }

    fn is_hashed(&self, place: &Place) -> bool {
        self.covers(place, IndexKind::Hash)
    }
}

impl Indexes {
    fn covers(&self, place: &Place, kind: IndexKind) -> bool {
        self.defined.iter().any(|defined| defined.info.kind == kind && defined.places.contains(place))
    }

    /// What the table's indexes say of themselves.
    pub(crate) async fn load(connection: &Connection, table: &str) -> Result<Self> {
        let text = "SELECT c.relname::text, obj_description(i.indexrelid, 'pg_class') \
                    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                    WHERE i.indrelid = to_regclass($1) AND i.indisvalid \
                    AND obj_description(i.indexrelid, 'pg_class') LIKE $2 ORDER BY 1";
        let parameters = vec![Parameter::text(table), Parameter::text(format!("{MARK}%"))];
        let mut found: BTreeMap<Str, Defined> = BTreeMap::new();
        for row in connection.query_once(&Sql::with(text, parameters)).await? {
            let (physical, comment): (String, String) = (row.get(0), row.get(1));
            let Some(info) = read_comment(&comment) else { continue };
            let places = places_of(&info.path);
            let defined =
                found.entry(info.name.clone()).or_insert_with(|| Defined { info, places, physical: Vec::new() });
            defined.physical.push(physical);
        }
        Ok(Indexes { defined: found.into_values().collect() })
    }

    pub(crate) fn list(&self) -> Vec<IndexInfo> {
        self.defined.iter().map(|defined| defined.info.clone()).collect()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&IndexInfo> {
        self.defined.iter().map(|defined| &defined.info).find(|info| info.name == name)
    }

    /// The server's names of an index.
    pub(crate) fn physical(&self, name: &str) -> &[String] {
        self.defined.iter().find(|defined| defined.info.name == name).map_or(&[], |defined| &defined.physical)
    }

    /// The index that is said to be used when the server uses this one of its own.
    pub(crate) fn name_of(&self, physical: &str) -> Option<&str> {
        let defined = self.defined.iter().find(|defined| defined.physical.iter().any(|name| name == physical))?;
        Some(&defined.info.name)
    }

    /// Whether there is an index that ranges over this path can use.
    pub(crate) fn has_ordered(&self, path: &Path) -> bool {
        self.defined.iter().any(|defined| defined.info.kind == IndexKind::Ordered && defined.info.path == *path)
    }
}

/// The places of a path, but for the key's type, which indexes on other places do not need.
fn places_of(path: &Path) -> Vec<Place> {
    alternatives(path, KeyType::Text).into_iter().map(|alternative| alternative.place).collect()
}

/// What the comment of one of the server's indexes says of the one that it is part of.
pub(crate) fn comment_of(info: &IndexInfo) -> String {
    let segments: Vec<&str> = info.path.segments().iter().map(Str::as_str).collect();
    let definition =
        json!({"name": info.name, "path": segments, "dotted": info.path.is_dotted(), "kind": info.kind.name()});
    format!("{MARK}{definition}")
}

/// The index that a comment tells of; none where it is somebody else's.
pub(crate) fn read_comment(comment: &str) -> Option<IndexInfo> {
    let definition: Json = serde_json::from_str(comment.strip_prefix(MARK)?).ok()?;
    let segments: Vec<&str> = definition.get("path")?.as_array()?.iter().filter_map(Json::as_str).collect();
    let path = match definition.get("dotted")?.as_bool()? {
        true => Path::dotted(&segments.join(".")),
        false => Path::literal(segments),
    };
    let kind = definition.get("kind")?.as_str()?.parse().ok()?;
    Some(IndexInfo::new(definition.get("name")?.as_str()?, path.ok()?, kind))
}

/// A name for one of the server's indexes: readable, short enough, and another one for each table,
/// index and form.
pub(crate) fn physical_name(table: &str, name: &str, form: &str) -> String {
    let hash = [table, "\0", name, "\0", form]
        .concat()
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    let mut readable: String = format!("{table}_{name}_{form}");
    let room = crate::config::MAX_NAME_BYTES - 17;
    while readable.len() > room {
        readable.pop();
    }
    format!("{readable}_{hash:016x}")
}

/// One of the server's indexes.
struct Form {
    name: String,
    /// What stands behind `ON table`.
    definition: String,
    /// What a partial index is on: where no row is in it, the planner would know nothing of the rows.
    partial: Option<String>,
}

/// The server's indexes that make one.
fn forms(info: &IndexInfo) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    for (number, place) in places_of(&info.path).into_iter().enumerate() {
        let mut add = |name: &str, definition: String, partial: Option<String>| {
            forms.push(Form { name: format!("{name}{number}"), definition, partial });
        };
        if let Place::Id(_) = place {
            let method = if info.kind == IndexKind::Hash { "hash" } else { "btree" };
            add("id", format!("USING {method} (id)"), None);
            continue;
        }
        let json = place.json();
        let mut partial: Vec<(&str, String)> = Vec::new();
        if info.kind == IndexKind::Hash {
            add("hash", format!("USING hash (({json}))"), None);
        } else {
            partial.extend([("number", place.number()), ("string", place.start())]);
            add("boolean", format!("USING btree (({json})) WHERE jsonb_typeof({json}) = 'boolean'"), Some(json));
        }
        partial.extend(place.instant().map(|instant| ("instant", instant)));
        for (name, value) in partial {
            add(name, format!("USING btree (({value})) WHERE {value} IS NOT NULL"), Some(value));
        }
    }
    if forms.is_empty() {
        // Nothing can be at such a path; the index is there all the same.
        let definition = "USING btree (id) WHERE false".to_owned();
        forms.push(Form { name: "nothing".to_owned(), definition, partial: None });
    }
    forms
}

/// The first server that keeps statistics of expressions.
const EXPRESSION_STATISTICS: i32 = 140_000;

/// Makes an index, unless it is there; another one of its name is an error.
pub(crate) async fn create(connection: &Connection, table: &DocumentTable, info: &IndexInfo) -> Result<()> {
    let lock = constant(&format!("dataknobs-data {}", table.sql));
    connection.batch(&format!("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended({lock}, 0))")).await?;
    let made = create_alone(connection, table, info).await;
    connection.batch(if made.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    made
}

async fn create_alone(connection: &Connection, table: &DocumentTable, info: &IndexInfo) -> Result<()> {
    let sql = &table.sql;
    match Indexes::load(connection, sql).await?.find(&info.name) {
        Some(other) if other == info => return Ok(()),
        Some(_) => return Err(taken(&info.name)),
        None => {}
    }
    let comment = constant(&comment_of(info));
    let namespace = table.namespace();
    let mut text = String::new();
    for Form { name, definition, partial } in forms(info) {
        let physical = identifier(&physical_name(&table.name, &info.name, &name));
        text.push_str(&format!("CREATE INDEX {physical} ON {sql} {definition}; "));
        text.push_str(&format!("COMMENT ON INDEX {namespace}{physical} IS {comment}; "));
        if let (Some(value), true) = (partial, table.server >= EXPRESSION_STATISTICS) {
            text.push_str(&format!("CREATE STATISTICS {namespace}{physical} ON ({value}) FROM {sql}; "));
        }
    }
    connection.batch(&text).await
}

/// Drops the server's indexes of one.
pub(crate) async fn drop(connection: &Connection, table: &DocumentTable, physical: &[String]) -> Result<()> {
    let namespace = table.namespace();
    let names: Vec<String> = physical.iter().map(|name| format!("{namespace}{}", identifier(name))).collect();
    let names = names.join(", ");
    connection.batch(&format!("DROP INDEX IF EXISTS {names}; DROP STATISTICS IF EXISTS {names}")).await
}

/// The error for an index of the same name that is not the same.
pub(crate) fn taken(name: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, "another index has this name").with_context("index", format!("`{name}`"))
}
