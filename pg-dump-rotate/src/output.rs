//! The file that a dump goes to: counted and hashed on its way.

use std::fs::File;
use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::num::NonZeroU64;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use sha2::{Digest, Sha256};
use shared::backup;

use crate::pool;

/// How many pieces may wait to be hashed.
const AHEAD: usize = 2;

/// How much the disk is told to write at a time.
const AT_ONCE: u64 = 16 << 20;

/// Bytes that are written and then hashed, whatever they are a part of.
type Bytes = Box<dyn AsRef<[u8]> + Send>;

/// A file with what was written to it so far. The hash is made on a thread of its own: it takes as
/// long as the writing.
pub struct Output {
    file: File,
    bytes: u64,
    /// How many of them the disk was told to write.
    begun: u64,
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
            begun: 0,
            to_hash,
            hash,
        })
    }

    /// Writes what comes next.
    pub fn put(&mut self, bytes: impl AsRef<[u8]> + Send + 'static) -> io::Result<()> {
        self.file.write_all(bytes.as_ref())?;
        self.bytes += bytes.as_ref().len() as u64;
        if self.bytes - self.begun >= AT_ONCE {
            begin_writing(&self.file, self.begun, self.bytes);
            self.begun = self.bytes;
        }
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

/// Has the disk begin: to wait for all of it at the end takes longer. What is still to be written
/// stays in memory, whatever the name of the advice says.
#[cfg(target_os = "linux")]
fn begin_writing(file: &File, from: u64, to: u64) {
    use rustix::fs::{Advice, fadvise};
    // It is good to have, and no more.
    let _ = fadvise(file, from, NonZeroU64::new(to - from), Advice::DontNeed);
}

/// Elsewhere the advice is no such thing.
#[cfg(not(target_os = "linux"))]
fn begin_writing(_: &File, _: u64, _: u64) {}

fn hash(pieces: &Receiver<Bytes>) -> String {
    let mut hash = Sha256::new();
    for bytes in pieces {
        hash.update(bytes.as_ref().as_ref());
    }
    backup::hexadecimal(&hash.finalize())
}
