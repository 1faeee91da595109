//! The file that a dump goes to: counted and hashed on its way.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};
use shared::backup;

use crate::pool;

/// How many pieces may wait to be hashed.
const AHEAD: usize = 2;

/// Bytes that are written and then hashed, whatever they are a part of.
type Bytes = Box<dyn AsRef<[u8]> + Send>;

/// A file with what was written to it so far. The hash is made on a thread of its own: it takes as
/// long as the writing.
pub struct Output {
    file: File,
    bytes: u64,
    to_hash: SyncSender<Bytes>,
    hash: JoinHandle<io::Result<String>>,
}

impl Output {
    /// # Errors
    /// When there can be no thread.
    pub fn new(file: File) -> io::Result<Self> {
        let (to_hash, pieces) = sync_channel(AHEAD);
        let hash = thread::Builder::new().spawn(move || Ok(hash(&pieces)))?;
        Ok(Self {
            file,
            bytes: 0,
            to_hash,
            hash,
        })
    }

    /// Writes what comes next.
    pub fn put(&mut self, bytes: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        self.file.write_all(bytes.as_ref())?;
        self.bytes += bytes.as_ref().len() as u64;
        // If that died, the end tells.
        let _ = self.to_hash.send(Box::new(bytes));
        Ok(())
    }

    /// Waits until the disk has it; returns what a manifest says of a file of this name.
    pub fn finish(self, name: &str) -> io::Result<backup::File> {
        drop(self.to_hash);
        self.file.sync_all()?;
        Ok(backup::File {
            name: name.to_string(),
            bytes: self.bytes,
            sha256: pool::join(self.hash)?,
        })
    }
}

fn hash(pieces: &Receiver<Bytes>) -> String {
    let mut hash = Sha256::new();
    for bytes in pieces {
        hash.update(bytes.as_ref().as_ref());
    }
    backup::hexadecimal(&hash.finalize())
}
