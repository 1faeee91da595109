//! The folder that backups are written to, and who may change it when.
//!
//! A lock file is held for moments: to begin a backup, to give a finished one its
//! name, to rotate. While a dump runs, its partial file is locked. Both locks are
//! the kernel's and end with the process, however that ends, so a partial file
//! that nobody holds is left over and may go.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use shared::backup::{self, Name};
use shared::{Context, Error, Result, signals};

use crate::partial::Partial;

const LOCK: &str = ".pg-dump-rotate.lock";
/// Of a file's name, on every usual file system.
const LONGEST: usize = 255;
const POLL: Duration = Duration::from_millis(10);

/// A folder that we may write to.
pub struct Folder {
    path: PathBuf,
    lock: File,
}

/// Held while the folder's names change.
pub struct Locked<'a>(&'a Folder);

impl Folder {
    /// Opens a folder, and makes it first, for its owner alone, if it is missing.
    pub fn make(path: &Path) -> Result<Self> {
        if path.exists() && !path.is_dir() {
            return Err(Error::new(format!("{} is not a folder", path.display())));
        }
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.context(|| format!("could not make the folder {}", path.display()))?;
        for parent in missing.iter().filter_map(|made| made.parent()) {
            // One that we may add to but not read can't be synced by us.
            let _ = sync(parent);
        }
        Self::open(path)
    }

    /// Opens a folder that is there.
    pub fn open(path: &Path) -> Result<Self> {
        let path_of_lock = path.join(LOCK);
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(&path_of_lock)
            .context(|| match path_of_lock.exists() {
                true => format!("could not open {}", path_of_lock.display()),
                false => format!("could not write to the folder {}", path.display()),
            })?;
        Ok(Self {
            path: path.to_path_buf(),
            lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until no other run changes the folder; a signal ends the wait.
    pub fn lock(&self) -> Result<Locked<'_>> {
        loop {
            match flock(&self.lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Locked(self)),
                Err(rustix::io::Errno::WOULDBLOCK) => signals::sleep(POLL)?,
                Err(error) => {
                    let error = io::Error::from(error);
                    return Err(error)
                        .context(|| format!("could not lock {}", self.path.display()));
                }
            }
        }
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // The kernel does it at the latest when the file is closed.
        let _ = flock(&self.0.lock, FlockOperation::Unlock);
    }
}

impl Locked<'_> {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes names that were changed survive a power cut.
    pub fn sync(&self) -> Result<()> {
        sync(self.path())
    }

    /// Begins a backup under the first name at or after `name` that is free. Refused while
    /// another run dumps the same database under the same label.
    pub fn begin(&self, name: Name) -> Result<Partial> {
        if let Some(busy) = self.partials()?.iter().find(|p| p.is_busy_with(&name)) {
            return Err(Error::new(format!(
                "another run is already backing this up, to {}",
                busy.path.display()
            ))
            .with_hint("wait for it to end, or give this backup another --label or --dir"));
        }
        let mut name = name;
        while self.is_taken(&name) {
            name = name.next();
        }
        check_length(&name)?;
        Partial::create(self.path(), name)
    }

    fn is_taken(&self, name: &Name) -> bool {
        let name = name.to_string();
        [backup::manifest_of(&name), backup::partial_of(&name), name]
            .iter()
            .any(|name| fs::symlink_metadata(self.path().join(name)).is_ok())
    }

    /// Removes what killed runs left unfinished, and finishes what they had proved: a data file
    /// that has its name already gets its manifest. Tells what it removed.
    pub fn sweep(&self) -> Result<Vec<PathBuf>> {
        let mut removed = Vec::new();
        for leftover in self
            .partials()?
            .into_iter()
            .filter(|p| p.owner == Owner::Nobody)
        {
            if leftover.is_manifest_of_finished(self.path()) {
                let manifest = self.path().join(&leftover.target);
                fs::rename(&leftover.path, &manifest).context(|| manifest.display().to_string())?;
                continue;
            }
            fs::remove_file(&leftover.path).context(|| leftover.path.display().to_string())?;
            removed.push(leftover.path);
        }
        Ok(removed)
    }

    /// The unfinished files with names that only we give.
    fn partials(&self) -> Result<Vec<Unfinished>> {
        let entries = fs::read_dir(self.path()).context(|| self.path().display().to_string())?;
        let mut partials = Vec::new();
        for entry in entries {
            let entry = entry.context(|| self.path().display().to_string())?;
            partials.extend(Unfinished::at(&entry.path()));
        }
        Ok(partials)
    }
}

fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.context(|| format!("could not sync the folder {}", folder.display()))
}

/// What is to hold a name of ours must take the longest: that of a manifest while it is written.
pub fn check_length(name: &Name) -> Result<()> {
    let longest = backup::partial_of(&backup::manifest_of(&name.to_string()));
    match longest.len() <= LONGEST {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{name}: a file's name can't be that long with what is added to it"
        ))
        .with_hint("give this backup a shorter --label, and perhaps a --dir of its own")),
    }
}

/// A partial file in the folder.
struct Unfinished {
    path: PathBuf,
    /// The name that it was to get.
    target: String,
    owner: Owner,
}

#[derive(PartialEq, Eq)]
enum Owner {
    /// A run that is still at it, or a file that we may not even open.
    Somebody,
    Nobody,
}

impl Unfinished {
    fn at(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let target = name.strip_prefix('.')?.strip_suffix(".partial")?;
        Name::parse(backup::unmanifest(target).unwrap_or(target))?;
        if !fs::symlink_metadata(path).ok()?.is_file() {
            return None;
        }
        Some(Self {
            path: path.to_path_buf(),
            target: target.to_string(),
            owner: owner(path),
        })
    }

    fn is_busy_with(&self, name: &Name) -> bool {
        let stem = Name::parse(&self.target).map(|target| target.stem() == name.stem());
        self.owner == Owner::Somebody && stem == Some(true)
    }

    /// Manifests are written, and renamed after their data, under the folder's lock: one that is
    /// found while its data has its name is all that was missing.
    fn is_manifest_of_finished(&self, folder: &Path) -> bool {
        let exists = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
        let data = backup::unmanifest(&self.target);
        data.is_some_and(exists) && !exists(&self.target)
    }
}

fn owner(path: &Path) -> Owner {
    let Ok(file) = File::open(path) else {
        return Owner::Somebody;
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Owner::Nobody,
        Err(_) => Owner::Somebody,
    }
}
