//! Compresses files piece by piece, on threads that all files share.
//!
//! A file's pieces are members or frames behind each other, as pg_restore reads them; what comes
//! out depends on the file alone. Memory is bounded: a file has only so many pieces under way.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};
use shared::dump::Toc;
use shared::{Result, backup};

use super::growing::Growing;
use crate::compression::{Compression, Method};
use crate::compressor::{Compressor, PIECE};
use crate::dump::{Outcome, Trouble};
use crate::pool;

/// The threads. They end when this is dropped.
pub struct Packers {
    compression: Compression,
    work: Sender<Work>,
    /// How many pieces of a file may be under way.
    ahead: usize,
}

struct Work {
    piece: Piece,
    reply: SyncSender<io::Result<Piece>>,
}

/// What is to be packed, and what became of it. Both are used again.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    packed: Vec<u8>,
}

impl Packers {
    /// Starts as many as there are cores.
    pub fn start(compression: Compression) -> io::Result<Self> {
        let (work, received) = channel();
        let received = Arc::new(Mutex::new(received));
        let threads = pool::threads();
        for _ in 0..threads {
            let received = Arc::clone(&received);
            let compressor = Compressor::new(compression)?;
            thread::Builder::new().spawn(move || work_off(&received, compressor))?;
        }
        let ahead = threads + 1;
        Ok(Self {
            compression,
            work,
            ahead,
        })
    }

    /// What is added to the name of a file.
    pub fn suffix(&self) -> &'static str {
        match self.compression {
            Compression::None => "",
            Compression::Method(Method::Gzip, _) => ".gz",
            Compression::Method(Method::Lz4, _) => ".lz4",
            Compression::Method(Method::Zstd, _) => ".zst",
        }
    }

    /// Has a table of contents tell of it, as pg_dump's own would. One that can't be read is left
    /// to who reads it next.
    pub fn say(&self, contents: &mut [u8]) -> Result<()> {
        let Ok(Some(toc)) = Toc::read(&mut &contents[..]) else {
            return Ok(());
        };
        let (packing, level) = self.compression.packing();
        toc.say(contents, packing, level);
        Ok(())
    }

    fn begin(&self, piece: Piece) -> io::Result<Receiver<io::Result<Piece>>> {
        let (reply, packed) = sync_channel(1);
        self.work.send(Work { piece, reply }).map_err(|_| died())?;
        Ok(packed)
    }
}

fn work_off(received: &Mutex<Receiver<Work>>, mut compressor: Compressor) {
    let next = || {
        let received = received.lock().unwrap_or_else(PoisonError::into_inner);
        received.recv()
    };
    while let Ok(Work { mut piece, reply }) = next() {
        piece.packed.clear();
        let packed = compressor.whole(&piece.bytes, &mut piece.packed);
        // Whoever asked may have given up.
        let _ = reply.send(packed.map(|()| piece));
    }
}

fn died() -> io::Error {
    io::Error::other("a thread that compresses died")
}

/// A file that we write, hashed on the way: the threads that do it are many enough.
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

    /// Writes what comes next.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Waits until the disk has it; returns what a manifest says of a file of this name.
    pub fn finish(self, name: &str) -> io::Result<backup::File> {
        self.file.sync_all()?;
        Ok(backup::File {
            name: name.to_string(),
            bytes: self.bytes,
            sha256: backup::hexadecimal(&self.hash.finalize()),
        })
    }
}

/// A file that is compressed as it is read, and vanishes.
pub struct Packed<'a> {
    growing: Growing<'a>,
    packers: &'a Packers,
    output: Output,
    piece: Piece,
    begun: VecDeque<Receiver<io::Result<Piece>>>,
    spare: Vec<Piece>,
    is_empty: bool,
    /// Why it could not be written.
    failed: Option<io::Error>,
}

