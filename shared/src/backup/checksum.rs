//! Whether the data of a backup is what its manifest says, byte by byte.

use std::fs;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::folder::{Backup, State};
use super::manifest::hexadecimal;
use crate::error::{Context, Result};
use crate::signals;

const CHUNK: usize = 1 << 20;

impl Backup {
    /// Reads everything that the manifest names; what is not as it says makes the state
    /// [`State::ChecksumDiffers`]. One that can't be relied on anyway is not read.
    ///
    /// # Errors
    /// When a file can't be read, or a signal came.
    pub fn verify_checksums(&mut self) -> Result<()> {
        let Some(manifest) = self.manifest.as_ref().filter(|_| self.is_ok()) else {
            return Ok(());
        };
        for file in &manifest.files {
            let path = self.path.with_file_name(&file.name);
            let actual = sha256(&path).context(|| path.display().to_string())?;
            if actual != file.sha256 {
                self.state = State::ChecksumDiffers(format!(
                    "the SHA-256 of {} is {actual}, and its manifest says {}",
                    file.name, file.sha256
                ));
                break;
            }
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
