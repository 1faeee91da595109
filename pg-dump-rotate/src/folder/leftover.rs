//! What is hidden in a folder because a backup is written or deleted, or was until somebody
//! was killed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use shared::backup::{Manifest, Name, unchecksums, unmanifest, unpartial};
use shared::{Context, Result};

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
    /// A run is still at it, or the data is a file that we may not even open.
    pub busy: bool,
}

impl Leftover {
    /// The data that is being written, if it is of the same database and label.
    pub(super) fn busy_with(&self, name: &Name) -> Option<&Path> {
        let same = Name::parse(&self.name).is_some_and(|other| other.stem() == name.stem());
        self.data.as_deref().filter(|_| self.busy && same)
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
    for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
        let entry = entry.context(|| folder.display().to_string())?;
        let file_name = entry.file_name();
        let Some(target) = file_name.to_str().and_then(unpartial) else {
            continue;
        };
        let name = unmanifest(target).or(unchecksums(target)).unwrap_or(target);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let left = found.entry(name.to_string()).or_default();
        if target == name && (is_file || is_folder) {
            left.data = Some(entry.path());
        } else if is_file && unmanifest(target).is_some() {
            left.manifest = Some(entry.path());
        } else if is_file {
            left.checksums = Some(entry.path());
        }
    }
    let known = found.into_iter().filter_map(|(name, left)| {
        let busy = left.data.as_deref().is_some_and(is_busy);
        let left = Leftover { name, busy, ..left };
        left.is_ours().then_some(left)
    });
    Ok(known.collect())
}

fn is_busy(data: &Path) -> bool {
    let Ok(data) = File::open(data) else {
        return true;
    };
    flock(&data, FlockOperation::NonBlockingLockShared).is_err()
}
