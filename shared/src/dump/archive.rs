//! The data in an archive of pg_dump's custom format, read from the file itself.
//!
//! The format is PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c and
//! pg_backup_custom.c: a header, a table of contents, then a block of data for
//! each entry that has any.

mod blocks;
mod toc;
mod wire;

use std::io::{self, BufReader, Chain, Read};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;

pub use blocks::{BlockKind, Blocks, Chunks};
pub use toc::{Packing, Storage, Toc, TocEntry, archive_versions};
use wire::unreadable;

use crate::{Error, Result};

const BUFFER_BYTES: usize = 1 << 16;

/// An archive, read up to its data.
#[derive(Debug)]
pub struct Archive<R> {
    blocks: Blocks<BufReader<R>>,
    compression: Compression,
}

/// The ways of compressing that are read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Zlib,
    Zstd,
}

/// A block of data.
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
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
        let Some(toc) = Toc::read(&mut input)? else {
            return Ok(None);
        };
        let compression = match (toc.storage, toc.packing) {
            (Storage::Custom, Some(Packing::None)) => Compression::None,
            (Storage::Custom, Some(Packing::Gzip)) => Compression::Zlib,
            (Storage::Custom, Some(Packing::Zstd)) => Compression::Zstd,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            blocks: Blocks::new(Arc::new(toc), input),
            compression,
        }))
    }

    /// The entries of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a TocEntry> {
        let entries = self.blocks.toc().entries().map(|(_, entry)| entry);
        entries.filter(move |entry| entry.kind == kind)
    }

    /// Hands every block of data to `take`, in the order of the file.
    ///
    /// # Errors
    /// When a block can't be read, or one that the table of contents names is missing.
    pub fn blocks(mut self, mut take: impl FnMut(Block<'_, R>) -> Result<()>) -> Result<()> {
        while let Some((kind, id)) = self.blocks.next_block()? {
            match kind {
                BlockKind::Data => self.rows(id, &mut take)?,
                BlockKind::LargeObjects => self.large_objects(&mut take)?,
            }
        }
        Ok(())
    }

    fn rows(&mut self, id: i64, take: &mut impl FnMut(Block<'_, R>) -> Result<()>) -> Result<()> {
        let entry = self.blocks.toc().entry_of(id).cloned().unwrap_or_default();
        let copy = io::Cursor::new(entry.copy);
        let rows = Block::Rows(Box::new(copy.chain(self.data()?)));
        let named = |error: Error| Error::new(format!("{}: {}", entry.label, error.message()));
        take(rows).map_err(named)?;
        self.drain()
    }

    fn large_objects(&mut self, take: &mut impl FnMut(Block<'_, R>) -> Result<()>) -> Result<()> {
        while let Some(oid) = self.blocks.next_large_object()? {
            take(Block::LargeObject(oid, Box::new(self.data()?)))?;
            self.drain()?;
        }
        Ok(())
    }

    fn data(&mut self) -> Result<Data<'_, R>> {
        let compression = self.compression;
        let mut chunks = self.blocks.content();
        // Nothing is nothing, compressed or not.
        let compression = match chunks.is_empty().map_err(unreadable)? {
            true => Compression::None,
            false => compression,
        };
        let buffered = |chunks| BufReader::with_capacity(BUFFER_BYTES, chunks);
        Ok(match compression {
            Compression::None => Data::Plain(chunks),
            Compression::Zlib => Data::Zlib(Box::new(ZlibDecoder::new(buffered(chunks)))),
            Compression::Zstd => {
                Data::Zstd(Box::new(zstd::Decoder::with_buffer(buffered(chunks))?))
            }
        })
    }

    /// Reads to the end of a block: behind what zlib takes for its end comes the
    /// chunk that says so.
    fn drain(&mut self) -> Result<()> {
        io::copy(&mut self.blocks.rest(), &mut io::sink()).map_err(unreadable)?;
        Ok(())
    }
}

/// What a content's chunks are read through.
type Buffered<'a, R> = BufReader<Chunks<'a, BufReader<R>>>;

/// The bytes of one block, decompressed.
pub enum Data<'a, R: Read> {
    /// As they are.
    Plain(Chunks<'a, BufReader<R>>),
    /// By zlib.
    Zlib(Box<ZlibDecoder<Buffered<'a, R>>>),
    /// By Zstandard.
    Zstd(Box<zstd::Decoder<'static, Buffered<'a, R>>>),
}

impl<R: Read> Read for Data<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(chunks) => chunks.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
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
