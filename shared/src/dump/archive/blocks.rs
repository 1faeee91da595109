//! The blocks of data behind a table of contents, as they are stored.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

use super::toc::Toc;
use super::wire::{array, cut, int, senseless, unreadable};
use crate::{Error, Result};

/// Reads the blocks of an archive of custom format, in their order.
///
/// For each block its content is read: of [`BlockKind::Data`] once, of
/// [`BlockKind::LargeObjects`] once for each object.
#[derive(Debug)]
pub struct Blocks<R> {
    toc: Arc<Toc>,
    input: R,
    missing: BTreeSet<i64>,
    chunk: Chunk,
}

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// The data of one entry.
    Data,
    /// Large objects, each with its number before it.
    LargeObjects,
}

impl BlockKind {
    /// The byte that a block of this kind begins with.
    pub fn byte(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::LargeObjects => 3,
        }
    }
}

/// Where in a block's chunks the reading is.
#[derive(Debug, Default)]
struct Chunk {
    left: usize,
    /// The chunk of length 0 was read.
    ended: bool,
}

impl<R: BufRead> Blocks<R> {
    /// The blocks that `input` yields, which has been read to the end of this table of contents.
    pub fn new(toc: Arc<Toc>, input: R) -> Self {
        let entries = toc.entries();
        let promising = entries.filter(|(_, entry)| entry.has_data);
        let missing = promising.map(|(id, _)| id).collect();
        Self {
            toc,
            input,
            missing,
            chunk: Chunk::default(),
        }
    }

    /// The table of contents.
    pub fn toc(&self) -> &Toc {
        &self.toc
    }

    /// What the blocks are read from.
    pub fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The next block and the number of its entry; `None` at the end.
    ///
    /// # Errors
    /// When it can't be read, or when a block that the table of contents names is missing at the
    /// end.
    pub fn next_block(&mut self) -> Result<Option<(BlockKind, i64)>> {
        if self.input.fill_buf().map_err(unreadable)?.is_empty() {
            return self.nothing_is_missing().map(|()| None);
        }
        let kind = match array::<1>(&mut self.input)?[0] {
            1 => BlockKind::Data,
            3 => BlockKind::LargeObjects,
            byte => return self.ended(byte).map(|()| None),
        };
        let id = self.int()?;
        let entry = self.toc.entry_of(id);
        let is_of_objects = entry.is_some_and(|entry| entry.kind == "BLOBS");
        if !self.missing.remove(&id) || is_of_objects != (kind == BlockKind::LargeObjects) {
            return Err(senseless());
        }
        Ok(Some((kind, id)))
    }

    /// The number of the next object of a block of large objects; `None` at the block's end.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn next_large_object(&mut self) -> Result<Option<u32>> {
        let oid = u32::try_from(self.int()?).map_err(|_| senseless())?;
        Ok((oid != 0).then_some(oid))
    }

    /// The content that comes next, to its end.
    pub fn content(&mut self) -> Chunks<'_, R> {
        self.chunk = Chunk::default();
        self.rest()
    }

    /// What is left of the content.
    pub(super) fn rest(&mut self) -> Chunks<'_, R> {
        Chunks {
            input: &mut self.input,
            int_bytes: self.toc.int_bytes,
            chunk: &mut self.chunk,
        }
    }

    /// No block begins with this byte: the table of contents may come again.
    fn ended(&mut self, byte: u8) -> Result<()> {
        self.nothing_is_missing()?;
        let first = [byte];
        let mut rest = first.chain(&mut self.input);
        match self.toc.is_all_of(&mut rest) {
            Ok(true) => Ok(()),
            _ => Err(Error::new(
                "behind all the data that its table of contents names, the archive goes on",
            )),
        }
    }

    fn nothing_is_missing(&self) -> Result<()> {
        let missing = self.missing.first().and_then(|id| self.toc.entry_of(*id));
        match missing {
            Some(entry) => Err(Error::new(format!(
                "the data of {} {} is missing",
                entry.kind, entry.label
            ))),
            None => Ok(()),
        }
    }

    fn int(&mut self) -> Result<i64> {
        int(&mut self.input, self.toc.int_bytes).map_err(unreadable)
    }
}

/// A content's chunks, each with its length before it; one of length 0 ends them.
#[derive(Debug)]
pub struct Chunks<'a, R> {
    input: &'a mut R,
    int_bytes: usize,
    chunk: &'a mut Chunk,
}

impl<R: BufRead> Chunks<'_, R> {
    /// Whether nothing is left.
    pub fn is_empty(&mut self) -> io::Result<bool> {
        if self.chunk.left == 0 && !self.chunk.ended {
            let length = int(self.input, self.int_bytes)?;
            self.chunk.left = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?;
            self.chunk.ended = self.chunk.left == 0;
        }
        Ok(self.chunk.ended)
    }
}

impl<R: BufRead> Read for Chunks<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_empty()?;
        let wanted = buffer.len().min(self.chunk.left);
        let read = self.input.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(cut(io::ErrorKind::UnexpectedEof.into()));
        }
        self.chunk.left -= read;
        Ok(read)
    }
}
