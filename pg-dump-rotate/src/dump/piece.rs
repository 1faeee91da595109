//! A piece of an archive on its way from pg_dump to the file.

use std::sync::Arc;

use super::Outcome;
use crate::compressor::PIECE;

/// About a MiB of an archive: data, and what stands between.
#[derive(Default)]
pub struct Piece {
    /// All of its bytes.
    pub bytes: Vec<u8>,
    /// What they are, in their order.
    pub parts: Vec<Part>,
}

/// A stretch of a piece, up to a place in its bytes.
pub struct Part {
    pub end: usize,
    pub kind: Kind,
}

/// What a stretch of bytes is.
pub enum Kind {
    /// Something that is written as it is.
    Frame,
    /// Data of the subject that begins here, or else of the one that began before.
    Data { begins: Option<Subject>, ends: bool },
}

/// What data belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The entry of the table of contents with this number.
    Entry(i64),
    /// The large object with this number.
    LargeObject(u32),
    /// Nothing that is counted.
    Other,
}

impl Piece {
    /// The parts with their bytes.
    pub fn parts(&self) -> impl Iterator<Item = (&Kind, &[u8])> {
        let mut start = 0;
        self.parts.iter().map(move |part| {
            let bytes = &self.bytes[start..part.end];
            start = part.end;
            (&part.kind, bytes)
        })
    }
}

/// All bytes of a piece.
pub struct Whole(pub Arc<Piece>);

impl AsRef<[u8]> for Whole {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}

/// Fills pieces.
pub struct Filler<'a> {
    piece: Piece,
    /// How much of the piece's bytes is filled; behind it they are zeros.
    filled: usize,
    begins: Option<Subject>,
    send: Box<dyn FnMut(Arc<Piece>) -> Outcome<()> + 'a>,
}

impl<'a> Filler<'a> {
    /// One that hands each full piece to `send`.
    pub fn new(send: impl FnMut(Arc<Piece>) -> Outcome<()> + 'a) -> Self {
        Self {
            piece: Piece::default(),
            filled: 0,
            begins: None,
            send: Box::new(send),
        }
    }

    /// Adds bytes that are written as they are.
    pub fn frame(&mut self, mut bytes: &[u8]) -> Outcome<()> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let length = room.len().min(bytes.len());
            room[..length].copy_from_slice(&bytes[..length]);
            self.filled += length;
            match self.piece.parts.last_mut() {
                Some(Part {
                    end,
                    kind: Kind::Frame,
                }) => *end = self.filled,
                _ => self.end_part(Kind::Frame),
            }
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// Says whose data follows.
    pub fn begin(&mut self, subject: Subject) {
        self.begins = Some(subject);
    }

    /// Where the next data may be put; never empty.
    pub fn room(&mut self) -> Outcome<&mut [u8]> {
        if self.filled == PIECE {
            self.send()?;
        }
        self.piece.bytes.resize(PIECE, 0);
        Ok(&mut self.piece.bytes[self.filled..])
    }

    /// Says how much data was put there.
    pub fn put(&mut self, length: usize) {
        self.filled += length;
    }

    /// Says that the subject's data is through.
    pub fn end(&mut self) {
        let begins = self.begins.take();
        self.end_part(Kind::Data { begins, ends: true });
    }

    /// Hands the last piece on.
    pub fn finish(mut self) -> Outcome<()> {
        match self.piece.parts.is_empty() {
            true => Ok(()),
            false => self.send(),
        }
    }

    fn end_part(&mut self, kind: Kind) {
        let end = self.filled;
        self.piece.parts.push(Part { end, kind });
    }

    fn send(&mut self) -> Outcome<()> {
        let last = self.piece.parts.last().map_or(0, |part| part.end);
        if last < self.filled {
            let begins = self.begins.take();
            self.end_part(Kind::Data {
                begins,
                ends: false,
            });
        }
        let mut piece = std::mem::take(&mut self.piece);
        piece.bytes.truncate(self.filled);
        self.filled = 0;
        (self.send)(Arc::new(piece))
    }
}
