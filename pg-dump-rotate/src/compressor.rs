//! Compressing a piece of a stream so that the pieces, one behind the other, are what every
//! reader takes for one stream, with a checksum of its content.
//!
//! A script is a row of gzip members or of frames. So are an archive's data where
//! they are frames; zlib knows no members, so there the pieces are parts of one
//! deflate stream, each ended at a byte, and whoever joins them writes the checksum.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use flate2::{Compress, FlushCompress};
use lz4::liblz4::BlockChecksum;
use lz4::{BlockMode, BlockSize, ContentChecksum, EncoderBuilder};
use zstd::zstd_safe::CParameter;

use crate::compression::{Compression, Method};

/// How many bytes are compressed at a time.
pub const PIECE: usize = 1 << 20;

/// What a thread compresses with: made once, used for each piece.
pub enum Compressor {
    None,
    Gzip(u32),
    Lz4(EncoderBuilder),
    /// With room for its results, which it wants to be large.
    Zstd(Box<zstd::bulk::Compressor<'static>>, Vec<u8>),
}

impl Compressor {
    /// One that compresses like this.
    pub fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None,
            Compression::Method(Method::Gzip, level) => Self::Gzip(level),
            Compression::Method(Method::Lz4, level) => Self::Lz4(lz4(level)),
            Compression::Method(Method::Zstd, level) => {
                let level = i32::try_from(level).unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
                let mut zstd = zstd::bulk::Compressor::new(level)?;
                zstd.set_parameter(CParameter::ChecksumFlag(true))?;
                let room = Vec::with_capacity(zstd::zstd_safe::compress_bound(PIECE));
                Self::Zstd(Box::new(zstd), room)
            }
        })
    }

    /// The piece as a member or frame of its own, at the end of `output`.
    pub fn whole(&mut self, piece: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::None => output.extend_from_slice(piece),
            Self::Gzip(level) => {
                let mut encoder = GzEncoder::new(output, flate2::Compression::new(*level));
                encoder.write_all(piece)?;
                encoder.finish()?;
            }
            Self::Lz4(frames) => {
                // A small one leaves a damaged length less room.
                frames.block_size(match piece.len() {
                    ..=65_536 => BlockSize::Max64KB,
                    _ => BlockSize::Max1MB,
                });
                let mut encoder = frames.build(output)?;
                encoder.write_all(piece)?;
                encoder.finish().1?;
            }
            Self::Zstd(zstd, room) => {
                room.clear();
                zstd.compress_to_buffer(piece, room)?;
                output.extend_from_slice(room);
            }
        }
        Ok(())
    }
}

/// Frames of LZ4 as we want them.
fn lz4(level: u32) -> EncoderBuilder {
    let mut frames = EncoderBuilder::new();
    frames
        .level(level)
        .block_mode(BlockMode::Independent)
        .block_checksum(BlockChecksum::NoBlockChecksum)
        .checksum(ContentChecksum::ChecksumEnabled);
    frames
}

/// A part of a deflate stream, ended at a byte, at the end of `output`.
pub fn deflate(piece: &[u8], level: u32, output: &mut Vec<u8>) -> io::Result<()> {
    let mut deflate = Compress::new(flate2::Compression::new(level), false);
    loop {
        output.reserve(piece.len() / 4 + 1024);
        let taken = usize::try_from(deflate.total_in()).map_err(io::Error::other)?;
        let flush = FlushCompress::Sync;
        deflate.compress_vec(&piece[taken..], output, flush)?;
        // Whoever leaves room has nothing more to say.
        if output.len() < output.capacity() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Text that compresses, different in each MiB.
    fn text(bytes: usize) -> Vec<u8> {
        let lines =
            (0u64..).map(|n| format!("{n}\t{:x}\tsome text\n", n.wrapping_mul(0x9E37_79B9)));
        lines.flat_map(String::into_bytes).take(bytes).collect()
    }

    fn read(mut input: impl Read) -> Vec<u8> {
        let mut output = Vec::new();
        input.read_to_end(&mut output).unwrap();
        output
    }

    #[test]
    fn the_pieces_are_one_stream_for_every_reader() {
        for length in [0, 1, PIECE, 2 * PIECE + 123] {
            let input = text(length);
            for compression in ["gzip:6", "lz4:1", "lz4:2", "lz4:9", "lz4:12", "zstd:3"] {
                let mut compressor = Compressor::new(compression.parse().unwrap()).unwrap();
                let mut packed = Vec::new();
                for piece in input.chunks(PIECE).chain([&[][..]]) {
                    compressor.whole(piece, &mut packed).unwrap();
                }
                let packed = packed.as_slice();
                let read = match compression {
                    "gzip:6" => read(flate2::read::MultiGzDecoder::new(packed)),
                    "zstd:3" => read(zstd::Decoder::new(packed).unwrap()),
                    _ => read_lz4(packed),
                };
                assert!(read == input, "{length} bytes by {compression}");
            }
        }
    }

    /// lz4 finds what was damaged by the checksum of each frame.
    #[test]
    fn a_higher_level_of_lz4_is_smaller_and_has_a_checksum() {
        let input = text(PIECE);
        let packed = |compression: &str| {
            let mut packed = Vec::new();
            let mut compressor = Compressor::new(compression.parse().unwrap()).unwrap();
            compressor.whole(&input, &mut packed).unwrap();
            packed
        };
        let lengths = ["lz4:1", "lz4:2", "lz4:3", "lz4:12"].map(|level| packed(level).len());
        assert!(
            lengths.is_sorted_by(|more, less| more > less),
            "{lengths:?}"
        );
        let mut damaged = packed("lz4:9");
        let checksum = damaged.len() - 1;
        damaged[checksum] ^= 1;
        let mut decoder = lz4_flex::frame::FrameDecoder::new(damaged.as_slice());
        assert!(decoder.read_to_end(&mut Vec::new()).is_err());
    }

    /// Its decoder ends where a frame ends.
    fn read_lz4(mut packed: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        while !packed.is_empty() {
            let mut decoder = lz4_flex::frame::FrameDecoder::new(packed);
            decoder.read_to_end(&mut output).unwrap();
            packed = decoder.into_inner();
        }
        output
    }

    #[test]
    fn parts_of_a_deflate_stream_follow_each_other() {
        let random: Vec<u8> = text(100_000)
            .iter()
            .scan(7u8, |state, byte| {
                *state = state.wrapping_mul(31).wrapping_add(*byte);
                Some(*state)
            })
            .collect();
        for input in [text(3 * PIECE + 5), random] {
            let mut packed = Vec::new();
            for piece in input.chunks(PIECE) {
                deflate(piece, 1, &mut packed).unwrap();
            }
            packed.extend([3, 0]);
            assert!(read(flate2::read::DeflateDecoder::new(packed.as_slice())) == input);
        }
    }
}
