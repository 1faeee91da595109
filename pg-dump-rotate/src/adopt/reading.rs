//! Files of others while they are read: hashed, and with an eye on whether it was the disk that could
//! not, which says nothing of what is in them.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};
use shared::backup::{self, File, Kind, Place};
use shared::{Context, Result, signals};

use super::content::unreadable;

pub(super) const BUFFER_BYTES: usize = 256 << 10;

/// The folder in which files are read.
pub(super) struct Reading {
    place: Place,
    has_failed: Arc<AtomicBool>,
}

impl Reading {
    pub fn of(place: &Place) -> Self {
        Self {
            place: place.clone(),
            has_failed: Arc::default(),
        }
    }

    /// What is in the folder of this name.
    pub fn within(&self, name: &str) -> Self {
        Self {
            place: self.place.within(name),
            has_failed: Arc::clone(&self.has_failed),
        }
    }

    pub fn is_folder(&self, name: &str) -> bool {
        self.place.find(name).is_ok_and(|found| found.is_folder())
    }

    pub fn each(&self, tell: impl FnMut(&OsStr, Kind)) -> Result<()> {
        let told = self.place.each(tell);
        Ok(told.inspect_err(|error| note(&self.has_failed, error))?)
    }

    pub fn open(&self, name: &str) -> Result<Opened> {
        let opened = self.place.read(name);
        let opened = opened.inspect_err(|error| note(&self.has_failed, error));
        Ok(Opened {
            file: opened.context(|| "it can't be read".into())?,
            has_failed: Arc::clone(&self.has_failed),
        })
    }

    pub fn has(&self, name: &str) -> bool {
        self.place.has(name)
    }

    /// Whether it was the disk, or a right that is missing, that kept something from being read.
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

fn note(has_failed: &AtomicBool, error: &io::Error) {
    if error.raw_os_error().is_some() && error.kind() != ErrorKind::Interrupted {
        has_failed.store(true, Ordering::Relaxed);
    }
}

/// A file that is read.
pub(super) struct Opened {
    file: fs::File,
    has_failed: Arc<AtomicBool>,
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer);
        read.inspect_err(|error| note(&self.has_failed, error))
    }
}

/// One that is hashed, too.
pub(super) struct Hashing {
    file: Opened,
    hash: Sha256,
    bytes: u64,
}

impl Hashing {
    pub fn open(reading: &Reading, name: &str) -> Result<Self> {
        Ok(Self {
            file: reading.open(name)?,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Reads what is left; returns what a manifest says of a file of this name.
    pub fn finish(mut self, name: &str) -> Result<File> {
        drain(&mut self)?;
        let hash = self.hash.finalize();
        Ok(File {
            name: name.to_string(),
            bytes: self.bytes,
            sha256: backup::hexadecimal(&hash),
        })
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hash.update(&buffer[..length]);
        self.bytes += length as u64;
        Ok(length)
    }
}

/// Reads to the end.
pub(super) fn drain(input: &mut impl Read) -> Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        signals::check()?;
        if input.read(&mut buffer).map_err(unreadable)? == 0 {
            return Ok(());
        }
    }
}

/// As much as there is, up to the whole buffer.
pub(super) fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
