//! `--rotate`, and what follows a backup: deletes what the policy doesn't keep.

use std::collections::{HashMap, HashSet};

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
use crate::scope::{Scope, Subject};

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
        exit = name_problems(&backups, &mut records, context)?;
        rehearse(
            &judge_all(&options.policy, backups, time::now()),
            &mut records,
        )?;
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
    let kinds: Vec<Option<(Subject, Origin)>> = backups.iter().map(kind).collect();
    let mut origins: HashMap<&Subject, HashSet<&Origin>> = HashMap::new();
    for (subject, origin) in kinds.iter().flatten() {
        origins.entry(subject).or_default().insert(origin);
    }
    let joined = |subject: &Subject, origin: &Origin| {
        let of = |adopted: bool| {
            let all = origins.get(subject).into_iter().flatten();
            all.filter(move |origin| matches!(origin, Origin::Adopted(_)) == adopted)
        };
        match (of(false).next(), of(false).count(), of(true).count()) {
            (Some(server), 1, 1) => (*server).clone(),
            _ => origin.clone(),
        }
    };
    let keys: Vec<_> = kinds
        .iter()
        .map(|kind| {
            kind.as_ref()
                .map(|(subject, origin)| (subject, joined(subject, origin)))
        })
        .collect();
    let mut places = HashMap::new();
    let mut all: Vec<Vec<Backup>> = Vec::new();
    for (backup, key) in backups.into_iter().zip(keys) {
        let Some(key) = key else { continue };
        let place = *places.entry(key).or_insert(all.len());
        match all.get_mut(place) {
            Some(series) => series.push(backup),
            None => all.push(vec![backup]),
        }
    }
    all
}

/// Where a backup is from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Origin {
    /// By its identifier, or else by how it was reached.
    Server(Option<String>, Option<String>),
    /// With what its name shares with others.
    Adopted(Option<String>),
}

fn kind(backup: &Backup) -> Option<(Subject, Origin)> {
    let manifest = backup.manifest.as_ref()?;
    let origin = match manifest.adopted {
        true => Origin::Adopted(manifest.names.clone()),
        false => Origin::Server(manifest.system_identifier.clone(), manifest.origin.clone()),
    };
    Some((Subject::of(backup)?, origin))
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
    for verdict in verdicts {
        let action = if verdict.is_kept() {
            "kept"
        } else {
            "would_delete"
        };
        let record = Record::of(action, &verdict.backup, now);
        records.write(&record.because(verdict.reason()))?;
    }
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
    let mut exit = Exit::Ok;
    let mut done = Vec::with_capacity(verdicts.len());
    for verdict in verdicts {
        if signals::received().is_some() {
            break;
        }
        let mut record = Record::of("kept", &verdict.backup, now).because(verdict.reason());
        if !verdict.is_kept() {
            record.action = "deleted".into();
            record.restore_command = None;
            if let Err(error) = folder.delete(&verdict.backup) {
                let error = format!(
                    "could not delete {}: {}",
                    verdict.backup.path.display(),
                    error.message()
                );
                context.warn(&error);
                record = Record::of("failed", &verdict.backup, now).because(error);
                exit = Exit::Found;
            }
        }
        done.push(record);
    }
    if done.iter().any(|record| record.action == "deleted") {
        folder.sync()?;
    }
    done.iter().try_for_each(|record| records.write(record))?;
    Ok(exit)
}
