//! What one file of a directory holds, read to its end.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder;
use shared::backup;
use shared::dump::{CopyRows, Digest, LargeObjectDigest, Tally};

const BUFFER: usize = 256 * 1024;
/// What compression adds to a name.
const SUFFIXES: [&str; 3] = [".gz", ".zst", ".lz4"];
/// The largest window that zstd knows, as a power of two.
const WINDOW: u32 = 31;

/// A file, as it is on disk and by what is in it.
pub struct Content {
    /// With its name in the folder.
    pub file: backup::File,
    pub found: Found,
}

/// What is in a file.
pub enum Found {
    /// Nothing that is read.
    Bytes,
    /// A table of contents, or a list of large objects.
    Text(Vec<u8>),
    /// The rows of a table; `None` when they have no end.
    Rows(Option<Digest>),
    /// A large object, which was added to the tally.
    LargeObject,
}

impl Found {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A file's name without what compression adds to it, as tables of contents have it.
pub fn stem(name: &str) -> &str {
    let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
    stem.unwrap_or(name)
}

/// Whether a file is one of those that grow large, rather than one of those that are open
/// while others are written.
pub fn is_data(name: &str) -> bool {
    stem(name).ends_with(".dat") && name != super::CONTENTS
}

/// Reads a file to its end, and what is in it; without `digest` only what names other files.
pub fn read(
    name: &str,
    mut input: &mut dyn Read,
    digest: bool,
    tally: &mut Tally,
) -> io::Result<Found> {
    if !is_data(name) {
        let mut text = Vec::new();
        input.read_to_end(&mut text)?;
        return Ok(Found::Text(text));
    }
    if !digest {
        pour(&mut input, |_| {})?;
        return Ok(Found::Bytes);
    }
    match large_object(name) {
        Some(oid) => {
            let mut content = LargeObjectDigest::default();
            unpack(name, &mut input, |bytes| content.add(bytes))?;
            tally.add_large_object(oid, &content);
            Ok(Found::LargeObject)
        }
        None => {
            let mut rows = CopyRows::default();
            unpack(name, &mut input, |bytes| rows.add(bytes))?;
            Ok(Found::Rows(rows.finish()))
        }
    }
}

/// `blob_16400.dat`
pub fn large_object(name: &str) -> Option<u32> {
    let number = stem(name).strip_prefix("blob_")?.strip_suffix(".dat")?;
    number.parse().ok()
}

fn unpack(name: &str, input: &mut impl Read, take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let suffix = name.strip_prefix(stem(name)).unwrap_or_default();
    // Of an empty large object pg_dump writes nothing with zstd and lz4.
    if suffix != ".gz" && input.fill_buf()?.is_empty() {
        return Ok(());
    }
    match suffix {
        ".gz" => pour(&mut GzDecoder::new(&mut input), take)?,
        ".zst" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&mut input)?;
            decoder.window_log_max(WINDOW)?;
            pour(&mut decoder, take)?;
        }
        ".lz4" => pour(&mut FrameDecoder::new(&mut input), take)?,
        _ => pour(&mut input, take)?,
    }
    match input.fill_buf()?.is_empty() {
        true => Ok(()),
        false => Err(io::Error::other("it goes on behind its end")),
    }
}

fn pour(input: &mut impl Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
