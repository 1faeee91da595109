//! node-pg-migrate's SQL files: up and down in one by comments, all that is pending in one
//! transaction.
//!
//! The number before the first underscore decides, 17 digits being a UTC time and 13 its
//! milliseconds; then the name. `-- Up Migration` and `-- Down Migration` part a file; without the
//! first, all of it goes up. The CLI's default is one transaction for all
//! (`--single-transaction`). Source: salsita/node-pg-migrate `src/{migration,sqlMigration}.ts`.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use shared::Result;

use super::finding;
use super::folder::{self, Folder};
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{Migration, Part, Wrapping};
use super::versions;
use crate::finding::Severity;

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "-- Up Migration",
    down: Down::Section("-- Down Migration"),
    outside: Outside::Never(
        "node-pg-migrate runs SQL files in a transaction: only JavaScript can say pgm.noTransaction()",
    ),
    bodies: None,
    command: None,
};

/// Whether files have its comments, or the project depends on it.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder
        .sql()
        .find(|name| versions::numbered(name).is_some())?;
    let marker = "-- Up Migration";
    let shows = folder.shows(marker) && folder.sql().any(is_timed);
    let content = shows.then(|| Evidence::new(Strength::Content, format!("files have `{marker}`")));
    content.or_else(|| Evidence::beside(folder, "package.json", "node-pg-migrate"))
}

/// The migrations by the numbers that their names begin with.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    let mut timed = Vec::new();
    for name in folder.sql().filter(|name| !name.starts_with('.')) {
        let stem = name.get(..name.len() - 4).unwrap_or(name);
        let text = folder.read(name)?;
        let migration = parted(stem, &folder.at(name), &text);
        if !is_timed(name) {
            let prefix = name.split('_').next().unwrap_or(name);
            let path = folder.at(name);
            let finding = finding::invalid_version(&path, "node-pg-migrate", prefix);
            let message = format!(
                "{name} begins with no time of 13 or 17 digits: node-pg-migrate sorts it by \
                 whatever number it can make of that"
            );
            reading.findings.push(finding::Finding {
                severity: Severity::Warning,
                message,
                ..finding
            });
        }
        timed.push((milliseconds(name), migration));
    }
    timed.sort_by(|(a, one), (b, other)| {
        a.cmp(b)
            .then_with(|| versions::natural(&one.version, &other.version))
    });
    reading.migrations = timed.into_iter().map(|(_, migration)| migration).collect();
    Ok(reading)
}

fn parted(stem: &str, path: &Path, text: &Arc<[u8]>) -> Migration {
    let title = versions::numbered(stem).map_or(stem, |(_, title)| title);
    let part = |section: Option<Range<usize>>| {
        let part = Part::whole(path.to_path_buf(), Wrapping::AllInOne).with_text(text);
        match section {
            Some(section) => part.only(section),
            None => part,
        }
    };
    let find = |word| {
        markers::lines(text)
            .find(|line| says(line.text, word))
            .map(|line| line.start)
    };
    let (up, down) = (find("up"), find("down"));
    let until = |start: usize, other: Option<usize>| {
        start..other.filter(|other| *other > start).unwrap_or(text.len())
    };
    let mut migration = Migration::of_file(stem, title, part(up.map(|up| until(up, down))));
    migration
        .down
        .extend(down.map(|start| part(Some(until(start, up)))));
    migration
}

/// Which of two migrations the runner takes first, by their names.
pub fn order(a: &str, b: &str) -> std::cmp::Ordering {
    let by_time = milliseconds(a).cmp(&milliseconds(b));
    by_time.then_with(|| versions::natural(a, b))
}

/// Whether a line matches `^\s*--[\s-]*up\s+migration`, letter case aside.
fn says(line: &[u8], word: &str) -> bool {
    let line = String::from_utf8_lossy(line);
    let Some(rest) = line.trim_start().strip_prefix("--") else {
        return false;
    };
    let rest = rest.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let after = rest
        .get(word.len()..)
        .filter(|_| folder::starts_with(rest, word));
    after.is_some_and(|after| {
        after.starts_with(char::is_whitespace)
            && folder::starts_with(after.trim_start(), "migration")
    })
}

fn is_timed(name: &str) -> bool {
    versions::numbered(name).is_some_and(|(digits, _)| matches!(digits.len(), 13 | 17))
}

/// What the runner sorts by: milliseconds since 1970, of whatever the name begins with.
fn milliseconds(name: &str) -> u128 {
    let Some((digits, _)) = versions::numbered(name) else {
        return 0;
    };
    let number = |range: Range<usize>| -> u128 {
        let part = digits.get(range).unwrap_or_default();
        part.parse().unwrap_or_default()
    };
    if digits.len() != 17 {
        return digits.parse().unwrap_or(u128::MAX);
    }
    let days = days(number(0..4), number(4..6), number(6..8));
    let seconds = (days * 24 + number(8..10)) * 3600 + number(10..12) * 60 + number(12..14);
    seconds * 1000 + number(14..17)
}

/// Days from 1970-01-01 to a date after it.
fn days(year: u128, month: u128, day: u128) -> u128 {
    let (year, month) = match month {
        0..=2 => (year.saturating_sub(1), month + 12),
        _ => (year, month),
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day;
    days.saturating_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sorts_of_time_are_the_same_clock() {
        assert_eq!(milliseconds("19700102000000001_a.sql"), 86_400_001);
        assert_eq!(milliseconds("20200513070724505_a.sql"), 1_589_353_644_505);
        assert_eq!(milliseconds("1589353644505_a.sql"), 1_589_353_644_505);
        assert_eq!(milliseconds("20240229000000000_a.sql"), 1_709_164_800_000);
    }

    #[test]
    fn comments_are_found_as_its_expression_does() {
        for line in [
            "-- Up Migration",
            "  ----  up   MIGRATIONS",
            "--up migration",
        ] {
            assert!(says(line.as_bytes(), "up"), "{line}");
        }
        for line in ["-- Upmigration", "- Up Migration", "-- an up migration", ""] {
            assert!(!says(line.as_bytes(), "up"), "{line}");
        }
    }
}
