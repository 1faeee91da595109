//! pop, and what reads its files: names as golang-migrate's, templates in the SQL, a transaction
//! around each.
//!
//! Names match `^(\d+)_([^.]+)(\.[a-z0-9]+)?\.(up|down)\.(sql|fizz)$`; the part in the middle names
//! the one database that a file is for. Source: gobuffalo/pop `migrator.go`; supabase/auth is the
//! best known.

use shared::Result;

use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::golang_migrate::{self, Runner};
use super::manner::{Down, Manner, Outside};
use super::migration::Wrapping;

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::File(".up.sql", ".down.sql"),
    outside: Outside::Never("pop runs each file in a transaction"),
    bodies: None,
    command: None,
};

/// Whether names go up and the SQL is a template of pop's, or the project depends on it.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder
        .sql()
        .find(|name| golang_migrate::directed(name).is_some())?;
    let template = "{{ index .Options ";
    if folder.contains(template) {
        let why = format!("files have templates such as `{template}… }}}}`");
        return Some(Evidence::new(Strength::Content, why));
    }
    Evidence::beside(folder, "go.mod", "gobuffalo/pop")
}

/// The migrations by their numbers.
pub fn read(folder: &Folder) -> Result<Reading> {
    let names = folder.sql().filter(|name| is_for_us(name));
    let runner = Runner {
        name: "pop",
        wrapping: Wrapping::PerFile,
        duplicate: "pop takes the second for applied",
    };
    Ok(golang_migrate::read_names(folder, names, &runner))
}

/// Whether a name has no database in it, or ours.
fn is_for_us(name: &str) -> bool {
    let stem = name.trim_end_matches(".sql");
    let stem = stem.trim_end_matches(".up").trim_end_matches(".down");
    let database = stem.split_once('.').map(|(_, database)| database);
    database.is_none_or(|database| matches!(database, "postgres" | "all"))
}
