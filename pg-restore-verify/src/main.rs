//! Prove that PostgreSQL backups restore.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod announced;
mod archive;
mod attribute_versions;
mod checks;
mod checksum;
mod cli;
mod contents;
mod copy_out;
mod decoder;
mod globals;
mod instants;
mod large_objects;
mod listing;
mod live;
mod note;
mod promised;
mod proof;
mod reading;
mod record;
mod recovery;
mod redump;
mod restore;
mod restriction;
mod roles;
mod rows;
mod schema;
mod scratch;
mod selection;
mod sequences;
mod server;
mod servers;
mod source;
mod tables;
mod threads;
mod unproved;
mod verify;

use std::process::ExitCode;

use shared::cli::Context;
use shared::{Exit, Result};

use cli::{Mode, Options};
use servers::Servers;

fn main() -> ExitCode {
    shared::main(&cli::TOOL, run)
}

fn run(options: Options, context: &Context) -> Result<Exit> {
    match options.mode {
        Mode::Prove | Mode::ArchiveOnly => verify(&options, context),
        Mode::List => {
            let backups = selection::backups(&options.selection, context)?;
            listing::list(backups, options.jobs(), context)
        }
        Mode::Live => live::check(&options, context),
        Mode::PointInTime => recovery::verify(&options, context),
    }
}

fn verify(options: &Options, context: &Context) -> Result<Exit> {
    let backups = selection::backups(&options.selection, context)?;
    let mut servers = Servers::new(options, context)?;
    let mut findings = record::Findings::new(context);
    for backup in backups {
        let tried = verify::backup(&backup?, options, &mut servers, context, &mut findings);
        if let Err(error) = tried {
            findings.not_tried(error)?;
        }
    }
    findings.finish()
}
