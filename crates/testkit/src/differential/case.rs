//! One case: contents, what is done with them, and the seed of the store's set-up.

use std::fs;
use std::io;
use std::path::{Path as FilePath, PathBuf};

use dataknobs_data_core::{Aggregation, Error, Filter, Path, Query, Record, Result};
use serde_json::{Map, Value as Json, json};

use super::aggregate::compare_aggregation;
use super::compare::compare;
use super::forms::compare_forms;
use super::operation_json::{list, wrong};
use super::write::compare_writes;
use super::{Store, Target};
use crate::generate::Operation;

/// What a run tries, and a regression file keeps.
#[derive(Debug, Clone)]
pub struct Case {
    /// The target that it was found on; it is replayed on all.
    pub target: Target,
    /// The seed of what the case leaves open: how the contents get into the store, which paths
    /// are indexed.
    pub seed: u64,
    /// The records that the store holds at the beginning.
    pub contents: Vec<Record>,
    /// What is done with them.
    pub trial: Trial,
}

/// What is done with the contents of a case.
#[derive(Debug, Clone)]
pub enum Trial {
    /// A query.
    Query(Query),
    /// An aggregation.
    Aggregation(Aggregation),
    /// Writes, and a query at the end.
    Writes(Vec<Operation>, Query),
}

impl Case {
    /// Runs the case on a target, which need not be its own.
    ///
    /// # Errors
    /// The first difference, in words.
    pub async fn run(&self, target: Target) -> Result<(), String> {
        let paths = self.paths();
        match &self.trial {
            Trial::Query(query) => {
                compare_query_forms(target, &self.contents, query)?;
                let store = self.open(target, &paths).await?;
                compare(&store, store.limits(), &self.contents, query, self.seed).await
            }
            Trial::Aggregation(aggregation) => {
                compare_aggregation(&self.open(target, &paths).await?, &self.contents, aggregation).await
            }
            Trial::Writes(operations, query) => {
                compare_writes(target, self.seed, &self.contents, operations, (query, &paths)).await
            }
        }
    }

    async fn open(&self, target: Target, paths: &[Path]) -> Result<Store, String> {
        let opening = async {
            let mut store = Store::open(target, self.seed, paths).await?;
            store.load(&self.contents, true).await?;
            Ok(store)
        };
        opening.await.map_err(|error: Error| format!("load: {error:?}"))
    }

    /// The paths that the case asks for; indexes may stand on them.
    fn paths(&self) -> Vec<Path> {
        match &self.trial {
            Trial::Query(query) => paths_of([query]),
            Trial::Aggregation(aggregation) => {
                let mut paths = Vec::new();
                aggregation.filters().iter().for_each(|filter| add_paths(filter, &mut paths));
                distinct(paths)
            }
            Trial::Writes(operations, query) => {
                let queries = operations.iter().filter_map(|operation| match operation {
                    Operation::UpdateWhere(query, _) | Operation::DeleteWhere(query) => Some(query),
                    _ => None,
                });
                paths_of(queries.chain([query]))
            }
        }
    }

    /// The JSON form: `{"target", "seed", "contents": [record document, …], "query"}`, for writes
    /// also `"operations"`; for an aggregation `"aggregation"` in place of the query.
    pub fn to_json(&self) -> Json {
        let mut members = Map::new();
        members.insert("target".into(), self.target.name().into());
        members.insert("seed".into(), self.seed.into());
        members.insert("contents".into(), self.contents.iter().map(Record::to_json).collect());
        match &self.trial {
            Trial::Query(query) => members.insert("query".into(), query.to_json()),
            Trial::Aggregation(aggregation) => members.insert("aggregation".into(), aggregation.to_json()),
            Trial::Writes(operations, query) => {
                members.insert("operations".into(), operations.iter().map(Operation::to_json).collect());
                members.insert("query".into(), query.to_json())
            }
        };
        Json::Object(members)
    }

    /// The case back from [`Case::to_json`].
    ///
    /// # Errors
    /// An error that names the part which is wrong.
    pub fn from_json(json: Json) -> Result<Self> {
        let Json::Object(mut members) = json else { return Err(wrong("case")) };
        members.remove("difference");
        let target = members.remove("target").and_then(|name| Target::named(name.as_str()?));
        let seed = members.remove("seed").and_then(|seed| seed.as_u64());
        let contents = list(members.remove("contents").ok_or_else(|| wrong("contents"))?)?;
        let trial = match (members.remove("aggregation"), members.remove("operations")) {
            (Some(aggregation), _) => Trial::Aggregation(Aggregation::from_json(aggregation)?),
            (None, operations) => {
                let query = Query::from_json(members.remove("query").ok_or_else(|| wrong("query"))?)?;
                match operations {
                    None => Trial::Query(query),
                    Some(operations) => {
                        let operations = list(operations)?.into_iter().map(Operation::from_json);
                        Trial::Writes(operations.collect::<Result<_>>()?, query)
                    }
                }
            }
        };
        Ok(Case {
            target: target.ok_or_else(|| wrong("target"))?,
            seed: seed.ok_or_else(|| wrong("seed"))?,
            contents: contents.into_iter().map(Record::from_json).collect::<Result<_>>()?,
            trial,
        })
    }

    /// Writes the case into a folder, under a name made of its content, so that the same case is
    /// one file.
    ///
    /// # Errors
    /// Whatever the file system reports; also when the case cannot be read back, since a query with
    /// a mistake has no JSON form.
    pub fn save(&self, folder: &FilePath, difference: &str) -> io::Result<PathBuf> {
        let mut json = self.to_json();
        let content = json.to_string();
        Case::from_json(json.clone()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        json["difference"] = json!(difference);
        let hash = content
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}-{hash:016x}.json", self.target.name()));
        fs::write(&path, format!("{json:#}\n"))?;
        Ok(path)
    }

    /// The cases kept in a folder, by file name.
    ///
    /// # Errors
    /// A file that cannot be read or is no case.
    pub fn load_all(folder: &FilePath) -> io::Result<Vec<(String, Case)>> {
        let mut cases = Vec::new();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(cases),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {error}"));
            let json = serde_json::from_slice(&fs::read(&path)?).map_err(|error| invalid(error.to_string()))?;
            let case = Case::from_json(json).map_err(|error| invalid(error.to_string()))?;
            cases.push((name, case));
        }
        cases.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(cases)
    }
}

/// The forms of a query have nothing to do with stores: one target is enough.
pub(super) fn compare_query_forms(target: Target, records: &[Record], query: &Query) -> Result<(), String> {
    if target == Target::Memory { compare_forms(records, query) } else { Ok(()) }
}

/// The paths that queries name, each once.
pub(super) fn paths_of<'a>(queries: impl IntoIterator<Item = &'a Query>) -> Vec<Path> {
    let mut paths: Vec<Path> = Vec::new();
    for query in queries {
        query.filters().iter().for_each(|filter| add_paths(filter, &mut paths));
        paths.extend(query.sort_keys().iter().map(|key| key.path.clone()));
    }
    distinct(paths)
}

fn distinct(paths: Vec<Path>) -> Vec<Path> {
    let mut seen: Vec<Path> = Vec::new();
    for path in paths {
        if !seen.contains(&path) {
            seen.push(path);
        }
    }
    seen
}

fn add_paths(filter: &Filter, paths: &mut Vec<Path>) {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().for_each(|filter| add_paths(filter, paths)),
        Filter::Not(filter) => add_paths(filter, paths),
        Filter::Test(test) => paths.push(test.path().clone()),
    }
}
