//! What a runner would do with a project now: which migrations it would run, and what it refuses.

use std::collections::HashSet;
use std::path::PathBuf;

use shared::Result;

use super::entry::Entry;
use super::server::Told;
use super::state::State;
use super::{keeping, refusals};
use crate::layout::{Migration, Project};

/// What it would do.
#[derive(Debug, Default)]
pub struct Outlook {
    /// The files that it would run.
    pub next: HashSet<PathBuf>,
    /// Migrations that it never runs.
    pub passed_over: HashSet<PathBuf>,
    /// What it refuses: a file, or the folder where that is not there; and why.
    pub refused: Vec<(PathBuf, String)>,
    /// What else is wrong.
    pub said: Vec<String>,
}

impl Outlook {
    /// Where nothing was ever applied; none of plain files, which no framework runs. Of the migrations before those that
    /// were asked for only what has its runner refuse everything counts: it has run them.
    ///
    /// # Errors
    /// Where a file can't be read.
    pub fn of_nothing_applied(project: &Project) -> Result<Option<Self>> {
        let Some(keeping) = keeping::of(project.layout) else {
            return Ok(None);
        };
        let entries = (keeping.compare)(keeping, project, &[])?;
        let would_run = |migration: Option<&Migration>| match migration {
            Some(migration) => migration.asked,
            None => project.whole,
        };
        Self::of(project, entries, would_run).map(Some)
    }

    /// By what a history tells.
    ///
    /// # Errors
    /// Where a file can't be read.
    pub fn told(told: &Told, project: &Project) -> Result<Self> {
        let all = &project.migrations;
        let last = all.iter().rposition(|one| one.asked).unwrap_or_default();
        let would_run = |migration: Option<&Migration>| {
            let later = all.iter().skip(last + 1);
            migration.is_none_or(|one| !later.into_iter().any(|other| std::ptr::eq(other, one)))
        };
        Self::of(project, told.entries(project)?, would_run)
    }

    fn of<'a>(
        project: &'a Project,
        mut entries: Vec<Entry<'a>>,
        would_run: impl Fn(Option<&Migration>) -> bool,
    ) -> Result<Self> {
        refusals::add(project, &mut entries)?;
        let mut outlook = Self::default();
        for entry in entries {
            let stops = entry.state == State::Refused && would_run(entry.migration);
            if entry.halts || stops {
                let file = entry.file.unwrap_or_else(|| project.root.clone());
                let words = entry.message.unwrap_or(entry.version);
                outlook.refused.push((file, words));
                continue;
            }
            let path = entry.migration.map(|migration| migration.path.clone());
            match path {
                Some(path) if entry.state.is_next() => drop(outlook.next.insert(path)),
                path => {
                    if entry.state == State::Skipped {
                        outlook.passed_over.extend(path);
                    }
                    outlook.said.extend(entry.message);
                }
            }
        }
        Ok(outlook)
    }
}
