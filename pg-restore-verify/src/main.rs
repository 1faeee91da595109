//! Prove that PostgreSQL backups restore.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod archive;
mod checksum;
mod cli;
mod contents;
mod copy_out;
mod decoder;
mod instants;
mod large_objects;
mod note;
mod promised;
mod proof;
mod record;
mod redump;
mod restore;
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
    let mut findings = record::Findings::new(context);
    for backup in selection::backups(&options.selection, context)? {
        verify::backup(&backup?, &options, context, &mut findings)?;
    }
    findings.finish()
}
