//! `--status` and `--pending`: what a server has of a folder's migrations, by the framework's own history
//! table and its own rules.
//!
//! Nothing is written: one read-only transaction looks the table up and reads it, and is rolled back.

mod compare;
mod counted;
mod entry;
mod flyway;
mod foreign;
mod journal;
mod keeping;
mod place;
mod plan;
mod psql;
mod record;
mod row;
mod state;

use std::collections::BTreeMap;

use postgres::Transaction;
use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};
use shared::records::Writer;
use shared::{Error, Exit, Result};

use crate::cli::Options;
use crate::finding::Severity;
use crate::layout::{self, Layout, Project};
use entry::Entry;
pub use keeping::Keeping;
use place::Tables;
pub use place::Wanted;
pub use psql::template;
use record::TELLING;
pub use record::{FIELDS, Record};
use row::Row;
pub use state::State;

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// What became of each migration.
    Status,
    /// Which files are next, if psql may run them.
    Pending,
    /// What leads back.
    RollbackPlan,
}

impl Question {
    /// The flag that asks it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Status => "--status",
            Self::Pending => "--pending",
            Self::RollbackPlan => "--rollback-plan",
        }
    }
}

/// So many reasons not to run anything are said.
const REASONS: usize = 10;

/// Asks it, and writes the answer.
pub fn ask(question: Question, options: &Options, context: &Context) -> Result<Exit> {
    refuse_formats(context)?;
    let mut projects = crate::asked::projects(options, context)?;
    let told = read_all(&mut projects, options, context)?.told;
    let mut answer = Answer::new(question, options);
    for (project, told) in projects.iter().zip(&told) {
        answer.add(
            told.keeping,
            project,
            told.place.as_deref(),
            told.entries(project)?,
        )?;
    }
    answer.write(context)
}

/// What others than findings are written in.
pub fn refuse_formats(context: &Context) -> Result<()> {
    match context.extra_format() {
        Some(format) => {
            let error = Error::usage(format!("-o {format} is for findings"));
            Err(error.with_hint("all else is written as jsonl, json, csv or table"))
        }
        None => Ok(()),
    }
}

/// Says what was assumed of projects.
pub fn tell(projects: &[Project], context: &Context) {
    for project in projects {
        project.notes.iter().for_each(|note| context.note(note));
        let warnings = project.warnings.iter();
        warnings.for_each(|words| context.warn(words));
    }
}

/// What a server has of projects.
pub struct Server {
    /// Of each project, in their order.
    pub told: Vec<Told>,
    /// Its major version.
    pub major: u32,
}

/// What a history tells of a project.
pub struct Told {
    /// How it is kept.
    pub keeping: &'static Keeping,
    /// The table; none where there is none.
    pub place: Option<String>,
    rows: Vec<Row>,
}

impl Told {
    /// What became of each migration of the project.
    pub fn entries<'a>(&self, project: &'a Project) -> Result<Vec<Entry<'a>>> {
        (self.keeping.compare)(self.keeping, project, &self.rows)
    }
}

/// Reads the history of each project on the server that the command line or the environment names.
pub fn read_all(projects: &mut [Project], options: &Options, context: &Context) -> Result<Server> {
    tell(projects, context);
    let conninfo = Conninfo::resolve(
        &context.common.connect,
        &Environment::of_process(),
        Need::Statements,
    )?;
    conninfo.notes().iter().for_each(|note| context.note(note));
    let gentle = SessionOptions {
        read_only: true,
        resets_search_path: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(&conninfo, &gentle)?;
    let _cancels = session.cancel_on_signal();
    let major = session.server_version_num() / 10000;
    let database = session.database().to_string();
    let mut transaction = session.transaction()?;
    let tables = Tables::find(&mut transaction, &database, names(options))?;
    let mut told = Vec::new();
    for project in projects {
        let keeping = keeping_of(project, &tables)?;
        foreign::add(keeping, project)?;
        let place = tables.of(keeping, options.history())?;
        if place.is_none() {
            say_none(keeping, &tables, &database, context);
        }
        let rows = match place {
            Some(place) => read(&mut transaction, keeping, &tables, place, context)?,
            None => Vec::new(),
        };
        told.push(Told {
            keeping,
            place: place.map(place::Place::shown),
            rows,
        });
    }
    transaction.rollback()?;
    Ok(Server { told, major })
}

/// What tables of all frameworks are called, and the one that was named.
fn names(options: &Options) -> Vec<String> {
    let known = keeping::ALL.iter().flat_map(|keeping| {
        let beside = keeping.beside.map(|(name, _)| name);
        keeping.tables.iter().copied().chain(beside)
    });
    let wanted = options.history().map(|wanted| wanted.table.clone());
    let mut names: Vec<String> = known.map(str::to_string).chain(wanted).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn keeping_of(project: &Project, tables: &Tables) -> Result<&'static Keeping> {
    keeping::of(project.layout).ok_or_else(|| {
        let path = project.root.display();
        let error = Error::usage(format!(
            "{path} has plain files, of which no framework keeps a history"
        ));
        match tables.others(None).as_slice() {
            [] => error.with_hint("--layout says whose migrations they are"),
            others => {
                let seen: Vec<String> = others.iter().map(named).collect();
                error.with_hint(format!(
                    "the database has {}: --layout says whose migrations they are",
                    seen.join(", ")
                ))
            }
        }
    })
}

fn named((keeping, place): &(&Keeping, &place::Place)) -> String {
    format!("{} of {}", place.shown(), keeping.layout.title())
}

/// That there is no history; another framework's may be the right one.
fn say_none(keeping: &Keeping, tables: &Tables, database: &str, context: &Context) {
    let title = keeping.layout.title();
    let table = keeping.tables.join(" or ");
    let words =
        format!("database {database:?} has no {table}: nothing of {title} was ever applied there");
    match tables.others(Some(keeping)).as_slice() {
        [] => context.remark(words),
        others => {
            let seen: Vec<String> = others.iter().map(named).collect();
            let seen = seen.join(", ");
            context.warn(format!("{words}; but it has {seen}: is --layout right?"));
        }
    }
}

fn read(
    transaction: &mut Transaction,
    keeping: &Keeping,
    tables: &Tables,
    place: &place::Place,
    context: &Context,
) -> Result<Vec<Row>> {
    let mut rows = row::read(transaction, keeping.sql, place)?;
    if let Some((name, sql)) = keeping.beside
        && let Some(beside) = tables.beside(place, name)
    {
        match beside.is_readable {
            true => rows.extend(row::read(transaction, sql, beside)?),
            false => context.warn(format!(
                "the role may not read {}: what failed or was taken back is not known",
                beside.shown()
            )),
        }
    }
    if matches!(keeping.layout, Layout::GolangMigrate | Layout::Tern) && !rows.is_empty() {
        let title = keeping.layout.title();
        context.remark(format!(
            "{title} keeps only how far it came: every file up to there is taken for applied"
        ));
    }
    Ok(rows)
}

/// What is to be written, and what speaks against it.
struct Answer<'a> {
    question: Question,
    options: &'a Options,
    records: Vec<Record>,
    states: BTreeMap<&'static str, usize>,
    /// Why the status is 1; of `--pending`, why nothing is written.
    reasons: Vec<String>,
}

