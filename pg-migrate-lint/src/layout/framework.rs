//! What a framework has to say of itself, and the choice among those that recognise a folder.

use shared::Result;

use super::finding::Finding;
use super::folder::Folder;
use super::manner::Manner;
use super::migration::Migration;
use super::{
    dbmate, diesel, drizzle, flyway, golang_migrate, goose, graphile_migrate, node_pg_migrate,
    plain, pop, prairielearn, prisma, rails, refinery, sqitch, sql_migrate, sqlx, supabase, tern,
};

/// A framework's manner of laying out migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `<14 digits>_<name>/migration.sql`, `migration_lock.toml`.
    Prisma,
    /// `meta/_journal.json` and `<tag>.sql`; from 1.0 on `<14 digits>_<name>/migration.sql` and
    /// `snapshot.json`.
    Drizzle,
    /// `<number>_<name>.sql`, or `.up.sql` and `.down.sql`.
    Sqlx,
    /// `<version>_<name>/up.sql` and `down.sql`.
    Diesel,
    /// `<number>_<name>.up.sql` and `.down.sql`.
    GolangMigrate,
    /// The same names with templates in the SQL.
    Pop,
    /// `V1__name.sql`, `U1__name.sql`, `R__name.sql`.
    Flyway,
    /// `V1__name.sql` of a Rust project.
    Refinery,
    /// `supabase/migrations/<number>_<name>.sql`.
    Supabase,
    /// `<number>_<name>.sql` with `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// `<number>_<name>.sql` with `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// `<name>.sql` with `-- +migrate Up` and `-- +migrate Down`.
    SqlMigrate,
    /// `001_name.sql` with `---- create above / drop below ----`.
    Tern,
    /// `<13 or 17 digits>_<name>.sql` with `-- Up Migration` and `-- Down Migration`.
    NodePgMigrate,
    /// `sqitch.plan`, `deploy/`, `revert/`, `verify/`.
    Sqitch,
    /// `committed/000001.sql` and `current.sql`.
    GraphileMigrate,
    /// `structure.sql`, the schema as a whole.
    Rails,
    /// `<14 digits>_<name>.sql` with `-- prairielearn:migrations NO TRANSACTION`.
    Prairielearn,
    /// Files that are run by psql, in the order of their names.
    Plain,
}

/// How sure a folder's looks make us, the surest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Only the form of the names says so.
    Names,
    /// So does where the folder is, or a project file that names the framework.
    Place,
    /// So does a file or a comment that only this framework has.
    Content,
}

/// Why a folder is taken for a framework's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// How sure it makes us.
    pub strength: Strength,
    /// What was seen, to go after "because".
    pub why: String,
}

impl Evidence {
    /// What was seen, and how sure it makes us.
    pub fn new(strength: Strength, why: impl Into<String>) -> Self {
        Self {
            strength,
            why: why.into(),
        }
    }

    /// That a project file above or beside names the framework.
    pub fn beside(folder: &Folder, file: &str, word: &str) -> Option<Self> {
        let path = folder.beside(file, word)?;
        let why = match word {
            "" => format!("{} is there", path.display()),
            _ => format!("{} names {word}", path.display()),
        };
        Some(Self::new(Strength::Place, why))
    }

    /// That the folder is called so, in one that is called so.
    pub fn place(folder: &Folder, own: &str, parent: &str) -> Option<Self> {
        let is_there = folder.own_names() == (own.to_string(), parent.to_string());
        is_there.then(|| Self::new(Strength::Place, format!("it is {parent}/{own}")))
    }

    /// That a line of one of its files begins so.
    pub fn line(folder: &Folder, start: &str) -> Option<Self> {
        let seen = folder.shows(start);
        seen.then(|| Self::new(Strength::Content, format!("files have `{start}`")))
    }
}

/// What a framework makes of a folder.
#[derive(Debug, Default)]
pub struct Reading {
    /// In the order in which they run.
    pub migrations: Vec<Migration>,
    /// What is wrong with the folder.
    pub findings: Vec<Finding>,
    /// What was assumed, for `-v`.
    pub notes: Vec<String>,
    /// What can't be seen.
    pub warnings: Vec<String>,
}

