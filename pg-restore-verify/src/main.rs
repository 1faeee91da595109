//! Prove that PostgreSQL backups restore.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod archive;
mod checksum;
mod cli;
mod contents;
mod copy_out;
mod decoder;
mod globals;
mod instants;
mod large_objects;
mod listing;
mod note;
mod promised;
mod proof;
mod reading;
mod record;
mod redump;
mod restore;
mod restriction;
mod roles;
mod rows;
mod schema;
mod selection;
mod sequences;
mod source;
mod tables;
mod threads;
mod verify;

use std::process::ExitCode;

use shared::cli::Context;
use shared::{Exit, Result};

fn main() -> ExitCode {
    shared::main(&cli::TOOL, run)
}

fn run(options: cli::Options, context: &Context) -> Result<Exit> {
    let backups = selection::backups(&options.selection, context)?;
    if options.mode == cli::Mode::List {
        return listing::list(backups, options.jobs(), context);
    }
    let mut findings = record::Findings::new(context);
    for backup in backups {
        let tried = verify::backup(&backup?, &options, context, &mut findings);
        if let Err(error) = tried {
            findings.not_tried(error)?;
        }
    }
    findings.finish()
}
