//! What a framework's own configuration says of its history table, as far as that can be read without running
//! anything: variables, and files in the folder or above it within the repository.

mod flyway;
mod script;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use shared::connection::Environment;
use shared::{Context, Result};

use super::wanted::Wanted;
use crate::layout::{self, Layout, Project};

/// What is said of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// What the table is called.
    pub table: Option<String>,
    /// The schema that it is in.
    pub schema: Option<String>,
    /// The schema in which the runner has migrations make what they name without one.
    pub runs_in: Option<String>,
    /// What says so.
    pub by: String,
    /// Why what it says is not known.
    pub unread: Option<String>,
}

/// What Drizzle's configuration is called.
const DRIZZLE: [&str; 6] = [
    "drizzle.config.ts",
    "drizzle.config.js",
    "drizzle.config.mts",
    "drizzle.config.mjs",
    "drizzle.config.cjs",
    "drizzle.config.json",
];

impl Said {
    /// Of the framework that a project is taken for.
    pub fn of(project: &Project, environment: &Environment) -> Result<Self> {
        let sources = Sources {
            root: &project.root,
            environment,
        };
        match project.layout {
            Layout::Flyway => flyway::of(&sources),
            Layout::Drizzle => sources.file(&DRIZZLE, |text| Ok(script::drizzle(text))),
            Layout::SqlMigrate => sources.file(&["dbconfig.yml"], |text| Ok(environments(text))),
            Layout::Pop => sources.file(&["database.yml"], |text| Ok(pop(text))),
            Layout::Tern => sources.file(&["tern.conf"], |text| Ok(tern(text))),
            Layout::Sqitch => sources.file(&["sqitch.conf"], |text| Ok(sqitch(text))),
            Layout::Sqlx => sources.file(&["sqlx.toml"], |text| {
                Ok(Self::of_name(text::toml(text, &["migrate", "table-name"])))
            }),
            Layout::Goose => sources.variable("GOOSE_TABLE", Wanted::parse),
            Layout::Dbmate => {
                sources.variable("DBMATE_MIGRATIONS_TABLE", |name| Some(Wanted::split(name)))
            }
            _ => Ok(Self::default()),
        }
    }

    /// Whether it says where the table is.
    pub fn says_where(&self) -> bool {
        self.table.is_some() || self.schema.is_some()
    }

    fn of_wanted(wanted: Wanted) -> Self {
        Self {
            table: Some(wanted.table),
            schema: wanted.schema,
            ..Self::default()
        }
    }

    /// A table that may have its schema before it.
    fn of_name(name: Option<String>) -> Self {
        match name {
            None => Self::default(),
            Some(name) if text::is_computed(&name) => Self::unread("the table's name is computed"),
            Some(name) => Self::of_wanted(Wanted::split(&name)),
        }
    }

    fn unread(why: &str) -> Self {
        Self {
            unread: Some(why.to_string()),
            ..Self::default()
        }
    }

    fn by(mut self, source: impl Into<String>) -> Self {
        self.by = source.into();
        self
    }
}

/// Where a configuration is looked for.
struct Sources<'a> {
    root: &'a Path,
    environment: &'a Environment,
}

impl Sources<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        layout::beside(self.root, name)
    }

    /// The first of these files that is there.
    fn file(&self, names: &[&str], read: impl Fn(&str) -> Result<Said>) -> Result<Said> {
        let Some(path) = names.iter().find_map(|name| self.path(name)) else {
            return Ok(Said::default());
        };
        let name = path.display().to_string();
        let bytes = fs::read(&path).context(|| format!("could not read {name}"))?;
        Ok(read(&String::from_utf8_lossy(&bytes))
            .context(|| name.clone())?
            .by(name))
    }

    /// A variable, or the line of `.env` that stands for it.
    fn variable(&self, name: &str, read: impl Fn(&str) -> Option<Wanted>) -> Result<Said> {
        let of = |value: &str| match read(value) {
            Some(wanted) => Said::of_wanted(wanted),
            None => Said::unread("it is no table's name"),
        };
        if self.environment.says(name)
            && let Some(value) = self.environment.get(name)?
        {
            return Ok(of(value).by(name));
        }
        self.file(&[".env"], |text| {
            let mut lines = text::pairs(text).into_iter();
            let line = lines.find(|line| line.key == name && !line.value.is_empty());
            Ok(line.map_or_else(Said::default, |line| of(&line.value)))
        })
    }
}

