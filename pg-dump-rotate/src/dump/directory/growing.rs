//! A file that is read while pg_dump writes it.

use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};
use shared::{backup, signals};

use super::follow::Shared;
use super::punch;

/// How much is read before its room is given back.
const PUNCHED_AT_ONCE: u64 = 4 << 20;

/// A file that ends when it is closed by who writes it.
pub struct Growing<'a> {
    shared: &'a Shared,
    name: &'a str,
    file: File,
    bytes: u64,
    /// What of it has no room on the disk any more.
    punched: u64,
}

impl<'a> Growing<'a> {
    /// The file of this name; `None` when it is gone.
    pub fn open(shared: &'a Shared, name: &'a str) -> io::Result<Option<Self>> {
        let opened = match shared.packers {
            // To give room back it has to be changed.
            Some(_) => shared.source.change(name),
            None => shared.source.read(name),
        };
        let file = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        Ok(Some(Self {
            shared,
            name,
            file,
            bytes: 0,
            punched: 0,
        }))
    }

    /// Gives the room of what was read back. Where that fails it is taken for longer.
    pub fn forget(&mut self) {
        if self.bytes - self.punched >= PUNCHED_AT_ONCE {
            let until = self.bytes - self.bytes % PUNCHED_AT_ONCE;
            let _ = punch::punch(&self.file, self.punched, until);
            self.punched = until;
        }
    }

    /// Removes the file, all of which must have been read.
    pub fn remove(self) -> io::Result<()> {
        self.shared.source.remove(self.name)?;
        match self.file.metadata()?.len() == self.bytes {
            true => Ok(()),
            false => Err(io::Error::other("it was changed after it was written")),
        }
    }
}

impl Read for Growing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Asked first: what was written before it was closed is then read below.
            let (closed, abandoned) = self.shared.state_of(self.name);
            if abandoned || signals::received().is_some() {
                return Err(io::Error::other("pg_dump has failed"));
            }
            let length = self.file.read(buffer)?;
            self.bytes += length as u64;
            self.shared.pace.passed(length);
            if length > 0 || closed || buffer.is_empty() {
                return Ok(length);
            }
            self.shared.pause(self.name);
        }
    }
}

/// One that stays as it is, hashed as it is read.
pub struct Hashed<'a> {
    growing: Growing<'a>,
    hash: Sha256,
}

impl<'a> Hashed<'a> {
    pub fn new(growing: Growing<'a>) -> Self {
        Self {
            growing,
            hash: Sha256::new(),
        }
    }

    /// Waits until the disk has it; what a manifest says of it.
    pub fn finish(self) -> io::Result<backup::File> {
        self.growing.file.sync_all()?;
        Ok(backup::File {
            name: self.growing.name.to_string(),
            bytes: self.growing.bytes,
            sha256: backup::hexadecimal(&self.hash.finalize()),
        })
    }
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.growing.read(buffer)?;
        self.hash.update(&buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use shared::backup::Place;

    use super::super::follow::{Followed, Follower};
    use super::*;

    /// What is not wanted any more may be hundreds of gigabytes.
    #[test]
    fn what_nobody_wants_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.dat"), "1\n").unwrap();
        let progress = shared::message::Report::new("test").progress();
        let followed = Followed {
            folder: &Place::new(folder.path()),
            scratch: None,
            writers: 1,
            digest: false,
            name: "app",
            whole: Default::default(),
        };
        let follower = Follower::start(&followed, progress).unwrap();
        let mut growing = Growing::open(follower.shared(), "1.dat").unwrap().unwrap();
        assert_eq!(growing.read(&mut [0]).unwrap(), 1);
        follower.abandon();
        growing.read(&mut [0]).unwrap_err();
    }
}
