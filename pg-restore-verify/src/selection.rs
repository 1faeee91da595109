//! Which backups to verify.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shared::cli::Context;
use shared::dump::CONTENTS;
use shared::records::{self, Stdin};
use shared::{Context as _, Error, Result, backup};

use crate::archive::{Archive, check_kind};
use crate::cli::Selection;

/// What pg-dump-rotate writes, as far as it matters here.
#[derive(Debug, Deserialize, Serialize)]
struct Rotated {
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    path: Option<PathBuf>,
}

/// The backups, in order; those on standard input as they come.
pub fn backups<'a>(
    selection: &Selection,
    context: &'a Context,
) -> Result<Box<dyn Iterator<Item = Result<PathBuf>> + 'a>> {
    if let Some(folder) = &selection.latest {
        return Ok(Box::new(std::iter::once(Ok(latest(folder, selection)?))));
    }
    if selection.reads_stdin() {
        return Ok(Box::new(FromRecords::new(context)));
    }
    let mut operands = selection.operands.clone();
    // One that can't be opened is told of at once, not after hours spent on those before it.
    operands.sort_by_key(|path| readable(path));
    Ok(Box::new(operands.into_iter().map(Ok)))
}

fn readable(path: &Path) -> bool {
    check_kind(path).is_ok() && std::fs::File::open(path).is_ok()
}

fn latest(folder: &Path, selection: &Selection) -> Result<PathBuf> {
    let backups = backup::list(folder)?;
    let wanted = |wish: &Option<String>, value: Option<&str>| {
        wish.as_deref().is_none_or(|wish| value == Some(wish))
    };
    let newest = backups.iter().find(|backup| match &backup.manifest {
        // Globals are no database; they are restored with one.
        Some(manifest) => {
            !manifest.is_of_globals()
                && wanted(&selection.database, manifest.database.as_deref())
                && may_be(selection, manifest.database.as_deref())
                && wanted(&selection.label, manifest.label.as_deref())
        }
        None => selection.database.is_none() && selection.label.is_none(),
    });
    let others = backups.iter().any(|backup| backup.manifest.is_some());
    let filtered = selection.database.is_some()
        || selection.label.is_some()
        || (selection.promoted.is_some() && others);
    let path = match newest {
        Some(backup) => Some(backup.path.to_path_buf()),
        None if filtered => None,
        None => newest_of_others(folder)?,
    };
    path.ok_or_else(|| {
        Error::new(format!("{}: there is no such backup", folder.display()))
            .with_hint("pg-dump-rotate --list --dir shows what is there")
    })
}

/// Of whichever database a backup is: it is not to take the place of another one unless that was
/// said.
fn may_be(selection: &Selection, database: Option<&str>) -> bool {
    match (&selection.promoted, database, &selection.database) {
        (Some(live), Some(database), None) => live == database,
        _ => true,
    }
}

/// In a folder without backups of pg-dump-rotate: the youngest file or folder that is
/// one of pg_dump's.
fn newest_of_others(folder: &Path) -> Result<Option<PathBuf>> {
    let named = || folder.display().to_string();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).context(named)? {
        let entry = entry.context(named)?;
        let metadata = entry.metadata().context(named)?;
        if metadata.is_file() || entry.path().join(CONTENTS).is_file() {
            files.push((metadata.modified().context(named)?, entry.path()));
        }
    }
    files.sort();
    let mut youngest_first = files.into_iter().rev().map(|(_, path)| path);
    Ok(youngest_first.find(|path| matches!(Archive::open(path), Ok(Ok(_)))))
}

/// The backups that records on standard input tell of: those just created, or listed.
struct FromRecords<'a> {
    records: records::Reader<Rotated, BufReader<Stdin>>,
    context: &'a Context,
    found: bool,
    ended: bool,
}

impl<'a> FromRecords<'a> {
    fn new(context: &'a Context) -> Self {
        Self {
            records: records::read(context.stdin()),
            context,
            found: false,
            ended: false,
        }
    }

    fn next_path(&mut self) -> Result<Option<PathBuf>> {
        for record in self.records.by_ref() {
            let record = record.context(|| "standard input".to_string())?;
            match (record.action.as_deref(), record.path) {
                (None | Some("created" | "listed"), Some(path)) => {
                    self.found = true;
                    return Ok(Some(path));
                }
                (Some(action), Some(path)) => {
                    self.context
                        .note(format!("{}: {action}, passed over", path.display()));
                }
                (None | Some("created" | "listed"), None) => {
                    return Err(Error::usage("standard input: a record without a path"));
                }
                (Some(action), None) => self.context.note(format!("{action}, passed over")),
            }
        }
        if self.found {
            return Ok(None);
        }
        Err(Error::new("stdin named no backup to verify").with_hint(
            "records with action \"created\" or \"listed\" are taken: pg-dump-rotate --dir DIR | pg-restore-verify -",
        ))
    }
}

impl Iterator for FromRecords<'_> {
    type Item = Result<PathBuf>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_path().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