/// sql-migrate's environments, of which the command line chooses one.
fn environments(text: &str) -> Said {
    let lines = text::yaml(text);
    let mut names: Vec<&str> = lines
        .iter()
        .filter_map(|(path, _)| Some(path.first()?.as_str()))
        .collect();
    names.dedup();
    let mut said: Vec<Said> = names
        .iter()
        .map(|name| {
            let value = |key: &str| {
                let is_it = |path: &[String]| path == [(*name).to_string(), key.to_string()];
                let found = lines.iter().find(|(path, _)| is_it(path));
                found.map(|(_, value)| value.clone())
            };
            Said {
                table: value("table"),
                schema: value("schema"),
                ..Said::default()
            }
        })
        .collect();
    said.dedup();
    match said.as_slice() {
        [] => Said::default(),
        [only] => only.clone(),
        _ => Said::unread("its environments have several"),
    }
}

fn pop(text: &str) -> Said {
    let is_it = |path: &[String]| path.last().is_some_and(|key| key == "migration_table_name");
    let lines = text::yaml(text);
    let mut names: Vec<String> = lines
        .into_iter()
        .filter(|(path, _)| is_it(path))
        .map(|(_, value)| value)
        .collect();
    names.sort();
    names.dedup();
    match names.len() {
        0 | 1 => Said::of_name(names.pop()),
        _ => Said::unread("its environments have several"),
    }
}

fn tern(text: &str) -> Said {
    let mut lines = text::pairs(text).into_iter();
    let line = lines.find(|line| line.section == "database" && line.key == "version_table");
    Said::of_name(line.map(|line| line.value))
}

fn sqitch(text: &str) -> Said {
    let lines = text::pairs(text);
    let mut registries: Vec<&str> = lines
        .iter()
        .filter(|line| line.key == "registry")
        .map(|line| line.value.as_str())
        .collect();
    registries.dedup();
    match registries.as_slice() {
        [] => Said::default(),
        [only] => Said {
            schema: Some((*only).to_string()),
            ..Said::default()
        },
        _ => Said::unread("its targets have several registries"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(said: &Said) -> (Option<&str>, Option<&str>) {
        (said.schema.as_deref(), said.table.as_deref())
    }

    #[test]
    fn environments_that_agree_say_one_table() {
        let one = "development:\n  dialect: postgres\n  table: migs # ours\nproduction:\n    table: 'migs'\n";
        assert_eq!(table(&environments(one)), (None, Some("migs")));
        let two = "development:\n  dir: a\nproduction:\n  dir: a\n  table: migs\n";
        assert!(environments(two).unread.is_some());
        assert_eq!(table(&environments("")), (None, None));
    }

    #[test]
    fn other_files() {
        let conf = "[database]\nhost = h\nversion_table = app.done\n[data]\nversion_table = x\n";
        assert_eq!(table(&tern(conf)), (Some("app"), Some("done")));
        assert!(
            tern("[database]\nversion_table={{env \"T\"}}\n")
                .unread
                .is_some()
        );
        let conf = "[core]\n\tengine = pg\n[engine \"pg\"]\n\tregistry = meta\n";
        assert_eq!(table(&sqitch(conf)), (Some("meta"), None));
        let yml = "development:\n  url: x\n  options:\n    migration_table_name: done\n";
        assert_eq!(table(&pop(yml)), (None, Some("done")));
    }
}
