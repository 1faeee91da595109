//! Prove that PostgreSQL backups restore.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod afterwards;
mod announced;
mod archive;
mod checks;
mod checksum;
mod choice;
mod cli;
mod compare;
mod contents;
mod copy_out;
mod database;
mod decoder;
mod extensions;
mod globals;
mod instants;
mod large_objects;
mod limits;
mod listing;
mod live;
mod memory;
mod note;
mod preflight;
mod preload;
mod promised;
mod promotion;
mod proof;
mod reading;
mod record;
mod recovery;
mod redump;
mod reference;
mod restore;
mod restriction;
mod roles;
mod room;
mod rows;
mod scratch;
mod selection;
mod sequences;
mod server;
mod servers;
mod settings;
mod source;
mod strays;
mod tables;
mod tally;
mod threads;
mod unproved;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use shared::cli::Context;
use shared::{Error, Exit, Result};

use cli::{Mode, Options};
use servers::Servers;

fn main() -> ExitCode {
    match scratch::as_caretaker() {
        Some(code) => code,
        None => shared::main(&cli::TOOL, run),
    }
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
    compare::reach(&options.checks)?;
    let mut servers = Servers::new(options, context)?;
    let backups = one_to_promote(backups, options)?;
    let mut findings = record::Findings::new(context);
    for backup in backups {
        let tried = verify::backup(&backup?, options, &mut servers, context, &mut findings);
        match tried {
            Ok(()) => servers.hold(&options.after)?,
            Err(error) => findings.not_tried(error)?,
        }
        servers.clean();
    }
    findings.finish()
}

type Backups<'a> = Box<dyn Iterator<Item = Result<PathBuf>> + 'a>;

/// Of several backups none can take the place of a database.
fn one_to_promote<'a>(mut backups: Backups<'a>, options: &Options) -> Result<Backups<'a>> {
    if options.after.promote.is_none() {
        return Ok(backups);
    }
    let first = backups.next();
    match backups.next() {
        None => Ok(Box::new(first.into_iter())),
        Some(_) => Err(Error::usage("--promote takes one backup")),
    }
}
