//! Heap bytes per record: live requested bytes by a counting allocator, divided by the records.

#[path = "../native.rs"]
#[allow(dead_code)]
mod native;
#[path = "../people.rs"]
#[allow(dead_code)]
mod people;

use std::alloc::System;

use anyhow::Result;
use dataknobs_data_core::Database;
use native::Native;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RECORDS: usize = 100_000;

fn main() -> Result<()> {
    let runtime = Builder::new_current_thread().build()?;
    let db = Database::memory();
    let native = Native::default();
    // The first record makes what is made once.
    runtime.block_on(db.create(people::record(RECORDS)?))?;

    let region = Region::new(ALLOCATOR);
    runtime.block_on(async {
        for n in 0..RECORDS {
            db.create(people::record(n)?).await?;
        }
        Ok::<_, dataknobs_data_core::Error>(())
    })?;
    let ours = live(&region);

    let region = Region::new(ALLOCATOR);
    for n in 0..RECORDS {
        let (id, row) = people::map(n);
        assert!(native.create(id, row));
    }
    let theirs = live(&region);
    println!("heap per record of 5 fields (2 strings of 12 bytes, integer, float, boolean), {RECORDS} records");
    println!("| | bytes |");
    println!("|---|---:|");
    println!("| memory store, id and overhead included | {ours} |");
    println!("| RwLock<IndexMap<String, Arc<serde_json::Map>>> | {theirs} |");
    Ok(())
}

fn live(region: &Region<'_, System>) -> usize {
    let change = region.change();
    (change.bytes_allocated + change.bytes_reallocated.max(0) as usize - change.bytes_deallocated) / RECORDS
}
