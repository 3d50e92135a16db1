//! A whole run over one target.

use std::path::{Path as FilePath, PathBuf};
use std::time::{Duration, Instant};

use dataknobs_data_core::{Aggregation, Query};

use super::aggregate::compare_aggregation;
use super::case::{compare_query_forms, paths_of};
use super::compare::compare;

use super::shrink::shrink;
use super::{Case, Store, Target, Trial};
use crate::generate::{Contents, Operation, Rng, Vocabulary};

/// How many queries and aggregations run over the same contents, and how many writes make a
/// sequence.
const QUERIES: u64 = 20;
const AGGREGATIONS: usize = 6;
const WRITES: usize = 14;

/// After so many differences a run ends: one mistake makes many of them.
const ENOUGH: usize = 3;

/// How much to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many pairs of contents and query. For each 20 of them there are 6
    /// aggregations and a sequence of writes.
    pub cases: u64,
    /// Where it all comes from.
    pub seed: u64,
    /// Where kept cases are, and shrunk ones go. None to do without both.
    pub regressions: Option<PathBuf>,
}

/// What a run found.
#[derive(Debug)]
pub struct Report {
    /// The target.
    pub target: Target,
    /// How many pairs of contents and query were compared.
    pub pairs: u64,
    /// How many sequences of writes.
    pub sequences: u64,
    /// How many kept cases were replayed.
    pub replayed: u64,
    /// What differed.
    pub differences: Vec<Difference>,
    /// How long it took.
    pub elapsed: Duration,
}

/// One difference between a store and the reference.
#[derive(Debug)]
pub struct Difference {
    /// In words.
    pub description: String,
    /// A small case that shows it.
    pub case: Case,
    /// The file that keeps it.
    pub file: Option<PathBuf>,
}

impl Report {
    /// Pairs compared per second, writes included.
    pub fn pairs_per_second(&self) -> f64 {
        self.pairs as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The folder that comes with the source, wherever the run is started.
pub fn regressions_folder() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("regressions")
}

/// Replays the kept cases, then runs random ones.
///
/// # Errors
/// A kept case that cannot be read.
pub async fn run(target: Target, options: &Options) -> std::io::Result<Report> {
    let started = Instant::now();
    let mut report =
        Report { target, pairs: 0, sequences: 0, replayed: 0, differences: Vec::new(), elapsed: Duration::ZERO };
    if let Some(folder) = &options.regressions {
        for (name, case) in Case::load_all(folder)? {
            report.replayed += 1;
            if let Err(difference) = case.run(target).await {
                let file = Some(folder.join(&name));
                report.differences.push(Difference { description: difference, case, file });
            }
        }
    }
    // Kept cases that differ are known; they leave room for new ones.
    let known = report.differences.len();
    let mut round = 0;
    while report.pairs < options.cases && report.differences.len() < known + ENOUGH {
        let mut rng = Rng::of(options.seed, &format!("round {round}"));
        let queries = QUERIES.min(options.cases - report.pairs);
        run_round(&mut rng, queries, options, &mut report).await;
        round += 1;
    }
    report.elapsed = started.elapsed();
    Ok(report)
}

/// Some queries over the same contents, then a sequence of writes.
async fn run_round(rng: &mut Rng, queries: u64, options: &Options, report: &mut Report) {
    let target = report.target;
    let contents = Contents::generate(rng, target.limits());
    let vocabulary = Vocabulary::of(&contents);
    let seed = rng.bits();
    let case = |trial| Case { target, seed, contents: contents.records.clone(), trial };

    let queries: Vec<Query> = (0..queries).map(|_| vocabulary.query(rng)).collect();
    let aggregations: Vec<Aggregation> = (0..AGGREGATIONS).map(|_| vocabulary.aggregation(rng)).collect();
    match open(target, seed, &contents, &queries).await {
        Ok(store) => {
            for query in &queries {
                report.pairs += 1;
                let compared = match compare_query_forms(target, &contents.records, query) {
                    Ok(()) => compare(&store, store.limits(), &contents.records, query, seed).await,
                    different => different,
                };
                if let Err(difference) = compared {
                    keep(report, options, case(Trial::Query(query.clone())), difference).await;
                }
            }
            for aggregation in aggregations {
                let compared = compare_aggregation(&store, &contents.records, &aggregation).await;
                if let Err(difference) = compared {
                    keep(report, options, case(Trial::Aggregation(aggregation)), difference).await;
                }
            }
        }
        Err(difference) => {
            report.pairs += queries.len() as u64;
            keep(report, options, case(Trial::Query(Query::new())), difference).await;
        }
    }

    let writes = (0..rng.between(1, WRITES)).map(|_| Operation::generate(rng, &contents, &vocabulary)).collect();
    let case = case(Trial::Writes(writes, vocabulary.query(rng)));
    report.sequences += 1;
    if let Err(difference) = case.run(target).await {
        keep(report, options, case, difference).await;
    }
}

async fn open(target: Target, seed: u64, contents: &Contents, queries: &[Query]) -> Result<Store, String> {
    let opening = async {
        let mut store = Store::open(target, seed, &paths_of(queries)).await?;
        store.load(&contents.records, true).await?;
        Ok(store)
    };
    opening.await.map_err(|error: dataknobs_data_core::Error| format!("load: {error:?}"))
}

/// Shrinks a case that differs and writes it down.
async fn keep(report: &mut Report, options: &Options, case: Case, difference: String) {
    let (case, description) = match case.run(case.target).await {
        Err(difference) => shrink(case, difference).await,
        Ok(()) => (case, format!("{difference} (not when run alone)")),
    };
    let saved = options.regressions.as_deref().map(|folder| case.save(folder, &description));
    let file = saved.and_then(Result::ok);
    report.differences.push(Difference { description, case, file });
}