/// A framework: how it is called, recognised and read.
#[derive(Debug)]
pub struct Framework {
    /// Which it is.
    pub layout: Layout,
    /// The word for `--layout`.
    pub name: &'static str,
    /// As its makers write it.
    pub title: &'static str,
    /// Whether a folder looks like its.
    pub detect: fn(&Folder) -> Option<Evidence>,
    /// What it makes of a folder.
    pub read: fn(&Folder) -> Result<Reading>,
    /// How a migration of it is written.
    pub manner: &'static Manner,
}

macro_rules! frameworks {
    ($($layout:ident $name:literal $title:literal $module:ident)*) => {
        /// All of them, those whose names say most first.
        pub static FRAMEWORKS: &[Framework] = &[$(Framework {
            layout: Layout::$layout,
            name: $name,
            title: $title,
            detect: $module::detect,
            read: $module::read,
            manner: &$module::MANNER,
        }),*];

        /// What `--layout` takes.
        pub const NAMES: &[&str] = &["auto", $($name),*];
    };
}

frameworks! {
    Sqitch "sqitch" "Sqitch" sqitch
    Drizzle "drizzle" "Drizzle" drizzle
    Prisma "prisma" "Prisma" prisma
    GraphileMigrate "graphile-migrate" "graphile-migrate" graphile_migrate
    Dbmate "dbmate" "dbmate" dbmate
    Goose "goose" "goose" goose
    SqlMigrate "sql-migrate" "sql-migrate" sql_migrate
    Tern "tern" "tern" tern
    NodePgMigrate "node-pg-migrate" "node-pg-migrate" node_pg_migrate
    Prairielearn "prairielearn" "PrairieLearn's migrations" prairielearn
    Supabase "supabase" "Supabase" supabase
    Diesel "diesel" "diesel" diesel
    Refinery "refinery" "refinery" refinery
    Flyway "flyway" "Flyway" flyway
    Sqlx "sqlx" "sqlx" sqlx
    Pop "pop" "pop" pop
    GolangMigrate "golang-migrate" "golang-migrate" golang_migrate
    Rails "rails" "Rails" rails
    Plain "plain" "plain files" plain
}

impl Layout {
    /// The one that `--layout` calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = FRAMEWORKS.iter().find(|framework| framework.name == name);
        found.map(|framework| framework.layout)
    }

    /// As its makers write it.
    pub fn title(self) -> &'static str {
        self.framework().map_or("", |framework| framework.title)
    }

    /// Its row of the table. Every layout has one, which a test sees to.
    pub fn framework(self) -> Option<&'static Framework> {
        FRAMEWORKS.iter().find(|row| row.layout == self)
    }
}

/// The framework that a folder is taken for.
#[derive(Debug)]
pub struct Choice {
    /// Which.
    pub framework: &'static Framework,
    /// Why, and what else it might be, for `-v`.
    pub note: String,
    /// Whether more than the form of the names says so.
    pub is_sure: bool,
    /// Others that it looks like just as much: what is said may be wrong for want of `--layout`.
    pub rivals: Vec<&'static Framework>,
}

/// The framework with the best evidence, if any has some.
pub fn choose(folder: &Folder, wanted: Option<Layout>) -> Option<Choice> {
    let candidates = FRAMEWORKS
        .iter()
        .filter(|row| wanted.is_none_or(|wanted| row.layout == wanted));
    let mut seen: Vec<_> = candidates
        .filter_map(|row| Some((row, (row.detect)(folder)?)))
        .collect();
    // Stable: among equals the order of the table decides.
    seen.sort_by_key(|(_, evidence)| std::cmp::Reverse(evidence.strength));
    let (framework, best) = seen.first()?;
    let equal = seen.iter().skip(1);
    let rivals: Vec<_> = equal
        .filter(|(_, evidence)| evidence.strength == best.strength)
        .map(|(row, _)| *row)
        .collect();
    let path = folder.path.display();
    let note = format!("{path}: {}, because {}", framework.title, best.why);
    Some(Choice {
        framework,
        note,
        is_sure: best.strength > Strength::Names && rivals.is_empty(),
        rivals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_in_the_table_once() {
        for row in FRAMEWORKS {
            assert_eq!(Layout::from_name(row.name), Some(row.layout));
            assert_eq!(Layout::from_name(row.name), Some(row.layout));
            assert_eq!(row.layout.title(), row.title);
        }
        // As long as the enum: a layout that is added without a row fails here.
        let listed = format!("{:?}", Layout::Plain as usize + 1);
        assert_eq!(listed, FRAMEWORKS.len().to_string());
    }
}
