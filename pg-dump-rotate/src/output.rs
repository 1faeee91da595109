//! The file that a dump goes to: counted and hashed on its way.

use std::fs::File;
use std::io::{self, Write};

use sha2::{Digest, Sha256};

/// A file with what was written to it so far.
pub struct Output {
    file: File,
    hash: Sha256,
    bytes: u64,
}

/// What was written, once it is on disk.
pub struct Written {
    pub bytes: u64,
    pub sha256: String,
}

impl Output {
    pub fn new(file: File) -> Self {
        Self {
            file,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Waits until the disk has it.
    pub fn finish(self) -> io::Result<Written> {
        self.file.sync_all()?;
        let hash = self.hash.finalize();
        Ok(Written {
            bytes: self.bytes,
            sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
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
