//! PrairieLearn's runner: dated files, a transaction around each unless a comment says not.
//!
//! Names match `^([0-9]{14})_.+\.[a-z]+`, or everything stops; a line
//! `-- prairielearn:migrations NO TRANSACTION` has the file sent as one string without one.
//! Source: PrairieLearn/PrairieLearn
//! `packages/migrations/src/{load-migrations,migrations/migrations}.ts`.

use shared::Result;

use super::finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Migration, Part, Wrapping};
use super::versions;

const MARKER: &str = "-- prairielearn:migrations";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::None,
    outside: Outside::LineOfOne("-- prairielearn:migrations NO TRANSACTION"),
    bodies: None,
    command: None,
};

/// Whether files have its comment, or the project depends on it.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder.sql().find(|name| dated(name).is_some())?;
    Evidence::line(folder, MARKER)
        .or_else(|| Evidence::beside(folder, "package.json", "@prairielearn/migrations"))
}

/// The migrations by their times.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in folder.sql() {
        let path = folder.at(name);
        let Some((version, title)) = dated(name) else {
            let version = name.split('_').next().unwrap_or(name);
            let runner = "PrairieLearn's runner";
            let finding = finding::invalid_version(&path, runner, version);
            let fix = "begin the name with 14 digits and an underscore";
            reading.findings.push(finding.with_fix(fix));
            continue;
        };
        let text = folder.read(name)?;
        let part = Part::whole(path, wrapping(&text)).with_text(&text);
        reading
            .migrations
            .push(Migration::of_file(version, title, part));
    }
    let consequence = "PrairieLearn's runner refuses both";
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, consequence));
    Ok(reading)
}

fn dated(name: &str) -> Option<(&str, &str)> {
    let parts = versions::numbered(name.strip_suffix(".sql")?)?;
    (parts.0.len() == 14).then_some(parts)
}

fn wrapping(text: &[u8]) -> Wrapping {
    let mut said = markers::lines(text).filter_map(|line| markers::after(line.text, MARKER));
    match said.any(|rest| rest.trim_ascii() == b"NO TRANSACTION") {
        true => Wrapping::ImplicitMultiStatement,
        false => Wrapping::PerFile,
    }
}
