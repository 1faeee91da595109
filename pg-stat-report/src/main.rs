//! The state of a PostgreSQL server, as rows and as checks.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod advice;
mod baseline;
mod bloat;
mod check;
mod checks;
mod cli;
mod config;
mod disk;
mod given;
mod limits;
mod listing;
mod logs;
mod look;
mod narrow;
mod output;
mod parts;
mod patience;
mod patterns;
#[cfg(any(test, fuzzing))]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // what is wrong there is a find
pub mod readers;
mod record;
mod report;
mod row;
mod section;
mod sections;
mod server;
mod servers;
mod sight;
mod target;
mod there;
mod turns;
mod verdict;
mod walk;
mod words;

use std::process::ExitCode;

use shared::cli::Context;
use shared::{Exit, Result};

use cli::Options;
use output::nagios;

fn main() -> ExitCode {
    shared::main(&cli::TOOL, run)
}

fn run(mut options: Options, context: &Context) -> Result<Exit> {
    options.is_drawn = output::is_drawn(context);
    match options.listing {
        Some(listing) => listing.write(context),
        None => match report::report(&options, context) {
            Err(error) if nagios::is_refused(context, &error) => nagios::refuse(&error),
            result => result,
        },
    }
}
