//! Compresses the data of an archive of custom format, a piece at a time, so that pg_restore
//! reads it as if pg_dump had done it.
//!
//! Each table's rows and each large object is a stream of its own, in chunks with
//! their length before them and one of length 0 behind. pg_restore wants: of zlib
//! one stream, also where there are no data; of zstd that a frame ends where a chunk
//! ends; of lz4 frames behind each other.

use std::io;
use std::sync::Arc;

use zlib_rs::adler32::{adler32, adler32_combine};

use super::piece::{Kind, Piece};
use crate::compression::Compression;
use crate::compressor::{Compressor, deflate};

/// A zlib stream's first bytes: deflate with a window of 32 KiB, no dictionary.
const ZLIB_HEAD: [u8; 2] = [0x78, 0x9c];
/// A deflate stream's last block, with nothing in it.
const LAST_BLOCK: [u8; 2] = [3, 0];
const CHECKSUM_BYTES: usize = 4;
const CHECKSUM_OF_NOTHING: u32 = 1;

/// Compresses pieces; each thread has one.
pub struct Packer {
    compressor: Compressor,
    int_bytes: usize,
    payload: Vec<u8>,
}

/// A piece as it is written, save a checksum that only all pieces of a stream give.
#[derive(Default)]
pub struct Packed {
    bytes: Vec<u8>,
    /// What this piece adds to the stream that was open before it.
    goes_on: Option<Sum>,
    /// Where that stream's checksum belongs, if it ends here.
    checksum_at: Option<usize>,
    /// The stream that is open behind it.
    open: Option<Sum>,
}

/// The Adler-32 of so many bytes.
#[derive(Clone, Copy)]
struct Sum {
    adler: u32,
    length: u64,
}

impl Packer {
    /// One for an archive whose numbers have so many bytes.
    pub fn new(compression: Compression, int_bytes: usize) -> io::Result<Self> {
        Ok(Self {
            compressor: Compressor::new(compression)?,
            int_bytes,
            payload: Vec::new(),
        })
    }

    /// The piece with its data compressed.
    pub fn pack(&mut self, piece: &Arc<Piece>) -> io::Result<Packed> {
        let mut packed = Packed {
            bytes: Vec::with_capacity(piece.bytes.len() / 3),
            ..Packed::default()
        };
        for (kind, bytes) in piece.parts() {
            match kind {
                Kind::Frame => packed.bytes.extend_from_slice(bytes),
                Kind::Data { begins, ends } => {
                    self.data(bytes, begins.is_some(), *ends, &mut packed)?;
                }
            }
        }
        Ok(packed)
    }

    fn data(
        &mut self,
        bytes: &[u8],
        begins: bool,
        ends: bool,
        packed: &mut Packed,
    ) -> io::Result<()> {
        self.payload.clear();
        let mut checksum_is_missing = false;
        match self.compressor {
            Compressor::Gzip(level) => {
                let sum = self.zlib(bytes, level, begins, ends)?;
                checksum_is_missing = ends && !begins;
                match begins {
                    true if ends => {}
                    true => packed.open = Some(sum),
                    false => packed.goes_on = Some(sum),
                }
            }
            _ if bytes.is_empty() && !begins => {}
            _ => self.compressor.whole(bytes, &mut self.payload)?,
        }
        push_chunk(&mut packed.bytes, &self.payload, self.int_bytes);
        if checksum_is_missing {
            packed.checksum_at = Some(packed.bytes.len() - CHECKSUM_BYTES);
        }
        if ends {
            push_int(&mut packed.bytes, 0, self.int_bytes);
        }
        Ok(())
    }

    /// What these bytes add to a stream of zlib; at its end their own checksum, which is the
    /// stream's if it begins here too.
    fn zlib(&mut self, bytes: &[u8], level: u32, begins: bool, ends: bool) -> io::Result<Sum> {
        if begins {
            self.payload.extend(ZLIB_HEAD);
        }
        if !bytes.is_empty() {
            deflate(bytes, level, &mut self.payload)?;
        }
        let adler = adler32(CHECKSUM_OF_NOTHING, bytes);
        if ends {
            self.payload.extend(LAST_BLOCK);
            self.payload.extend(adler.to_be_bytes());
        }
        Ok(Sum {
            adler,
            length: bytes.len() as u64,
        })
    }
}

/// Completes packed pieces with the checksums that were missing.
#[derive(Default)]
pub struct Joiner {
    open: Option<Sum>,
}

