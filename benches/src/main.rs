//! Times this library and the native way side by side in one process run and prints a table.
//!
//! Each figure is a median over runs that alternate between the two sides, so that a machine that
//! changes its speed changes both. Results are checked to be the same before they are timed.

mod files;
mod memory;
mod native;
mod people;
mod postgres;
mod table;

use anyhow::Result;
use clap::Parser;
use table::Table;

/// Side-by-side benchmarks.
#[derive(Parser)]
struct Options {
    /// Fewer sizes and runs.
    #[arg(long)]
    quick: bool,
    /// Runs per side and row; the median counts.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Only rows whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Numbers of records.
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
    sizes: Vec<usize>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let (sizes, runs) = if options.quick { (vec![1_000, 100_000], 5) } else { (options.sizes, options.runs.max(5)) };
    println!("memory store against RwLock<IndexMap<String, Arc<serde_json::Map>>>, medians of {runs} runs");
    let mut table = Table::new(options.only.clone());
    for size in sizes {
        memory::rows(size, runs, &mut table)?;
    }
    table.print();
    println!();
    println!("file store against appends and writers of the same bytes, synced alike, medians of {runs} runs");
    let mut table = Table::new(options.only.clone());
    files::file_rows(runs, &mut table)?;
    table.print();
    println!();
    if options.only.as_ref().is_none_or(|only| only.starts_with("postgres")) {
        println!(
            "PostgreSQL store against tokio-postgres on the same server, which syncs each commit, medians of {runs} runs"
        );
        let mut table = Table::new(options.only.clone());
        postgres::rows(options.quick, runs, &mut table)?;
        table.print();
        println!();
    }
    heap()
}

/// Memory per record needs a counting allocator, which would slow the timings: a program of its
/// own, built beside this one.
fn heap() -> Result<()> {
    let program = std::env::current_exe()?.with_file_name("heap");
    let status = std::process::Command::new(&program).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => anyhow::bail!("the heap measurement ended with {status}"),
        Err(error) => anyhow::bail!("`{}` could not be run ({error}); build it with --bins", program.display()),
    }
}
