//! A process that writes to a file until someone ends it, for the crash tests.
//!
//! `crash_writer operations PATH FORMAT DURABILITY SEED FROM` runs operations from a number on, and
//! prints each number once it is acknowledged. `crash_writer creates PATH FORMAT DURABILITY NAME
//! COUNT` creates so many records named after it.

use std::io::Write;
use std::sync::Arc;

use dataknobs_data_core::{Database, record};
use dataknobs_data_file::{Durability, FileBackend, FileConfig};
use dataknobs_data_testkit::crash::{Operation, held};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, path, format, durability, name, number] = arguments.as_slice() else {
        return Err("usage: crash_writer MODE PATH FORMAT DURABILITY NAME NUMBER".into());
    };
    let mut config = FileConfig::new(path).with_format(format.parse()?);
    config.durability = if durability == "fsync" { Durability::Fsync } else { Durability::Buffered };
    // Small enough to be folded often.
    config.journal_bytes = 2_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let database = Database::from_backend(Arc::new(FileBackend::new(config)?));
    match mode.as_str() {
        "operations" => runtime.block_on(operations(&database, name.parse()?, number.parse()?)),
        "creates" => runtime.block_on(creates(&database, name, number.parse()?)),
        _ => Err("unknown mode".into()),
    }
}

fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes())?;
    Ok(out.flush()?)
}

async fn operations(database: &Database, seed: u64, from: u64) -> Result<(), Failure> {
    let mut model = held(database).await?;
    say("ready")?;
    for number in from.. {
        let operation = Operation::of(seed, number, &model);
        operation.run(database).await?;
        operation.apply(&mut model);
        say(&number.to_string())?;
    }
    Ok(())
}

async fn creates(database: &Database, name: &str, count: u64) -> Result<(), Failure> {
    for number in 0..count {
        database.create(record! { "name": name, "n": number as i64 }?.with_id(format!("{name} {number}"))?).await?;
    }
    database.close().await?;
    Ok(())
}
