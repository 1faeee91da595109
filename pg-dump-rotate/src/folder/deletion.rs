//! Deletes backups, in an order that leaves nothing half at whatever moment we are killed: the
//! manifests of some are hidden, and when the disk has that, what they speak of is removed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use shared::backup::{Backup, Kind, Manifest, Place, partial_of};
use shared::{Context, Error, Result};

use super::sides::sides_of;
use super::{Locked, beside};

/// What became of one that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Deleted,
    /// Somebody reads it: it is left to a later run.
    Spared,
}

impl Locked<'_> {
    /// Deletes backups with what lies beside each; tells of each what came of it. Their data must
    /// still be what was judged.
    ///
    /// One that can't be deleted is still whole, or, where only a part of a folder could be deleted,
    /// hidden.
    pub fn delete(&self, backups: &[Backup]) -> Vec<Result<Fate>> {
        let hidden: Vec<Result<Option<Hidden<'_>>>> = backups
            .iter()
            .map(|backup| Hidden::begin(self, backup))
            .collect();
        // Or after a power cut the manifest could be there, and the data not.
        let synced = self.sync();
        let delete = |hidden: Result<Option<Hidden<'_>>>| {
            let Some(hidden) = hidden? else {
                return Ok(Fate::Spared);
            };
            // Only one at a time is kept from who would read it: each takes a file of the process.
            let Some(_claim) = self.place().claim(hidden.name) else {
                return self.unhide(&hidden).map(|()| Fate::Spared);
            };
            let deleted = match &synced {
                Ok(()) => self.delete_data(hidden.name),
                Err(error) => Err(Error::new(error.in_one_line())),
            };
            self.end(&hidden, deleted).map(|()| Fate::Deleted)
        };
        hidden.into_iter().map(delete).collect()
    }

    /// After the data what lies beside it, or else the manifest its name again.
    fn end(&self, hidden: &Hidden<'_>, deleted: Result<()>) -> Result<()> {
        if let Err(error) = deleted {
            if self.place().has(hidden.name) {
                // If that fails too, the next sweep does it.
                let _ = self.unhide(hidden);
            }
            return Err(error);
        }
        let [_, checksums, proof] = beside(hidden.name);
        // What resists is swept by the next run, which says so: the backup is gone already.
        let mut beside = vec![checksums, proof];
        if hidden.adopted {
            beside.extend(sides_of(self.place(), hidden.name));
        }
        beside.push(hidden.hidden.clone());
        let _ = beside.iter().try_for_each(|name| self.remove_file(name));
        Ok(())
    }

    fn unhide(&self, hidden: &Hidden<'_>) -> Result<()> {
        self.rename(&hidden.hidden, &hidden.manifest)
    }

    /// A folder vanishes at once, by a rename, before it is emptied.
    fn delete_data(&self, name: &str) -> Result<()> {
        let is_folder = self.place().find(name).is_ok_and(|found| found.is_folder());
        if !is_folder {
            return self.remove(name);
        }
        let hidden = partial_of(name);
        self.rename(name, &hidden)?;
        self.remove(&hidden)
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<()> {
        let named = || self.place().path(from).display().to_string();
        self.place().rename(from, to).context(named)
    }

    /// Removes a file or a folder; that it is not there is as good.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let named = || self.place().path(name).display().to_string();
        self.place().remove(name).context(named)
    }

    /// The same of a file: a folder of that name is somebody else's.
    pub(super) fn remove_file(&self, name: &str) -> Result<()> {
        let named = || self.place().path(name).display().to_string();
        self.place().remove_file(name).context(named)
    }
}

/// A backup without its manifest's name, which is the first to go.
struct Hidden<'a> {
    name: &'a str,
    manifest: String,
    hidden: String,
    adopted: bool,
}

impl<'a> Hidden<'a> {
    /// `None` while somebody reads it.
    fn begin(folder: &Locked<'_>, backup: &'a Backup) -> Result<Option<Self>> {
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
        if folder.place().claim(name).is_none() {
            return Ok(None);
        }
        let [manifest, ..] = beside(name);
        let hidden = partial_of(&manifest);
        folder.rename(&manifest, &hidden)?;
        Ok(Some(Self {
            name,
            manifest,
            hidden,
            adopted: backup.manifest.as_ref().is_some_and(|of| of.adopted),
        }))
    }
}

/// What somebody else put into the folder of a backup.
fn foreign(backup: &Path) -> Result<Option<PathBuf>> {
    let Some((place, name)) = Place::of(backup) else {
        return Ok(None);
    };
    if !place.find(name).is_ok_and(|found| found.is_folder()) {
        return Ok(None);
    }
    let manifest = Manifest::read_without_tables(backup)?;
    let files = manifest.map_or(Vec::new(), |manifest| manifest.files);
    let files: HashSet<PathBuf> = files.iter().map(|file| place.path(&file.name)).collect();
    // Of a folder that a file is in as well.
    let is_known = |path: &Path| files.contains(path) || files.iter().any(|f| f.starts_with(path));
    let mut folders = vec![place.within(name)];
    let mut foreign = None;
    while let Some(folder) = folders.pop() {
        let told = folder.each(|name, kind| {
            let path = folder.folder().join(name);
            if !is_known(&path) {
                foreign.get_or_insert(path);
            } else if kind == Kind::Folder {
                folders.push(Place::new(path));
            }
        });
        told.context(|| folder.folder().display().to_string())?;
    }
    Ok(foreign)
}
