//! `--rotate`, and what follows a backup: deletes what the policy doesn't keep.

use ::time::UtcOffset;
use shared::backup::{self, Backup};
use shared::cli;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need};
use shared::records::Writer;
use shared::time::{self, Time};
use shared::{Exit, Result, signals};

use crate::cli::Options;
use crate::folder::{Folder, Locked};
use crate::record::Record;
use crate::retention::{self, Candidate, Policy, Trust};

/// Rotates what is in the folder, each series apart, without taking a backup.
pub fn run(options: &Options, context: &cli::Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let database = database(options, context)?;
    let is_meant = |backup: &Backup| {
        let manifest = backup.manifest.as_ref();
        manifest.is_some_and(|manifest| {
            manifest.label == options.label
                && database
                    .as_ref()
                    .is_none_or(|name| manifest.database.as_ref() == Some(name))
        })
    };
    let judged = || -> Result<Vec<Verdict>> {
        let mut backups = backup::list(&dir)?;
        backups.retain(is_meant);
        Ok(judge_all(&options.policy, backups, time::now()))
    };
    let mut records = context.records::<Record>();
    let exit = if options.dry_run {
        rehearse(&judged()?, &mut records)?
    } else {
        let folder = Folder::open(&dir)?;
        let locked = folder.lock()?;
        locked.sweep(context)?;
        carry_out(judged()?, &locked, &mut records, context)?
    };
    records.finish()?;
    Ok(exit)
}

/// The database named by -d; the environment alone restricts neither a rotation nor a list.
pub fn database(options: &Options, context: &cli::Context) -> Result<Option<String>> {
    let Some(dbname) = options.databases.first() else {
        return Ok(None);
    };
    let given = ConnectArgs {
        dbname: Some(dbname.clone()),
        ..context.common.connect.clone()
    };
    let conninfo = Conninfo::resolve(&given, &Environment::of_process(), Need::Session)?;
    Ok(Some(conninfo.database().to_string()))
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
        Self {
            taken_at: backup.taken_at.to_offset(offset),
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

/// Splits backups into series. Keeps their order.
fn series(backups: Vec<Backup>) -> Vec<Vec<Backup>> {
    let mut all: Vec<Vec<Backup>> = Vec::new();
    for backup in backups {
        let same = |other: &Vec<Backup>| is_same_series(&other[0], &backup);
        match all.iter_mut().find(|series| same(series)) {
            Some(series) => series.push(backup),
            None if backup.manifest.is_some() => all.push(vec![backup]),
            None => {}
        }
    }
    all
}

/// Whether a rotation of one weighs the other: the same database of the same server, under the
/// same label, with the same selection.
pub fn is_same_series(a: &Backup, b: &Backup) -> bool {
    match (&a.manifest, &b.manifest) {
        (Some(a), Some(b)) => a.same_series(b),
        _ => false,
    }
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
