//! tern: files counted from 1, up and down in one, a transaction around each.
//!
//! `---- create above / drop below ----` parts a file; `---- tern: disable-tx ----` on a line of
//! its own has it run statement by statement. A number too many or too few ends the run.
//! Source: jackc/tern `migrate/migrate.go`.

use std::path::Path;
use std::sync::Arc;

use shared::Result;

use super::finding::{self, Finding};
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Migration, Part, Wrapping};
use super::versions;

const SEPARATOR: &str = "---- create above / drop below ----";
const NO_TRANSACTION: &[u8] = b"---- tern: disable-tx ----";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::Section(SEPARATOR),
    outside: Outside::Line("---- tern: disable-tx ----"),
    bodies: None,
    command: None,
};

/// Whether files have its separator, or its configuration is there.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder
        .sql()
        .find(|name| versions::numbered(name).is_some())?;
    if folder.has("tern.conf") {
        return Some(Evidence::new(Strength::Content, "it has tern.conf"));
    }
    Evidence::line(folder, SEPARATOR).or_else(|| Evidence::line(folder, "---- tern: "))
}

/// The migrations by their numbers.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in folder.sql() {
        let path = folder.at(name);
        let Some((version, title)) = name.strip_suffix(".sql").and_then(versions::numbered) else {
            reading
                .findings
                .push(finding::skipped(&path, "tern", "<number>_<name>.sql"));
            continue;
        };
        let text = folder.read(name)?;
        let migration = parted(versions::canonical(version), title, &path, &text);
        reading.migrations.push(migration);
    }
    reading
        .migrations
        .sort_by(|a, b| versions::by_value(&a.version, &b.version));
    reading.findings.extend(versions::duplicates(
        &reading.migrations,
        "tern refuses both",
    ));
    reading.findings.extend(gap(&reading.migrations));
    Ok(reading)
}

fn parted(version: &str, title: &str, path: &Path, text: &Arc<[u8]>) -> Migration {
    let without = markers::lines(text).any(|line| line.text == NO_TRANSACTION);
    let wrapping = match without {
        true => Wrapping::None,
        false => Wrapping::PerFile,
    };
    let part = Part::whole(path.to_path_buf(), wrapping).with_text(text);
    let at = memchr::memmem::find(text, SEPARATOR.as_bytes());
    let Some(at) = at else {
        return Migration::of_file(version, title, part);
    };
    let down = part.clone().only(at + SEPARATOR.len()..text.len());
    let mut migration = Migration::of_file(version, title, part.only(0..at));
    migration.down.push(down);
    migration
}

/// The first number that is missing: tern looks no further.
fn gap(migrations: &[Migration]) -> Option<Finding> {
    let mut numbers: Vec<_> = migrations.iter().map(|one| one.version.as_str()).collect();
    numbers.dedup();
    let expected = (1_usize..).map(|number| number.to_string());
    let (expected, found) = expected
        .zip(numbers)
        .find(|(expected, found)| expected != found)?;
    let migration = migrations.iter().find(|one| one.version == found)?;
    let name = versions::name_of(&migration.path);
    let message = format!("{name} follows where {expected} is missing: tern applies nothing");
    let finding = Finding::new(&finding::VERSION_GAP, &migration.path, message);
    Some(finding.with_fix(format!("put {expected} back, or number what follows anew")))
}