impl<'a> Answer<'a> {
    fn new(question: Question, options: &'a Options) -> Self {
        Self {
            question,
            options,
            records: Vec::new(),
            states: BTreeMap::new(),
            reasons: Vec::new(),
        }
    }

    fn add(
        &mut self,
        keeping: &Keeping,
        project: &Project,
        place: Option<&str>,
        entries: Vec<Entry>,
    ) -> Result<()> {
        let is_asked = |entry: &Entry| match entry.migration {
            Some(migration) => migration.asked,
            None => project.whole,
        };
        for entry in entries.into_iter().filter(is_asked) {
            *self.states.entry(entry.state.name()).or_default() += 1;
            let severity = entry.state.severity();
            if severity.is_some_and(|severity| self.options.fail_on().counts(severity)) {
                let words = entry.message.clone();
                self.reasons
                    .push(words.unwrap_or_else(|| entry.version.clone()));
            }
            if self.question == Question::Pending {
                if !entry.state.is_next() {
                    continue;
                }
                self.reasons.extend(self.hindrance(keeping.layout, &entry)?);
            }
            self.records.push(record(keeping, place, severity, entry));
        }
        Ok(())
    }

    /// Why psql can't run it, unless nobody wants to know.
    fn hindrance(&self, layout: Layout, entry: &Entry) -> Result<Option<String>> {
        match entry.migration {
            Some(migration) if self.options.fail_on().counts(Severity::Error) => {
                psql::hindrance(layout, migration)
            }
            _ => Ok(None),
        }
    }

    fn write(self, context: &Context) -> Result<Exit> {
        let is_stopped = self.question == Question::Pending && !self.reasons.is_empty();
        let mut writer: Writer<Record> = context.records().telling(TELLING);
        if !is_stopped {
            for record in &self.records {
                writer.write(record)?;
            }
        }
        writer.finish()?;
        let counts: Vec<String> = (self.states.iter())
            .map(|(state, count)| format!("{count} {}", state.replace('_', " ")))
            .collect();
        context.note(counts.join(", "));
        if is_stopped {
            for reason in self.reasons.iter().take(REASONS) {
                context.report().error(&Error::new(reason.clone()));
            }
            let more = self.reasons.len().saturating_sub(REASONS);
            let more = match more {
                0 => String::new(),
                more => format!(" ({more} more reasons: --status has them all)"),
            };
            context.warn(format!(
                "it is not safe to run what is pending: no file is named{more}"
            ));
        }
        Ok(match self.reasons.is_empty() {
            true => Exit::Ok,
            false => Exit::Found,
        })
    }
}

fn record(
    keeping: &Keeping,
    place: Option<&str>,
    severity: Option<Severity>,
    entry: Entry,
) -> Record {
    let path = entry.migration.map(|migration| migration.path.display());
    let framework = layout::name(keeping.layout);
    Record {
        file: path.map(|path| path.to_string()),
        version: entry.version,
        name: entry.name,
        state: entry.state.name().to_string(),
        severity: severity.map(|severity| severity.name().to_string()),
        applied_at: entry.applied_at,
        message: entry.message,
        framework: framework.to_string(),
        history: place.map(str::to_string),
    }
}
