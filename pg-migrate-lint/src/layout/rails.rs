//! Rails: migrations are Ruby; what is SQL is the schema as a whole, `structure.sql`.
//!
//! It is pg_dump's output with the versions it stands for at its end, loaded by psql into new
//! databases only.

use shared::Result;

use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::Manner;
use super::migration::{Kind, Migration, Part, Wrapping};

const STRUCTURE: &str = "structure.sql";
const MIGRATE: &str = "migrate";

/// How a migration is written.
pub const MANNER: Manner = Manner::SQL;

/// Whether the folder has a `structure.sql` beside the migrations.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let is_rails = folder.has(STRUCTURE) && folder.folders.iter().any(|name| name == MIGRATE);
    let why = format!("it has {STRUCTURE} and {MIGRATE}/");
    is_rails.then(|| Evidence::new(Strength::Place, why))
}

/// That file, and those of further databases (`animals_structure.sql`).
pub fn read(folder: &Folder) -> Result<Reading> {
    let structures = folder.sql().filter(|name| name.ends_with(STRUCTURE));
    let migrations = structures.map(|name| Migration {
        kind: Kind::Snapshot,
        ..Migration::of_file("", name, Part::whole(folder.at(name), Wrapping::None))
    });
    Ok(Reading {
        migrations: migrations.collect(),
        warnings: vec![
            "Rails: migrations in Ruby are not seen, only what they add up to".to_string(),
        ],
        ..Reading::default()
    })
}
