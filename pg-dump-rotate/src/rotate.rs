//! `--rotate`, and what follows a backup: deletes what the policy doesn't keep.

pub mod series;
pub mod servers;
mod verdicts;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use shared::backup::{Backup, Backups, State};
use shared::cli;
use shared::records::Writer;
use shared::time::{self, Time};
use shared::{Exit, Result, signals};

use crate::adopt::{Adoption, Found};
use crate::cli::Options;
use crate::folder::{Fate, Folder, Locked};
use crate::problem;
use crate::record::Record;
use crate::scope::{self, Scope};
pub use verdicts::{Verdict, Verdicts};

/// So many are deleted for one wait for the disk. After a kill, so many may have to get their
/// manifests back.
const AT_ONCE: usize = 1024;

/// Rotates what is in the folder, each series apart, without taking a backup.
pub fn run(options: &Options, context: &cli::Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let scope = Scope::of(options, context)?;
    let adoption = Adoption::of(options, scope.only_database())?;
    let folder = match options.dry_run {
        true => None,
        false => Some(Folder::open(&dir)?),
    };
    let found = match (adoption, &folder) {
        (None, _) => Found::default(),
        (Some(adoption), None) => adoption.look(context)?,
        (Some(adoption), Some(folder)) => adoption.adopt(folder, context)?,
    };
    let locked = folder.as_ref().map(|folder| folder.lock(context));
    let locked = locked.transpose()?;
    if let Some(locked) = &locked {
        locked.sweep()?;
    }
    let (backups, unknown) = meant(options, &dir, &scope, found)?;
    let verdicts = Verdicts::of_all(&options.policy, &backups, time::now());
    let deleted = locked.map(|locked| delete(&verdicts, locked));
    scope.warn_of_unknown(unknown, context);
    scope.warn_of_nothing(&backups, &dir, context);
    let mut records = context.records::<Record>();
    let named = name_problems(&backups, &mut records, context);
    let done = match deleted {
        None => rehearse(&verdicts, &mut records).map(|()| Exit::Ok),
        Some(deleted) => deleted.tell(&verdicts, &mut records, context),
    };
    // The process ends, and to free each of a hundred thousand takes a while.
    std::mem::forget(backups);
    let exits = [named?, done?];
    records.finish()?;
    Ok(match exits.contains(&Exit::Found) {
        true => Exit::Found,
        false => Exit::Ok,
    })
}

/// What there is of what is to be rotated, and what is passed over; and how many nobody knows.
fn meant(
    options: &Options,
    dir: &Path,
    scope: &Scope,
    mut found: Found,
) -> Result<(Backups, usize)> {
    let mut backups = Backups::of(dir)?;
    found.add_to(&mut backups);
    let unknown = scope.count_unknown(&backups, &options.adopted);
    scope::keep(&mut backups, |of| of.is_some_and(|of| scope.rotates(of)));
    let broken = found.broken.into_iter();
    let broken = broken.filter(|(_, subject)| scope.rotates(subject));
    backups.add(broken.map(|(backup, _)| backup));
    Ok((backups, unknown))
}

/// Tells of those that can't be relied on: they are passed over. One that is damaged makes the
/// status 1; one without a manifest may be another's.
fn name_problems(
    backups: &Backups,
    records: &mut Writer<Record>,
    context: &cli::Context,
) -> Result<Exit> {
    let mut exit = Exit::Ok;
    let mut told = Ok(());
    let all = backups.glimpses().enumerate();
    let bad = all.filter(|(_, backup)| !backup.is_ok());
    for backup in bad.map(|(place, _)| backups.get(place)) {
        let problem = problem::of(&backup).unwrap_or_default();
        let path = backup.path.display();
        context.warn(format!("{path} is passed over: {problem}"));
        if backup.state != State::NoManifest {
            exit = Exit::Found;
        }
        let record = Record::of("skipped", &backup, time::now()).because(problem);
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
        Record::of(action, &verdict.backup(), now).because(verdict.reason())
    })
}

/// What came of a rotation.
pub struct Deleted {
    /// Those before this number were reached.
    reached: usize,
    /// Why some are still there, by their numbers.
    failed: HashMap<usize, String>,
    /// Those that somebody reads.
    spared: HashSet<usize>,
    synced: Result<()>,
}

/// Deletes what is not kept, and says nothing: the folder is free again when that is told. One that
/// can't be deleted does not save the others.
pub fn delete(verdicts: &Verdicts<'_>, folder: Locked<'_>) -> Deleted {
    let mut unkept = Vec::new();
    for (number, verdict) in verdicts.iter().enumerate() {
        if !verdict.is_kept() {
            unkept.push(number);
        }
    }
    let (mut failed, mut spared) = (HashMap::new(), HashSet::new());
    let mut reached = verdicts.len();
    for some in unkept.chunks(AT_ONCE) {
        if signals::received().is_some() {
            reached = some[0];
            break;
        }
        let backups = some.iter().map(|number| verdicts.get(*number).backup());
        let backups: Vec<Backup> = backups.collect();
        let deleted = folder.delete(&backups);
        for ((number, backup), deleted) in some.iter().zip(&backups).zip(deleted) {
            match deleted {
                Ok(Fate::Deleted) => {}
                Ok(Fate::Spared) => drop(spared.insert(*number)),
                Err(error) => {
                    let path = backup.path.display();
                    let error = format!("could not delete {path}: {}", error.message());
                    failed.insert(*number, error);
                }
            }
        }
    }
    let synced = match unkept.len() > failed.len() + spared.len() {
        true => folder.sync(),
        false => Ok(()),
    };
    Deleted {
        reached,
        failed,
        spared,
        synced,
    }
}

impl Deleted {
    /// Says what was done.
    pub fn tell(
        self,
        verdicts: &Verdicts<'_>,
        records: &mut Writer<Record>,
        context: &cli::Context,
    ) -> Result<Exit> {
        let now = time::now();
        let numbers = 0..self.reached;
        let failed = numbers.filter_map(|number| self.failed.get(&number));
        failed.for_each(|error| context.warn(error));
        let told = records.write_each(self.reached, |number| {
            let verdict = verdicts.get(number);
            match self.spared.contains(&number) {
                true => spared(verdict, now),
                false => done(verdict, self.failed.get(&number), now),
            }
        });
        self.synced.and(told)?;
        Ok(match self.failed.is_empty() {
            true => Exit::Ok,
            false => Exit::Found,
        })
    }
}

/// One that nobody's rule keeps, and that is there.
fn spared(verdict: Verdict<'_>, now: Time) -> Record {
    let reason = format!(
        "{}, but it is being read: a later run deletes it",
        verdict.reason()
    );
    Record::of("kept", &verdict.backup(), now).because(reason)
}

/// What was done with one.
fn done(verdict: Verdict<'_>, failed: Option<&String>, now: Time) -> Record {
    let record = |action| Record::of(action, &verdict.backup(), now);
    match failed {
        Some(error) => record("failed").because(error),
        None if verdict.is_kept() => record("kept").because(verdict.reason()),
        None => record("deleted")
            .without_commands()
            .because(verdict.reason()),
    }
}
