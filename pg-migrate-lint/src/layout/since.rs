//! Which migrations are new, and what became of the old ones.

use std::path::{Path, PathBuf};

use shared::Result;

use super::finding::{self, Finding};
use super::git::{self, Change, Comparison};
use super::{Kind, Layout, Migration, Project, folder, versions};
use crate::finding::Severity;

/// Asks only for what is new since a commit, and says what was edited, removed, or put before
/// what is there already. Of what was asked for before, the rest becomes history.
///
/// Fails where the folder is in no git repository or git does not know the reference.
pub fn commit(project: &mut Project, reference: &str) -> Result<()> {
    let comparison = git::compare(&project.root, reference)?;
    let before = Before {
        layout: project.layout,
        root: project.root.clone(),
        reference,
        comparison: &comparison,
    };
    let mut findings = Vec::new();
    for migration in &mut project.migrations {
        let state = before.state(migration);
        if state == State::Edited {
            findings.push(before.edited(migration));
        }
        migration.asked &= state != State::Old;
    }
    findings.extend(before.removed());
    findings.extend(before.misplaced(&project.migrations));
    findings.extend(before.taken(&project.migrations));
    project.findings.extend(findings);
    Ok(())
}

/// Asks only for what comes after the migration that this file belongs to. Whether it belongs to
/// one of this project's.
pub fn file(project: &mut Project, path: &Path) -> bool {
    let Ok(wanted) = path.canonicalize() else {
        return false;
    };
    let is_it = |one: &Migration| {
        let mut paths = one
            .paths()
            .filter(|path| path.file_name() == wanted.file_name());
        paths.any(|path| path.canonicalize().is_ok_and(|path| path == wanted))
    };
    let Some(place) = project.migrations.iter().position(is_it) else {
        return false;
    };
    let upto = project.migrations.iter_mut().take(place + 1);
    upto.for_each(|migration| migration.asked = false);
    true
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    New,
    Edited,
    Old,
}

/// What there was, and what is called so in messages.
struct Before<'a> {
    layout: Layout,
    root: PathBuf,
    reference: &'a str,
    comparison: &'a Comparison,
}

