//! Supabase: numbered files in `supabase/migrations`, each sent as one batch.
//!
//! A batch without a Sync in between is one implicit transaction. Names are sorted as text; those
//! that do not match `^([0-9]+)_(.*)\.sql$` are skipped, and so is a first `…_init.sql` from
//! before 2021-12-09. Source: supabase/cli `pkg/migration/{list,file}.go`.

use shared::Result;

use super::finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading};
use super::manner::Manner;
use super::migration::{Migration, Part, Wrapping};
use super::versions;

/// Before that moment the first migration of a project was written by the tool itself.
const OWN_INIT_BEFORE: u64 = 20_211_209_000_000;

/// How a migration is written.
pub const MANNER: Manner = Manner::SQL;

/// Whether the folder is `supabase/migrations`.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    folder
        .sql()
        .find(|name| versions::numbered(name).is_some())?;
    Evidence::place(folder, "migrations", "supabase")
}

/// The migrations by their names, as text.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    for (index, name) in folder.sql().enumerate() {
        let path = folder.at(name);
        let stem = name.strip_suffix(".sql").and_then(versions::numbered);
        let Some((version, title)) = stem.filter(|_| !(index == 0 && is_own_init(name))) else {
            let form =
                "<number>_<name>.sql (and no first <14 digits>_init.sql from before 2021-12-09)";
            reading
                .findings
                .push(finding::skipped(&path, "Supabase", form));
            continue;
        };
        let part = Part::whole(path, Wrapping::ImplicitMultiStatement);
        reading
            .migrations
            .push(Migration::of_file(version, title, part));
    }
    let consequence = "Supabase fails on the key of its history table";
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, consequence));
    reading
        .findings
        .extend(versions::lexical_traps(&reading.migrations, "Supabase"));
    Ok(reading)
}

fn is_own_init(name: &str) -> bool {
    let digits = name.strip_suffix("_init.sql").unwrap_or_default();
    digits.len() == 14 && digits.parse::<u64>().is_ok_and(|at| at < OWN_INIT_BEFORE)
}
