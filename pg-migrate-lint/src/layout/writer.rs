//! The files that a fix is written into: what is called how, after all that a project has.

use std::path::{Path, PathBuf};

use super::manner::{Down, Manner};
use super::migration::{Kind, Migration, Wrapping};
use super::next::Form;
use super::{Layout, Project};

/// So many of the newest migrations are remembered: what is older has long been run.
const RECENT: usize = 16;

/// Names and manners of a project's next migrations.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The framework, as its makers write it.
    pub runner: &'static str,
    /// What stands around the SQL.
    pub manner: &'static Manner,
    /// Whether all that is pending is run in one transaction.
    pub is_all_in_one: bool,
    /// Whether a file is run in a transaction without saying so itself.
    pub is_wrapped: bool,
    /// Whether something that is not read runs between its migrations.
    pub has_gaps: bool,
    /// The newest migrations that run once, in their order.
    recent: Vec<Migration>,
    names: Names,
    has_down: bool,
}

/// What the next migrations are called.
#[derive(Debug, Clone)]
pub enum Names {
    /// As the newest one, with the next version.
    Next(Form),
    /// By its title alone, in this folder.
    Titles(PathBuf),
    /// As all others before it is committed.
    Current(PathBuf),
}

impl Names {
    /// The next migration's file, for what goes up.
    pub fn next(&mut self, title: &str) -> PathBuf {
        match self {
            Self::Next(form) => form.next(title),
            Self::Titles(folder) => folder.join(format!("{title}.sql")),
            Self::Current(path) => path.clone(),
        }
    }
}

impl Writer {
    /// That of a project. None where names don't tell an order, or no migration is SQL.
    pub fn of(project: &Project) -> Option<Self> {
        let framework = project.layout.framework()?;
        let versioned = project.migrations.iter().rev();
        let newest = versioned.clone().find(|one| one.kind == Kind::Versioned);
        let names = match project.layout {
            Layout::Sqitch => Names::Titles(project.root.join("deploy")),
            Layout::GraphileMigrate => Names::Current(project.root.join("current.sql")),
            _ => Names::Next(Form::of(&newest?.up.first()?.path)?),
        };
        let parts = || project.migrations.iter().flat_map(|one| &one.up);
        Some(Self {
            runner: framework.title,
            manner: framework.manner,
            is_all_in_one: parts().any(|part| part.wrapping == Wrapping::AllInOne),
            is_wrapped: parts().any(|part| part.wrapping != Wrapping::None),
            has_gaps: project.has_gaps,
            recent: recent(project),
            names,
            has_down: project.migrations.iter().any(|one| !one.down.is_empty()),
        })
    }

    /// The migration that a file is of, with those that run after it. None where too many do.
    pub fn from(&self, path: &str) -> Option<&[Migration]> {
        let is_of = |migration: &Migration| {
            let mut parts = migration.up.iter();
            parts.any(|part| part.path.to_str() == Some(path))
        };
        let place = self.recent.iter().position(is_of)?;
        self.recent.get(place..)
    }

    /// Names for what comes after all that is there now. Of several fixes one is written before the next is looked for,
    /// so that each of them begins anew: some runners want numbers without gaps.
    pub fn names(&self) -> Names {
        self.names.clone()
    }

    /// The file of the way back of what goes up by this one, where the project has such.
    pub fn down(&self, up: &Path) -> Option<PathBuf> {
        let Down::File(end, other) = self.manner.down else {
            return None;
        };
        let path = up.to_str().filter(|_| self.has_down)?;
        let (start, rest) = path.rsplit_once(end)?;
        Some(PathBuf::from(format!("{start}{other}{rest}")))
    }

    /// Whether a migration of this project says how it is undone.
    pub fn has_down(&self) -> bool {
        self.has_down && self.manner.down != Down::None
    }
}

/// Those that run once, the newest ones. What they hold is read again where it is asked for.
fn recent(project: &Project) -> Vec<Migration> {
    let once = |one: &&Migration| matches!(one.kind, Kind::Versioned | Kind::Current);
    let migrations = project.migrations.iter().rev().filter(once).take(RECENT);
    let mut recent: Vec<_> = migrations.cloned().map(Migration::without_text).collect();
    recent.reverse();
    recent
}
