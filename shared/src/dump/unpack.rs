//! Decompresses what pg_dump, or somebody after it, has compressed.

use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;

/// The largest window that zstd knows, as a power of two.
const ZSTD_WINDOW: u32 = 31;
/// What xz may take to decompress, in KiB: more than its highest level needs.
const XZ_MEMORY: u32 = 1 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
    /// By Zstandard.
    Zstd,
    /// By LZ4, in frames.
    Lz4,
    /// By bzip2.
    Bzip2,
    /// By xz.
    Xz,
}

impl Compression {
    /// What the first bytes of a file tell.
    pub fn of(head: &[u8]) -> Self {
        const MAGIC: [(&[u8], Compression); 5] = [
            (&[0x1f, 0x8b], Compression::Gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
            (&[0x04, 0x22, 0x4d, 0x18], Compression::Lz4),
            (b"BZh", Compression::Bzip2),
            (&[0xfd, b'7', b'z', b'X', b'Z', 0], Compression::Xz),
        ];
        let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
        known.map_or(Self::None, |(_, compression)| *compression)
    }

    /// Its name, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// The bytes that were compressed, one stream after the other to the end of the input. What
    /// ends in the middle of a stream is an error.
    pub fn unpack<'r>(
        self,
        input: impl BufRead + Send + 'r,
    ) -> io::Result<Box<dyn Read + Send + 'r>> {
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(MultiGzDecoder::new(input)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(input)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Box::new(decoder)
            }
            Self::Lz4 => Box::new(Lz4::new(input)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(input)),
            Self::Xz => Box::new(XzReader::new_mem_limit(input, true, XZ_MEMORY)),
        })
    }
}

/// Frames of LZ4. The decoder beneath takes the end of the input for the end of a frame, if it
/// comes between two blocks: here it is seen. It has room for blocks of one size, so that each
/// frame gets one of its own.
struct Lz4<R: BufRead> {
    decoder: Option<FrameDecoder<Watched<R>>>,
}

impl<R: BufRead> Lz4<R> {
    fn new(input: R) -> Self {
        let ended = false;
        Self {
            decoder: Some(FrameDecoder::new(Watched { input, ended })),
        }
    }
}

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let length = decoder.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let watched = decoder.get_mut();
            if watched.input.fill_buf()?.is_empty() {
                return match watched.ended {
                    true => Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "incomplete frame",
                    )),
                    false => Ok(0),
                };
            }
            let ended = self.decoder.take().map(FrameDecoder::into_inner);
            self.decoder = ended.map(FrameDecoder::new);
        }
        Ok(0)
    }
}

/// Notes whether somebody wanted more than there was.
struct Watched<R> {
    input: R,
    ended: bool,
}

impl<R: BufRead> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.ended |= length == 0 && !buffer.is_empty();
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn unpacked(compression: Compression, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        compression.unpack(bytes)?.read_to_end(&mut text)?;
        Ok(text)
    }

    fn text() -> Vec<u8> {
        (0..30_000u32)
            .flat_map(|n| format!("{}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    fn packed(compression: Compression, text: &[u8]) -> Vec<u8> {
        match compression {
            Compression::Lz4 => {
                let info = lz4_flex::frame::FrameInfo::new();
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => zstd::encode_all(text, 1).unwrap(),
            Compression::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Bzip2 => {
                let mut encoder =
                    bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            _ => text.to_vec(),
        }
    }

    const PACKED: [Compression; 4] = [
        Compression::Lz4,
        Compression::Zstd,
        Compression::Gzip,
        Compression::Bzip2,
    ];

    #[test]
    fn one_stream_or_several_each_known_by_its_first_bytes() {
        let text = text();
        for compression in PACKED {
            let one = packed(compression, &text);
            assert_eq!(Compression::of(&one), compression);
            let several = [packed(compression, b""), one.clone(), one].concat();
            let twice = text.repeat(2);
            assert!(
                unpacked(compression, &several).unwrap() == twice,
                "{compression:?}"
            );
        }
        assert_eq!(Compression::of(b"--\n-- PostgreSQL"), Compression::None);
    }

    #[test]
    fn whatever_is_cut_is_an_error() {
        let text = text();
        for compression in PACKED {
            let whole = packed(compression, &text);
            let middle = whole.len() / 2;
            let around = (middle - 9..middle + 9).chain(whole.len() - 9..whole.len());
            for length in around.chain(1..8) {
                assert!(
                    unpacked(compression, &whole[..length]).is_err(),
                    "{compression:?} {length} of {}",
                    whole.len()
                );
            }
        }
    }

    /// As pieces of a file are, when the last one is small.
    #[test]
    fn frames_of_lz4_need_not_be_alike() {
        let text = text();
        let frame = |size, mode| {
            let mut info = lz4_flex::frame::FrameInfo::new();
            (info.block_size, info.block_mode) = (size, mode);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(&text).unwrap();
            encoder.finish().unwrap()
        };
        use lz4_flex::frame::{BlockMode, BlockSize};
        for mode in [BlockMode::Independent, BlockMode::Linked] {
            let sizes = [
                BlockSize::Max1MB,
                BlockSize::Max64KB,
                BlockSize::Max4MB,
                BlockSize::Max64KB,
            ];
            let frames: Vec<u8> = sizes
                .into_iter()
                .flat_map(|size| frame(size, mode))
                .collect();
            let unpacked = unpacked(Compression::Lz4, &frames).unwrap();
            assert!(unpacked == text.repeat(4));
        }
    }

    /// Where a block of LZ4 ends, the decoder beneath takes a cut for the end.
    #[test]
    fn lz4_cut_between_blocks_is_an_error() {
        let mut info = lz4_flex::frame::FrameInfo::new();
        info.block_size = lz4_flex::frame::BlockSize::Max64KB;
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(&text()).unwrap();
        let whole = encoder.finish().unwrap();
        let block = u32::from_le_bytes([whole[7], whole[8], whole[9], whole[10]]) & 0x7fff_ffff;
        let cut = &whole[..11 + block as usize];
        assert!(unpacked(Compression::Lz4, cut).is_err());
        assert!(unpacked(Compression::Lz4, &whole).is_ok());
    }
}
