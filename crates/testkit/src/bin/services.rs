//! Starts the servers that tests need, says where they are, and ends them when its input ends. With
//! `--durable` they are those of measurements: what is acknowledged is on disk.

#![allow(clippy::print_stdout)] // a command line prints

use std::io::Write as _;

use dataknobs_data_testkit::services::{POSTGRES_VARIABLE, PostgresServer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let durable = std::env::args().any(|argument| argument == "--durable");
    let postgres = if durable { PostgresServer::start_durable() } else { PostgresServer::start() }?;
    println!("{POSTGRES_VARIABLE}={}", postgres.url());
    println!("ready");
    std::io::stdout().flush()?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
