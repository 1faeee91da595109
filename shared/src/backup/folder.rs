//! What a folder holds. Reads names, sizes and manifests; never opens the data.

mod backups;
mod list;
mod look;

use std::io;
use std::path::Path;

use ::time::OffsetDateTime;

use super::manifest::Seal;
use super::name;
use super::outline::{Commons, Outline, Tried};
use super::place::Place;
use super::proof::Proof;
use crate::error::Result;

pub use backups::{Backups, Glimpse};

use look::Looker;

/// A backup, or what looks like one, in a folder.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The data file, or the folder of them.
    pub path: Box<Path>,
    /// When it was begun, by its manifest, or else by its name.
    pub taken_at: OffsetDateTime,
    /// The size of the data as it is now, over all files; `None` when there is none.
    pub bytes: Option<u64>,
    /// What its manifest says, as far as lists need it. `None` when it has none that can be read.
    pub manifest: Option<Outline>,
    /// Whether it can be relied on.
    pub state: State,
    /// What pg-restore-verify found of just these bytes; `None` where it did not try.
    pub proof: Option<Box<Tried>>,
}

/// Every backup in a folder, newest first, as [`Backups::of`] finds them: where there are few.
///
/// # Errors
/// As there.
pub fn list(folder: &Path) -> Result<Vec<Backup>> {
    Backups::of(folder).map(Backups::into_all)
}

/// Whether a backup can be relied on, as far as can be told without reading its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The manifest is there and every file has the size that it says.
    Ok,
    /// A file is not as long as its manifest says.
    SizeDiffers,
    /// There is a manifest but not every file that it names.
    DataMissing,
    /// It is a symbolic link or a device, or a folder in a file's place, or the other way about.
    NotAFile,
    /// Named like a backup, without a manifest: unfinished, or another's.
    NoManifest,
    /// The manifest makes no sense, for this reason.
    Damaged(String),
    /// One of others that was to be adopted is not whole, for this reason.
    Incomplete(String),
    /// The data is not what its manifest says, in these words. Only reading it tells.
    ChecksumDiffers(String),
    /// The data could not be read, in these words. Only trying to tells.
    Unreadable(String),
}

impl State {
    /// The word in records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::SizeDiffers => "size differs",
            Self::DataMissing => "data missing",
            Self::NotAFile => "not a file",
            Self::NoManifest => "no manifest",
            Self::Damaged(_) => "manifest damaged",
            Self::Incomplete(_) => "incomplete",
            Self::ChecksumDiffers(_) => "checksum differs",
            Self::Unreadable(_) => "unreadable",
        }
    }

    fn is_damage(&self) -> bool {
        !matches!(self, Self::Ok | Self::NoManifest)
    }
}

impl Backup {
    /// Looks at the data of one backup and its manifest; `None` when it has neither a manifest
    /// nor the name of a backup.
    pub fn at(path: &Path) -> Option<Self> {
        let (place, file_name) = Place::of(path)?;
        let commons = Commons::default();
        let mut backup = Looker::new(&place, &commons).look(file_name)?;
        backup.read_proof();
        Some(backup)
    }

    /// One that speaks of other bytes, of another file that had this name, proves nothing. One without
    /// words is of what is there: who puts something else there takes it away.
    fn read_proof(&mut self) {
        let is_of = |manifest: &Outline, proof: &Proof, seal: Option<Seal>| {
            if proof.is_without_words() {
                return true;
            }
            proof.bytes == manifest.bytes()
                && proof.sha256 == manifest.sha256()
                && (proof.sha256.is_some() || seal.is_some_and(|seal| manifest.has_seal(&seal)))
        };
        if let Some(manifest) = &self.manifest {
            let read = Proof::read_with_seal(&self.path);
            let proof = read.filter(|(proof, seal)| is_of(manifest, proof, *seal));
            self.proof = proof.map(|(proof, _)| Box::new(proof.into()));
        }
    }

    /// Whether it is not what it was made as; one without a manifest may be another's.
    pub fn is_damaged(&self) -> bool {
        self.state.is_damage()
    }

    /// Whether neither its data nor its manifest is there any more: somebody deleted it.
    pub fn is_gone(&self) -> bool {
        let Some((place, name)) = Place::of(&self.path) else {
            return false;
        };
        let is_gone = |name: &str| {
            let found = place.find(name);
            found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        is_gone(name) && is_gone(&name::manifest_of(name))
    }

    /// True when it has a manifest and the size that it says.
    pub fn is_ok(&self) -> bool {
        self.state == State::Ok
    }
}

#[cfg(test)]
mod tests;
