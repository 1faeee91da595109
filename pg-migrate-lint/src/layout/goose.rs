//! goose: up and down in one file, by comments; a transaction around each unless one says not.
//!
//! A statement ends at a line that ends in a semicolon, unless StatementBegin and StatementEnd
//! stand around it; each is sent for itself. Names without a number before the first underscore
//! are ignored, versions compared by value. `ENVSUB ON` has `${…}` replaced. Source: pressly/goose
//! `internal/sqlparser/parser.go`, `migrate.go`.

use shared::Result;

use super::finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading};
use super::manner::{Down, Manner, Outside};
use super::sections::{self, Dialect};
use super::versions;

const DIALECT: Dialect = Dialect {
    runner: "goose",
    prefix: "+goose ",
};

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "-- +goose Up",
    down: Down::Section("-- +goose Down"),
    outside: Outside::Line("-- +goose NO TRANSACTION"),
    bodies: Some(("-- +goose StatementBegin", "-- +goose StatementEnd")),
    command: None,
};

/// Whether files have its comments.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    Evidence::line(folder, "-- +goose ").or_else(|| Evidence::line(folder, "--+goose "))
}

/// The migrations by their numbers.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in folder.sql() {
        let path = folder.at(name);
        let Some((version, title)) = name.strip_suffix(".sql").and_then(versions::numbered) else {
            reading
                .findings
                .push(finding::skipped(&path, "goose", "<number>_<name>.sql"));
            continue;
        };
        if !version.parse::<i64>().is_ok_and(|version| version > 0) {
            reading
                .findings
                .push(finding::invalid_version(&path, "goose", version));
            continue;
        }
        let version = versions::canonical(version);
        sections::add(&mut reading, &DIALECT, (version, title), &path)?;
    }
    reading
        .migrations
        .sort_by(|a, b| versions::by_value(&a.version, &b.version));
    reading.findings.extend(versions::duplicates(
        &reading.migrations,
        "goose refuses both",
    ));
    Ok(reading)
}
