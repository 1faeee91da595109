//! A backup while it is written: hidden, locked, for its owner's eyes only, and
//! gone unless it is published.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use shared::backup::{Manifest, Name, Place, checksums_of, manifest_of, partial_of, partial_with};
use shared::{Context, Result};

use crate::folder::Locked;

/// The data of a backup that isn't finished: a file, or a folder of them.
pub struct Partial {
    name: Name,
    hidden: Hidden,
    /// Holds the lock. Fields are dropped in this order, and what is hidden must be gone before
    /// another run may take it for left over.
    data: File,
}

impl Partial {
    /// Creates and locks the file or folder for a backup of this name, which must be free, with the
    /// mark of the part of the database that it is of, if it is not of all.
    pub(crate) fn create(place: &Place, name: Name, mark: Option<&str>) -> Result<Self> {
        let hidden = name.to_string();
        let partial = mark.map_or_else(|| partial_of(&hidden), |mark| partial_with(&hidden, mark));
        let (data, hidden) = match name.is_folder() {
            true => Hidden::create_folder(place, partial)?,
            false => Hidden::create(place, partial)?,
        };
        // Whoever looks for leftovers may hold it for a moment.
        Place::hold(&data).context(|| format!("could not lock {}", hidden.path().display()))?;
        Ok(Self { data, name, hidden })
    }

    /// Where it is for now: for people, and for pg_dump, which writes a folder by itself.
    pub fn path(&self) -> PathBuf {
        self.hidden.path()
    }

    /// What a folder holds so far.
    pub fn files(&self) -> Place {
        self.hidden.place.within(&self.hidden.name)
    }

    /// The same of one file, to be read.
    pub fn read(&self) -> io::Result<File> {
        self.hidden.place.read(&self.hidden.name)
    }

    /// The name it will get.
    pub fn name(&self) -> String {
        self.name.to_string()
    }

    /// The file, to write to.
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
        let place = folder.place();
        let text = text_of(manifest, &name, folder)?;
        let checksums = manifest.checksums(&name, &text);
        let mut manifest = write(place, &manifest_of(&name), &text)?;
        let mut checksums = write(place, &checksums_of(&name), &checksums)?;
        folder.sync()?;
        self.hidden.reveal(&name)?;
        manifest.kept = true;
        checksums.kept = true;
        folder.sync()?;
        checksums.reveal(&checksums_of(&name))?;
        manifest.reveal(&manifest_of(&name))?;
        folder.sync()?;
        Ok(place.path(&name))
    }
}

/// Gives data that is there, of this name, its manifest.
pub fn describe(folder: &Locked<'_>, name: &str, manifest: &Manifest) -> Result<()> {
    let manifest_name = manifest_of(name);
    let text = text_of(manifest, name, folder)?;
    let hidden = write(folder.place(), &manifest_name, &text)?;
    hidden.reveal(&manifest_name)?;
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

fn write(place: &Place, name: &str, text: &str) -> Result<Hidden> {
    let (mut file, hidden) = Hidden::create(place, partial_of(name))?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.context(|| format!("could not write {}", hidden.path().display()))?;
    Ok(hidden)
}

/// A file or a folder that is removed on drop, unless it gets its name.
struct Hidden {
    place: Place,
    name: String,
    kept: bool,
}

impl Hidden {
    fn create(place: &Place, name: String) -> Result<(File, Self)> {
        let named = || format!("could not create {}", place.path(&name).display());
        let file = place.create(&name).context(named)?;
        Ok((file, Self::of(place, name)))
    }

    fn create_folder(place: &Place, name: String) -> Result<(File, Self)> {
        let named = || format!("could not create {}", place.path(&name).display());
        place.create_folder(&name).context(named)?;
        let hidden = Self::of(place, name);
        let folder = place.read(&hidden.name);
        let folder = folder.context(|| hidden.path().display().to_string())?;
        Ok((folder, hidden))
    }

    fn of(place: &Place, name: String) -> Self {
        Self {
            place: place.clone(),
            name,
            kept: false,
        }
    }

    fn path(&self) -> PathBuf {
        self.place.path(&self.name)
    }

    fn reveal(mut self, name: &str) -> Result<()> {
        let place = &self.place;
        let named = || {
            format!(
                "could not give the backup its name {}",
                place.path(name).display()
            )
        };
        place.rename_to_free(&self.name, name).context(named)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if !self.kept {
            // If that fails, the next run tries again.
            let _ = self.place.remove(&self.name);
        }
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
        let place = Place::new(dir.path());
        let partial = Partial::create(&place, name, None).unwrap();
        let hidden = partial.hidden.name.clone();
        let files = partial.files();
        (0..1000).for_each(|file| drop(files.create(&file.to_string()).unwrap()));
        let seen = place.read(&hidden).unwrap();
        let dropped = std::thread::spawn(move || drop(partial));
        Place::hold(&seen).unwrap();
        assert!(!place.has(&hidden));
        dropped.join().unwrap();
    }
}
