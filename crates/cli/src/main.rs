//! The `dk` program: see the library of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(dataknobs_data_cli::main(std::env::args_os()))
}
