//! The checks, all of them asked.

use std::cmp::Reverse;

use shared::Exit;
use shared::cli::Context;
use shared::{Error, Result};

use crate::check::{Check, Status};
use crate::checks::CHECKS;
use crate::cli::{FailOn, Options};
use crate::look::Seen;
use crate::narrow;
use crate::output::{self, nagios, openmetrics};
use crate::record::Record;
use crate::section::{Reach, Section};

/// The checks that are asked for.
pub fn chosen(options: &Options) -> Vec<&'static Check> {
    let all = CHECKS.iter().copied();
    all.filter(|check| options.asks(check)).collect()
}

/// The sections that they need, each once.
pub fn sections(checks: &[&'static Check]) -> Vec<&'static Section> {
    let mut sections: Vec<&'static Section> = Vec::new();
    for section in checks.iter().flat_map(|check| check.sections) {
        if !sections.iter().any(|other| other.name == section.name) {
            sections.push(section);
        }
    }
    sections
}

/// Judges what was seen, and writes it, the worst first.
pub fn judge(options: &Options, context: &Context, seen: Vec<Result<Seen>>) -> Result<Exit> {
    let mut judged: Vec<(Status, Record)> = Vec::new();
    let mut lost: Vec<Error> = Vec::new();
    let is_one = seen.len() == 1;
    for seen in seen {
        match seen {
            Ok(seen) => judged.extend(all_of(options, &seen)),
            Err(error) if is_one && !nagios::is_asked(context) => return Err(error),
            Err(error) => lost.push(error),
        }
    }
    judged.sort_by_key(|(status, _)| Reverse(*status));
    for error in &lost {
        context.warn(error.in_one_line());
    }
    if nagios::is_asked(context) {
        return nagios::write(&judged, &lost);
    }
    match openmetrics::is_asked(context) {
        true => openmetrics::write(&judged)?,
        false => output::checks(context, judged.iter().map(|(_, record)| record))?,
    }
    let statuses = judged.iter().map(|(status, _)| *status);
    Ok(exit(options.fail_on(), statuses, !lost.is_empty()))
}

fn all_of(options: &Options, seen: &Seen) -> Vec<(Status, Record)> {
    let mut judged = Vec::new();
    // A log is judged by itself, and so is a pooler.
    let source = seen.source;
    let checks = chosen(options).into_iter();
    for check in checks.filter(|check| check.source() == source) {
        let databases: Vec<Option<&str>> = match check.reach() {
            Reach::Server => vec![None],
            Reach::Database => seen
                .databases
                .iter()
                .map(|name| Some(name.as_str()))
                .collect(),
        };
        for database in databases {
            // What could not be seen is not well, whether there is a threshold or not.
            let is_seen = |section: &&Section| {
                let part = seen.part(section, database);
                part.is_some_and(|part| part.rows.is_ok())
            };
            let is_idle = narrow::is_idle(options, check) && check.sections.iter().all(is_seen);
            let findings = match is_idle {
                true => vec![narrow::idle(check)],
                false => check.findings(&options.limits, seen, database),
            };
            for finding in findings {
                let status = finding.status;
                let record = Record::of(check, finding, &options.limits, seen, database);
                judged.push((status, record));
            }
        }
    }
    judged
}

/// Status 1 from the line on that `--fail-on` draws; what could not be seen is never 0.
fn exit(line: FailOn, statuses: impl Iterator<Item = Status>, is_part_lost: bool) -> Exit {
    let mut is_unseen = is_part_lost;
    let mut is_found = false;
    for status in statuses {
        is_unseen |= status == Status::Unknown;
        is_found |= match line {
            FailOn::Never => false,
            FailOn::Critical => status == Status::Critical,
            FailOn::Warning => matches!(status, Status::Warning | Status::Critical),
            FailOn::Unknown => matches!(status, Status::Unknown | Status::Critical),
        };
    }
    match (line, is_found, is_unseen) {
        (FailOn::Never, _, _) if !is_part_lost => Exit::Ok,
        (_, true, _) => Exit::Found,
        (_, false, true) => Exit::Incomplete,
        (_, false, false) => Exit::Ok,
    }
}
