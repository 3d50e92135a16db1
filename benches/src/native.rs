//! The native way: the simplest structure with the same guarantees, and loops written by hand.

use std::sync::{Arc, RwLock};

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde_json::{Map, Value as Json};

pub(crate) type Row = Arc<Map<String, Json>>;

#[derive(Default)]
pub(crate) struct Native {
    rows: RwLock<IndexMap<String, Row>>,
}

// A poisoned lock means that a benchmark panicked already.
#[allow(clippy::unwrap_used)]
impl Native {
    /// False when the id is taken.
    pub(crate) fn create(&self, id: String, row: Map<String, Json>) -> bool {
        match self.rows.write().unwrap().entry(id) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Arc::new(row));
                true
            }
        }
    }

    pub(crate) fn create_batch(&self, rows: Vec<(String, Map<String, Json>)>) -> bool {
        let mut stored = self.rows.write().unwrap();
        if rows.iter().any(|(id, _)| stored.contains_key(id)) {
            return false;
        }
        stored.extend(rows.into_iter().map(|(id, row)| (id, Arc::new(row))));
        true
    }

    pub(crate) fn read(&self, id: &str) -> Option<Row> {
        self.rows.read().unwrap().get(id).cloned()
    }

    pub(crate) fn search(&self, min_age: i64, city: &str, limit: usize) -> Vec<(String, Row)> {
        let rows = self.rows.read().unwrap();
        let mut found: Vec<(&String, &Row, f64)> = rows
            .iter()
            .filter(|(_, row)| {
                row.get("age").and_then(Json::as_i64).is_some_and(|age| age > min_age)
                    && row.get("city").and_then(Json::as_str) == Some(city)
            })
            .map(|(id, row)| (id, row, row.get("score").and_then(Json::as_f64).unwrap_or(f64::NEG_INFINITY)))
            .collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(b.0)));
        found.truncate(limit);
        found.into_iter().map(|(id, row, _)| (id.clone(), row.clone())).collect()
    }

    pub(crate) fn count(&self, min_age: i64) -> usize {
        let rows = self.rows.read().unwrap();
        rows.values().filter(|row| row.get("age").and_then(Json::as_i64).is_some_and(|age| age > min_age)).count()
    }

    pub(crate) fn named(&self, name: &str) -> Vec<(String, Row)> {
        let rows = self.rows.read().unwrap();
        rows.iter()
            .filter(|(_, row)| row.get("name").and_then(Json::as_str) == Some(name))
            .map(|(id, row)| (id.clone(), row.clone()))
            .collect()
    }
}
