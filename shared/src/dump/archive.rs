//! The data in an archive of pg_dump's custom format, read from the file itself.
//!
//! The format is PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c and
//! pg_backup_custom.c: a header, a table of contents, then a block of data for
//! each entry that has any.

mod toc;
mod wire;

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Chain, Read};

use flate2::bufread::ZlibDecoder;

pub use toc::{Packing, Storage, Toc, TocEntry, archive_versions};
use wire::{array, cut, int, senseless, unreadable};

use crate::{Error, Result};

/// An archive, read up to its data.
#[derive(Debug)]
pub struct Archive<R> {
    input: BufReader<R>,
    toc: Toc,
    compression: Compression,
    chunk: Chunk,
}

/// Where in a block's chunks the reading is.
#[derive(Debug, Default)]
struct Chunk {
    left: usize,
    /// The chunk of length 0 was read.
    ended: bool,
}

/// The ways of compressing that are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Zlib,
}

/// A block of data.
#[derive(Debug)]
pub enum Block<'a, R: Read> {
    /// The rows of a table, as a script: its COPY statement first, if it has one.
    Rows(Box<Chain<io::Cursor<Vec<u8>>, Data<'a, R>>>),
    /// A large object's bytes.
    LargeObject(u32, Box<Data<'a, R>>),
}

impl<R: Read> Archive<R> {
    /// Reads header and table of contents. `None` if the archive is of a kind that
    /// only pg_restore can read: another version, compressed otherwise.
    ///
    /// # Errors
    /// When it can't be read or makes no sense.
    pub fn open(input: R) -> Result<Option<Self>> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let Some(toc) = Toc::read(&mut input)? else {
            return Ok(None);
        };
        let compression = match (toc.storage, toc.packing) {
            (Storage::Custom, Some(Packing::None)) => Compression::None,
            (Storage::Custom, Some(Packing::Gzip)) => Compression::Zlib,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            input,
            toc,
            compression,
            chunk: Chunk::default(),
        }))
    }

    /// The entries of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a TocEntry> {
        let entries = self.toc.entries().map(|(_, entry)| entry);
        entries.filter(move |entry| entry.kind == kind)
    }

    /// Hands every block of data to `take`, in the order of the file.
    ///
    /// # Errors
    /// When a block can't be read, or one that the table of contents names is missing.
    pub fn blocks(mut self, mut take: impl FnMut(Block<'_, R>) -> Result<()>) -> Result<()> {
        let mut missing = self.with_data();
        while !self.input.fill_buf().map_err(unreadable)?.is_empty() {
            let kind = array::<1>(&mut self.input)?[0];
            let id = self.int()?;
            let entry = self.toc.entry_of(id).cloned().ok_or_else(senseless)?;
            missing.remove(&id);
            match kind {
                1 => self.rows(entry, &mut take)?,
                3 => self.large_objects(&mut take)?,
                _ => return Err(senseless()),
            }
        }
        match missing.first().and_then(|id| self.toc.entry_of(*id)) {
            Some(entry) => Err(Error::new(format!(
                "the data of {} {} is missing",
                entry.kind, entry.label
            ))),
            None => Ok(()),
        }
    }

    fn with_data(&self) -> BTreeSet<i64> {
        let entries = self.toc.entries();
        let promising = entries.filter(|(_, entry)| entry.promises_data());
        promising.map(|(id, _)| id).collect()
    }

    fn rows(
        &mut self,
        entry: TocEntry,
        take: &mut impl FnMut(Block<'_, R>) -> Result<()>,
    ) -> Result<()> {
        let label = entry.label;
        let copy = io::Cursor::new(entry.copy);
        let rows = Block::Rows(Box::new(copy.chain(self.data()?)));
        take(rows).map_err(|error| Error::new(format!("{label}: {}", error.message())))?;
        self.drain()
    }

    fn large_objects(&mut self, take: &mut impl FnMut(Block<'_, R>) -> Result<()>) -> Result<()> {
        loop {
            let oid = u32::try_from(self.int()?).map_err(|_| senseless())?;
            if oid == 0 {
                return Ok(());
            }
            take(Block::LargeObject(oid, Box::new(self.data()?)))?;
            self.drain()?;
        }
    }

    fn data(&mut self) -> Result<Data<'_, R>> {
        self.chunk = Chunk::default();
        let mut chunks = self.chunks();
        chunks.begin().map_err(unreadable)?;
        // Nothing is nothing, compressed or not.
        let plain = chunks.chunk.ended;
        let compression = self.compression;
        let chunks = self.chunks();
        Ok(match compression {
            Compression::Zlib if !plain => Data::Zlib(Box::new(ZlibDecoder::new(
                BufReader::with_capacity(1 << 16, chunks),
            ))),
            _ => Data::Plain(chunks),
        })
    }

    fn chunks(&mut self) -> Chunks<'_, R> {
        Chunks {
            input: &mut self.input,
            int_bytes: self.toc.int_bytes,
            chunk: &mut self.chunk,
        }
    }

    /// Reads to the end of a block: behind what zlib takes for its end comes the
    /// chunk that says so.
    fn drain(&mut self) -> Result<()> {
        io::copy(&mut self.chunks(), &mut io::sink()).map_err(unreadable)?;
        Ok(())
    }

    fn int(&mut self) -> Result<i64> {
        int(&mut self.input, self.toc.int_bytes).map_err(unreadable)
    }
}

/// The bytes of one block, decompressed.
#[derive(Debug)]
pub enum Data<'a, R: Read> {
    /// As they are.
    Plain(Chunks<'a, R>),
    /// By zlib.
    Zlib(Box<ZlibDecoder<BufReader<Chunks<'a, R>>>>),
}

impl<R: Read> Read for Data<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(chunks) => chunks.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
        }
    }
}

/// A block's chunks, each with its length before it; one of length 0 ends them.
#[derive(Debug)]
pub struct Chunks<'a, R: Read> {
    input: &'a mut BufReader<R>,
    int_bytes: usize,
    chunk: &'a mut Chunk,
}

impl<R: Read> Chunks<'_, R> {
    /// Goes to the next chunk, if this one is through.
    fn begin(&mut self) -> io::Result<()> {
        if self.chunk.left == 0 && !self.chunk.ended {
            let length = int(self.input, self.int_bytes)?;
            self.chunk.left = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?;
            self.chunk.ended = self.chunk.left == 0;
        }
        Ok(())
    }
}

impl<R: Read> Read for Chunks<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.begin()?;
        let wanted = buffer.len().min(self.chunk.left);
        let read = self.input.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(cut(io::ErrorKind::UnexpectedEof.into()));
        }
        self.chunk.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::toc::tests::{head, int_of};
    use super::*;

    #[test]
    fn a_damaged_length_does_not_fill_the_memory() {
        let mut damaged = head(14, 1);
        damaged.extend([int_of(1), int_of(1), int_of(1)].concat());
        damaged.extend(int_of(u32::MAX));
        let error = Archive::open(damaged.as_slice()).unwrap_err();
        assert_eq!(error.message(), "the archive makes no sense");
    }
}
