//! The file that a dump goes to: counted and hashed on its way.

use std::fs::File;
use std::io::{self, Write};

use sha2::{Digest, Sha256};
use shared::backup;

/// A file with what was written to it so far.
pub struct Output {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Output {
    pub fn new(file: File) -> Self {
        Self {
            file,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Waits until the disk has it; returns what a manifest says of a file of this name.
    pub fn finish(self, name: &str) -> io::Result<backup::File> {
        self.file.sync_all()?;
        let hash = self.hash.finalize();
        Ok(backup::File {
            name: name.to_string(),
            bytes: self.bytes,
            sha256: backup::hexadecimal(&hash),
        })
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
