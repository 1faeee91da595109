//! `--rotate`, and what follows a backup: deletes what the policy doesn't keep.

pub mod series;
mod verdicts;

use std::collections::HashMap;
use std::path::Path;

use shared::backup::{self, Backup, State};
use shared::cli;
use shared::records::Writer;
use shared::time::{self, Time};
use shared::{Exit, Result, signals};

use crate::adopt::{Adoption, Found};
use crate::cli::Options;
use crate::folder::{Folder, Locked};
use crate::problem;
use crate::record::Record;
use crate::scope::{Scope, Subject};
pub use verdicts::{Verdict, Verdicts};

/// So many are deleted for one wait for the disk. After a kill, so many may have to get their
/// manifests back.
const AT_ONCE: usize = 1024;

/// Rotates what is in the folder, each series apart, without taking a backup.
pub fn run(options: &Options, context: &cli::Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let scope = Scope::of(options, context)?;
    let meant = |found: &mut Found| -> Result<Vec<Backup>> {
        let mut backups = backup::list(&dir)?;
        found.add_to(&mut backups);
        scope.warn_of_unknown(&backups, &options.adopted, context);
        backups.retain(|backup| Subject::of(backup).is_some_and(|of| scope.rotates(&of)));
        Ok(backups)
    };
    let mut records = context.records::<Record>();
    let mut exit = Exit::Ok;
    let is_meant = |(backup, subject): (Backup, Subject)| scope.rotates(&subject).then_some(backup);
    if options.dry_run {
        let mut found = Found::look(options, scope.only_database(), context)?;
        let mut backups = meant(&mut found)?;
        backups.extend(found.broken.into_iter().filter_map(is_meant));
        scope.warn_of_nothing(&backups, &dir, context);
        exit = name_problems(&backups, &mut records, context)?;
        let verdicts = Verdicts::of_all(&options.policy, &backups, time::now());
        rehearse(&verdicts, &mut records)?;
        // The process ends, and to free each of a hundred thousand takes a while.
        std::mem::forget(backups);
    } else {
        let folder = Folder::open(&dir)?;
        let mut found = match Adoption::of(options, scope.only_database())? {
            Some(adoption) => adoption.adopt(&folder, context)?,
            None => Found::default(),
        };
        let locked = folder.lock()?;
        locked.sweep(context)?;
        let mut backups = meant(&mut found)?;
        backups.extend(found.broken.into_iter().filter_map(is_meant));
        scope.warn_of_nothing(&backups, &dir, context);
        let named = name_problems(&backups, &mut records, context);
        let verdicts = Verdicts::of_all(&options.policy, &backups, time::now());
        // Without a reader no less.
        let done = carry_out(&verdicts, &locked, &mut records, context);
        if [named?, done?].contains(&Exit::Found) {
            exit = Exit::Found;
        }
    }
    records.finish()?;
    Ok(exit)
}

/// Tells of those that can't be relied on: they are passed over. One that is damaged makes the
/// status 1; one without a manifest may be another's.
fn name_problems(
    backups: &[Backup],
    records: &mut Writer<Record>,
    context: &cli::Context,
) -> Result<Exit> {
    let mut exit = Exit::Ok;
    let mut told = Ok(());
    for backup in backups.iter().filter(|backup| !backup.is_ok()) {
        let problem = problem::of(backup).unwrap_or_default();
        let path = backup.path.display();
        context.warn(format!("{path} is passed over: {problem}"));
        if backup.state != State::NoManifest {
            exit = Exit::Found;
        }
        let record = Record::of("skipped", backup, time::now()).because(problem);
        told = told.and_then(|()| records.write(&record));
    }
    told.map(|()| exit)
}

/// Says what would be done.
pub fn rehearse(verdicts: &Verdicts<'_>, records: &mut Writer<Record>) -> Result<()> {
    let now = time::now();
    records.write_each(verdicts.len(), |number| {
        let verdict = verdicts.get(number);
        let action = match verdict.is_kept() {
            true => "kept",
            false => "would_delete",
        };
        Record::of(action, verdict.backup, now).because(verdict.reason())
    })
}

/// Deletes what is not kept, then says what was done: a reader that goes away does not leave the
/// work half done. One that can't be deleted does not save the others.
pub fn carry_out(
    verdicts: &Verdicts<'_>,
    folder: &Locked<'_>,
    records: &mut Writer<Record>,
    context: &cli::Context,
) -> Result<Exit> {
    let now = time::now();
    let mut unkept = Vec::new();
    for (number, verdict) in verdicts.iter().enumerate() {
        if !verdict.is_kept() {
            unkept.push((number, verdict.backup));
        }
    }
    let mut failed: HashMap<&Path, String> = HashMap::new();
    let mut reached = verdicts.len();
    for some in unkept.chunks(AT_ONCE) {
        if signals::received().is_some() {
            reached = some[0].0;
            break;
        }
        let some: Vec<&Backup> = some.iter().map(|(_, backup)| *backup).collect();
        for (backup, deleted) in some.iter().zip(folder.delete(&some)) {
            if let Err(error) = deleted {
                let path = backup.path.display();
                let error = format!("could not delete {path}: {}", error.message());
                context.warn(&error);
                failed.insert(&backup.path, error);
            }
        }
    }
    if unkept.len() > failed.len() {
        folder.sync()?;
    }
    let exit = match failed.is_empty() {
        true => Exit::Ok,
        false => Exit::Found,
    };
    records.write_each(reached, |number| {
        let verdict = verdicts.get(number);
        done(verdict, failed.get(&*verdict.backup.path), now)
    })?;
    Ok(exit)
}

/// What was done with one.
fn done(verdict: Verdict<'_>, failed: Option<&String>, now: Time) -> Record {
    let record = |action| Record::of(action, verdict.backup, now);
    match failed {
        Some(error) => record("failed").because(error),
        None if verdict.is_kept() => record("kept").because(verdict.reason()),
        None => Record {
            restore_command: None,
            ..record("deleted").because(verdict.reason())
        },
    }
}