impl Joiner {
    /// The bytes of the next piece.
    pub fn join(&mut self, mut packed: Packed) -> Vec<u8> {
        if let Some(more) = packed.goes_on {
            let sum = self.open.take().map_or(more, |sum| sum.and(more));
            match packed.checksum_at {
                Some(place) => packed.bytes[place..place + CHECKSUM_BYTES]
                    .copy_from_slice(&sum.adler.to_be_bytes()),
                None => self.open = Some(sum),
            }
        }
        if packed.open.is_some() {
            self.open = packed.open;
        }
        packed.bytes
    }
}

impl Sum {
    /// The sum of these bytes and then those.
    fn and(self, more: Self) -> Self {
        Self {
            adler: adler32_combine(self.adler, more.adler, more.length),
            length: self.length + more.length,
        }
    }
}

/// A chunk with its length. One flipped bit must not make that 0, which would end the data, so a
/// power of two is halved unevenly.
fn push_chunk(output: &mut Vec<u8>, payload: &[u8], int_bytes: usize) {
    const FIRST: usize = 3;
    let cut = match payload.len() {
        length if length > 4 && length.is_power_of_two() => FIRST,
        _ => 0,
    };
    for chunk in [&payload[..cut], &payload[cut..]] {
        if !chunk.is_empty() {
            push_int(output, chunk.len() as u64, int_bytes);
            output.extend_from_slice(chunk);
        }
    }
}

/// A number as an archive has it.
pub fn push_int(output: &mut Vec<u8>, value: u64, int_bytes: usize) {
    output.push(0);
    output.extend_from_slice(&value.to_le_bytes()[..int_bytes]);
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::piece::{Filler, Subject};
    use super::*;
    use crate::compressor::PIECE;

    /// The contents, packed as an archive's data.
    fn pack(contents: &[Vec<u8>], compression: &str) -> Vec<u8> {
        let mut packer = Packer::new(compression.parse().unwrap(), 4).unwrap();
        let (mut joiner, mut output) = (Joiner::default(), Vec::new());
        let mut filler = Filler::new(|piece| {
            output.extend(joiner.join(packer.pack(&piece)?));
            Ok(())
        });
        for content in contents {
            assert!(filler.frame(b"begin").is_ok());
            filler.begin(Subject::Other);
            let mut rest = content.as_slice();
            while !rest.is_empty() {
                let room = filler.room().ok().unwrap();
                let length = rest.len().min(room.len()).min(300_000);
                room[..length].copy_from_slice(&rest[..length]);
                filler.put(length);
                rest = &rest[length..];
            }
            filler.end();
        }
        assert!(filler.finish().is_ok());
        output
    }

    /// The contents of packed data, as pg_restore would read them.
    fn unpack(mut packed: &[u8], compression: &str) -> Vec<Vec<u8>> {
        let mut contents = Vec::new();
        while let Some(rest) = packed.strip_prefix(b"begin") {
            packed = rest;
            let mut stream = Vec::new();
            loop {
                let length = u32::from_le_bytes(packed[1..5].try_into().unwrap()) as usize;
                assert!(length < 5 || !length.is_power_of_two());
                stream.extend_from_slice(&packed[5..5 + length]);
                packed = &packed[5 + length..];
                if length == 0 {
                    break;
                }
            }
            let mut content = Vec::new();
            let stream = stream.as_slice();
            let read = match compression {
                "none" => (&mut &*stream).read_to_end(&mut content),
                "zstd" => zstd::Decoder::new(stream)
                    .unwrap()
                    .read_to_end(&mut content),
                _ => flate2::read::ZlibDecoder::new(stream).read_to_end(&mut content),
            };
            read.unwrap();
            contents.push(content);
        }
        assert!(packed.is_empty());
        contents
    }

    #[test]
    fn contents_of_every_length_come_back() {
        let content = |length| (0..length).map(|n: usize| (n * n / 7) as u8).collect();
        let lengths = [
            0,
            1,
            5,
            PIECE - 100,
            0,
            97,
            PIECE,
            3 * PIECE + 7,
            0,
            2,
            2 * PIECE,
        ];
        let contents: Vec<Vec<u8>> = lengths.into_iter().map(content).collect();
        for compression in ["gzip:1", "zstd", "none"] {
            let packed = pack(&contents, compression);
            assert!(unpack(&packed, compression) == contents, "{compression}");
        }
    }
}