impl Before<'_> {
    fn below<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    fn change(&self, path: &Path) -> Option<Change> {
        self.comparison.changes.get(self.below(path)).copied()
    }

    fn state(&self, migration: &Migration) -> State {
        let changes = migration.up.iter().map(|part| self.change(&part.path));
        let change = changes.flatten().next();
        let may_change = matches!(migration.kind, Kind::Repeatable | Kind::Current);
        match change {
            _ if migration.kind == Kind::Snapshot => State::Old,
            None | Some(Change::Deleted) => State::Old,
            Some(Change::Added) => State::New,
            Some(Change::Modified) if may_change || self.is_reworked(migration) => State::New,
            Some(Change::Modified) => State::Edited,
        }
    }

    /// Sqitch has the script of a change that is planned anew copied to `NAME@TAG.sql` first.
    fn is_reworked(&self, migration: &Migration) -> bool {
        let start = format!("{}@", migration.name);
        self.layout == Layout::Sqitch
            && self.comparison.changes.iter().any(|(path, change)| {
                let path = path.strip_prefix("deploy").unwrap_or(path);
                *change == Change::Added && path.to_string_lossy().starts_with(&start)
            })
    }

    fn edited(&self, migration: &Migration) -> Finding {
        let name = versions::name_of(&migration.path);
        let title = self.layout.title();
        let (severity, consequence) = match keeps_checksums(self.layout) {
            true => (
                Severity::Error,
                format!("{title} compares its checksum with that of what is applied"),
            ),
            false => (
                Severity::Warning,
                "where it is applied, the change never arrives".to_string(),
            ),
        };
        let message = format!(
            "{name} was there at {} and has been changed: {consequence}",
            self.reference
        );
        Finding::new(&finding::EDITED_MIGRATION, &migration.path, message)
            .with_severity(severity)
            .with_fix("undo the change, and write a new migration that makes it")
    }

    fn removed(&self) -> Vec<Finding> {
        let changes = self.comparison.changes.iter();
        let gone = changes.filter(|(path, change)| **change == Change::Deleted && self.is_up(path));
        let mut gone: Vec<_> = gone.map(|(path, _)| path).collect();
        gone.sort();
        let findings = gone.into_iter().map(|path| {
            let path = match self.root == Path::new(".") {
                true => path.clone(),
                false => self.root.join(path),
            };
            let name = versions::name_of(&path);
            let message = format!("{name} was there at {} and is gone", self.reference);
            let severity = match keeps_checksums(self.layout) {
                true => Severity::Error,
                false => Severity::Warning,
            };
            Finding::new(&finding::REMOVED_MIGRATION, &path, message)
                .with_severity(severity)
                .with_fix("put it back; take its effect away by a new migration")
        });
        findings.collect()
    }

    /// Whether a file that we can't look at any more was a migration, by its place and name.
    fn is_up(&self, path: &Path) -> bool {
        let depth = path.components().count();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let flat = depth == 1 && folder::is_sql(&name) && !name.contains(".down.");
        match self.layout {
            Layout::Prisma => depth == 2 && name == "migration.sql",
            Layout::Drizzle => flat || (depth == 2 && name == "migration.sql"),
            Layout::Diesel => depth == 2 && name == "up.sql",
            Layout::Sqitch => path.starts_with("deploy"),
            Layout::GraphileMigrate => path.starts_with("committed"),
            Layout::Flyway => name.starts_with('V') && folder::is_sql(&name),
            Layout::Refinery => name.starts_with(['V', 'U']) && folder::is_sql(&name),
            Layout::Rails => false,
            // Other files have no order, and may be anything.
            Layout::Plain => {
                let is_numbered = !versions::leading_digits(&name).0.is_empty();
                is_numbered && folder::is_sql(&name) && !name.contains(".down.")
            }
            _ => flat && !versions::leading_digits(&name).0.is_empty(),
        }
    }

    /// New migrations that come before one that was there: in the order of the project, and before
    /// those that only the commit has.
    fn misplaced(&self, migrations: &[Migration]) -> Vec<Finding> {
        let is_ours = |one: &&Migration| one.kind == Kind::Versioned && self.counts(one);
        let latest = self.latest_elsewhere(migrations);
        let mut findings = Vec::new();
        // From the end: what was met already comes later.
        let mut later: Option<&Migration> = None;
        for migration in migrations.iter().filter(is_ours).rev() {
            if self.state(migration) != State::New {
                later = later.or(Some(migration));
                continue;
            }
            let own = self.key(self.below(&migration.path));
            let elsewhere = latest
                .as_ref()
                .filter(|key| versions::natural(&own, key).is_lt());
            let name = later
                .map(|later| versions::name_of(&later.path))
                .or(elsewhere.cloned());
            findings.extend(name.map(|later| self.misplaced_one(migration, &later)));
        }
        findings.reverse();
        findings
    }

    fn misplaced_one(&self, migration: &Migration, later: &str) -> Finding {
        let name = versions::name_of(&migration.path);
        let title = self.layout.title();
        let (severity, consequence) = match self.layout {
            Layout::GolangMigrate | Layout::Drizzle => {
                let then =
                    format!("where that is applied, {title} never runs it, and says nothing");
                (Severity::Error, then)
            }
            Layout::Flyway
            | Layout::Goose
            | Layout::NodePgMigrate
            | Layout::Refinery
            | Layout::Supabase
            | Layout::Sqitch
            | Layout::GraphileMigrate => (
                Severity::Error,
                format!("where that is applied, {title} refuses to go on"),
            ),
            Layout::Plain => (
                Severity::Warning,
                "where that is applied, this is run after it".to_string(),
            ),
            _ => (
                Severity::Warning,
                format!("where that is applied, {title} runs it afterwards"),
            ),
        };
        let message = format!("{name} is new and comes before {later}: {consequence}");
        Finding::new(&finding::VERSION_OUT_OF_ORDER, &migration.path, message)
            .with_severity(severity)
            .with_fix("rename it so that it comes last")
    }

    /// New migrations whose version another branch took meanwhile.
    fn taken(&self, migrations: &[Migration]) -> Vec<Finding> {
        let by_name = matches!(
            self.layout,
            Layout::Prisma
                | Layout::Drizzle
                | Layout::NodePgMigrate
                | Layout::SqlMigrate
                | Layout::Sqitch
                | Layout::Rails
        );
        if by_name {
            return Vec::new();
        }
        let elsewhere = self.only_there(migrations);
        let new = migrations
            .iter()
            .filter(|one| self.counts(one) && self.state(one) == State::New);
        let findings = new.filter_map(|migration| {
            let own = self.key(self.below(&migration.path));
            let number = number(&own);
            let other = elsewhere.iter().find(|other| {
                !number.is_empty() && self::number(other) == number && **other != own
            })?;
            let message = format!(
                "{own} has the version that {other} has at {}",
                self.reference
            );
            let finding = Finding::new(&finding::DUPLICATE_VERSION, &migration.path, message);
            Some(finding.with_fix("give it the next free version"))
        });
        findings.collect()
    }

    /// Plain files that have no number have no order to be out of.
    fn counts(&self, migration: &Migration) -> bool {
        self.layout != Layout::Plain || !migration.version.is_empty()
    }

    /// What the order is told by: the name of the migration's file or folder.
    fn key(&self, below: &Path) -> String {
        let first = below
            .components()
            .next()
            .map(|first| first.as_os_str().to_string_lossy());
        let last = below.file_name().map(|last| last.to_string_lossy());
        let key = match self.layout {
            Layout::Prisma | Layout::Diesel | Layout::Drizzle => first,
            _ => last,
        };
        key.unwrap_or_default().into_owned()
    }

    /// The keys of the migrations that the commit has and the folder has not, and never had.
    fn only_there(&self, migrations: &[Migration]) -> Vec<String> {
        let here: std::collections::HashSet<_> = migrations
            .iter()
            .flat_map(Migration::paths)
            .map(|path| self.below(path))
            .collect();
        let there = self.comparison.there.iter().filter(|path| {
            !here.contains(path.as_path())
                && self.comparison.changes.get(*path) != Some(&Change::Deleted)
                && self.is_up(path)
        });
        there.map(|path| self.key(path)).collect()
    }

    fn latest_elsewhere(&self, migrations: &[Migration]) -> Option<String> {
        if matches!(self.layout, Layout::Drizzle | Layout::Sqitch) {
            return None;
        }
        let keys = self.only_there(migrations).into_iter();
        keys.max_by(|a, b| versions::natural(a, b))
    }
}

/// The version in a key: digits, and the dots or underscores between Flyway's.
fn number(key: &str) -> String {
    let key = key.trim_start_matches(['V', 'U']);
    let digits = match key.split_once("__") {
        Some((version, _)) => version,
        None => versions::leading_digits(key).0,
    };
    let parts = digits.split(['.', '_']).map(versions::canonical);
    parts.collect::<Vec<_>>().join(".")
}

fn keeps_checksums(layout: Layout) -> bool {
    matches!(
        layout,
        Layout::Prisma
            | Layout::Sqlx
            | Layout::Flyway
            | Layout::Sqitch
            | Layout::Refinery
            | Layout::GraphileMigrate
    )
}
