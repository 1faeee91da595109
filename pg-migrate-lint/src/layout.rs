//! Migrations found by looking: which framework a folder belongs to, what of it runs in which
//! order and direction and in which transaction, and what is wrong with the folder itself.
//!
//! Each framework is a file that says how it is recognised and what it makes of a folder, with
//! the source that says so. Nothing is written, no program is run but git, and only where
//! [`since`] is asked.

pub mod checksum;
mod dbmate;
mod diesel;
mod drizzle;
mod examples;
mod finding;
pub mod flyway;
mod folder;
mod found;
mod framework;
pub mod git;
mod golang_migrate;
mod goose;
pub mod graphile_migrate;
mod manner;
mod markers;
mod migration;
mod next;
pub mod node_pg_migrate;
mod operands;
mod plain;
mod pop;
mod prairielearn;
mod prisma;
mod rails;
mod refinery;
mod sections;
pub mod since;
mod sqitch;
pub mod sql_migrate;
mod sqlx;
mod supabase;
mod tern;
mod updown;
pub mod versions;
mod wishes;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use shared::Result;

use crate::rules::Rule;

pub use dbmate::refusal as dbmate_refusal;
pub use finding::{Finding, RULES};
use folder::Folder;
pub use folder::is_sql;
pub use framework::{Layout, NAMES};
pub use manner::{Down, Outside};
pub use migration::{Kind, Migration, Part, Wrapping, read as read_file};
pub use rails::in_ruby;
pub use writer::{Names, Writer};

/// The migrations of one folder, and what is wrong with it.
#[derive(Debug)]
pub struct Project {
    /// The framework whose rules hold.
    pub layout: Layout,
    /// The folder: of migrations, or of the side file that lists them.
    pub root: PathBuf,
    /// In the order in which they run.
    pub migrations: Vec<Migration>,
    /// All that is wrong with the folder; [`Project::reported`] is what concerns what was asked.
    pub findings: Vec<Finding>,
    /// Why this layout, and what was assumed: for `-v`.
    pub notes: Vec<String>,
    /// What may make everything that is said wrong, such as a layout that could be another.
    pub warnings: Vec<String>,
    /// Whether the folder was named. If not, files in it were.
    pub whole: bool,
    /// Whether more than the form of its names says whose they are.
    pub is_sure: bool,
    /// Whether something that is not read runs between its migrations.
    pub has_gaps: bool,
}

/// The projects that these files and folders belong to, in the order in which they are first met.
/// A folder that is no project is looked through; a file has the history of its project, which is
/// not itself asked for. What no framework claims is plain files. `wanted` overrides every guess.
///
/// Fails on what is not there or can't be read, and where `wanted` is nowhere to be found.
pub fn discover(paths: &[PathBuf], wanted: Option<Layout>) -> Result<Vec<Project>> {
    operands::discover(paths, wanted)
}

/// The same folder as another framework reads it, if that finds nothing there to pass over or to stop at.
pub fn read_as(project: &Project, layout: Layout) -> Result<Option<Project>> {
    let folder = Folder::open(&project.root)?;
    let Some(framework) = layout.framework() else {
        return Ok(None);
    };
    let reading = (framework.read)(&folder)?;
    let is_strange = |finding: &Finding| {
        [
            &finding::SKIPPED_FILE,
            &finding::INVALID_VERSION,
            &finding::MISSING_MARKER,
        ]
        .iter()
        .any(|rule| rule.name == finding.rule.name)
    };
    if reading.migrations.is_empty() || reading.findings.iter().any(is_strange) {
        return Ok(None);
    }
    let asked: HashSet<&Path> = project.asked().flat_map(Migration::paths).collect();
    let mut migrations = reading.migrations;
    for migration in &mut migrations {
        migration.asked = project.whole || migration.paths().any(|path| asked.contains(path));
    }
    Ok(Some(Project {
        layout,
        root: project.root.clone(),
        migrations,
        findings: reading.findings,
        notes: reading.notes,
        warnings: reading.warnings,
        whole: project.whole,
        is_sure: true,
        has_gaps: project.has_gaps,
    }))
}

/// A file of this name in a folder, or in one above it within the same repository.
pub fn beside(root: &Path, file: &str) -> Option<PathBuf> {
    Folder::open(root).ok()?.beside(file, "")
}

/// What `--layout` calls it.
pub fn name(layout: Layout) -> &'static str {
    layout.framework().map_or("", |framework| framework.name)
}

impl Project {
    /// The migrations that were asked for; the others are their history.
    pub fn asked(&self) -> impl Iterator<Item = &Migration> {
        self.migrations.iter().filter(|migration| migration.asked)
    }

    /// The findings that concern what was asked for: those about other migrations are left out,
    /// and, where files were named, those about other files too. Side files concern everybody.
    pub fn reported(&self) -> impl Iterator<Item = &Finding> {
        let paths = |asked| {
            let migrations = self.migrations.iter().filter(move |one| one.asked == asked);
            let paths = migrations.flat_map(|one| one.paths().chain([one.path.as_path()]));
            paths.collect::<HashSet<&Path>>()
        };
        let (asked, others) = (paths(true), paths(false));
        self.findings.iter().filter(move |finding| {
            let path = finding.path.as_path();
            let is_side = path.extension().is_some_and(|end| end != "sql");
            let concerns_all = self.whole && !others.contains(path);
            asked.contains(path) || concerns_all || is_side
        })
    }

    /// What is only said if one of its rules is asked: that a migration lacks a way back, a header or a name.
    pub fn wishes(&self, asked: &[&Rule]) -> Vec<Finding> {
        match wishes::RULES
            .iter()
            .any(|rule| asked.iter().any(|asked| asked.name == rule.name))
        {
            true => wishes::of(self),
            false => Vec::new(),
        }
    }
}

/// Folders that hold other people's files, or what is made from one's own.
fn is_foreign(name: &str) -> bool {
    let known = [
        "node_modules",
        "target",
        "vendor",
        "dist",
        "venv",
        "__pycache__",
    ];
    name.starts_with('.') || known.contains(&name)
}
