//! Whether there is a place, and what goes into it.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat, statvfs};

use super::Place;
use crate::error::{Context, Error, Result};

impl Place {
    /// Makes the folder, for its owner alone, with all above it that are missing.
    pub fn make(&self) -> Result<()> {
        let path = self.folder();
        self.standing()?;
        let missing = path.ancestors().take_while(|path| !path.exists());
        let missing: Vec<&Path> = missing.collect();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.context(|| format!("could not make the folder {}", path.display()))?;
        for parent in missing.iter().filter_map(|made| made.parent()) {
            // One that we may add to but not read can't be synced by us.
            let _ = Self::new(parent).sync();
        }
        Ok(())
    }

    /// An error where [`Self::make`] or what comes after would fail. Changes nothing.
    pub fn foresee(&self) -> Result<()> {
        let there = self.standing()?;
        let may = Access::WRITE_OK | Access::EXEC_OK;
        accessat(CWD, there, may, AtFlags::EACCESS)
            .map_err(io::Error::from)
            .context(|| format!("could not write to the folder {}", there.display()))
    }

    /// What of it is there already.
    fn standing(&self) -> Result<&Path> {
        let is_there = |path: &&Path| path.symlink_metadata().is_ok();
        let there = self.folder().ancestors().find(is_there);
        let there = there.unwrap_or(Path::new("/"));
        let wrong = match there {
            there if !there.exists() => "is a link to nowhere",
            there if !there.is_dir() => "is not a folder",
            there => return Ok(there),
        };
        Err(Error::new(format!("{} {wrong}", there.display())))
    }

    /// What an ordinary user may still write to it, which need not be there yet.
    pub fn free_bytes(&self) -> Result<u64> {
        let there = self.folder().ancestors().find(|folder| folder.exists());
        let there = there.unwrap_or(Path::new("/"));
        let space = statvfs(there).map_err(io::Error::from).context(|| {
            format!(
                "could not ask how much room there is in {}",
                there.display()
            )
        })?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// What the files in it take of that, as far as they can be seen.
    pub fn taken_bytes(&self) -> u64 {
        let mut taken = 0;
        let _ = self.each(|name, _| {
            let found = name.to_str().and_then(|name| self.find(name).ok());
            taken += found.map_or(0, |found| found.taken_bytes());
        });
        taken
    }
}
