//! sql-migrate: as goose, with comments of its own, and whole names as versions.
//!
//! Every `.sql` file is a migration; names that begin with different numbers are compared by
//! these, all others as text. `-- +migrate Up notransaction` has the statements run each for
//! itself. Source: rubenv/sql-migrate `migrate.go`, `sqlparse/sqlparse.go`.

use std::cmp::Ordering;

use shared::Result;

use super::folder::Folder;
use super::framework::{Evidence, Reading};
use super::manner::{Down, Manner, Outside};
use super::sections::{self, Dialect};
use super::versions;

const DIALECT: Dialect = Dialect {
    runner: "sql-migrate",
    prefix: "+migrate ",
};

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "-- +migrate Up",
    down: Down::Section("-- +migrate Down"),
    outside: Outside::Words {
        words: " notransaction",
        is_one: false,
    },
    bodies: Some(("-- +migrate StatementBegin", "-- +migrate StatementEnd")),
    command: None,
};

/// Whether files have its comments.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    Evidence::line(folder, "-- +migrate ")
}

/// The migrations by their names.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in folder.sql() {
        let title = name.strip_suffix(".sql").unwrap_or(name);
        let title = versions::numbered(title).map_or(title, |(_, title)| title);
        sections::add(&mut reading, &DIALECT, (name, title), &folder.at(name))?;
    }
    reading
        .migrations
        .sort_by(|a, b| by_id(&a.version, &b.version));
    Ok(reading)
}

/// Which of two names the runner takes first.
pub fn by_id(a: &str, b: &str) -> Ordering {
    let ((digits_a, _), (digits_b, _)) = (versions::leading_digits(a), versions::leading_digits(b));
    let by_number = match digits_a.is_empty() || digits_b.is_empty() {
        true => Ordering::Equal,
        false => versions::by_value(digits_a, digits_b),
    };
    by_number.then_with(|| a.cmp(b))
}
