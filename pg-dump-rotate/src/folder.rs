//! The folder that backups are written to, and who may change it when.
//!
//! A lock file is held for moments: to begin a backup, to give a finished one its
//! name, to rotate. While a dump runs, its partial file or folder is locked. Both
//! locks are the kernel's and end with the process, however that ends, so a partial
//! one that nobody holds is left over and may go. Nothing is said to anybody while the
//! lock file is held, neither records nor words: who reads them may be slow, or stopped.
//!
//! What is where, for a backup called NAME:
//!
//! - `.NAME.partial`: its data while it is written, and a folder while it is deleted; data of a part
//!   of a database have a mark of that part before `.partial`;
//! - `.NAME.manifest.json.partial`, `.NAME.sha256.partial`: while NAME is published or
//!   deleted, under the folder's lock;
//! - NAME, `NAME.sha256`, and then `NAME.manifest.json`, which makes it a backup.
//!
//! Publishing writes the hidden files, waits for the disk, and gives each its name,
//! the data first and the manifest last. Deleting goes the other way: the manifest is
//! hidden, the data deleted, then what lies beside it, the hidden manifest last. So
//! a manifest can always be relied on, and whoever finds a hidden one knows what to do:
//! with its data in place, to give it its name; without, to remove what is left.

mod deletion;
mod leftover;
mod lock;
mod sides;
mod sweep;

use std::path::Path;

use shared::backup::{self, Name, Place};
use shared::{Context, Error, Result};

use crate::partial::Partial;

pub use deletion::Fate;
pub use leftover::{Leftover, leftovers};
pub use lock::Locked;

/// Of a file's name, on every usual file system.
const LONGEST: usize = 255;

/// A folder that we may write to.
pub struct Folder {
    place: Place,
}

impl Folder {
    /// Opens a folder, and makes it first, for its owner alone, if it is missing.
    pub fn make(path: &Path) -> Result<Self> {
        Place::new(path).make()?;
        Self::open(path)
    }

    /// Opens a folder that is there.
    pub fn open(path: &Path) -> Result<Self> {
        let place = Place::new(path);
        lock::can_lock(&place)?;
        Ok(Self { place })
    }
}

impl Locked<'_> {
    /// Makes names that were changed survive a power cut.
    pub fn sync(&self) -> Result<()> {
        let place = self.place();
        let named = || format!("could not sync the folder {}", place.folder().display());
        place.sync().context(named)
    }

    /// Whether a backup of this name has a manifest.
    pub fn has(&self, name: &str) -> bool {
        self.place().has(&backup::manifest_of(name))
    }

    /// Begins a backup under the first name at or after `name` that is free, with the mark of the part
    /// of the database that it is of, if it is not of all. Refused while another run dumps the same
    /// of the same database under the same label; where that can't be told, a warning has to do, or
    /// what one user left would keep another from backups for ever.
    pub fn begin(&self, name: Name, mark: Option<&str>) -> Result<Partial> {
        let leftovers = leftovers(self.place())?;
        if let Some(busy) = leftovers
            .iter()
            .find_map(|left| left.busy_with(&name, mark))
        {
            return Err(Error::new(format!(
                "another run is already backing this up, to {}",
                self.place().path(busy).display()
            ))
            .with_hint("wait for it to end, or give this backup another --label or --dir"));
        }
        for left in leftovers.iter().filter(|left| left.is_like(&name, mark)) {
            if let Some(uid) = left.shut_by {
                let path = left.path(self.place());
                let path = path.display();
                self.warn(format!(
                    "{path}, left alone: it belongs to uid {uid} and we may not open it, so \
                     another run may be backing this up, or was killed"
                ));
            }
        }
        let is_begun = |name: &Name| leftovers.iter().any(|left| left.name == name.to_string());
        let name = first_name(name, |name| is_taken(self.place(), name) || is_begun(name))?;
        Partial::create(self.place(), name, mark)
    }
}

/// The first name at or after `name` that is free and not too long.
pub fn free_name(place: &Place, name: Name) -> Result<Name> {
    first_name(name, |name| is_taken(place, name))
}

fn first_name(mut name: Name, is_taken: impl Fn(&Name) -> bool) -> Result<Name> {
    while is_taken(&name) {
        name = name.next();
    }
    check_length(&name)?;
    Ok(name)
}

fn is_taken(place: &Place, name: &Name) -> bool {
    let name = name.to_string();
    let [manifest, checksums, proof] = beside(&name);
    let hidden = [&name, &manifest, &checksums].map(|name| backup::partial_of(name));
    let visible = [&name, &manifest, &checksums, &proof];
    let mut names = visible.into_iter().chain(&hidden);
    names.any(|name| place.has(name))
}

/// The names of what lies beside a backup of this name: manifest, checksums, proof.
fn beside(name: &str) -> [String; 3] {
    [
        backup::manifest_of(name),
        backup::checksums_of(name),
        backup::proof_of(name),
    ]
}

/// What is to hold a name of ours must take the longest: that of a manifest while it is written.
fn check_length(name: &Name) -> Result<()> {
    let longest = backup::partial_of(&backup::manifest_of(&name.to_string()));
    match longest.len() <= LONGEST {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{name}: a file's name can't be that long with what is added to it"
        ))
        .with_hint("give this backup a shorter --label, and perhaps a --dir of its own")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// What asks a file system, or changes it, past [`Place`](shared::backup::Place).
    const PAST_IT: [&str; 12] = [
        "fs::read",
        "fs::write",
        "fs::rename",
        "fs::remove",
        "fs::create",
        "File::open",
        "File::create",
        "OpenOptions",
        "DirBuilder",
        "metadata(path",
        "openat(",
        "statat(",
    ];

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, found),
                false => found.push(path),
            }
        }
    }

    /// Or another kind of place could not be put behind it.
    #[test]
    fn nothing_goes_past_the_place() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let shared = own.join("../../shared/src/backup");
        let mut all = Vec::new();
        sources(&own, &mut all);
        sources(&shared, &mut all);
        let is_of_tests = |path: &PathBuf| path.ends_with("tests.rs");
        let is_place = |path: &PathBuf| {
            path.starts_with(shared.join("place")) || *path == shared.join("place.rs")
        };
        let mut looked_at = 0;
        for path in all
            .iter()
            .filter(|path| !is_of_tests(path) && !is_place(path))
        {
            let text = fs::read_to_string(path).unwrap();
            let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
            // What the kernel tells of a thread is in no folder of backups.
            let text = text.replace("fs::read_to_string(\"/proc/", "");
            let past = PAST_IT.iter().filter(|words| text.contains(**words));
            let past: Vec<&&str> = past.collect();
            assert!(past.is_empty(), "{}: {past:?}", path.display());
            looked_at += 1;
        }
        assert!(looked_at > 50, "{looked_at}");
    }
}
