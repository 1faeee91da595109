//! Rails: migrations are Ruby; what is SQL is the schema as a whole, `structure.sql`.
//!
//! It is pg_dump's output with the versions it stands for at its end, loaded by psql into new
//! databases only.

use std::path::Path;

use shared::Result;

use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::Manner;
use super::migration::{Kind, Migration, Part, Wrapping};
use super::{Layout, Project, versions};

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

/// A project whose migrations are all in Ruby, of the folder that has them, the one above, or the application's:
/// there is nothing in it to lint, but what a server has of it can be told.
pub fn in_ruby(path: &Path) -> Option<Project> {
    let has_ruby = |path: &Path| {
        let folder = Folder::open(path).ok()?;
        let is_migration = |name: &String| {
            let stem = name.strip_suffix(".rb");
            stem.and_then(versions::numbered).is_some()
        };
        let is_so = folder.sql().next().is_none() && folder.files.iter().any(is_migration);
        is_so.then_some(())
    };
    let roots = [
        (path.to_path_buf(), path.to_path_buf()),
        (path.to_path_buf(), path.join(MIGRATE)),
        (path.join("db"), path.join("db").join(MIGRATE)),
    ];
    let (root, _) = roots
        .into_iter()
        .find(|(root, folder)| has_ruby(folder).is_some() && !root.join(STRUCTURE).is_file())?;
    Some(Project {
        layout: Layout::Rails,
        root,
        migrations: Vec::new(),
        findings: Vec::new(),
        notes: Vec::new(),
        warnings: Vec::new(),
        whole: true,
        is_sure: true,
        has_gaps: true,
    })
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
