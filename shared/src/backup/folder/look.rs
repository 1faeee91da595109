//! What can be told of one backup after another, each with as few questions to the kernel as can be.

use ::time::OffsetDateTime;

use super::{Backup, State};
use crate::backup::manifest::{Brief, Format, Manifest};
use crate::backup::name::Name;
use crate::backup::outline::{Commons, Known, Outline};
use crate::backup::place::{Found, Place};

/// Looks at backups of one folder.
pub(super) struct Looker<'a> {
    place: &'a Place,
    manifests: Brief,
    known: Known<'a>,
}

impl<'a> Looker<'a> {
    pub(super) fn new(place: &'a Place, commons: &'a Commons) -> Self {
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
        let found = self.place.find(file_name).ok();
        let path = self.place.path(file_name);
        let (taken_at, is_folder) = match (&read, &found) {
            (Some((manifest, _)), _) => (manifest.taken_at, manifest.format == Format::Directory),
            (None, found) => match (Name::parse(file_name), found) {
                (Some(name), _) => (name.taken_at(), name.is_folder()),
                // One that was adopted, or renamed with its manifest.
                (None, Some(found)) if damage.is_some() => {
                    let modified = found.modified();
                    let modified = modified.unwrap_or(OffsetDateTime::UNIX_EPOCH);
                    (modified, found.is_folder())
                }
                _ => return None,
            },
        };
        let bytes = found.as_ref().map(Found::bytes);
        let (state, bytes) = match (damage, &read, found) {
            (Some(error), _, _) => (State::Damaged(error.to_string()), bytes),
            (_, _, None) => (State::DataMissing, None),
            (_, _, Some(found)) if !is_kind(&found, is_folder) => (State::NotAFile, bytes),
            (_, None, Some(_)) => (State::NoManifest, bytes),
            (_, Some((manifest, _)), Some(_)) if is_folder => self.files_of(manifest),
            (_, Some((manifest, _)), Some(found)) => match manifest.bytes() == found.bytes() {
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

    /// Whether a folder has every file that its manifest names, as long as it says; and what there
    /// is of them.
    fn files_of(&self, manifest: &Manifest) -> (State, Option<u64>) {
        let mut bytes = 0;
        let mut state = State::Ok;
        for file in &manifest.files {
            match self.place.find(&file.name) {
                Ok(found) if is_kind(&found, false) => {
                    bytes += found.bytes();
                    if found.bytes() != file.bytes && state == State::Ok {
                        state = State::SizeDiffers;
                    }
                }
                _ => state = State::DataMissing,
            }
        }
        (state, Some(bytes))
    }
}

fn is_kind(found: &Found, is_folder: bool) -> bool {
    match is_folder {
        true => found.is_folder(),
        false => found.is_file(),
    }
}
