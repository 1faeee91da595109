//! What a folder holds. Reads names, sizes and manifests; never opens the data.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use ::time::OffsetDateTime;

use super::manifest::{Format, Manifest};
use super::name::{self, Name};
use super::proof::Proof;
use crate::error::{Context, Result};

/// Reading a manifest is mostly waiting for the disk or a server: more readers than cores.
const READERS: usize = 8;
/// What one reader gets at least: a thread is not worth less.
const SHARE: usize = 64;

/// A backup, or what looks like one, in a folder.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The data file, or the folder of them.
    pub path: PathBuf,
    /// When it was begun, by its manifest, or else by its name.
    pub taken_at: OffsetDateTime,
    /// The size of the data as it is now, over all files; `None` when there is none.
    pub bytes: Option<u64>,
    /// What its manifest says, but for tables and large objects: those of a hundred thousand
    /// backups would fill the memory. `None` when it has none that can be read.
    pub manifest: Option<Manifest>,
    /// Whether it can be relied on.
    pub state: State,
    /// What pg-restore-verify found of just these bytes; `None` where it did not try.
    pub proof: Option<Proof>,
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
}

impl Backup {
    /// Looks at the data of one backup and its manifest; `None` when it has neither a manifest
    /// nor the name of a backup.
    pub fn at(path: &Path) -> Option<Self> {
        let mut backup = Self::without_proof(path)?;
        backup.read_proof();
        Some(backup)
    }

    /// One that speaks of other bytes, of another file that had this name, proves nothing.
    fn read_proof(&mut self) {
        let is_of = |manifest: &Manifest, proof: &Proof| {
            proof.bytes == manifest.bytes() && proof.sha256.as_deref() == manifest.sha256()
        };
        if let Some(manifest) = &self.manifest {
            self.proof = Proof::read(&self.path).filter(|proof| is_of(manifest, proof));
        }
    }

    fn without_proof(path: &Path) -> Option<Self> {
        let file_name = path.file_name()?.to_str()?;
        let (mut manifest, damage) = match Manifest::read_without_tables(path) {
            Ok(manifest) => (manifest, None),
            Err(error) => (None, Some(error)),
        };
        let metadata = fs::symlink_metadata(path).ok();
        let (taken_at, is_folder) = match (&manifest, Name::parse(file_name), &metadata) {
            (Some(manifest), _, _) => (manifest.taken_at, manifest.format == Format::Directory),
            (_, Some(name), _) => (name.taken_at(), name.is_folder()),
            // One that was adopted, or renamed with its manifest.
            (_, _, Some(data)) if damage.is_some() => {
                let modified = crate::time::of_file(data.modified().ok()?);
                (
                    modified.unwrap_or(OffsetDateTime::UNIX_EPOCH),
                    data.is_dir(),
                )
            }
            _ => return None,
        };
        let (state, bytes) = match (damage, &manifest, metadata) {
            (Some(error), _, metadata) => (
                State::Damaged(error.to_string()),
                metadata.map(|data| data.len()),
            ),
            (_, _, None) => (State::DataMissing, None),
            (_, _, Some(metadata)) if !is_kind(&metadata, is_folder) => {
                (State::NotAFile, Some(metadata.len()))
            }
            (_, None, Some(metadata)) => (State::NoManifest, Some(metadata.len())),
            (_, Some(manifest), Some(_)) if is_folder => files_of(path, manifest),
            (_, Some(manifest), Some(metadata)) => {
                let same = manifest.bytes() == metadata.len();
                let state = if same { State::Ok } else { State::SizeDiffers };
                (state, Some(metadata.len()))
            }
        };
        if let Some(manifest) = &mut manifest {
            manifest.large_objects = None;
        }
        Some(Self {
            path: path.to_path_buf(),
            taken_at,
            bytes,
            manifest,
            state,
            proof: None,
        })
    }

    /// Whether it is not what it was made as; one without a manifest may be another's.
    pub fn is_damaged(&self) -> bool {
        !matches!(self.state, State::Ok | State::NoManifest)
    }

    /// Whether neither its data nor its manifest is there any more: somebody deleted it.
    pub fn is_gone(&self) -> bool {
        let name = self.path.file_name().and_then(|name| name.to_str());
        let manifest = self
            .path
            .with_file_name(name::manifest_of(name.unwrap_or_default()));
        let is_gone = |path: &Path| {
            let found = fs::symlink_metadata(path);
            found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        is_gone(&self.path) && is_gone(&manifest)
    }

    /// True when it has a manifest and the size that it says.
    pub fn is_ok(&self) -> bool {
        self.state == State::Ok
    }
}

fn is_kind(metadata: &Metadata, is_folder: bool) -> bool {
    match is_folder {
        true => metadata.is_dir(),
        false => metadata.is_file(),
    }
}

/// Whether a folder has every file that its manifest names, as long as it says; and what there
/// is of them.
fn files_of(path: &Path, manifest: &Manifest) -> (State, Option<u64>) {
    let mut bytes = 0;
    let mut state = State::Ok;
    for file in &manifest.files {
        match fs::symlink_metadata(path.with_file_name(&file.name)) {
            Ok(metadata) if metadata.is_file() => {
                bytes += metadata.len();
                if metadata.len() != file.bytes && state == State::Ok {
                    state = State::SizeDiffers;
                }
            }
            _ => state = State::DataMissing,
        }
    }
    (state, Some(bytes))
}

/// Every backup in a folder, newest first: data with a manifest, manifests without their data,
/// and what is named like a backup. Other files are passed over, folders of others not entered.
pub fn list(folder: &Path) -> Result<Vec<Backup>> {
    let names = names(folder)?;
    let mut backups = read(folder, &names);
    backups.sort_by(|a, b| (b.taken_at, b.path.as_os_str()).cmp(&(a.taken_at, a.path.as_os_str())));
    Ok(backups)
}

/// What may be a backup, in order, and whether somebody tried to restore it.
fn names(folder: &Path) -> Result<Vec<(String, bool)>> {
    let mut names = Vec::new();
    let mut tried = HashSet::new();
    for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
        let entry = entry.context(|| folder.display().to_string())?;
        let Ok(mut file_name) = entry.file_name().into_string() else {
            continue;
        };
        if let Some(backup) = name::unproof(&file_name) {
            tried.insert(backup.to_string());
            continue;
        }
        match name::unmanifest(&file_name).map(str::len) {
            Some(length) => file_name.truncate(length),
            None if Name::parse(&file_name).is_none() => continue,
            None => {}
        }
        names.push(file_name);
    }
    names.sort_unstable();
    names.dedup();
    let with_proof = |name: String| {
        let tried = tried.contains(&name);
        (name, tried)
    };
    Ok(names.into_iter().map(with_proof).collect())
}

fn read(folder: &Path, names: &[(String, bool)]) -> Vec<Backup> {
    let at = |(name, tried): &(String, bool)| match tried {
        true => Backup::at(&folder.join(name)),
        false => Backup::without_proof(&folder.join(name)),
    };
    let share = names.len().div_ceil(READERS).max(SHARE);
    let mut shares = names.chunks(share);
    let first = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let readers: Vec<_> = shares
            .map(|names| scope.spawn(move || names.iter().filter_map(at).collect::<Vec<_>>()))
            .collect();
        let mut backups: Vec<Backup> = first.iter().filter_map(at).collect();
        for reader in readers {
            match reader.join() {
                Ok(read) => backups.extend(read),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        backups
    })
}

#[cfg(test)]
mod tests;
