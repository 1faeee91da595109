//! The checks, all of them asked.

use std::cmp::Reverse;

use shared::cli::Context;
use shared::connection::Conninfo;
use shared::{Error, Exit, Result, signals};

use crate::check::{Check, Finding, Status};
use crate::checks::{CHECKS, connect};
use crate::cli::{FailOn, Options};
use crate::look::Seen;
use crate::narrow;
use crate::output::{self, nagios, openmetrics};
use crate::patterns::Patterns;
use crate::record::Record;
use crate::section::{Reach, Section, Source};
use crate::sections::ping;

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

/// What a check says, and how grave that is.
type Judged = Vec<(Status, Record)>;

/// Judges what was seen, and writes it, the worst first. `silent` are the servers of which there is an error
/// instead, in their order: of these that alone is said.
pub fn judge(
    options: &Options,
    context: &Context,
    seen: Vec<Result<Seen>>,
    silent: &[&Conninfo],
) -> Result<Exit> {
    signals::check()?;
    let mut lost: Vec<Error> = Vec::new();
    let mut looks: Vec<Seen> = Vec::new();
    for seen in seen {
        match seen {
            Ok(seen) => looks.push(seen),
            Err(error) => lost.push(error),
        }
    }
    let mut patterns = Patterns::new(&options.limits);
    let looked = looks.iter();
    let mut judged: Judged = looked
        .flat_map(|seen| all_of(options, seen, &mut patterns))
        .collect();
    warn(options, context, &patterns);
    judged.extend(unfit(options, &looks));
    if judged.is_empty() && lost.is_empty() {
        return Err(
            Error::new("nothing that was looked at is judged by any check")
                .with_hint("--list-checks names them, and --config and --skip leave some out"),
        );
    }
    judged.sort_by_key(|(status, _)| Reverse(*status));
    if nagios::is_asked(context) {
        lost.iter()
            .for_each(|error| context.warn(error.in_one_line()));
        return nagios::write(&judged, &lost);
    }
    let statuses = judged.iter().map(|(status, _)| *status);
    let exit = exit(options.fail_on(), statuses, !lost.is_empty());
    let mut told = Judged::new();
    for (target, error) in silent.iter().zip(&lost) {
        told.extend(unreachable(options, target, error)?);
    }
    let is_nothing_else = judged.is_empty();
    told.append(&mut judged);
    match openmetrics::is_asked(context) {
        true => openmetrics::write(&told)?,
        false => output::checks(context, told.iter().map(|(_, record)| record))?,
    }
    if is_nothing_else && lost.len() == 1 {
        return Err(lost.remove(0));
    }
    lost.iter()
        .for_each(|error| context.warn(error.in_one_line()));
    Ok(exit)
}

/// What is said of a server that does not answer.
fn unreachable(options: &Options, target: &Conninfo, error: &Error) -> Result<Judged> {
    let is_left_out = !options.asks(&connect::CHECK) && !options.is_narrowed();
    match is_left_out {
        true => Ok(Judged::new()),
        false => Ok(of_check(
            options,
            &ping::unreachable(target, error)?,
            &connect::CHECK,
            &mut Patterns::new(&options.limits),
        )),
    }
}

/// Says which thresholds can't be meant as they are said.
fn warn(options: &Options, context: &Context, patterns: &Patterns) {
    for check in chosen(options) {
        let doubts = options.limits.doubts(check).into_iter();
        doubts
            .chain(patterns.unfit(check))
            .for_each(|doubt| context.warn(doubt));
    }
}

fn all_of<'a>(options: &'a Options, seen: &Seen, patterns: &mut Patterns<'a>) -> Judged {
    // A log is judged by itself, and so is a pooler.
    let checks = chosen(options).into_iter();
    let checks = checks.filter(|check| check.source() == seen.source);
    checks
        .flat_map(|check| of_check(options, seen, check, patterns))
        .collect()
}

/// Who asks for a check by name waits for an answer, also where it is for a pooler and a server was looked at, or the
/// other way round.
fn unfit(options: &Options, looks: &[Seen]) -> Judged {
    let is_fit = |check: &&Check| looks.iter().any(|seen| seen.source == check.source());
    let named = chosen(options).into_iter();
    let named = named.filter(|check| options.names(check) && !is_fit(check));
    let unknown = |check: &'static Check| {
        let seen = looks.first()?;
        let (is, other) = match check.source() {
            Source::Console => ("a pooler's console", "a server"),
            Source::Log => ("a server's log", "a server"),
            Source::Server => ("a server", "a pooler's console"),
        };
        let words = format!("it judges {is}, and {other} was looked at");
        let finding = Finding::unknown(words);
        let record = Record::of(check, finding, &options.limits, seen, None);
        Some((Status::Unknown, record))
    };
    named.filter_map(unknown).collect()
}

fn of_check<'a>(
    options: &'a Options,
    seen: &Seen,
    check: &'static Check,
    patterns: &mut Patterns<'a>,
) -> Judged {
    let databases: Vec<Option<&str>> = match check.reach() {
        Reach::Server => vec![None],
        Reach::Database => seen
            .databases
            .iter()
            .map(|name| Some(name.as_str()))
            .collect(),
    };
    let mut judged = Judged::new();
    for database in databases {
        // What could not be seen is not well, whether there is a threshold or not.
        let is_seen = |section: &&Section| {
            let part = seen.part(section, database);
            part.is_some_and(|part| part.rows.is_ok())
        };
        let is_idle = narrow::is_idle(options, check) && check.sections.iter().all(is_seen);
        let findings = match is_idle {
            true => vec![narrow::idle(check)],
            false => {
                let judged = check.judged(&options.limits, seen, database);
                patterns.hear(check, &judged);
                check.told(&options.limits, judged)
            }
        };
        for finding in findings {
            let status = match finding.status {
                // Who asks for it by name waits for an answer.
                Status::Missing if options.names(check) => Status::Unknown,
                status => status,
            };
            let record = Record::of(check, finding, &options.limits, seen, database);
            judged.push((status, record));
        }
    }
    judged
}

/// Status 1 from the line on that `--fail-on` draws; what could not be seen is never 0, but for what nobody can see
/// from here: that is there in each run, and with it the status would say nothing.
fn exit(line: FailOn, statuses: impl Iterator<Item = Status>, is_part_lost: bool) -> Exit {
    let mut is_unseen = is_part_lost;
    let mut is_found = false;
    for status in statuses {
        is_unseen |= status == Status::Unknown;
        is_found |= match line {
            FailOn::Never => false,
            FailOn::Critical => status == Status::Critical,
            FailOn::Warning => matches!(status, Status::Warning | Status::Critical),
            FailOn::Unknown => !matches!(status, Status::Ok | Status::Warning),
        };
    }
    match (line, is_found, is_unseen) {
        (FailOn::Never, _, _) if !is_part_lost => Exit::Ok,
        (_, true, _) => Exit::Found,
        (_, false, true) => Exit::Incomplete,
        (_, false, false) => Exit::Ok,
    }
}
