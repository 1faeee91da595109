//! `--check`: is there a good backup of everything?

use std::collections::{BTreeMap, HashSet};

use shared::backup::{self, Backup};
use shared::cli::Context;
use shared::time::{self, Time};
use shared::units::{human_bytes, human_duration};
use shared::{Exit, Result};

use crate::adopt::Found;
use crate::cli::{Check, Options};
use crate::listing;
use crate::problem;
use crate::record::Record;
use crate::scope::{Scope, Subject};

/// A record for each problem, and for each subject that has none.
pub fn run(options: &Options, context: &Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let scope = Scope::of(options, context)?;
    let is_meant = |subject: &Subject| match scope.names_databases() {
        true => scope.rotates(subject) && subject.is_whole(),
        false => scope.shows(subject),
    };
    let mut backups = backup::list(&dir)?;
    let mut found = Found::look(options, scope.only_database(), context)?;
    found.add_to(&mut backups);
    found.broken.retain(|(_, subject)| is_meant(subject));
    backups.retain(|backup| Subject::of(backup).is_some_and(|subject| is_meant(&subject)));
    listing::look_again(&mut backups, |backup| !backup.is_ok());
    if options.verify_checksums {
        listing::verify_checksums(&mut backups, context)?;
    }
    let groups = groups(&scope, &backups, &found.broken);
    let now = time::now();
    let mut findings: Vec<Record> = groups
        .iter()
        .flat_map(|group| group.findings(&options.check, now))
        .collect();
    if findings.is_empty() {
        let missing = Record::default();
        let reason = format!("there is no backup in {}", dir.display());
        findings.push(failed(missing).because(reason));
    }
    tell(&findings, context)
}

fn tell(findings: &[Record], context: &Context) -> Result<Exit> {
    let mut exit = Exit::Ok;
    let mut records = context.records::<Record>();
    for finding in findings {
        if finding.action == "failed" {
            exit = Exit::Found;
            let path = finding.path.as_ref().map(|path| format!("{path}: "));
            let reason = finding.reason.as_deref().unwrap_or_default();
            context.warn(format!("{}{reason}", path.unwrap_or_default()));
        }
        records.write(finding)?;
    }
    records.finish()?;
    Ok(exit)
}

fn failed(record: Record) -> Record {
    Record {
        action: "failed".into(),
        restore_command: None,
        ..record
    }
}

/// The backups of one subject, on whichever server: after an upgrade those of the old one count
/// for what they are.
struct Group<'a> {
    subject: Subject,
    /// Newest first.
    good: Vec<&'a Backup>,
    /// With what is wrong.
    bad: Vec<(&'a Backup, String)>,
}

fn groups<'a>(
    scope: &Scope,
    backups: &'a [Backup],
    broken: &'a [(Backup, Subject)],
) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<Subject, Group<'a>> = BTreeMap::new();
    let mut of = |subject: Subject, found: Option<(&'a Backup, Option<String>)>| {
        let empty = || Group {
            subject: subject.clone(),
            good: Vec::new(),
            bad: Vec::new(),
        };
        let group = groups.entry(subject.clone()).or_insert_with(empty);
        match found {
            Some((backup, Some(problem))) => group.bad.push((backup, problem)),
            Some((backup, None)) => group.good.push(backup),
            None => {}
        }
    };
    let mut seen = HashSet::new();
    let subjects = backups
        .iter()
        .filter_map(|backup| Some((backup, Subject::of(backup)?)));
    let broken = broken.iter();
    let broken = broken.map(|(backup, subject)| (backup, subject.clone()));
    for (backup, subject) in subjects.chain(broken) {
        seen.insert((subject.database.clone(), subject.label.clone()));
        of(subject, Some((backup, problem::of(backup))));
    }
    let named = scope
        .databases
        .iter()
        .map(|database| (database, &scope.label));
    for (database, label) in named {
        if !seen.contains(&(database.clone(), label.clone())) {
            let subject = Subject {
                database: database.clone(),
                label: label.clone(),
                ..Subject::default()
            };
            of(subject, None);
        }
    }
    groups.into_values().collect()
}

impl Group<'_> {
    fn findings(&self, check: &Check, now: Time) -> Vec<Record> {
        let of_bad = |(backup, problem): &(&Backup, String)| {
            failed(Record::of("failed", backup, now)).because(problem)
        };
        let mut findings: Vec<Record> = self.bad.iter().map(of_bad).collect();
        let problems = [
            self.missing(),
            self.stale(check, now),
            self.few(check),
            self.shrunken(check),
        ];
        for problem in problems.into_iter().flatten() {
            let reason = format!("{}: {problem}", self.subject);
            findings.push(failed(self.record(now)).because(reason));
        }
        if findings.is_empty() {
            findings.push(self.record(now).because(self.summary()));
        }
        findings
    }

    /// Of the newest good backup, or of none.
    fn record(&self, now: Time) -> Record {
        match self.good.first() {
            Some(newest) => Record::of("ok", newest, now),
            None => Record {
                action: "failed".into(),
                database: self.subject.database.clone(),
                label: self.subject.label.clone(),
                ..Record::default()
            },
        }
    }

    fn summary(&self) -> String {
        let proved = self.good.iter().filter(|backup| backup.proof.is_some());
        format!(
            "good backups: {}, of them proved to restore: {}",
            self.good.len(),
            proved.count()
        )
    }

    fn missing(&self) -> Option<String> {
        let none = self.good.is_empty();
        none.then(|| "there is no good backup".into())
    }

    fn stale(&self, check: &Check, now: Time) -> Option<String> {
        let most = check.max_age.filter(|_| !self.good.is_empty())?;
        // One from the future says nothing of when the last was taken.
        let Some(newest) = self.good.iter().find(|backup| backup.taken_at <= now) else {
            return Some("every good backup has a time in the future".into());
        };
        let age = (now - newest.taken_at).unsigned_abs();
        (age > most).then(|| {
            format!(
                "the newest good backup is {} old, and {} is the most",
                human_duration(age),
                human_duration(most)
            )
        })
    }

    fn few(&self, check: &Check) -> Option<String> {
        let (there, least) = (self.good.len(), check.min_count?);
        (there < least).then(|| format!("good backups: {there}, at the least: {least}"))
    }

    /// Only sizes of one format and method of compression can be compared.
    fn shrunken(&self, check: &Check) -> Option<String> {
        let ratio = check.max_shrink_ratio?;
        let newest = self.good.first()?;
        let kind = |backup: &Backup| {
            let manifest = backup.manifest.as_ref()?;
            let method = manifest.compression.split(':').next().map(str::to_string);
            Some((manifest.format, method))
        };
        let before = self.good[1..].iter().find(|b| kind(b) == kind(newest))?;
        let (now, then) = (newest.bytes?, before.bytes?);
        let shrunken = (now as f64) < then as f64 * (1.0 - ratio);
        shrunken.then(|| {
            format!(
                "the newest good backup has {}, the one before {}: that is {:.0} % less",
                human_bytes(now),
                human_bytes(then),
                100.0 - now as f64 * 100.0 / then as f64
            )
        })
    }
}
