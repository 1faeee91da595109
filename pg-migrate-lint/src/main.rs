//! Say what a PostgreSQL migration would lock, rewrite, lose or break.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod ahead;
mod apply;
mod asked;
mod baseline;
mod body;
mod catalogue;
mod cli;
mod code;
mod config;
mod decode;
mod definitions;
mod drift;
mod dropped;
mod effects;
mod example;
mod finding;
mod fix;
mod fold;
mod gather;
mod history;
mod layout;
mod lint;
mod listing;
mod lock;
mod look;
mod loss;
mod model;
mod name;
mod output;
mod page;
mod parameters;
mod parse;
mod pending;
mod pipeline;
mod reach;
#[cfg(any(test, fuzzing))]
pub mod readers;
mod record;
mod rehearse;
mod report;
mod rollback;
mod rules;
mod run;
mod said;
mod search_path;
mod session;
mod site;
mod sizes;
mod source;
mod suppress;
mod tree;
mod types;
mod unsaid;

// A fuzzer watches memory by an allocator of its own.
#[cfg(not(fuzzing))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;

use shared::cli::Context;
use shared::{Exit, Result};

use cli::Options;
use history::Question;

fn main() -> ExitCode {
    shared::main(&cli::TOOL, run)
}

fn run(options: Options, context: &Context) -> Result<Exit> {
    match (options.listing, options.question, options.rehearsal()) {
        (Some(listing), ..) => listing.write(context),
        (None, Some(Question::RollbackPlan), _) => rollback::plan(&options, context),
        (None, Some(Question::CheckRollback), _) => rollback::check(&options, context),
        (None, Some(Question::Drift), _) => drift::find(&options, context),
        (None, Some(question), _) => history::ask(question, &options, context),
        (None, None, Some(wish)) => rehearse::run(wish, &options, context),
        (None, None, None) => run::lint(&options, context),
    }
}
