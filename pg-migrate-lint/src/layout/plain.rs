//! Files that no framework claims: run by psql, in the order of their names, numbers by value.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use shared::Result;

use super::finding::Finding;
use super::folder::Folder;
use super::framework::{Evidence, Reading};
use super::manner::Manner;
use super::migration::{Migration, Part, Wrapping};
use super::versions;
use crate::finding::Severity;

/// What says that a file goes back, longest first, at the end of its name.
const DOWN_ENDS: [&str; 8] = [
    ".rollback",
    "_rollback",
    "-rollback",
    ".down",
    "_down",
    "-down",
    ".undo",
    "_undo",
];
/// What says that a file goes up.
const UP_ENDS: [&str; 3] = [".up", "_up", "-up"];

/// How a migration is written.
pub const MANNER: Manner = Manner::SQL;

/// Never: it is what is left when nothing else fits.
pub fn detect(_folder: &Folder) -> Option<Evidence> {
    None
}

/// Every SQL file of the folder and of those below it.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut names = Vec::new();
    collect(folder, "", &mut names)?;
    let mut reading = of_names(folder, names);
    reading.findings.extend(duplicates(&reading.migrations));
    Ok(reading)
}

/// The files of the folder alone, whatever their names end in.
pub fn read_flat(folder: &Folder) -> Reading {
    let mut reading = of_names(folder, folder.files.clone());
    reading.findings.extend(duplicates(&reading.migrations));
    reading
}

fn collect(folder: &Folder, below: &str, names: &mut Vec<String>) -> Result<()> {
    names.extend(folder.sql().map(|name| format!("{below}{name}")));
    for name in folder
        .folders
        .iter()
        .filter(|name| !super::is_foreign(name))
    {
        let inner = Folder::open(&folder.at(name))?;
        collect(&inner, &format!("{below}{name}/"), names)?;
    }
    Ok(())
}

fn of_names(folder: &Folder, mut names: Vec<String>) -> Reading {
    names.sort_by(|a, b| versions::natural(a, b));
    let mut downs = HashMap::new();
    let mut migrations = Vec::new();
    for name in &names {
        let stem = stem(name);
        let part = Part::whole(folder.at(name), Wrapping::None);
        if let Some(base) = base(stem, &DOWN_ENDS) {
            downs.insert(base.to_string(), part);
            continue;
        }
        let stem = base(stem, &UP_ENDS).unwrap_or(stem);
        let file = stem.rsplit('/').next().unwrap_or(stem);
        let (version, title) = versions::numbered(file).unwrap_or(("", file));
        migrations.push((
            stem,
            Migration::of_file(versions::canonical(version), title, part),
        ));
    }
    let mut reading = Reading::default();
    for (stem, mut migration) in migrations {
        migration.down.extend(downs.remove(stem));
        reading.migrations.push(migration);
    }
    // What undoes a file that is not there is a script like any other.
    let mut left: Vec<_> = downs.into_iter().collect();
    left.sort_by(|(a, _), (b, _)| versions::natural(a, b));
    let left = left
        .into_iter()
        .map(|(stem, part)| Migration::of_file("", &stem, part));
    reading.migrations.extend(left);
    reading
}

/// Numbers that two files of one folder share: two branches took the same. Dates of a day are no
/// numbers, and what runs the files decides whether it matters.
fn duplicates(migrations: &[Migration]) -> Vec<Finding> {
    let mut folders: BTreeMap<&Path, Vec<&Migration>> = BTreeMap::new();
    for migration in migrations
        .iter()
        .filter(|one| one.version.len() != "20240131".len())
    {
        let folder = migration.path.parent().unwrap_or(&migration.path);
        folders.entry(folder).or_default().push(migration);
    }
    let consequence = "which runs first is left to the rest of their names";
    let found = folders
        .into_values()
        .flat_map(|own| versions::duplicates(own, consequence));
    found
        .map(|finding| finding.with_severity(Severity::Warning))
        .collect()
}

fn stem(name: &str) -> &str {
    match super::folder::is_sql(name) {
        true => name.get(..name.len() - 4).unwrap_or(name),
        false => name,
    }
}

fn base<'a>(stem: &'a str, ends: &[&str]) -> Option<&'a str> {
    ends.iter().find_map(|end| stem.strip_suffix(end))
}
