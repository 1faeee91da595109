//! A migration of the folder, or a row without one, and what became of it.

use std::path::{Path, PathBuf};

use shared::time::Time;

use super::keeping::{Gone, Keeping, Late};
use super::row::{Mark, Row};
use super::state::State;
use crate::layout::{Layout, Migration, versions};

/// What became of a migration.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The one of the folder; none where only the history has it.
    pub migration: Option<&'a Migration>,
    /// Its file, or that of which is told.
    pub file: Option<PathBuf>,
    /// As the history has it.
    pub version: String,
    /// What people call it.
    pub name: Option<String>,
    /// What became of it.
    pub state: State,
    /// When, if that is kept.
    pub applied_at: Option<Time>,
    /// What is wrong with it.
    pub message: Option<String>,
    /// Whether the runner runs nothing as long as it is so.
    pub halts: bool,
}

impl<'a> Entry<'a> {
    /// A file that is no migration, or none that can be run.
    pub fn of_file(path: &Path, state: State, message: &str) -> Self {
        let name = versions::name_of(path);
        let stem = name.trim_start_matches(['V', 'U']);
        Self {
            migration: None,
            file: Some(path.to_path_buf()),
            version: versions::leading_digits(stem).0.to_string(),
            name: None,
            state,
            applied_at: None,
            message: Some(message.to_string()),
            halts: false,
        }
    }

    /// A migration of the folder.
    pub fn of(migration: &'a Migration, state: State) -> Self {
        Self {
            version: migration.version.clone(),
            name: Some(migration.name.clone()).filter(|name| !name.is_empty()),
            migration: Some(migration),
            file: Some(migration.path.clone()),
            state,
            applied_at: None,
            message: None,
            halts: false,
        }
    }

    /// What its file is called, if it has one.
    pub fn file_name(&self) -> Option<String> {
        self.file.as_deref().map(versions::name_of)
    }

    /// The same, of which a row tells.
    #[must_use]
    pub fn with_row(mut self, row: &Row) -> Self {
        self.applied_at = row.applied_at;
        self
    }

    /// The same with what is wrong with it.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// A migration that a row tells of.
    pub fn told(keeping: &Keeping, migration: &'a Migration, row: &Row, is_same: bool) -> Self {
        let (title, file) = (keeping.layout.title(), versions::name_of(&migration.path));
        let said = |words: String| match &row.detail {
            Some(detail) => format!("{words}: {detail}"),
            None => words,
        };
        let (state, message) = match row.mark {
            Mark::Failed => (
                State::Failed,
                Some(said(match keeping.layout {
                    Layout::Sqitch => format!(
                        "{file} failed when it was deployed last: {title} tries it again, whatever it has left"
                    ),
                    _ => format!(
                        "{file} has begun and not ended: it broke off, or still runs; {title} goes no further until that is resolved"
                    ),
                })),
            ),
            Mark::Dirty => (
                State::Dirty,
                Some(format!(
                    "{file} broke off: {title} goes no further until somebody has mended the database and forced a version"
                )),
            ),
            Mark::RolledBack => (State::RolledBack, None),
            Mark::Applied | Mark::Baseline | Mark::Foreign if is_same => (State::Applied, None),
            Mark::Applied | Mark::Baseline | Mark::Foreign => (
                State::Edited,
                Some(format!(
                    "{file} is not what was applied: {}",
                    edited(keeping)
                )),
            ),
        };
        let halts = match state {
            State::Failed => keeping.layout != Layout::Sqitch,
            State::Edited => !goes_on_with_edited(keeping.layout),
            other => other == State::Dirty,
        };
        Self {
            message,
            halts,
            ..Self::of(migration, state).with_row(row)
        }
    }

    /// One that is not in the history; `before` is an applied one that comes after it.
    pub fn unapplied(keeping: &Keeping, migration: &'a Migration, before: Option<&str>) -> Self {
        let Some(before) = before else {
            return Self::of(migration, State::Pending);
        };
        let (title, file) = (keeping.layout.title(), versions::name_of(&migration.path));
        let (state, then) = match keeping.late {
            Late::Runs => (State::OutOfOrder, format!("{title} runs it after that")),
            Late::Refuses => (State::MissingThere, format!("{title} refuses to go on")),
            Late::Skips => (
                State::Skipped,
                format!("{title} never runs it, and says nothing"),
            ),
        };
        let entry = Self::of(migration, state).saying(format!(
            "{file} is not applied, and {before} is, which comes after it: {then}"
        ));
        Self {
            halts: keeping.late == Late::Refuses,
            ..entry
        }
    }

    /// The same, of which a row says that it was taken back.
    #[must_use]
    pub fn taken_back(mut self, row: &Row) -> Self {
        if self.state.is_next() {
            self.state = State::RolledBack;
        }
        self.with_row(row)
    }

    /// A row without a file.
    pub fn gone(keeping: &Keeping, row: &Row) -> Self {
        let version = row.version.clone().unwrap_or_default();
        let named = match &row.name {
            Some(name) if version.is_empty() => name.clone(),
            _ => version.clone(),
        };
        let title = keeping.layout.title();
        let then = match keeping.gone {
            Gone::Refuses => format!("{title} refuses to go on"),
            Gone::Ignores => format!("{title} goes on without a word"),
        };
        let (state, message) = match row.mark {
            Mark::Failed => (
                State::Failed,
                format!("{named} has begun and not ended, and there is no file of it"),
            ),
            Mark::Dirty => (
                State::Dirty,
                format!("{named} broke off, and there is no file of it"),
            ),
            _ => (
                State::MissingHere,
                format!("{named} is applied, and there is no file of it: {then}"),
            ),
        };
        Self {
            migration: None,
            file: None,
            version,
            name: row.name.clone(),
            state,
            applied_at: row.applied_at,
            message: Some(message),
            halts: state != State::MissingHere || keeping.gone == Gone::Refuses,
        }
    }
}

/// What comes of an edit.
fn edited(keeping: &Keeping) -> String {
    let title = keeping.layout.title();
    match goes_on_with_edited(keeping.layout) {
        true => format!("{title} goes on, and the change never arrives here"),
        false => format!("{title} refuses to go on"),
    }
}

fn goes_on_with_edited(layout: Layout) -> bool {
    matches!(
        layout,
        Layout::Prisma | Layout::Drizzle | Layout::Sqitch | Layout::GraphileMigrate
    )
}
