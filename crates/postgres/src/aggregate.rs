//! Aggregation: the server counts how many rows have the same values under the paths that are asked
//! for, and what is computed of them is computed here, by the one implementation there is.

use dataknobs_data_core::{Aggregation, Aggregator, Condition, Path, Result, Table as Answer, Value};
use futures_util::TryStreamExt as _;
use tokio_postgres::Row;

use crate::columns;
use crate::columns::Column;
use crate::columns::kind::Kind;
use crate::columns::leaf::Place;
use crate::connection::Connection;
use crate::document::place::{Place as DocumentPlace, alternatives, pick};
use crate::document::query::push_condition;
use crate::document::read::value_of;
use crate::error::from_driver;
use crate::sql::Sql;
use crate::table::Table;
use crate::work::Raw;

/// How a value comes.
enum Source {
    /// JSON text, and the recorded type.
    Document(usize),
    /// A column of the table, as it is sent.
    Column { at: usize, column: usize },
    /// The id as text.
    Id(usize),
    /// Nothing is there.
    Nothing,
}

/// A statement, and where the values of keys and inputs stand in its rows; the last column counts.
pub(crate) struct Counting {
    sql: Sql,
    keys: Vec<Source>,
    inputs: Vec<Source>,
    counted: usize,
}

struct Selection {
    expressions: Vec<String>,
}

impl Selection {
    fn add(&mut self, expression: String) -> usize {
        let known = self.expressions.iter().position(|known| *known == expression);
        known.unwrap_or_else(|| {
            self.expressions.push(expression);
            self.expressions.len() - 1
        })
    }

    /// The place of a path's value; none where the server cannot say it.
    fn source(&mut self, table: &Table, path: &Path) -> Option<Source> {
        match table {
            Table::Documents(table) => {
                let places = alternatives(path, table.key);
                if places.is_empty() {
                    return Some(Source::Nothing);
                }
                let at = self.expressions.len();
                // Two columns that always stand side by side.
                self.expressions.push(format!("({})::text", pick(&places, |place| Some(place.json()))));
                self.expressions.push(
                    pick(&places, |place| {
                        place
                            .recorded_type()
                            .or_else(|| matches!(place, DocumentPlace::Id(_)).then(|| "'STRING'".to_owned()))
                    }) + "::text",
                );
                Some(Source::Document(at))
            }
            Table::Columns(table) => match columns::leaf::places(table, path)[..] {
                [] => Some(Source::Nothing),
                [Place::Id] => Some(Source::Id(self.add(table.id_text()))),
                [Place::Column(column)] => {
                    let Column { sql, kind, .. } = &table.columns[column];
                    let mut value = kind.wire(sql);
                    if matches!(kind, Kind::Text { .. } | Kind::Named { .. }) {
                        // Texts that a collation takes for one are two.
                        value = format!("({value}) COLLATE \"C\"");
                    }
                    let at = self.add(value);
                    Some(Source::Column { at, column })
                }
                _ => None,
            },
        }
    }
}

impl Counting {
    /// None where the server cannot group by what is asked for.
    pub(crate) fn new(table: &Table, condition: &Condition, aggregation: &Aggregation) -> Option<Self> {
        let mut selection = Selection { expressions: Vec::new() };
        let keys: Option<Vec<Source>> =
            aggregation.group_keys().iter().map(|key| selection.source(table, &key.path)).collect();
        let inputs: Option<Vec<Source>> = aggregation
            .aggregates()
            .iter()
            .map(|aggregate| match &aggregate.path {
                Some(path) => selection.source(table, path),
                None => Some(Source::Nothing),
            })
            .collect();
        let (keys, inputs, counted) = (keys?, inputs?, selection.expressions.len());
        let mut columns = selection.expressions.join(", ");
        if counted > 0 {
            columns.push_str(", ");
        }
        let mut sql = Sql::new(format!("SELECT {columns}count(*) FROM {} AS t", table.sql()));
        if !condition.is_true() {
            sql.push(" WHERE ");
            match table {
                Table::Documents(table) => push_condition(&mut sql, condition, table.key, &*table.indexes()),
                Table::Columns(table) => columns::query::push_condition(&mut sql, table, condition),
            }
        }
        if counted > 0 {
            let places: Vec<String> = (1..=counted).map(|place| place.to_string()).collect();
            sql.push(&format!(" GROUP BY {}", places.join(", ")));
        }
        Some(Counting { sql, keys, inputs, counted })
    }

    /// Runs the statement and computes.
    pub(crate) async fn run(
        &self,
        connection: &Connection,
        table: &Table,
        aggregation: &Aggregation,
    ) -> Result<Answer> {
        let mut aggregator = Aggregator::new(aggregation)?;
        let rows = connection.stream(&self.sql.text, &self.sql.parameters).await?;
        futures_util::pin_mut!(rows);
        while let Some(row) = rows.try_next().await.map_err(from_driver)? {
            let times: i64 = row.get(self.counted);
            let times = u64::try_from(times).unwrap_or_default();
            // Over nothing, a statement without groups has a row all the same.
            if times > 0 {
                let values = |sources: &[Source]| -> Result<Vec<Value>> {
                    sources.iter().map(|source| source.value(&row, table)).collect()
                };
                aggregator.push_values(&values(&self.keys)?, &values(&self.inputs)?, times)?;
            }
        }
        aggregator.finish()
    }
}

impl Source {
    fn value(&self, row: &Row, table: &Table) -> Result<Value> {
        let raw = |at: usize| row.get::<_, Option<Raw<'_>>>(at).map(|raw| raw.0);
        Ok(match self {
            Source::Nothing => Value::Null,
            Source::Id(at) => row.get::<_, Option<&str>>(*at).into(),
            Source::Document(at) => match raw(*at) {
                Some(text) => value_of(text, row.get(*at + 1))?,
                None => Value::Null,
            },
            Source::Column { at, column } => match (raw(*at), table) {
                (Some(raw), Table::Columns(table)) => columns::read::value(&table.columns[*column], raw)?,
                _ => Value::Null,
            },
        })
    }
}
