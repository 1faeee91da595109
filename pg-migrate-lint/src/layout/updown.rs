//! Files that go up and files that come down, told apart by their names.

use std::collections::HashMap;

use super::finding::{self, Finding};
use super::migration::{Migration, Part};

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the next version.
    Up,
    /// Back.
    Down,
}

/// A file before it is paired with its counterpart.
#[derive(Debug)]
pub struct File {
    version: String,
    name: String,
    direction: Direction,
    part: Part,
}

impl File {
    /// A file whose name after the version is `rest`: `add_users.up.sql`, or without a direction.
    pub fn new(version: &str, rest: &str, part: Part) -> Self {
        let (name, direction) = direction(rest);
        Self {
            version: version.to_string(),
            name: name.to_string(),
            direction: direction.unwrap_or(Direction::Up),
            part,
        }
    }
}

/// `add_users.down.sql` as `add_users` and where it goes, if the name says so.
pub fn direction(name: &str) -> (&str, Option<Direction>) {
    for (end, direction) in [
        (".up.sql", Some(Direction::Up)),
        (".down.sql", Some(Direction::Down)),
        (".sql", None),
    ] {
        if let Some(name) = name.strip_suffix(end) {
            return (name, direction);
        }
    }
    (name, None)
}

/// Makes migrations of files: one that comes down belongs to the first of the same version that
/// goes up. One that has no such counterpart makes a migration without an up part.
pub fn pair(files: Vec<File>) -> Vec<Migration> {
    let (up, down): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| file.direction == Direction::Up);
    let mut migrations = Vec::with_capacity(up.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(up.len());
    for file in up {
        places
            .entry(file.version.clone())
            .or_insert(migrations.len());
        migrations.push(Migration::of_file(&file.version, &file.name, file.part));
    }
    for file in down {
        let place = places.get(&file.version).copied();
        match place.and_then(|place| migrations.get_mut(place)) {
            Some(migration) => migration.down.push(file.part),
            None => migrations.push(Migration {
                up: Vec::new(),
                down: vec![file.part.clone()],
                ..Migration::of_file(&file.version, &file.name, file.part)
            }),
        }
    }
    migrations
}

/// Takes away the migrations that have only a way back, and says so.
pub fn without_up(migrations: &mut Vec<Migration>, runner: &str) -> Vec<Finding> {
    let (whole, halves) = std::mem::take(migrations)
        .into_iter()
        .partition::<Vec<_>, _>(|migration| !migration.up.is_empty());
    *migrations = whole;
    let findings = halves.iter().map(|half| {
        let version = &half.version;
        let message = format!("{runner} finds a way back from version {version}, but none there");
        let finding = Finding::new(&finding::SKIPPED_FILE, &half.path, message);
        finding.with_fix("put the file that goes up back, or remove this one")
    });
    findings.collect()
}
