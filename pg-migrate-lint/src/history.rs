//! `--status` and `--pending`: what a server has of a folder's migrations, by the framework's own history
//! table and its own rules.
//!
//! Nothing is written: one read-only transaction looks the table up and reads it, and is rolled back.

mod answer;
mod compare;
mod counted;
mod entry;
mod flyway;
mod foreign;
mod journal;
mod keeping;
mod outlook;
mod place;
mod plan;
mod psql;
mod reach;
mod record;
mod refusals;
mod row;
mod said;
mod server;
mod state;
mod wanted;
mod whose;

use shared::cli::Context;
use shared::{Error, Exit, Result};

use crate::cli::Options;
use crate::layout::{Layout, Project};
use answer::Answer;
pub use keeping::Keeping;
pub use outlook::Outlook;
pub use psql::template;
pub use record::FIELDS;
#[cfg(test)]
pub use record::Record;
pub use server::{Told, read_all};
pub use state::State;
pub use wanted::Wanted;

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// What became of each migration.
    Status,
    /// Which files are next, if psql may run them.
    Pending,
    /// What leads back.
    RollbackPlan,
    /// Whether it does.
    CheckRollback,
    /// Whether a server has what the migrations make.
    Drift,
}

impl Question {
    /// The flag that asks it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Status => "--status",
            Self::Pending => "--pending",
            Self::RollbackPlan => "--rollback-plan",
            Self::CheckRollback => "--check-rollback",
            Self::Drift => "--drift",
        }
    }
}

/// Asks it, and writes the answer.
pub fn ask(question: Question, options: &Options, context: &Context) -> Result<Exit> {
    refuse_formats(context)?;
    let mut projects = crate::asked::projects(options, context)?;
    let server = read_all(&mut projects, options, context)?;
    let mut answer = Answer::new(question, options);
    for (project, told) in projects.iter().zip(server.told.iter().flatten()) {
        let mut entries = told.entries(project)?;
        refusals::add(project, &mut entries)?;
        answer.add(told.keeping, project, told.place.as_deref(), entries)?;
    }
    if answer.names_files() {
        server.check_psql(context)?;
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
        // What Rails has in Ruby is seen by its names.
        let warnings = project.warnings.iter();
        warnings
            .filter(|_| project.layout != Layout::Rails)
            .for_each(|words| context.warn(words));
    }
}