impl<'a> Packed<'a> {
    pub fn new(growing: Growing<'a>, packers: &'a Packers, output: Output) -> Self {
        Self {
            growing,
            packers,
            output,
            piece: Piece::default(),
            begun: VecDeque::new(),
            spare: Vec::new(),
            is_empty: true,
            failed: None,
        }
    }

    /// Writes the rest of what was read, if all of it was: `read` tells. Returns the file and what
    /// was written.
    pub fn finish<T>(mut self, read: Result<T>) -> Outcome<(T, Growing<'a>, Output)> {
        if let Some(error) = self.failed {
            return Err(Trouble::Output(error));
        }
        let read = read?;
        // Of nothing, too: then it is seen that there is nothing.
        if self.is_empty || !self.piece.bytes.is_empty() {
            self.send()?;
        }
        while self.write()? {}
        Ok((read, self.growing, self.output))
    }

    fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = PIECE - self.piece.bytes.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.bytes.extend_from_slice(now);
            if self.piece.bytes.len() == PIECE {
                self.send()?;
            }
            bytes = later;
        }
        self.growing.forget();
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        if self.begun.len() >= self.packers.ahead {
            self.write()?;
        }
        let mut next = self.spare.pop().unwrap_or_default();
        next.bytes.clear();
        let piece = std::mem::replace(&mut self.piece, next);
        self.begun.push_back(self.packers.begin(piece)?);
        self.is_empty = false;
        Ok(())
    }

    /// Writes the first piece that was begun; false if there is none.
    fn write(&mut self) -> io::Result<bool> {
        let Some(first) = self.begun.pop_front() else {
            return Ok(false);
        };
        let piece = first.recv().map_err(|_| died())??;
        self.output.put(&piece.packed)?;
        self.spare.push(piece);
        Ok(true)
    }
}

impl Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.growing.read(buffer)?;
        self.take(&buffer[..length]).map_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            self.failed = Some(error);
            told
        })?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use shared::backup::Place;
    use shared::dump::Compression as Packing;

    use super::super::content;
    use super::super::follow::{Followed, Follower};
    use super::*;

    /// What a file of these bytes becomes, read back.
    fn packed(folder: &Path, bytes: &[u8], compression: &str) -> Vec<u8> {
        fs::write(folder.join("1.dat"), bytes).unwrap();
        let progress = shared::message::Report::new("test").progress();
        let followed = Followed {
            folder: &Place::new(folder),
            scratch: None,
            writers: 1,
            digest: false,
            name: "app",
            whole: Default::default(),
        };
        let follower = Follower::start(&followed, progress).unwrap();
        follower.shared().close("1.dat");
        let growing = Growing::open(follower.shared(), "1.dat").unwrap().unwrap();
        let packers = Packers::start(compression.parse().unwrap()).unwrap();
        let path = folder.join("packed");
        let output = Output::new(File::create(&path).unwrap());
        let mut packed = Packed::new(growing, &packers, output);
        let read = content::read("1.dat", &mut packed, false, &mut Default::default());
        let finished = packed.finish(read.map_err(shared::Error::from));
        let (_, growing, output) = finished.ok().unwrap();
        let told = output.finish("packed").unwrap();
        growing.remove().unwrap();
        let bytes = fs::read(path).unwrap();
        assert_eq!(told.bytes, bytes.len() as u64);
        let mut unpacked = Vec::new();
        let mut reader = Packing::of(&bytes).unpack(bytes.as_slice()).unwrap();
        reader.read_to_end(&mut unpacked).unwrap();
        unpacked
    }

    #[test]
    fn files_of_every_length_come_back() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 9 * PIECE + 5] {
            let bytes: Vec<u8> = (0..length).map(|n| (n * n / 7) as u8).collect();
            for compression in ["gzip:2", "zstd:3", "lz4"] {
                let unpacked = packed(folder.path(), &bytes, compression);
                assert!(unpacked == bytes, "{length} bytes by {compression}");
            }
        }
    }
}
