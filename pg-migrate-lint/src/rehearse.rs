//! `--rehearse`: migrations run on a throw-away server, or on a database that is there to be spoilt, and of each
//! statement what it took, did and cost.
//!
//! What is seen is what the server says: `pg_locks` of the session after each statement, while its transaction still
//! holds all that it took; the file of each relation before and after; the session's own counters. Statements that
//! refuse a transaction are watched from a second session while they run. Where the table of effects says something
//! else than what was seen, the record says so.

mod claim;
mod ledger;
mod load;
mod observer;
mod place;
mod probe;
mod reach;
mod record;
mod seen;
mod watched;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use shared::cli::Context;
use shared::records::Writer;
use shared::{Context as _, Error, Exit, Result, signals};

use crate::apply::{Failure, Runner, Script};
use crate::cli::Options;
use crate::layout::{Layout, Project};
use crate::session::Wrapping;
use observer::Observer;
use place::Place;
pub use record::FIELDS;
pub use record::Record;
use record::TELLING;

/// What is asked of a rehearsal.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The database that -d names may be spoilt.
    pub is_disposable: bool,
    /// So may its server.
    pub is_server_disposable: bool,
    /// Tables that are touched are read and written meanwhile.
    pub has_load: bool,
    /// So long a statement may take; zero: for ever.
    pub timeout: Duration,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            is_disposable: false,
            is_server_disposable: false,
            has_load: false,
            timeout: Duration::from_secs(300),
        }
    }
}

/// Rehearses what was named, and writes what was seen.
pub fn run(wish: &Wish, options: &Options, context: &Context) -> Result<Exit> {
    if let Some(format) = context.extra_format() {
        let error = Error::usage(format!("-o {format} is for findings"));
        return Err(error.with_hint("--rehearse writes jsonl, json, csv or table"));
    }
    let mut projects = crate::asked::projects(options, context)?;
    let mut place = Place::of(wish, options, context)?;
    // Those of which a history is read are told of there.
    let is_told = |project: &&Project| place.is_throw_away() || project.layout == Layout::Plain;
    for project in projects.iter().filter(is_told) {
        project.notes.iter().for_each(|note| context.note(note));
        project
            .warnings
            .iter()
            .for_each(|words| context.warn(words));
    }
    let deployments = place.deployments(&mut projects, options, context)?;
    let before = place.census()?;
    let mut writer: Writer<Record> = context.records().telling(TELLING);
    let mut summary = Summary::default();
    let mut all = projects.iter().zip(deployments);
    let outcome: Result<()> = all.try_for_each(|(project, deployment)| {
        place.prepare()?;
        let more = rehearse(&place, (project, deployment), wish, &mut writer, context)?;
        summary.add(more);
        Ok(())
    });
    if signals::received().is_some() && before.is_some() {
        context.warn("interrupted: what is beyond the database was not compared with what it was");
    } else if let Some(before) = before {
        let trouble = match place.census() {
            Ok(now) => reach::changed(&before.changes(&now.unwrap_or_default())),
            Err(error) => Some(reach::unseen(error)),
        };
        if let Some(error) = trouble {
            summary.is_found = true;
            context.report().error(&error);
        }
    }
    outcome?;
    writer.finish()?;
    context.note(summary.words());
    if let Some(failure) = summary.failure {
        context.report().error(&failure);
    }
    Ok(match summary.is_found {
        true => Exit::Found,
        false => Exit::Ok,
    })
}

/// What is run of a project: a migration each, and whether it was asked for. The others were before.
type Runs = Vec<(bool, Vec<Script>)>;

/// What a project has here.
#[derive(Debug, Default)]
pub struct Deployment {
    /// What the database has of it already: only the claims go by it.
    known: Vec<Script>,
    runs: Runs,
    /// What its framework refuses, with which nothing of it is run.
    refused: Vec<(PathBuf, String)>,
}

#[derive(Debug, Default)]
struct Summary {
    statements: usize,
    mismatches: usize,
    failure: Option<Error>,
    is_found: bool,
}

impl Summary {
    fn add(&mut self, more: Self) {
        self.statements += more.statements;
        self.mismatches += more.mismatches;
        self.is_found |= more.is_found;
        self.failure = self.failure.take().or(more.failure);
    }

    fn words(&self) -> String {
        let Self {
            statements,
            mismatches,
            ..
        } = self;
        format!("{statements} statements, {mismatches} of them not as claimed")
    }
}

