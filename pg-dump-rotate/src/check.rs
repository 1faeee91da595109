//! `--check`: is there a good backup of everything?

mod faults;
mod groups;

use shared::backup;
use shared::cli::Context;
use shared::time;
use shared::{Exit, Result};

use self::groups::Group;
use crate::adopt::Found;
use crate::cli::Options;
use crate::listing;
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
    let groups = Group::all(&scope, &backups, &found.broken);
    let now = time::now();
    let mut findings: Vec<Record> = groups
        .iter()
        .flat_map(|group| group.findings(&options.check, now))
        .collect();
    if findings.is_empty() {
        let missing = Record::default();
        let reason = format!("there is no backup in {}", dir.display());
        findings.push(faults::failed(missing).because(reason));
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
