//! A backup while it is written: hidden, locked, for its owner's eyes only, and
//! gone unless it is published.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use shared::backup::{Manifest, Name, checksums_of, manifest_of, partial_of};
use shared::{Context, Error, Result};

use crate::folder::{Locked, remove};

/// The data of a backup that isn't finished: a file, or a folder of them.
pub struct Partial {
    name: Name,
    hidden: Hidden,
    /// Holds the lock. Fields are dropped in this order, and what is hidden must be gone before
    /// another run may take it for left over.
    data: File,
}

impl Partial {
    /// Creates and locks the file or folder for a backup of this name, which must be free.
    pub(crate) fn create(folder: &Path, name: Name) -> Result<Self> {
        let path = folder.join(partial_of(&name.to_string()));
        let (data, hidden) = match name.is_folder() {
            true => Hidden::create_folder(path)?,
            false => Hidden::create(path)?,
        };
        // Whoever looks for leftovers may hold it for a moment.
        flock(&data, FlockOperation::LockExclusive)
            .map_err(io::Error::from)
            .context(|| format!("could not lock {}", hidden.path.display()))?;
        Ok(Self { data, name, hidden })
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.hidden.path
    }

    /// The name it will get.
    pub fn name(&self) -> String {
        self.name.to_string()
    }

    /// The file, to write to; of a folder, the folder, which can be synced.
    pub fn file(&self) -> Result<File> {
        let file = self.data.try_clone();
        file.context(|| self.path().display().to_string())
    }

    /// Gives a whole backup its name, then its manifest; returns where it is now.
    ///
    /// What is to lie beside it is on disk before the data gets its name, and stays there
    /// whatever comes between: the next run then finishes this.
    pub fn publish(self, folder: &Locked<'_>, manifest: &Manifest) -> Result<PathBuf> {
        let name = self.name();
        let at = |name: &str| folder.path().join(name);
        let text = text_of(manifest, &name, folder)?;
        let checksums = manifest.checksums(&name, &text);
        let mut manifest = write(folder.path(), &manifest_of(&name), &text)?;
        let mut checksums = write(folder.path(), &checksums_of(&name), &checksums)?;
        folder.sync()?;
        self.hidden.reveal(&at(&name))?;
        manifest.kept = true;
        checksums.kept = true;
        folder.sync()?;
        checksums.reveal(&at(&checksums_of(&name)))?;
        manifest.reveal(&at(&manifest_of(&name)))?;
        folder.sync()?;
        Ok(at(&name))
    }
}

/// Gives data that is there, of this name, its manifest.
pub fn describe(folder: &Locked<'_>, name: &str, manifest: &Manifest) -> Result<()> {
    let manifest_name = manifest_of(name);
    let text = text_of(manifest, name, folder)?;
    let hidden = write(folder.path(), &manifest_name, &text)?;
    hidden.reveal(&folder.path().join(manifest_name))?;
    folder.sync()
}

/// One that is not read again would make a good backup one that nobody trusts.
fn text_of(manifest: &Manifest, name: &str, folder: &Locked<'_>) -> Result<String> {
    let (text, is_short) = manifest.to_json_that_fits()?;
    if is_short {
        folder.warn(format!(
            "{name} has too many tables for its manifest, which says nothing of their rows"
        ));
    }
    Ok(text)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<Hidden> {
    let (mut file, hidden) = Hidden::create(folder.join(partial_of(name)))?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.context(|| format!("could not write {}", hidden.path.display()))?;
    Ok(hidden)
}

/// A file or a folder that is removed on drop, unless it gets its name.
struct Hidden {
    path: PathBuf,
    kept: bool,
}

impl Hidden {
    fn create(path: PathBuf) -> Result<(File, Self)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .context(|| format!("could not create {}", path.display()))?;
        Ok((file, Self { path, kept: false }))
    }

    fn create_folder(path: PathBuf) -> Result<(File, Self)> {
        let named = || format!("could not create {}", path.display());
        DirBuilder::new().mode(0o700).create(&path).context(named)?;
        let kept = false;
        let hidden = Self { path, kept };
        let folder = File::open(&hidden.path).context(|| hidden.path.display().to_string())?;
        Ok((folder, hidden))
    }

    fn reveal(mut self, path: &Path) -> Result<()> {
        rename_to_free(&self.path, path)
            .context(|| format!("could not give the backup its name {}", path.display()))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if !self.kept {
            // If that fails, the next run tries again.
            let _ = remove(&self.path);
        }
    }
}

/// Never replaces a file. Where the file system can't promise that, the folder's lock keeps our
/// own runs apart, and a look beforehand has to do for others.
fn rename_to_free(from: &Path, to: &Path) -> Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(Error::new("the file exists"));
            }
            Ok(fs::rename(from, to)?)
        }
        Err(error) => Err(io::Error::from(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::time;

    /// Emptying a folder takes a while, and all the while it is ours.
    #[test]
    fn what_is_dropped_is_locked_until_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let name = Name::new(Some("x"), None, time::now(), "dir");
        let partial = Partial::create(dir.path(), name).unwrap();
        let path = partial.path().to_path_buf();
        (0..1000).for_each(|file| fs::write(path.join(file.to_string()), "").unwrap());
        let seen = File::open(&path).unwrap();
        let dropped = std::thread::spawn(move || drop(partial));
        flock(&seen, FlockOperation::LockShared).unwrap();
        assert!(!path.exists());
        dropped.join().unwrap();
    }
}
