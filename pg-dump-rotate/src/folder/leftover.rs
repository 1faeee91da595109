//! What is hidden in a folder because a backup is written or deleted, or was until somebody
//! was killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, FlockOperation, flock};
use shared::Result;
use shared::backup::{Manifest, Name, entries, unchecksums, unmanifest, unpartial};

/// The hidden files of one backup: at least one.
#[derive(Debug, Default)]
pub struct Leftover {
    /// The name that the backup was to get, or had.
    pub name: String,
    /// Its data: a file or a folder.
    pub data: Option<PathBuf>,
    /// Its manifest.
    pub manifest: Option<PathBuf>,
    /// Its file for `sha256sum -c`.
    pub checksums: Option<PathBuf>,
    /// A run is still at it.
    pub busy: bool,
    /// Who owns the data, by number, where we may not even open it: nobody can tell us whether a
    /// run is still at it.
    pub shut_by: Option<u32>,
}

impl Leftover {
    /// The data that is being written, if it is of the same database and label.
    pub(super) fn busy_with(&self, name: &Name) -> Option<&Path> {
        self.data
            .as_deref()
            .filter(|_| self.busy && self.is_like(name))
    }

    /// Whether it is of the same database and label.
    pub(super) fn is_like(&self, name: &Name) -> bool {
        Name::parse(&self.name).is_some_and(|other| other.stem() == name.stem())
    }

    /// What to show of it: the data, or what there is.
    pub fn path(&self) -> &Path {
        let all = [&self.data, &self.manifest, &self.checksums];
        let first = all.into_iter().flatten().next();
        first.map_or(Path::new(&self.name), PathBuf::as_path)
    }

    fn is_ours(&self) -> bool {
        let is_about =
            |path: &PathBuf| matches!(Manifest::read_from(path, &self.name), Ok(Some(_)));
        Name::parse(&self.name).is_some() || self.manifest.as_ref().is_some_and(is_about)
    }
}

/// The hidden files with names that only we give, or with a manifest of ours: those of adopted
/// backups have names of others. Looks only.
pub fn leftovers(folder: &Path) -> Result<Vec<Leftover>> {
    let mut found: BTreeMap<String, Leftover> = BTreeMap::new();
    entries(folder, |file_name, kind| {
        let Some(target) = unpartial(file_name) else {
            return;
        };
        let name = unmanifest(target).or(unchecksums(target)).unwrap_or(target);
        let left = found.entry(name.to_string()).or_default();
        let path = folder.join(file_name);
        match kind {
            FileType::RegularFile | FileType::Directory if target == name => left.data = Some(path),
            FileType::RegularFile if unmanifest(target).is_some() => left.manifest = Some(path),
            FileType::RegularFile => left.checksums = Some(path),
            _ => {}
        }
    })?;
    let known = found.into_iter().filter_map(|(name, left)| {
        let (busy, shut_by) = left.data.as_deref().map_or((false, None), state_of);
        let left = Leftover {
            name,
            busy,
            shut_by,
            ..left
        };
        left.is_ours().then_some(left)
    });
    Ok(known.collect())
}

/// Whether somebody holds it, and who keeps us from seeing that.
fn state_of(data: &Path) -> (bool, Option<u32>) {
    match File::open(data) {
        Ok(data) => {
            let locked = flock(&data, FlockOperation::NonBlockingLockShared);
            (locked.is_err(), None)
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let owner = fs::symlink_metadata(data).map(|data| data.uid());
            (owner.is_err(), owner.ok())
        }
        Err(_) => (true, None),
    }
}
