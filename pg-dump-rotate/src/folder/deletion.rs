//! Deletes backups, in an order that leaves nothing half at whatever moment we are killed: the
//! manifests of some are hidden, and when the disk has that, what they speak of is removed.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shared::backup::{Backup, Manifest, partial_of};
use shared::{Context, Error, Result};

use super::sides::sides_of;
use super::{Locked, beside, exists};

/// How often a folder is emptied again into which somebody, who ought to be dead, still writes.
const ATTEMPTS: u32 = 5;

impl Locked<'_> {
    /// Deletes backups with what lies beside each; tells of each what came of it. Their data must
    /// still be what was judged.
    ///
    /// One that can't be deleted is still whole, or, where only a part of a folder could be deleted,
    /// hidden.
    pub fn delete(&self, backups: &[Backup]) -> Vec<Result<()>> {
        let hidden: Vec<Result<Hidden<'_>>> = backups
            .iter()
            .map(|backup| Hidden::begin(self.path(), backup))
            .collect();
        // Or after a power cut the manifest could be there, and the data not.
        let synced = self.sync();
        let delete = |hidden: Result<Hidden<'_>>| {
            let hidden = hidden?;
            let deleted = match &synced {
                Ok(()) => self.delete_data(hidden.name),
                Err(error) => Err(Error::new(error.in_one_line())),
            };
            self.end(&hidden, deleted)
        };
        hidden.into_iter().map(delete).collect()
    }

    /// After the data what lies beside it, or else the manifest its name again.
    fn end(&self, hidden: &Hidden<'_>, deleted: Result<()>) -> Result<()> {
        if let Err(error) = deleted {
            if exists(&self.path().join(hidden.name)) {
                // If that fails too, the next sweep does it.
                let _ = fs::rename(&hidden.hidden, &hidden.manifest);
            }
            return Err(error);
        }
        let [_, checksums, proof] = beside(hidden.name).map(|name| self.path().join(name));
        // What resists is swept by the next run, which says so: the backup is gone already.
        let mut beside = vec![checksums, proof];
        if hidden.adopted {
            beside.extend(sides_of(self.path(), hidden.name));
        }
        beside.push(hidden.hidden.clone());
        let _ = beside.iter().try_for_each(|path| remove_file(path));
        Ok(())
    }

    /// A folder vanishes at once, by a rename, before it is emptied.
    fn delete_data(&self, name: &str) -> Result<()> {
        let data = self.path().join(name);
        if !data.is_dir() {
            return remove(&data);
        }
        let hidden = self.path().join(partial_of(name));
        fs::rename(&data, &hidden).context(|| data.display().to_string())?;
        remove(&hidden)
    }
}

/// A backup without its manifest's name, which is the first to go.
struct Hidden<'a> {
    name: &'a str,
    manifest: PathBuf,
    hidden: PathBuf,
    adopted: bool,
}

impl<'a> Hidden<'a> {
    fn begin(folder: &Path, backup: &'a Backup) -> Result<Self> {
        let name = backup.path.file_name().and_then(|name| name.to_str());
        let now = Backup::at(&backup.path).filter(Backup::is_ok);
        let is_same = |now: &Backup| match (&now.manifest, &backup.manifest) {
            // One that was proved meanwhile may be the only such.
            (Some(now_says), Some(said)) => {
                now_says.is_same_text(said) && now.proof == backup.proof
            }
            _ => false,
        };
        let unchanged = now.as_ref().is_some_and(is_same);
        let Some(name) = name.filter(|_| unchanged) else {
            return Err(Error::new("it changed meanwhile"));
        };
        if let Some(other) = foreign(&backup.path)? {
            let words = format!("it holds {}, which is not of the backup", other.display());
            return Err(Error::new(words).with_hint("move that elsewhere"));
        }
        let [manifest, ..] = beside(name);
        let hidden = folder.join(partial_of(&manifest));
        let manifest = folder.join(manifest);
        fs::rename(&manifest, &hidden).context(|| manifest.display().to_string())?;
        Ok(Self {
            name,
            manifest,
            hidden,
            adopted: backup.manifest.as_ref().is_some_and(|of| of.adopted),
        })
    }
}

/// What somebody else put into the folder of a backup.
fn foreign(backup: &Path) -> Result<Option<PathBuf>> {
    if !fs::symlink_metadata(backup).is_ok_and(|data| data.is_dir()) {
        return Ok(None);
    }
    let manifest = Manifest::read_without_tables(backup)?;
    let files = manifest.map_or(Vec::new(), |manifest| manifest.files);
    let files: HashSet<PathBuf> = files
        .iter()
        .map(|file| backup.with_file_name(&file.name))
        .collect();
    // Of a folder that a file is in as well.
    let is_known = |path: &Path| files.contains(path) || files.iter().any(|f| f.starts_with(path));
    let mut folders = vec![backup.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let named = || folder.display().to_string();
        for entry in fs::read_dir(&folder).context(named)? {
            let entry = entry.context(named)?;
            if !is_known(&entry.path()) {
                return Ok(Some(entry.path()));
            }
            if entry.file_type().context(named)?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(None)
}

/// Removes a file; that it is not there is as good, and a folder of that name is somebody else's.
pub(super) fn remove_file(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        _ => remove(path),
    }
}

/// Removes a file or a folder; that it is not there is as good.
pub fn remove(path: &Path) -> Result<()> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = match is_folder {
        true => remove_folder(path),
        false => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context(|| path.display().to_string())
        }
        _ => Ok(()),
    }
}

fn remove_folder(path: &Path) -> io::Result<()> {
    let mut removed = fs::remove_dir_all(path);
    for _ in 1..ATTEMPTS {
        match &removed {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                removed = fs::remove_dir_all(path);
            }
            _ => break,
        }
    }
    removed
}
