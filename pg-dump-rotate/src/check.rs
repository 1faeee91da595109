//! `--check`: is there a good backup of everything?

mod faults;
mod groups;

use std::collections::BTreeMap;

use shared::backup::Backups;
use shared::cli::Context;
use shared::time;
use shared::{Error, Exit, Result};

use self::groups::Group;
use crate::adopt::Found;
use crate::back_up;
use crate::cli::Options;
use crate::listing;
use crate::record::Record;
use crate::scope::{Scope, Subject};

/// A record for each problem, and for each subject that has none.
pub fn run(options: &Options, context: &Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let mut scope = Scope::of(options, context)?;
    if options.all_databases {
        let wanted = back_up::wanted(options, context)?;
        if wanted.is_empty() {
            return Err(Error::new("there is no database on the server to check"));
        }
        scope.databases.extend(wanted.into_iter().map(Some));
    }
    let is_meant = |subject: &Subject| match scope.names_databases() {
        true => scope.rotates(subject) && subject.is_whole(),
        false => scope.shows(subject),
    };
    let mut backups = Backups::of(&dir)?;
    let mut found = Found::look(options, scope.only_database(), context)?;
    found.add_to(&mut backups);
    let unknown = scope.count_unknown(&backups, &options.adopted);
    scope.warn_of_unknown(unknown, context);
    found.broken.retain(|(_, subject)| is_meant(subject));
    let mut partial: BTreeMap<Subject, usize> = BTreeMap::new();
    backups.retain(|backup| {
        let Some(subject) = Subject::of(&backup) else {
            return false;
        };
        let is_meant = is_meant(&subject);
        if !is_meant && scope.names_databases() && scope.rotates(&subject) {
            *partial.entry(subject).or_default() += 1;
        }
        is_meant
    });
    listing::look_again(&mut backups, |backup| !backup.is_ok());
    if options.verify_checksums {
        listing::verify_checksums(&mut backups, context)?;
    }
    let mut groups = Group::all(&scope, &backups, &found.broken);
    for (part, count) in &partial {
        let of_it = groups.iter_mut();
        let of_it = of_it.filter(|group| group.subject.has_part(part));
        of_it.for_each(|group| group.partial.push((part.selection.join(" "), *count)));
    }
    let now = time::now();
    let mut findings: Vec<Record> = groups
        .iter()
        .flat_map(|group| group.findings(&options.check, now))
        .collect();
    if findings.is_empty() {
        let missing = Record {
            label: scope.label.clone(),
            ..Record::default()
        };
        let label = scope.label.iter();
        let label: String = label.map(|of| format!(" with the label {of}")).collect();
        let reason = format!("there is no backup{label} in {}", dir.display());
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
