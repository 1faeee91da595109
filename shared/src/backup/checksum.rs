//! Whether the data of a backup is what its manifest says, byte by byte.

use std::fs;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::folder::{Backup, State};
use super::manifest::hexadecimal;
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
        let Some(manifest) = self.manifest.as_ref().filter(|_| self.is_ok()) else {
            return Ok(());
        };
        for file in &manifest.files {
            let path = self.path.with_file_name(&file.name);
            let actual = sha256(&path);
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
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// When it can't be read, or a signal came.
pub fn sha256(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path)?;
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