fn rehearse(
    place: &Place,
    (project, deployment): (&Project, Deployment),
    wish: &Wish,
    writer: &mut Writer<Record>,
    context: &Context,
) -> Result<Summary> {
    let mut observer = Observer::new(Box::new(|| place.open()), project.has_gaps);
    if wish.has_load {
        observer.load();
    }
    if let Some(guard) = place.guard()? {
        observer.guard(guard);
    }
    let mut runner = Runner::new(Box::new(|| place.open()), wish.timeout);
    let mut summary = Summary::default();
    for (path, words) in deployment.refused {
        summary.is_found = true;
        writer.write(&Record::refused(path.display().to_string(), words.clone()))?;
        let failure = summary.failure.take();
        summary.failure = Some(failure.unwrap_or_else(|| refused(words)));
    }
    deployment
        .known
        .iter()
        .for_each(|script| observer.know(script));
    for (is_asked, scripts) in together(deployment.runs) {
        observer.record(is_asked);
        if is_asked {
            let left_out = observer.expect(&scripts)?;
            if left_out > 0 {
                context.warn(format!(
                    "{left_out} of the tables are not read and written meanwhile: there are sessions for {}",
                    load::TABLES
                ));
            }
        }
        let failure = runner.run(&scripts, &mut observer)?;
        let failure = match failure {
            Some(failure) if !is_asked => return Err(of_history(failure, place)),
            failure => failure,
        };
        let unmeasured = observer.unmeasured();
        if !unmeasured.is_empty() {
            let names: Vec<&str> = unmeasured.iter().map(String::as_str).collect();
            context.warn(format!(
                "{}: nobody read and wrote that meanwhile, because it is no table or was not there yet for others",
                names.join(", ")
            ));
        }
        let mut records = observer.take();
        if let (Some(failure), Some(last)) = (&failure, records.last_mut()) {
            last.message = Some(failure.error.in_one_line());
        }
        for record in records {
            summary.statements += 1;
            let is_wrong = record.mismatch.is_some();
            summary.mismatches += usize::from(is_wrong);
            summary.is_found |= is_wrong || record.state == record::FAILED;
            writer.write(&record)?;
        }
        if let Some(failure) = failure {
            summary.is_found = true;
            summary.failure = Some(with_hint(failure.into(), place.is_throw_away()));
            break;
        }
    }
    Ok(summary)
}

/// That a framework would not run what is to be rehearsed.
fn refused(words: String) -> Error {
    Error::new(words).with_hint(
        "nothing of that project was rehearsed, since its own runner would not get through",
    )
}

/// Migrations that were asked for and share a transaction are one run. How those before were deployed is not known.
fn together(all: Runs) -> Runs {
    let is_shared = |scripts: &[Script]| {
        let mut all = scripts.iter();
        all.all(|script| script.wrapping == Wrapping::All)
    };
    let mut runs = Runs::new();
    for (is_asked, scripts) in all {
        match runs.last_mut() {
            Some((true, last)) if is_asked && is_shared(last) && is_shared(&scripts) => {
                last.extend(scripts);
            }
            _ => runs.push((is_asked, scripts)),
        }
    }
    runs
}

/// What was asked for could not be rehearsed, because what comes before it does not run there.
fn of_history(failure: Failure, place: &Place) -> Error {
    let error = with_hint(failure.into(), place.is_throw_away());
    let words = match place {
        Place::ThrowAway { .. } => "what was before does not run on an empty database",
        Place::Disposable { .. } => "what is pending before does not run",
    };
    let failed: Result<()> = Err(error);
    failed
        .context(|| words.to_string())
        .err()
        .unwrap_or_else(Error::interrupted)
}

/// What may help, by the server's code.
fn with_hint(error: Error, is_throw_away: bool) -> Error {
    let hint = match (error.sqlstate(), is_throw_away) {
        _ if error.hint().is_some() => return error,
        (Some("0A000" | "58P01"), _) if error.message().contains("extension") => {
            "install the extension's package for this server, or rehearse on a restored backup with -d"
        }
        (Some("42704"), true) if error.message().contains("role") => {
            "the throw-away server has no roles but postgres: a migration before, or --setup FILE, has to make it"
        }
        (Some("42704"), false) if error.message().contains("role") => {
            "that server has no such role: make it there before"
        }
        (Some("3D000"), true) => {
            "--setup FILE may make a database of that name on the throw-away server"
        }
        (Some("3F000" | "42P01" | "42883"), true) => {
            "if something else than these migrations makes it, --setup FILE may, or rehearse on a restored backup with -d"
        }
        (Some("42501"), false) => "the role of -d lacks a right that the migration needs",
        (Some("57014"), _) => "--timeout says how long a statement may take",
        _ => return error,
    };
    error.with_hint(hint)
}
