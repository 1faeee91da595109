//! golang-migrate: numbered files that go up and down, each sent as one string.
//!
//! Names that do not match `^([0-9]+)_(.*)\.(down|up)\.(.*)$` are ignored; versions are u64 and
//! compared by value; two files of the same version and direction are an error. There is no
//! transaction but the implicit one of several statements; with `x-multi-statement=true` in the
//! URL, which no file shows, not even that. A migration below the version of the database is
//! never run. Source: golang-migrate/migrate `source/parse.go`, `database/postgres/postgres.go`.

use shared::Result;

use super::finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::migration::{Part, Wrapping};
use super::updown;
use super::versions;

const FORM: &str = "<number>_<name>.up.sql and .down.sql";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::File(".up.sql", ".down.sql"),
    outside: Outside::Alone,
    bodies: None,
    command: None,
};

/// Whether names go up and down. sqlx names reversible migrations the same way.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let name = folder.sql().find(|name| directed(name).is_some())?;
    let why = format!("names go up and down, as {name}");
    Evidence::beside(folder, "go.mod", "golang-migrate")
        .or_else(|| Some(Evidence::new(Strength::Names, why)))
}

/// The migrations by their numbers.
pub fn read(folder: &Folder) -> Result<Reading> {
    let runner = Runner {
        name: "golang-migrate",
        wrapping: Wrapping::ImplicitMultiStatement,
        duplicate: "golang-migrate refuses both",
    };
    let mut reading = read_names(folder, folder.sql(), &runner);
    let note = "golang-migrate: each file is taken for one string, without x-multi-statement=true";
    reading.notes.push(note.to_string());
    Ok(reading)
}

/// A runner that treats names alike.
#[derive(Debug)]
pub struct Runner {
    /// As messages call it.
    pub name: &'static str,
    /// The transaction that it runs a file in.
    pub wrapping: Wrapping,
    /// What it makes of two files of the same version.
    pub duplicate: &'static str,
}

/// Reads these files of a folder as such a runner does.
pub fn read_names<'a>(
    folder: &Folder,
    names: impl Iterator<Item = &'a str>,
    runner: &Runner,
) -> Reading {
    let mut reading = Reading::default();
    let mut files = Vec::new();
    for name in names {
        let path = folder.at(name);
        let Some((version, rest)) = directed(name) else {
            reading
                .findings
                .push(finding::skipped(&path, runner.name, FORM));
            continue;
        };
        if version.parse::<u64>().is_err() {
            reading
                .findings
                .push(finding::invalid_version(&path, runner.name, version));
            continue;
        }
        let part = Part::whole(path, runner.wrapping);
        files.push(updown::File::new(versions::canonical(version), rest, part));
    }
    reading.migrations = updown::pair(files);
    reading
        .migrations
        .sort_by(|a, b| versions::by_value(&a.version, &b.version));
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, runner.duplicate));
    reading
        .findings
        .extend(updown::without_up(&mut reading.migrations, runner.name));
    reading
}

/// The version of a name that says where it goes, and the rest of it.
pub fn directed(name: &str) -> Option<(&str, &str)> {
    updown::direction(name).1?;
    versions::numbered(name)
}
