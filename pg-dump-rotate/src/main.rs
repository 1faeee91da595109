//! Take PostgreSQL backups and keep the right ones.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod adopt;
mod archive;
mod back_up;
mod check;
mod cli;
mod compression;
mod compressor;
mod dump;
mod folder;
mod glob;
mod late;
mod listing;
mod output;
mod partial;
mod pool;
mod problem;
mod psql;
mod record;
mod restore;
mod retention;
mod room;
mod rotate;
mod scope;
mod script;
mod server;
mod watch;

use std::process::ExitCode;

use shared::cli::Context;
use shared::{Exit, Result};

use crate::cli::{Job, Options};

fn main() -> ExitCode {
    shared::main(&cli::TOOL, run)
}

fn run(options: Options, context: &Context) -> Result<Exit> {
    match options.job {
        Job::BackUp => back_up::run(&options, context),
        Job::List => listing::run(&options, context),
        Job::Rotate => rotate::run(&options, context),
        Job::Check => check::run(&options, context),
    }
}
