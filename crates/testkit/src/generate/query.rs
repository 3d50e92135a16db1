//! Whole queries.

use dataknobs_data_core::{Filter, Query, SortKey, SortOrder, SortPosition};

use super::{Rng, Vocabulary};

/// What a query is made of, to take apart and put together again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryParts {
    /// The filters; all must hold.
    pub filters: Vec<Filter>,
    /// The sort.
    pub sort: Vec<SortKey>,
    /// The limit.
    pub limit: Option<u64>,
    /// The offset.
    pub offset: u64,
    /// The names to keep.
    pub projection: Option<Vec<String>>,
    /// The token to continue behind.
    pub after: Option<String>,
}

impl QueryParts {
    /// Takes a query apart.
    pub fn of(query: &Query) -> Self {
        QueryParts {
            filters: query.filters().to_vec(),
            sort: query.sort_keys().to_vec(),
            limit: query.limit_value(),
            offset: query.offset_value(),
            projection: query.projection().map(|names| names.iter().map(ToString::to_string).collect()),
            after: query.after_token().map(ToOwned::to_owned),
        }
    }

    /// Puts the query together.
    pub fn to_query(&self) -> Query {
        let mut query = Query::new().limit(self.limit).offset(self.offset);
        for filter in &self.filters {
            query = query.with_filter(filter.clone());
        }
        for key in &self.sort {
            query = query.sort(&key.path, key.order);
        }
        if let Some(names) = &self.projection {
            query = query.select(names.iter().map(String::as_str));
        }
        if let Some(token) = &self.after {
            query = query.after(token.as_str());
        }
        query
    }
}

impl Vocabulary {
    /// A query over these contents. A few are invalid, which every store must say alike.
    pub fn query(&self, rng: &mut Rng) -> Query {
        let mut parts = QueryParts::default();
        for _ in 0..rng.one_of(&[0, 1, 1, 1, 1, 2, 2, 3]) {
            let depth = rng.one_of(&[0, 0, 0, 1, 2, 3, 4]);
            parts.filters.push(self.filter(rng, depth));
        }
        for _ in 0..rng.one_of(&[0, 0, 0, 1, 1, 2, 3]) {
            parts.sort.push(self.sort_key(rng));
        }
        parts.limit = match rng.below(12) {
            0 => Some(0),
            1..=5 => Some(rng.between(1, 6) as u64),
            6 => Some(rng.between(6, 50) as u64),
            7 => Some(rng.one_of(&[i64::MAX.unsigned_abs(), 1 << 32, 1_000])),
            _ => None,
        };
        parts.offset = match rng.below(12) {
            0 | 1 => rng.between(1, 5) as u64,
            2 => rng.between(5, 60) as u64,
            3 if rng.percent(10) => i64::MAX.unsigned_abs(),
            _ => 0,
        };
        if rng.percent(20) {
            parts.projection = Some(self.projection(rng));
        }
        if !parts.sort.is_empty() && rng.percent(15) {
            parts.offset = 0;
            parts.after = self.token(rng, &parts.sort);
        }
        let query = parts.to_query();
        if rng.percent(2) { spoiled(rng, query) } else { query }
    }

    /// A query that has filters only, as bulk changes want it.
    pub fn filters_only(&self, rng: &mut Rng) -> Query {
        let depth = rng.below(3);
        Query::new().with_filter(self.filter(rng, depth))
    }

    fn sort_key(&self, rng: &mut Rng) -> SortKey {
        let order = if rng.percent(50) { SortOrder::Ascending } else { SortOrder::Descending };
        SortKey { path: self.place(rng).0, order }
    }

    fn projection(&self, rng: &mut Rng) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for _ in 0..rng.below(4) {
            match rng.pick(&self.records).and_then(|record| rng.pick(record.shape().fields())) {
                Some((name, _)) if rng.percent(80) => names.push(name.to_string()),
                _ => names.push(rng.one_of(&["a", "a.b", "nowhere", "_id", "_metadata", "id", ""]).to_owned()),
            }
        }
        names
    }

    /// The position of a record of the contents, or of one that is gone.
    fn token(&self, rng: &mut Rng, sort: &[SortKey]) -> Option<String> {
        let mut record = rng.pick(&self.records)?.clone();
        if rng.percent(20) {
            record = record.with_id(rng.one_of(&["b!", "r100", "0"])).ok()?;
        }
        Some(SortPosition::of(&record, sort).encode(sort).to_string())
    }
}

/// The query with a mistake in it.
fn spoiled(rng: &mut Rng, query: Query) -> Query {
    match rng.below(9) {
        0 => query.filter("a", "LIKE", "x\\"),
        1 => query.filter("a", "REGEX", "(").limit(0),
        2 => query.filter("a..b", "=", 1),
        3 => query.filter("a", "~", 1),
        4 => query.filter("a", "BETWEEN", [1, 2, 3]),
        5 => query.filter("a", "GT", ()),
        6 => query.sort("_score", "ASC"),
        7 => query.after("garbage"),
        _ => query.sort("a", "ASC").after("eyJzIjoiIn0").offset(1),
    }
}
