//! Cleans up after runs that were killed, or could not finish.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FileType;
use shared::backup::{Manifest, checksums_of, entries, is_unfinished_proof, manifest_of};
use shared::{Context, Result};

use super::deletion::{remove, remove_file};
use super::sides::sides_of;
use super::{Leftover, Locked, beside, exists, leftovers};

/// After so long nobody is still writing a proof.
const OLD: Duration = Duration::from_secs(3600);

impl Locked<'_> {
    /// Removes what earlier runs left unfinished, finishes what they had proved, and says so: data
    /// that has its name already gets its manifest. What can't be removed is no reason not to
    /// take a backup.
    pub fn sweep(&self) -> Result<()> {
        let left = leftovers(self.path())?;
        for left in left
            .iter()
            .filter(|left| !left.busy && left.shut_by.is_none())
        {
            match self.clean(left) {
                Ok(done) => self.warn(done),
                Err(error) => self.warn(format!(
                    "could not clean up after an earlier run: {}",
                    error.message()
                )),
            }
        }
        self.sweep_proofs()?;
        match left.is_empty() {
            true => Ok(()),
            false => self.sync(),
        }
    }

    /// Removes what a verification was writing when it was killed, which takes a moment and not
    /// an hour.
    fn sweep_proofs(&self) -> Result<()> {
        let mut unfinished = Vec::new();
        entries(self.path(), |name, kind| {
            if kind == FileType::RegularFile && is_unfinished_proof(name) {
                unfinished.push(self.path().join(name));
            }
        })?;
        for path in unfinished.iter().filter(|path| is_old(path)) {
            match remove(path) {
                Ok(()) => self.warn(format!(
                    "removed {}, left unfinished by an earlier run",
                    path.display()
                )),
                Err(error) => self.warn(format!(
                    "could not clean up after an earlier run: {}",
                    error.message()
                )),
            }
        }
        Ok(())
    }

    /// Does with one leftover what is to be done; tells what.
    ///
    /// Manifests are hidden while others have no access to the folder, and always whole when data
    /// has its name, so a hidden one beside such data is all that it lacks. The earlier run
    /// may have been about to delete it, too; then the next rotation will.
    fn clean(&self, left: &Leftover) -> Result<String> {
        let path = self.path().join(&left.name);
        let there = exists(&path);
        match &left.manifest {
            Some(manifest) if there && !exists(&self.path().join(manifest_of(&left.name))) => {
                self.finish(left, manifest)?;
                Ok(format!(
                    "gave {} its manifest back, of which an earlier run had deprived it",
                    path.display()
                ))
            }
            manifest => {
                self.remove_all(left, !there && manifest.is_some())?;
                Ok(format!(
                    "removed {}, left unfinished by an earlier run",
                    left.path().display()
                ))
            }
        }
    }

    fn finish(&self, left: &Leftover, manifest: &Path) -> Result<()> {
        let checksums = self.path().join(checksums_of(&left.name));
        if let Some(hidden) = &left.checksums {
            rename(hidden, &checksums)?;
        }
        rename(manifest, &self.path().join(manifest_of(&left.name)))
    }

    /// The hidden manifest goes last: it is what says whose the rest was.
    fn remove_all(&self, left: &Leftover, with_beside: bool) -> Result<()> {
        let [_, checksums, proof] = beside(&left.name).map(|name| self.path().join(name));
        let manifest = left.manifest.as_deref();
        let known = manifest.and_then(|path| Manifest::read_from(path, &left.name).ok().flatten());
        let sides = match known.is_some_and(|manifest| manifest.adopted) {
            true => sides_of(self.path(), &left.name),
            false => Vec::new(),
        };
        let visible = [checksums, proof].into_iter().chain(sides);
        let hidden = [&left.data, &left.checksums].into_iter().flatten();
        hidden.into_iter().try_for_each(|path| remove(path))?;
        let mut visible = visible.filter(|_| with_beside);
        visible.try_for_each(|path| remove_file(&path))?;
        manifest.map_or(Ok(()), remove)
    }
}

fn is_old(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path).ok();
    let modified = metadata.and_then(|metadata| metadata.modified().ok());
    modified.is_some_and(|at| at.elapsed().is_ok_and(|age| age > OLD))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).context(|| to.display().to_string())
}
