//! What can be told of one backup after another, each with as few questions to the kernel as can be.

use std::fs;
use std::path::Path;

use ::time::OffsetDateTime;
use rustix::fs::{AtFlags, FileType, Stat, statat};

use super::{Backup, State};
use crate::backup::manifest::{Brief, Format, Manifest};
use crate::backup::name::Name;
use crate::backup::outline::{Commons, Known, Outline};
use crate::backup::place::Place;

/// Looks at backups of one folder.
pub(super) struct Looker<'a> {
    place: Place<'a>,
    manifests: Brief,
    known: Known<'a>,
}

impl<'a> Looker<'a> {
    pub(super) fn new(place: Place<'a>, commons: &'a Commons) -> Self {
        Self {
            place,
            manifests: Brief::default(),
            known: commons.known(),
        }
    }

    /// A backup, without its proof; `None` when it has neither a manifest nor the name of a backup.
    pub(super) fn look(&mut self, file_name: &str) -> Option<Backup> {
        let (read, damage) = match self.manifests.read(self.place, file_name) {
            Ok(manifest) => (manifest, None),
            Err(error) => (None, Some(error)),
        };
        let found = self.stat(file_name);
        let path = self.place.folder().join(file_name);
        let (taken_at, is_folder) = match (&read, &found) {
            (Some((manifest, _)), _) => (manifest.taken_at, manifest.format == Format::Directory),
            (None, found) => match (Name::parse(file_name), found) {
                (Some(name), _) => (name.taken_at(), name.is_folder()),
                // One that was adopted, or renamed with its manifest.
                (None, Some(_)) if damage.is_some() => modified(&path)?,
                _ => return None,
            },
        };
        let bytes = found.as_ref().map(length);
        let (state, bytes) = match (damage, &read, found) {
            (Some(error), _, _) => (State::Damaged(error.to_string()), bytes),
            (_, _, None) => (State::DataMissing, None),
            (_, _, Some(found)) if !is_kind(&found, is_folder) => (State::NotAFile, bytes),
            (_, None, Some(_)) => (State::NoManifest, bytes),
            (_, Some((manifest, _)), Some(_)) if is_folder => self.files_of(manifest),
            (_, Some((manifest, _)), Some(found)) => match manifest.bytes() == length(&found) {
                true => (State::Ok, bytes),
                false => (State::SizeDiffers, bytes),
            },
        };
        let outline = |(manifest, seal)| Outline::new(manifest, seal, &mut self.known);
        Some(Backup {
            path: path.into(),
            taken_at,
            bytes,
            manifest: read.map(outline),
            state,
            proof: None,
        })
    }

    fn stat(&self, file_name: &str) -> Option<Stat> {
        let path = self.place.path(file_name);
        let found = statat(self.place.at(), &*path, AtFlags::SYMLINK_NOFOLLOW);
        found.ok()
    }

    /// Whether a folder has every file that its manifest names, as long as it says; and what there
    /// is of them.
    fn files_of(&self, manifest: &Manifest) -> (State, Option<u64>) {
        let mut bytes = 0;
        let mut state = State::Ok;
        for file in &manifest.files {
            match self.stat(&file.name) {
                Some(found) if is_kind(&found, false) => {
                    bytes += length(&found);
                    if length(&found) != file.bytes && state == State::Ok {
                        state = State::SizeDiffers;
                    }
                }
                _ => state = State::DataMissing,
            }
        }
        (state, Some(bytes))
    }
}

/// When the data was last changed, and whether it is a folder.
fn modified(path: &Path) -> Option<(OffsetDateTime, bool)> {
    let data = fs::symlink_metadata(path).ok()?;
    let modified = crate::time::of_file(data.modified().ok()?);
    let modified = modified.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Some((modified, data.is_dir()))
}

fn length(found: &Stat) -> u64 {
    u64::try_from(found.st_size).unwrap_or(0)
}

fn is_kind(found: &Stat, is_folder: bool) -> bool {
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Directory => is_folder,
        FileType::RegularFile => !is_folder,
        _ => false,
    }
}
