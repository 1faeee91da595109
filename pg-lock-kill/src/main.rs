//! Show who blocks whom in PostgreSQL, and end it safely.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod act;
mod ballot;
mod cases;
mod chosen;
mod claim;
mod cli;
mod connection;
mod filters;
mod forest;
mod hint;
mod listing;
mod lookout;
mod names;
mod outcome;
mod output;
mod protection;
mod pursuit;
mod record;
mod rights;
mod rounds;
mod run;
mod say;
mod sight;
mod signal;
mod snapshot;
mod suspicion;
mod veto;
mod victims;
mod watch;
mod words;

use std::process::ExitCode;

use shared::cli::Context;
use shared::{Exit, Result};

use cli::{Action, Options};

fn main() -> ExitCode {
    shared::main(&cli::TOOL, run)
}

fn run(options: Options, context: &Context) -> Result<Exit> {
    match options.action {
        Action::None => listing::list(&options, context),
        Action::Cancel | Action::Terminate | Action::Escalate(_) => act::act(&options, context),
    }
}
