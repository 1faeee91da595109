//! `--rotate`, and what follows a backup: deletes what the policy doesn't keep.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use ::time::UtcOffset;
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
use crate::retention::{self, Candidate, Policy, Trust};
use crate::scope::{Key, Scope, Subject};

/// So many are deleted for one wait for the disk.
const AT_ONCE: usize = 256;

/// Rotates what is in the folder, each series apart, without taking a backup.
pub fn run(options: &Options, context: &cli::Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let scope = Scope::of(options, context)?;
    let meant = |found: &mut Found| -> Result<Vec<Backup>> {
        let mut backups = backup::list(&dir)?;
        found.add_to(&mut backups);
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
        let verdicts = judge_all(&options.policy, backups, time::now());
        rehearse(&verdicts, &mut records)?;
        // The process ends, and to free each of a hundred thousand takes a while.
        std::mem::forget(verdicts);
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
        let verdicts = judge_all(&options.policy, backups, time::now());
        // Without a reader no less.
        let done = carry_out(verdicts, &locked, &mut records, context);
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

/// A backup and why it is kept, or that it isn't.
#[derive(Debug)]
pub struct Verdict {
    pub backup: Backup,
    /// Empty when no rule keeps it.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// True when some rule keeps it.
    pub fn is_kept(&self) -> bool {
        !self.reasons.is_empty()
    }

    /// The reasons, or that there are none.
    pub fn reason(&self) -> String {
        match self.is_kept() {
            true => self.reasons.join("; "),
            false => "no rule keeps it".into(),
        }
    }
}

impl Candidate {
    /// What the rules weigh of this backup.
    fn of(backup: &Backup) -> Self {
        let offset = backup.manifest.as_ref().map_or(0, |m| m.utc_offset_seconds);
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        // None where the last year ends.
        let local = backup.taken_at.checked_to_offset(offset);
        Self {
            taken_at: local.unwrap_or(backup.taken_at),
            trust: match &backup.proof {
                Some(proof) if proof.proved => Trust::Proved,
                Some(_) => Trust::Failed,
                None => Trust::Untried,
            },
        }
    }
}

/// Judges backups of one series, newest first. Only those that can be relied on take part; the
/// others are nobody's to count or to delete.
pub fn judge(policy: &Policy, series: Vec<Backup>, now: Time) -> Vec<Verdict> {
    let good: Vec<Backup> = series.into_iter().filter(Backup::is_ok).collect();
    let candidates: Vec<Candidate> = good.iter().map(Candidate::of).collect();
    let reasons = retention::reasons(policy, &candidates, now);
    good.into_iter()
        .zip(reasons)
        .map(|(backup, reasons)| Verdict { backup, reasons })
        .collect()
}

/// Judges each series of these backups by itself.
pub fn judge_all(policy: &Policy, backups: Vec<Backup>, now: Time) -> Vec<Verdict> {
    let judged = |series| judge(policy, series, now);
    series(backups).into_iter().flat_map(judged).collect()
}

/// Splits backups into series: those of the same database of the same server, under the same
/// label, with the same selection. Keeps their order.
///
/// What was adopted says nothing of its server. It belongs to the one that the others of its database
/// are of; where those are of several servers, or the adopted ones have names of several kinds, those
/// of each kind are a series of their own.
fn series(backups: Vec<Backup>) -> Vec<Vec<Backup>> {
    let places = places(&backups);
    let count = places.iter().flatten().max().map_or(0, |last| last + 1);
    let mut all: Vec<Vec<Backup>> = Vec::new();
    all.resize_with(count, Vec::new);
    for (backup, place) in backups.into_iter().zip(places) {
        if let Some(series) = place.and_then(|place| all.get_mut(place)) {
            series.push(backup);
        }
    }
    all
}

/// The number of the series of each.
fn places(backups: &[Backup]) -> Vec<Option<usize>> {
    let kinds: Vec<Option<Kind<'_>>> = backups.iter().map(Kind::of).collect();
    let mut origins = Origins::new();
    let mut last = None;
    for kind in kinds.iter().flatten() {
        // Most are like the one before.
        if last.replace(kind) != Some(kind) {
            origins.entry(kind.subject).or_default().insert(kind.origin);
        }
    }
    let mut known = HashMap::new();
    let mut last = None;
    let mut places = Vec::with_capacity(kinds.len());
    for kind in kinds {
        places.push(kind.map(|kind| match last {
            Some((like, place)) if like == kind => place,
            _ => {
                let next = known.len();
                let place = *known.entry(kind.joined(&origins)).or_insert(next);
                last = Some((kind, place));
                place
            }
        }));
    }
    places
}

/// Where the backups of each subject are from.
type Origins<'a> = HashMap<Key<'a>, HashSet<Origin<'a>>>;

/// What the backups of a series share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind<'a> {
    subject: Key<'a>,
    origin: Origin<'a>,
}

/// Where a backup is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin<'a> {
    /// By its identifier, or else by how it was reached.
    Server(Option<&'a str>, Option<&'a str>),
    /// With what its name shares with others.
    Adopted(Option<&'a str>),
}

impl<'a> Kind<'a> {
    /// The same, of the one server that others of its subject are of, where it says nothing of it.
    fn joined(self, origins: &Origins<'a>) -> Self {
        let of = |adopted: bool| {
            let all = origins.get(&self.subject).into_iter().flatten();
            all.filter(move |origin| matches!(origin, Origin::Adopted(_)) == adopted)
        };
        let origin = match (of(false).next(), of(false).count(), of(true).count()) {
            (Some(server), 1, 1) => *server,
            _ => self.origin,
        };
        Self { origin, ..self }
    }

    fn of(backup: &'a Backup) -> Option<Self> {
        let manifest = backup.manifest.as_ref()?;
        let names = manifest.names.as_deref();
        Some(Self {
            subject: Subject::key_of(manifest),
            origin: match manifest.adopted {
                true => Origin::Adopted(names),
                false => Origin::Server(
                    manifest.system_identifier.as_deref(),
                    manifest.origin.as_deref(),
                ),
            },
        })
    }
}

/// The series of one of these backups, and the others.
pub fn series_of(new: &Backup, backups: Vec<Backup>) -> (Vec<Backup>, Vec<Backup>) {
    let mut of_new = Vec::new();
    let mut others = Vec::new();
    for series in series(backups) {
        match series.iter().any(|backup| backup.path == new.path) {
            true => of_new = series,
            false => others.extend(series),
        }
    }
    (of_new, others)
}

/// Says what would be done.
pub fn rehearse(verdicts: &[Verdict], records: &mut Writer<Record>) -> Result<Exit> {
    let now = time::now();
    records.write_each(verdicts, |verdict| {
        let action = if verdict.is_kept() {
            "kept"
        } else {
            "would_delete"
        };
        Record::of(action, &verdict.backup, now).because(verdict.reason())
    })?;
    Ok(Exit::Ok)
}

/// Deletes what is not kept, then says what was done: a reader that goes away does not leave the
/// work half done. One that can't be deleted does not save the others.
pub fn carry_out(
    verdicts: Vec<Verdict>,
    folder: &Locked<'_>,
    records: &mut Writer<Record>,
    context: &cli::Context,
) -> Result<Exit> {
    let now = time::now();
    let unkept: Vec<&Backup> = verdicts
        .iter()
        .filter(|verdict| !verdict.is_kept())
        .map(|verdict| &verdict.backup)
        .collect();
    let mut failed: HashMap<&Path, String> = HashMap::new();
    let mut reached = verdicts.len();
    for some in unkept.chunks(AT_ONCE) {
        if signals::received().is_some() {
            let is_next = |verdict: &Verdict| verdict.backup.path == some[0].path;
            reached = verdicts.iter().position(is_next).unwrap_or(0);
            break;
        }
        for (backup, deleted) in some.iter().zip(folder.delete(some)) {
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
    records.write_each(&verdicts[..reached], |verdict| {
        let failed = failed.get(verdict.backup.path.as_path());
        done(verdict, failed, now)
    })?;
    Ok(exit)
}

/// What was done with one.
fn done(verdict: &Verdict, failed: Option<&String>, now: Time) -> Record {
    let record = |action| Record::of(action, &verdict.backup, now);
    match failed {
        Some(error) => record("failed").because(error),
        None if verdict.is_kept() => record("kept").because(verdict.reason()),
        None => Record {
            restore_command: None,
            ..record("deleted").because(verdict.reason())
        },
    }
}
