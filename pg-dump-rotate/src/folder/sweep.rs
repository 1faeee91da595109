//! Cleans up after runs that were killed, or could not finish.

use std::time::Duration;

use shared::backup::{Kind, Manifest, checksums_of, is_unfinished_proof, manifest_of};
use shared::{Context, Result, time};

use super::sides::sides_of;
use super::{Leftover, Locked, beside, leftovers};

/// After so long nobody is still writing a proof.
const OLD: Duration = Duration::from_secs(3600);

impl Locked<'_> {
    /// Removes what earlier runs left unfinished, finishes what they had proved, and says so: data
    /// that has its name already gets its manifest. What can't be removed is no reason not to
    /// take a backup.
    pub fn sweep(&self) -> Result<()> {
        let left = leftovers(self.place())?;
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
        let place = self.place();
        let mut unfinished = Vec::new();
        let told = place.each(|name, kind| {
            let name = name.to_str().filter(|name| is_unfinished_proof(name));
            unfinished.extend(name.filter(|_| kind == Kind::File).map(str::to_string));
        });
        told.context(|| place.folder().display().to_string())?;
        for name in unfinished.iter().filter(|name| self.is_old(name)) {
            match self.remove(name) {
                Ok(()) => self.warn(format!(
                    "removed {}, left unfinished by an earlier run",
                    place.path(name).display()
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
        let place = self.place();
        let there = place.has(&left.name);
        match &left.manifest {
            Some(manifest) if there && !place.has(&manifest_of(&left.name)) => {
                self.finish(left, manifest)?;
                Ok(format!(
                    "gave {} its manifest back, of which an earlier run had deprived it",
                    place.path(&left.name).display()
                ))
            }
            manifest => {
                self.remove_all(left, !there && manifest.is_some())?;
                Ok(format!(
                    "removed {}, left unfinished by an earlier run",
                    left.path(place).display()
                ))
            }
        }
    }

    fn finish(&self, left: &Leftover, manifest: &str) -> Result<()> {
        if let Some(hidden) = &left.checksums {
            self.rename(hidden, &checksums_of(&left.name))?;
        }
        self.rename(manifest, &manifest_of(&left.name))
    }

    /// The hidden manifest goes last: it is what says whose the rest was.
    fn remove_all(&self, left: &Leftover, with_beside: bool) -> Result<()> {
        let [_, checksums, proof] = beside(&left.name);
        let manifest = left.manifest.as_deref();
        let read = |manifest| Manifest::read_from(self.place(), manifest, &left.name);
        let known = manifest.and_then(|manifest| read(manifest).ok().flatten());
        let sides = match known.is_some_and(|manifest| manifest.adopted) {
            true => sides_of(self.place(), &left.name),
            false => Vec::new(),
        };
        let visible = [checksums, proof].into_iter().chain(sides);
        let hidden = [&left.data, &left.checksums].into_iter().flatten();
        hidden.into_iter().try_for_each(|name| self.remove(name))?;
        let mut visible = visible.filter(|_| with_beside);
        visible.try_for_each(|name| self.remove_file(&name))?;
        manifest.map_or(Ok(()), |manifest| self.remove(manifest))
    }

    fn is_old(&self, name: &str) -> bool {
        let found = self.place().find(name).ok();
        let modified = found.and_then(|found| found.modified());
        modified.is_some_and(|at| time::now() - at > OLD)
    }
}
