//! The data in an archive of pg_dump, read from the file itself.
//!
//! The format is PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c and
//! pg_backup_custom.c: a header, a table of contents, then a block of data for
//! each entry that has any.

mod blocks;
mod files;
mod tar;
mod toc;
mod wire;

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;

pub use blocks::{BlockKind, Blocks};
pub use files::{CONTENTS, Content, Files, Other, Part};
pub use toc::{Packing, Storage, Toc, TocEntry, archive_versions};
use wire::unreadable;

use super::unpack::Compression;
use crate::{Error, Result};

const BUFFER_BYTES: usize = 1 << 16;

/// An archive, read up to its data.
#[derive(Debug)]
pub struct Archive<R> {
    blocks: Blocks<Counted<BufReader<R>>>,
    packing: Packing,
    large_objects: BTreeSet<u32>,
}

/// An input, and how much of it was read.
#[derive(Debug)]
struct Counted<R> {
    input: R,
    at: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.at += length as u64;
        self.input.consume(length);
    }
}

/// A block of data.
pub enum Block<'a> {
    /// The rows of a table, as a script: its COPY statement first, if it has one.
    Rows(Box<dyn Read + 'a>),
    /// A large object's bytes.
    LargeObject(u32, Box<dyn Read + 'a>),
}

impl<R: Read + Send> Archive<R> {
    /// Reads header and table of contents. `None` if the archive is of a kind that
    /// only pg_restore can read: another version, compressed otherwise.
    ///
    /// # Errors
    /// When it can't be read or makes no sense.
    pub fn open(input: R) -> Result<Option<Self>> {
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut input = Counted { input, at: 0 };
        let Some(toc) = Toc::read(&mut input)? else {
            return Ok(None);
        };
        let (Storage::Custom, Some(packing)) = (toc.storage, toc.packing) else {
            return Ok(None);
        };
        Ok(Some(Self {
            blocks: Blocks::new(Arc::new(toc), input),
            packing,
            large_objects: BTreeSet::new(),
        }))
    }

    /// The table of contents.
    pub fn toc(&self) -> &Toc {
        self.blocks.toc()
    }

    /// Hands every block of data to `take`, in the order of the file.
    ///
    /// # Errors
    /// When a block can't be read, or one that the table of contents names is missing.
    pub fn blocks(mut self, mut take: impl FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        loop {
            let at = self.blocks.input().at;
            let Some((kind, id)) = self.blocks.next_block()? else {
                break;
            };
            self.is_where_it_belongs(id, at)?;
            match kind {
                BlockKind::Data => self.rows(id, &mut take)?,
                BlockKind::LargeObjects => self.large_objects(&mut take)?,
            }
        }
        self.toc().check_large_objects(&self.large_objects)
    }

    /// pg_restore looks for a block where the table of contents says, if that says it.
    fn is_where_it_belongs(&self, id: i64, at: u64) -> Result<()> {
        let entry = self.toc().entry_of(id);
        match entry.filter(|entry| entry.at.is_some_and(|said| said != at)) {
            None => Ok(()),
            Some(entry) => Err(Error::new(format!(
                "the data of {} {} is not where the table of contents says",
                entry.kind, entry.label
            ))),
        }
    }

    fn rows(&mut self, id: i64, take: &mut impl FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        let entry = self.blocks.toc().entry_of(id).cloned().unwrap_or_default();
        let copy = io::Cursor::new(entry.copy);
        let rows = Block::Rows(Box::new(copy.chain(self.data()?)));
        let named = |error: Error| Error::new(format!("{}: {}", entry.label, error.message()));
        take(rows).map_err(named)?;
        self.drain()
    }

    fn large_objects(&mut self, take: &mut impl FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        while let Some(oid) = self.blocks.next_large_object()? {
            self.large_objects.insert(oid);
            take(Block::LargeObject(oid, self.data()?))?;
            self.drain()?;
        }
        Ok(())
    }

    /// The bytes of one content, decompressed.
    fn data(&mut self) -> Result<Box<dyn Read + '_>> {
        let packing = self.packing;
        let mut chunks = self.blocks.content();
        // Nothing is nothing, compressed or not.
        let compression = match (chunks.is_empty().map_err(unreadable)?, packing) {
            (true, _) | (_, Packing::None) => return Ok(Box::new(chunks)),
            // Of this block only, and without the head that a file has.
            (_, Packing::Gzip) => {
                let chunks = BufReader::with_capacity(BUFFER_BYTES, chunks);
                return Ok(Box::new(ZlibDecoder::new(chunks)));
            }
            (_, Packing::Lz4) => Compression::Lz4,
            (_, Packing::Zstd) => Compression::Zstd,
        };
        Ok(compression.unpack(BufReader::with_capacity(BUFFER_BYTES, chunks))?)
    }

    /// Reads to the end of a block: behind what zlib takes for its end comes the
    /// chunk that says so.
    fn drain(&mut self) -> Result<()> {
        io::copy(&mut self.blocks.rest(), &mut io::sink()).map_err(unreadable)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::toc::tests::{entry, head, int_of, settings};
    use super::*;

    #[test]
    fn a_table_of_contents_that_comes_again_is_no_damage() {
        let contents = [int_of(3), settings(16, 1, "")].concat();
        let once = [head(16, 1), contents.clone()].concat();
        let read = |archive: &[u8]| {
            let archive = Archive::open(archive).unwrap().unwrap();
            archive
                .blocks(|_| Ok(()))
                .map_err(|error| error.message().to_string())
        };
        assert_eq!(read(&once), Ok(()));
        assert_eq!(read(&[&once[..], &contents].concat()), Ok(()));
        for rest in [&int_of(1), &[&contents[..], &[0]].concat(), &b"x\n"[..]] {
            let error = read(&[&once, rest].concat()).unwrap_err();
            assert!(error.contains("the archive goes on"), "{error}");
        }
    }

    #[test]
    fn a_block_that_is_not_where_it_is_said_to_be() {
        let start = [head(14, 1), int_of(4), settings(14, 1, ""), entry(14)].concat();
        let block = [&[1][..], &int_of(7), &int_of(0)].concat();
        let read = |is_known: u8, at: usize| {
            let place = [&[is_known][..], &at.to_le_bytes()].concat();
            let archive = [&start[..], &place, &block].concat();
            let archive = Archive::open(archive.as_slice()).unwrap().unwrap();
            archive
                .blocks(|_| Ok(()))
                .map_err(|error| error.message().to_string())
        };
        let at = start.len() + 9;
        assert_eq!(read(2, at), Ok(()));
        assert_eq!(read(1, 0), Ok(()));
        let elsewhere = "the data of TABLE DATA public.t is not where the table of contents says";
        assert_eq!(read(2, at + 1), Err(elsewhere.to_string()));
    }

    #[test]
    fn a_damaged_length_does_not_fill_the_memory() {
        let mut damaged = head(14, 1);
        damaged.extend([int_of(1), int_of(1), int_of(1)].concat());
        damaged.extend(int_of(u32::MAX));
        let error = Archive::open(damaged.as_slice()).unwrap_err();
        assert_eq!(error.message(), "the archive makes no sense");
    }
}
