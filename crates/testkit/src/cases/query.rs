//! Searches of case files: every form of the query, asked of one subject.

use dataknobs_data_core::{Error, Filter, Path, Query, Record};

use super::form::Raw;
use super::load::{Found, Refusal, id_of};
use super::subject::Subject;
use super::unchecked;
use crate::failure::{Failure, Outcome, ensure, ensure_eq};

/// The query of a case.
pub(super) struct AskedQuery {
    given: Result<Query, Error>,
    /// The same query after a round trip, by what it went through.
    others: Vec<(&'static str, Result<Query, Error>)>,
    /// The query by way of the builder, which lets mistakes through.
    built: Option<Query>,
}

impl AskedQuery {
    pub(super) fn from_json(raw: Raw) -> Self {
        let mut asked = AskedQuery::new(Query::from_json_text(raw.get()));
        if asked.given.is_err() {
            asked.built = super::value::json(&raw).ok().and_then(|json| unchecked::query(&json));
        }
        asked
    }

    pub(super) fn from_text(text: &str) -> Self {
        AskedQuery::new(Query::parse(text))
    }

    fn new(given: Result<Query, Error>) -> Self {
        let others = match &given {
            Ok(query) => vec![
                ("JSON", Query::from_json(query.to_json())),
                ("JSON text", Query::from_json_text(&query.to_json().to_string())),
                ("text", through_text(query)),
            ],
            Err(_) => Vec::new(),
        };
        AskedQuery { given, others, built: None }
    }

    /// The query as given and after each round trip.
    fn forms(&self) -> Outcome<Vec<(&'static str, &Query)>> {
        let place = |name: &str| format!("the query through {name}");
        let mut forms = vec![("itself", as_given(&self.given)?)];
        for (name, form) in &self.others {
            let query = form.as_ref().map_err(|error| Failure::new(error.to_string()).at(place(name)))?;
            // Text joins nested lists of one kind, so there only the results can be compared.
            ensure!(*name == "text" || query == forms[0].1, "{} is {query:?}", place(name));
            forms.push((name, query));
        }
        Ok(forms)
    }

    /// The paths that the query looks at.
    pub(super) fn add_paths(&self, paths: &mut Vec<Path>) {
        let Ok(query) = &self.given else { return };
        paths_of(query.filters(), paths);
        paths.extend(query.sort_keys().iter().map(|key| key.path.clone()));
    }
}

pub(super) fn paths_of(filters: &[Filter], paths: &mut Vec<Path>) {
    for filter in filters {
        match filter {
            Filter::All(filters) | Filter::Any(filters) => paths_of(filters, paths),
            Filter::Not(filter) => paths_of(std::slice::from_ref(filter), paths),
            Filter::Test(test) => paths.push(test.path().clone()),
        }
    }
}

/// The query written as text and read again, with what text cannot say.
pub(super) fn through_text(query: &Query) -> Result<Query, Error> {
    let mut read = Query::parse(&query.to_string())?;
    if let Some(names) = query.projection() {
        read = read.select(names.iter().cloned());
    }
    if let Some(token) = query.after_token() {
        read = read.after(token);
    }
    Ok(read)
}

fn as_given(given: &Result<Query, Error>) -> Outcome<&Query> {
    given.as_ref().map_err(|error| Failure::new(format!("the query is refused: {error}")))
}

/// Why a case does not apply, if it does not.
pub(super) type Skipped = Option<&'static str>;

/// Checks what a subject finds for a query.
pub(super) async fn check(subject: &Subject<'_>, asked: &AskedQuery, expected: &Found) -> Outcome<Skipped> {
    if let Found::Refused(refusal) = expected {
        return check_refusal(subject, asked, refusal).await;
    }
    for (name, query) in asked.forms()? {
        check_form(subject, query, expected).await.map_err(|failure| failure.at(format!("through {name}")))?;
    }
    Ok(None)
}

async fn check_form(subject: &Subject<'_>, query: &Query, expected: &Found) -> Outcome {
    match expected {
        Found::Ids { ids, ordered } => {
            let found = subject.search(query).await?.records;
            let mut found: Vec<&str> = found.iter().map(id_of).collect();
            let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            if !ordered {
                found.sort_unstable();
                ids.sort_unstable();
            }
            ensure_eq!(found, ids, "the ids");
        }
        Found::Count(count) => ensure_eq!(subject.count(query).await?, *count, "the count"),
        Found::Records { records, ordered } => {
            let mut found = subject.search(query).await?.records;
            let mut expected: Vec<&Record> = records.iter().collect();
            if !ordered {
                found.sort_by(|a, b| id_of(a).cmp(id_of(b)));
                expected.sort_by(|a, b| id_of(a).cmp(id_of(b)));
            }
            let ids: Vec<&str> = found.iter().map(id_of).collect();
            let expected_ids: Vec<&str> = expected.iter().copied().map(id_of).collect();
            ensure_eq!(ids, expected_ids, "the ids");
            for (record, expected) in found.iter().zip(expected) {
                subject.same_fields(record, expected)?;
            }
        }
        Found::Pages { size, ids } => check_pages(subject, query, *size, ids).await?,
        Found::Refused(_) => {}
    }
    Ok(())
}

async fn check_pages(subject: &Subject<'_>, query: &Query, size: u64, expected: &[Vec<String>]) -> Outcome {
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut page = query.clone().limit(size);
    loop {
        let found = subject.search(&page).await?;
        if found.records.is_empty() {
            break;
        }
        pages.push(found.records.iter().map(|record| id_of(record).to_owned()).collect());
        // More pages than expected are wrong; there is no end to wait for.
        let Some(after) = found.after.filter(|_| pages.len() <= expected.len()) else { break };
        page = page.after(after);
    }
    ensure_eq!(pages, expected, "the pages");
    let all: Vec<String> = subject.search(query).await?.records.iter().map(|record| id_of(record).to_owned()).collect();
    ensure_eq!(pages.concat(), all, "the pages joined");
    Ok(())
}

/// The reference is where the JSON or text is refused; a store is handed what a builder made with
/// the same mistake, and must not be asked.
async fn check_refusal(subject: &Subject<'_>, asked: &AskedQuery, refusal: &Refusal) -> Outcome<Skipped> {
    match (&asked.given, subject.store()) {
        (Err(error), None) => refusal.check_error(error)?,
        (Err(_), Some(store)) => match &asked.built {
            Some(query) => store.refuses_query(query, refusal).await?,
            None => return Ok(Some(unchecked::NOT_BUILT)),
        },
        (Ok(_), None) => return Err(Failure::new("the query is not refused when it is read")),
        (Ok(query), Some(store)) => store.refuses_query(query, refusal).await?,
    }
    Ok(None)
}
