//! Whether the data of a backup is what its manifest says, byte by byte.

use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::folder::{Backup, State};
use super::manifest::{Brief, Manifest, hexadecimal};
use super::place::Place;
use crate::error::Result;
use crate::signals;

const CHUNK: usize = 1 << 20;

impl Backup {
    /// Reads everything that the manifest names; what is not as it says makes the state
    /// [`State::ChecksumDiffers`], what can't be read [`State::Unreadable`]. One that can't be
    /// relied on anyway is not read.
    ///
    /// # Errors
    /// When a signal came.
    pub fn verify_checksums(&mut self) -> Result<()> {
        if !self.is_ok() {
            return Ok(());
        }
        let manifest = match self.whole_manifest() {
            Ok(Some(manifest)) => manifest,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.state = State::Unreadable(error.in_one_line());
                return Ok(());
            }
        };
        for file in &manifest.files {
            let actual = match Place::of(&self.path) {
                Some((place, _)) => sha256_of(&place, &file.name),
                None => return Ok(()),
            };
            signals::check()?;
            self.state = match actual {
                Ok(actual) if actual == file.sha256 => continue,
                Ok(actual) => State::ChecksumDiffers(format!(
                    "the SHA-256 of {} is {actual}, and its manifest says {}",
                    file.name, file.sha256
                )),
                Err(error) => State::Unreadable(format!(
                    "{} can't be read: {}",
                    file.name,
                    error.in_one_line()
                )),
            };
            break;
        }
        Ok(())
    }

    /// The manifest with its files; `None` where it is no longer, or not yet, what we know of it:
    /// one that is to be adopted was read a moment ago.
    fn whole_manifest(&self) -> Result<Option<Manifest>> {
        let (Some(known), Some((place, name))) = (&self.manifest, Place::of(&self.path)) else {
            return Ok(None);
        };
        let read = Brief::default().read(&place, name)?;
        let same = read.filter(|(_, seal)| known.has_seal(seal));
        Ok(same.map(|(manifest, _)| manifest))
    }
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it can't be read, or a signal came.
pub fn sha256(path: &Path) -> Result<String> {
    let (place, name) = Place::of(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    sha256_of(&place, name)
}

fn sha256_of(place: &Place, name: &str) -> Result<String> {
    let mut file = place.read(name)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        signals::check()?;
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}
