//! dbmate: up and down in one file, by comments; a transaction around each unless one says not.
//!
//! Names match `^(\d+).*\.sql$` and are sorted as text. A file may have several sections, each
//! with its own options: `-- migrate:up transaction:false` is sent as one string. Two files of
//! one version: the second is taken for applied. Source: amacneil/dbmate
//! `pkg/dbmate/{db,migration}.go`.

use std::path::Path;
use std::sync::Arc;

use shared::Result;

use super::finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Migration, Part, Wrapping};
use super::updown::Direction;
use super::versions;

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "-- migrate:up",
    down: Down::Section("-- migrate:down"),
    outside: Outside::Words {
        words: " transaction:false",
        is_one: true,
    },
    bodies: None,
    command: None,
};

/// Whether files have its comment.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    Evidence::line(folder, "-- migrate:up").or_else(|| Evidence::line(folder, "--migrate:up"))
}

/// The migrations by their names, as text.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in folder.sql() {
        let path = folder.at(name);
        let (version, rest) = versions::leading_digits(name);
        if version.is_empty() {
            reading
                .findings
                .push(finding::skipped(&path, "dbmate", "<number>_<name>.sql"));
            continue;
        }
        let title = rest
            .strip_suffix(".sql")
            .unwrap_or(rest)
            .trim_start_matches('_');
        let text = folder.read(name)?;
        let migration = parted(version, title, &path, &text);
        if migration.up.is_empty() {
            let (marker, then) = ("-- migrate:up", "stops here");
            reading
                .findings
                .push(finding::missing_marker(&path, "dbmate", marker, then));
            continue;
        }
        reading.migrations.push(migration);
    }
    let consequence = "dbmate takes one for applied where the other is, and never runs it";
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, consequence));
    reading
        .findings
        .extend(versions::lexical_traps(&reading.migrations, "dbmate"));
    Ok(reading)
}

/// Why dbmate refuses to run a file whose up part it finds: it wants a down part, behind it, and nothing before both.
pub fn refusal(text: &[u8]) -> Option<&'static str> {
    let place = |wanted: Direction| {
        let mut lines = markers::lines(text);
        lines.find(|line| marker(line.text).is_some_and(|(direction, _)| direction == wanted))
    };
    let Some(down) = place(Direction::Down) else {
        return Some(
            "has no `-- migrate:down`, which dbmate wants, if only with nothing behind it",
        );
    };
    let up = place(Direction::Up)?;
    if up.start > down.start {
        return Some("has `-- migrate:down` before `-- migrate:up`");
    }
    let is_nothing =
        |line: &[u8]| line.trim_ascii().is_empty() || line.trim_ascii().starts_with(b"--");
    let mut before = markers::lines(text).take_while(|line| line.start < up.start);
    before
        .any(|line| !is_nothing(line.text))
        .then_some("has statements before `-- migrate:up`")
}

fn parted(version: &str, title: &str, path: &Path, text: &Arc<[u8]>) -> Migration {
    let whole = || Part::whole(path.to_path_buf(), Wrapping::PerFile).with_text(text);
    let mut migration = Migration::of_file(version, title, whole());
    migration.up.clear();
    let markers: Vec<_> = markers::lines(text)
        .filter_map(|line| Some((line, marker(line.text)?)))
        .collect();
    for (index, (line, (direction, wrapping))) in markers.iter().enumerate() {
        let end = markers
            .get(index + 1)
            .map_or(text.len(), |(next, _)| next.start);
        let mut part = whole().only(line.end..end);
        part.wrapping = *wrapping;
        match direction {
            Direction::Up => migration.up.push(part),
            Direction::Down if markers::trimmed(text, line.end..end).is_empty() => {}
            Direction::Down => migration.down.push(part),
        }
    }
    migration
}

/// What a line that begins `-- migrate:` says.
fn marker(line: &[u8]) -> Option<(Direction, Wrapping)> {
    let said = markers::comment(line)?.strip_prefix(b"migrate:")?;
    let mut words = said.split(u8::is_ascii_whitespace);
    let direction = match words.next()? {
        b"up" => Direction::Up,
        b"down" => Direction::Down,
        _ => return None,
    };
    let wrapping = match words.any(|word| word == b"transaction:false") {
        true => Wrapping::ImplicitMultiStatement,
        false => Wrapping::PerFile,
    };
    Some((direction, wrapping))
}
