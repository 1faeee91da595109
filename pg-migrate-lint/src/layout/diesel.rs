//! diesel: a folder per migration with `up.sql` and `down.sql`, a transaction around each.
//!
//! The version is what stands before the first underscore, without hyphens, compared as text. Any
//! folder without `up.sql` stops everything. `metadata.toml` may say `run_in_transaction = false`:
//! then the file goes to the server as one string. Source: diesel-rs/diesel
//! `diesel_migrations/src/file_based_migrations.rs`, `migrations_internals/src/lib.rs`.

use std::path::Path;

use shared::Result;

use super::finding::{self, Finding};
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::migration::{self, Migration, Part, Wrapping};
use super::versions;

const UP: &str = "up.sql";
const DOWN: &str = "down.sql";
const METADATA: &str = "metadata.toml";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::File("up.sql", "down.sql"),
    outside: Outside::Beside {
        name: METADATA,
        text: "run_in_transaction = false\n",
        is_needed: |_| true,
    },
    bodies: None,
    command: None,
};

/// Whether the folder is diesel's `migrations`.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let name = folder.folders_with(UP).next()?;
    Evidence::beside(folder, "diesel.toml", "")
        .or_else(|| Evidence::beside(folder, "Cargo.toml", "diesel"))
        .or_else(|| {
            Some(Evidence::new(
                Strength::Names,
                format!("it has {name}/{UP}"),
            ))
        })
}

/// The migrations by their versions, as text.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for name in &folder.folders {
        let own = folder.at(name);
        if !own.join(UP).is_file() {
            let message = format!("{name} has no {UP}: diesel stops here");
            let finding = Finding::new(&finding::FOLDER_WITHOUT_MIGRATION, &own, message);
            reading
                .findings
                .push(finding.with_fix(format!("put {UP} back, or remove the folder")));
            continue;
        }
        let (prefix, title) = name.split_once('_').unwrap_or((name, name));
        let wrapping = wrapping(&own)?;
        let up = Part::whole(own.join(UP), wrapping);
        let mut migration = Migration::of_file(&prefix.replace('-', ""), title, up);
        let down = Some(own.join(DOWN)).filter(|down| down.is_file());
        migration
            .down
            .extend(down.map(|down| Part::whole(down, wrapping)));
        reading.migrations.push(migration);
    }
    reading.migrations.sort_by(|a, b| a.version.cmp(&b.version));
    let consequence = "diesel takes one for the other, and runs only one of them";
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, consequence));
    reading
        .findings
        .extend(versions::lexical_traps(&reading.migrations, "diesel"));
    let stray = folder
        .sql()
        .map(|name| finding::skipped(&folder.at(name), "diesel", "<version>_<name>/up.sql"));
    reading.findings.extend(stray);
    Ok(reading)
}

/// As diesel reads it: a file that is no TOML counts for none, one that does not say it says no.
fn wrapping(folder: &Path) -> Result<Wrapping> {
    let path = folder.join(METADATA);
    if !path.is_file() {
        return Ok(Wrapping::PerFile);
    }
    let text = migration::read(&path)?;
    let metadata: Option<toml::Table> = String::from_utf8_lossy(&text).parse().ok();
    let in_transaction = metadata.is_none_or(|metadata| {
        let said = metadata.get("run_in_transaction");
        said.and_then(toml::Value::as_bool).unwrap_or(false)
    });
    Ok(match in_transaction {
        true => Wrapping::PerFile,
        false => Wrapping::ImplicitMultiStatement,
    })
}
