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
//! - `.NAME.partial`: its data while it is written, and a folder while it is deleted;
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

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use shared::backup::{self, Name};
use shared::{Context, Error, Result};

use crate::partial::Partial;

pub use deletion::remove;
pub use leftover::{Leftover, leftovers};
pub use lock::Locked;

/// Of a file's name, on every usual file system.
const LONGEST: usize = 255;

/// A folder that we may write to.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, and makes it first, for its owner alone, if it is missing.
    pub fn make(path: &Path) -> Result<Self> {
        Self::standing(path)?;
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.context(|| format!("could not make the folder {}", path.display()))?;
        for parent in missing.iter().filter_map(|made| made.parent()) {
            // One that we may add to but not read can't be synced by us.
            let _ = sync(parent);
        }
        Self::open(path)
    }

    /// What of it is there already.
    fn standing(path: &Path) -> Result<&Path> {
        let there = path.ancestors().find(|path| exists(path));
        let there = there.unwrap_or(Path::new("/"));
        let wrong = match there {
            there if !there.exists() => "is a link to nowhere",
            there if !there.is_dir() => "is not a folder",
            there => return Ok(there),
        };
        Err(Error::new(format!("{} {wrong}", there.display())))
    }

    /// An error where [`Folder::make`] would fail. Changes nothing.
    pub fn foresee(path: &Path) -> Result<()> {
        let there = Self::standing(path)?;
        let may = Access::WRITE_OK | Access::EXEC_OK;
        accessat(CWD, there, may, AtFlags::EACCESS)
            .map_err(io::Error::from)
            .context(|| format!("could not write to the folder {}", there.display()))
    }

    /// Opens a folder that is there.
    pub fn open(path: &Path) -> Result<Self> {
        lock::open(path)?;
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Locked<'_> {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder().path()
    }

    /// Makes names that were changed survive a power cut.
    pub fn sync(&self) -> Result<()> {
        sync(self.path())
    }

    /// Whether a backup of this name has a manifest.
    pub fn has(&self, name: &str) -> bool {
        exists(&self.path().join(backup::manifest_of(name)))
    }

    /// Begins a backup under the first name at or after `name` that is free. Refused while
    /// another run dumps the same database under the same label; where that can't be told, a
    /// warning has to do, or what one user left would keep another from backups for ever.
    pub fn begin(&self, name: Name) -> Result<Partial> {
        let leftovers = leftovers(self.path())?;
        if let Some(busy) = leftovers.iter().find_map(|left| left.busy_with(&name)) {
            return Err(Error::new(format!(
                "another run is already backing this up, to {}",
                busy.display()
            ))
            .with_hint("wait for it to end, or give this backup another --label or --dir"));
        }
        for left in leftovers.iter().filter(|left| left.is_like(&name)) {
            if let Some(uid) = left.shut_by {
                let path = left.path().display();
                self.warn(format!(
                    "{path}, left alone: it belongs to uid {uid} and we may not open it, so \
                     another run may be backing this up, or was killed"
                ));
            }
        }
        Partial::create(self.path(), free_name(self.path(), name)?)
    }
}

/// The first name at or after `name` that is free and not too long.
pub fn free_name(folder: &Path, name: Name) -> Result<Name> {
    let mut name = name;
    while is_taken(folder, &name) {
        name = name.next();
    }
    check_length(&name)?;
    Ok(name)
}

fn is_taken(folder: &Path, name: &Name) -> bool {
    let name = name.to_string();
    let [manifest, checksums, proof] = beside(&name);
    let hidden = [&name, &manifest, &checksums].map(|name| backup::partial_of(name));
    let visible = [&name, &manifest, &checksums, &proof];
    let mut names = visible.into_iter().chain(&hidden);
    names.any(|name| exists(&folder.join(name)))
}

/// The names of what lies beside a backup of this name: manifest, checksums, proof.
fn beside(name: &str) -> [String; 3] {
    [
        backup::manifest_of(name),
        backup::checksums_of(name),
        backup::proof_of(name),
    ]
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| sync_open(&folder));
    synced.context(|| format!("could not sync the folder {}", folder.display()))
}

/// Has the names in an open folder on disk. Not every file system can do that for folders (some of
/// virtual machines, some in user space), and has it done by itself as well as it does.
pub fn sync_open(folder: &File) -> io::Result<()> {
    let errors = [Errno::INVAL, Errno::NOTSUP, Errno::BADF];
    let can_not = |error: &io::Error| errors.map(Some).contains(&Errno::from_io_error(error));
    match folder.sync_all() {
        Err(error) if can_not(&error) => Ok(()),
        synced => synced,
    }
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
