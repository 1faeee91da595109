//! sqlx: numbered files, simple or reversible, a transaction around each.
//!
//! A name is split at its first underscore; one without, or that does not end in `.sql`, is
//! ignored, and one whose first part is no i64 stops everything. A file that begins with
//! `-- no-transaction` is sent without one, as a single string. Checksums are over the bytes.
//! Source: launchbadge/sqlx `sqlx-core/src/migrate/{source,migration_type,migrator}.rs`,
//! `sqlx-postgres/src/migrate.rs`.

use shared::Result;

use super::finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Part, Wrapping};
use super::updown;
use super::versions;

const NO_TRANSACTION: &[u8] = b"-- no-transaction";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::File(".up.sql", ".down.sql"),
    outside: Outside::LineOfOne("-- no-transaction"),
    bodies: None,
    command: None,
};

/// Whether the folder is sqlx's: its names are those of many.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder
        .sql()
        .find(|name| versions::numbered(name).is_some())?;
    Evidence::beside(folder, "Cargo.toml", "sqlx")
        .or_else(|| Evidence::line(folder, "-- Add migration script here"))
        .or_else(|| Evidence::line(folder, "-- Add up migration script here"))
        .or_else(|| {
            let seen = folder.shows("-- no-transaction");
            seen.then(|| Evidence::new(Strength::Names, "files begin with `-- no-transaction`"))
        })
}

/// The migrations by their numbers.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    let mut files = Vec::new();
    for name in folder.sql() {
        let Some((version, rest)) = name.split_once('_') else {
            reading.findings.push(finding::skipped(
                &folder.at(name),
                "sqlx",
                "<number>_<name>.sql",
            ));
            continue;
        };
        if !version.parse::<i64>().is_ok_and(|version| version > 0) {
            reading
                .findings
                .push(finding::invalid_version(&folder.at(name), "sqlx", version));
            continue;
        }
        let text = folder.read(name)?;
        if markers::has_crlf(&text) {
            reading
                .findings
                .push(finding::crlf(&folder.at(name), "sqlx"));
        }
        let wrapping = match text.starts_with(NO_TRANSACTION) {
            true => Wrapping::ImplicitMultiStatement,
            false => Wrapping::PerFile,
        };
        let part = Part::whole(folder.at(name), wrapping).with_text(&text);
        files.push(updown::File::new(versions::canonical(version), rest, part));
    }
    reading.migrations = updown::pair(files);
    reading
        .migrations
        .sort_by(|a, b| versions::by_value(&a.version, &b.version));
    let consequence = "sqlx fails on the key of its history table";
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, consequence));
    reading
        .findings
        .extend(updown::without_up(&mut reading.migrations, "sqlx"));
    Ok(reading)
}
