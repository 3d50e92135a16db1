//! The rules that are written as data in the folder `cases`, tried on the reference and on stores.
//!
//! `files.rs` lists the files, `form.rs` is how they are written, `load.rs` what they say, `value.rs`
//! the values and records in them. `subject.rs` is who is asked. `query.rs`, `aggregate.rs` and
//! `plain.rs` are the kinds of cases, `unchecked.rs` makes queries that only a handle can refuse.

mod aggregate;
mod files;
mod form;
mod load;
mod plain;
mod query;
mod subject;
#[cfg(test)]
mod tests;
mod unchecked;
mod value;

use std::future::Future;
use std::panic::AssertUnwindSafe;

use dataknobs_data_core::{Capabilities, Path};
use futures_util::FutureExt as _;

use self::load::{Case, Collection, Task, Topic};
use self::query::Skipped;
use self::subject::{Store, Subject};
use crate::conformance::Form;
use crate::failure::{Failure, Outcome};
use crate::fixture::Fixture;
use crate::report::{Report, Verdict};

/// The column of what is tried without a store: the written rules themselves.
const REFERENCE: &str = "reference";

/// How many cases there are.
///
/// # Errors
/// When the case files are not what they should be.
pub fn case_count() -> Outcome<usize> {
    Ok(load::topics()?.iter().map(|topic| topic.cases.len()).sum())
}

/// Every path that a case filters or sorts on, for indexes.
///
/// # Errors
/// As [`case_count`].
pub fn indexed_paths() -> Outcome<Vec<Path>> {
    let mut paths = Vec::new();
    for case in load::topics()?.iter().flat_map(|topic| &topic.cases) {
        match &case.task {
            Task::Search { asked, .. } => asked.add_paths(&mut paths),
            Task::Aggregate { asked, .. } => asked.add_paths(&mut paths),
            _ => {}
        }
    }
    let mut distinct: Vec<Path> = Vec::new();
    for path in paths {
        if !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    Ok(distinct)
}

/// Tries every case on the reference and, where it needs records, on every fixture, through both
/// forms of the handle. Rows are called `topic: case`.
///
/// Needs a tokio runtime with several threads and with time. A case that panics fails; one that
/// does not apply to a store is counted as such.
///
/// # Errors
/// When the case files are not what they should be, and when a fixture cannot open a
/// database at all.
pub async fn run_cases(fixtures: &[&dyn Fixture]) -> Outcome<Report> {
    let topics = load::topics()?;
    let mut report = Report::new("cases");
    for topic in &topics {
        for case in &topic.cases {
            let verdict = verdict(on_reference(topic, case)).await;
            report.add(&row(topic, case), REFERENCE, verdict);
        }
    }
    for fixture in fixtures {
        let database = fixture.open().await?;
        database.connect().await?;
        let capabilities = database.capabilities().clone();
        database.close().await?;
        for form in Form::ALL {
            let column = format!("{} ({})", fixture.name(), form.name());
            for topic in &topics {
                for collection in &topic.collections {
                    let run = CollectionRun { fixture: *fixture, form, capabilities: &capabilities, topic, collection };
                    run.add_to(&mut report, &column).await?;
                }
            }
        }
    }
    Ok(report)
}

fn row(topic: &Topic, case: &Case) -> String {
    format!("{}: {}", topic.name, case.name)
}

async fn verdict(run: impl Future<Output = Outcome<Skipped>>) -> Verdict {
    let outcome = AssertUnwindSafe(run).catch_unwind().await;
    match outcome.unwrap_or_else(|_| Err(Failure::new("it panicked"))) {
        Ok(None) => Verdict::Holds,
        Ok(Some(missing)) => Verdict::NotApplicable(missing.to_owned()),
        Err(failure) => Verdict::Fails(failure.to_string()),
    }
}

async fn on_reference(topic: &Topic, case: &Case) -> Outcome<Skipped> {
    match &case.task {
        Task::Search { collection, .. } | Task::Aggregate { collection, .. } => {
            let collection = topic.collections.iter().find(|known| known.name == *collection);
            let records = collection.map_or(&[][..], |collection| &collection.records);
            return on_subject(&Subject::Reference(records), case).await;
        }
        Task::Convert { value, to, expected } => plain::convert(value, *to, expected)?,
        Task::Detect { value, declared, expected } => plain::detect(value, *declared, *expected)?,
        Task::Parse { text, expected } => plain::parse(text, expected)?,
    }
    Ok(None)
}

async fn on_subject(subject: &Subject<'_>, case: &Case) -> Outcome<Skipped> {
    match &case.task {
        Task::Search { asked, expected, .. } => query::check(subject, asked, expected).await,
        Task::Aggregate { asked, expected, .. } => aggregate::check(subject, asked, expected).await,
        _ => Err(Failure::new("this case needs no records")),
    }
}

/// The cases of one collection on one store.
struct CollectionRun<'a> {
    fixture: &'a dyn Fixture,
    form: Form,
    capabilities: &'a Capabilities,
    topic: &'a Topic,
    collection: &'a Collection,
}

impl CollectionRun<'_> {
    /// A collection that no case applies to is not created: the store may be unable to hold it.
    async fn add_to(&self, report: &mut Report, column: &str) -> Outcome {
        let mut applicable = Vec::new();
        for case in self.topic.cases.iter().filter(|case| self.asks_this(case)) {
            match case.requires.iter().find(|requirement| !requirement.is_met(self.capabilities)) {
                Some(missing) => {
                    let verdict = Verdict::NotApplicable(missing.name().to_owned());
                    report.add(&row(self.topic, case), column, verdict);
                }
                None => applicable.push(case),
            }
        }
        if applicable.is_empty() {
            return Ok(());
        }
        let database = self.fixture.open().await?;
        let store = Store::new(self.form, database, &self.collection.records).await;
        let subject = match store {
            Ok(store) => Subject::Store(store),
            Err(failure) => {
                let reason = failure.at(format!("collection `{}`", self.collection.name)).to_string();
                for case in applicable {
                    report.add(&row(self.topic, case), column, Verdict::Fails(reason.clone()));
                }
                return Ok(());
            }
        };
        for case in applicable {
            let verdict = verdict(on_subject(&subject, case)).await;
            report.add(&row(self.topic, case), column, verdict);
        }
        match subject.store() {
            Some(store) => store.close().await,
            None => Ok(()),
        }
    }

    fn asks_this(&self, case: &Case) -> bool {
        match &case.task {
            Task::Search { collection, .. } | Task::Aggregate { collection, .. } => *collection == self.collection.name,
            _ => false,
        }
    }
}
