//! The conformance suite: every rule of the database contract as small behaviours, run over every
//! fixture through the async and the blocking handle.
//!
//! `behaviour.rs` says what a behaviour is and where it applies, `handle.rs` makes one handle of
//! both forms, `watched.rs` looks at what a store is asked, `closing.rs` closes what was opened. The behaviours stand by method in
//! `methods/`, in files named after them; each file ends with the list of its own.

mod behaviour;
mod closing;
mod handle;
mod methods;
mod watched;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use behaviour::Stage;
use closing::Closing;
use futures_util::FutureExt as _;

pub use handle::Form;
pub(crate) use handle::Handle;
pub(crate) use watched::Watched;

use crate::failure::{Failure, Outcome};
use crate::fixture::Fixture;
use crate::report::{Report, Verdict};

/// How long one behaviour may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many behaviours there are.
pub fn behaviour_count() -> usize {
    methods::all().len()
}

/// Tries every behaviour on every fixture, through both forms of the handle.
///
/// Databases that a behaviour leaves open are closed after it.
///
/// Needs a tokio runtime with several threads and with time. A behaviour that panics fails; one
/// that does not apply is counted as such. Those whose name, method included, lacks `only` are left
/// out.
///
/// # Errors
/// When a fixture cannot open a database at all.
pub async fn run_suite_of(fixtures: &[&dyn Fixture], only: &str) -> Outcome<Report> {
    let mut report = Report::new("conformance");
    for fixture in fixtures {
        let fixture = Closing::new(*fixture);
        let database = fixture.open().await?;
        database.connect().await?;
        let capabilities = database.capabilities().clone();
        fixture.close().await?;
        for form in Form::ALL {
            let stage = Stage { fixture: &fixture, form, capabilities: capabilities.clone() };
            let column = format!("{} ({})", fixture.name(), form.name());
            for behaviour in methods::all() {
                let row = format!("{}: {}", behaviour.method, behaviour.name);
                if !row.contains(only) {
                    continue;
                }
                let verdict = if behaviour.applies.to(&stage.capabilities) {
                    let run = AssertUnwindSafe((behaviour.run)(&stage)).catch_unwind();
                    // Only the async form can be interrupted; a blocking call that hangs hangs the suite.
                    let run = tokio::time::timeout(PATIENCE, run).await;
                    let ended = run.unwrap_or_else(|_| Ok(Err(Failure::new("it did not end"))));
                    let outcome = ended.unwrap_or_else(|_| Err(Failure::new("it panicked")));
                    let closed = tokio::time::timeout(PATIENCE, fixture.close()).await;
                    let closed = match closed {
                        Ok(closed) => closed.map_err(|error| Failure::from(error).at("close")),
                        Err(_) => Err(Failure::new("its databases did not close")),
                    };
                    match outcome.and(closed) {
                        Ok(()) => Verdict::Holds,
                        Err(failure) => Verdict::Fails(failure.to_string()),
                    }
                } else {
                    Verdict::NotApplicable(behaviour.applies.to_string())
                };
                report.add(&row, &column, verdict);
            }
        }
    }
    Ok(report)
}

/// [`run_suite_of`] with every behaviour.
///
/// # Errors
/// As there.
pub async fn run_suite(fixtures: &[&dyn Fixture]) -> Outcome<Report> {
    run_suite_of(fixtures, "").await
}
