//! `dk completions`: the completion script of a shell.

use clap::Args;
use clap_complete::Shell;

use crate::exit::Outcome;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::cli::command(), "dk", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}
