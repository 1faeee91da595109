//! The data in an archive of pg_dump's custom format, read from the file itself.
//!
//! The format is PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c and
//! pg_backup_custom.c: a header, a table of contents, then a block of data for
//! each entry that has any.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, BufReader, Chain, Read};

use flate2::bufread::ZlibDecoder;

use crate::{Error, Result};

/// The oldest and the newest version of the format that is known: PostgreSQL 12 to 18.
const VERSIONS: std::ops::RangeInclusive<(u8, u8)> = (1, 13)..=(1, 16);

/// An archive, read up to its data.
#[derive(Debug)]
pub struct Archive<R> {
    input: BufReader<R>,
    version: (u8, u8),
    int_bytes: usize,
    offset_bytes: usize,
    compression: Compression,
    entries: HashMap<i64, TocEntry>,
    chunk: Chunk,
}

/// Where in a block's chunks the reading is.
#[derive(Debug, Default)]
struct Chunk {
    left: usize,
    /// The chunk of length 0 was read.
    ended: bool,
}

/// How the data is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Zlib,
}

/// An entry of the table of contents, as far as its data needs it.
#[derive(Debug, Clone, Default)]
pub struct TocEntry {
    /// What it is: `TABLE DATA`, `SEQUENCE SET`, `BLOBS`, …
    pub kind: String,
    /// Its schema and name, for people.
    pub label: String,
    /// Its own statements, such as a sequence's `setval`.
    pub definition: Vec<u8>,
    /// The COPY statement before its rows; empty if they are INSERT statements.
    pub copy: Vec<u8>,
    /// Whether a block of data belongs to it.
    has_data: bool,
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
        let head: [u8; 11] = array(&mut input)?;
        let version = (head[5], head[6]);
        let known = head.starts_with(b"PGDMP") && VERSIONS.contains(&version) && head[10] == 1;
        if !known {
            return Ok(None);
        }
        let preamble = Preamble::read(&mut input, &head)?;
        let Some(compression) = preamble.compression else {
            return Ok(None);
        };
        let mut archive = Self {
            input,
            version,
            int_bytes: usize::from(head[8]),
            offset_bytes: usize::from(head[9]),
            compression,
            entries: HashMap::new(),
            chunk: Chunk::default(),
        };
        archive.table_of_contents()?;
        Ok(Some(archive))
    }

    fn table_of_contents(&mut self) -> Result<()> {
        for _ in 0..self.int()? {
            let id = self.int()?;
            let entry = self.toc_entry()?;
            self.entries.insert(id, entry);
        }
        Ok(())
    }

    fn toc_entry(&mut self) -> Result<TocEntry> {
        let has_data = self.int()? != 0;
        let _table_and_object = (self.text()?, self.text()?);
        let name = self.text()?;
        let kind = self.text()?;
        let _section = self.int()?;
        let definition = self.text()?;
        let _drop = self.text()?;
        let copy = self.text()?;
        let schema = self.text()?;
        let _tablespace = self.text()?;
        if self.version >= (1, 14) {
            self.text()?;
        }
        if self.version >= (1, 16) {
            self.int()?;
        }
        let _owner_and_oids = (self.text()?, self.text()?);
        while self.text()?.is_some() {}
        self.skip(1 + self.offset_bytes)?;
        let words = [schema, name]
            .map(|text| String::from_utf8_lossy(&text.unwrap_or_default()).into_owned());
        Ok(TocEntry {
            kind: String::from_utf8_lossy(&kind.unwrap_or_default()).into_owned(),
            label: words.join(".").trim_start_matches('.').to_string(),
            definition: definition.unwrap_or_default(),
            copy: copy.unwrap_or_default(),
            has_data,
        })
    }

    /// The entries of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a TocEntry> {
        self.entries
            .values()
            .filter(move |entry| entry.kind == kind)
    }

    /// Hands every block of data to `take`, in the order of the file.
    ///
    /// # Errors
    /// When a block can't be read, or one that the table of contents names is missing.
    pub fn blocks(mut self, mut take: impl FnMut(Block<'_, R>) -> Result<()>) -> Result<()> {
        let mut missing: BTreeSet<i64> = self.with_data().collect();
        while !self.input.fill_buf().map_err(unreadable)?.is_empty() {
            let kind = array::<1>(&mut self.input)?[0];
            let id = self.int()?;
            let entry = self.entries.get(&id).cloned().ok_or_else(senseless)?;
            missing.remove(&id);
            match kind {
                1 => self.rows(entry, &mut take)?,
                3 => self.large_objects(&mut take)?,
                _ => return Err(senseless()),
            }
        }
        match missing.first().and_then(|id| self.entries.get(id)) {
            Some(entry) => Err(Error::new(format!(
                "the data of {} {} is missing",
                entry.kind, entry.label
            ))),
            None => Ok(()),
        }
    }

    fn with_data(&self) -> impl Iterator<Item = i64> {
        let holds = |entry: &TocEntry| {
            entry.has_data && matches!(entry.kind.as_str(), "TABLE DATA" | "BLOBS")
        };
        self.entries
            .iter()
            .filter(move |(_, entry)| holds(entry))
            .map(|(id, _)| *id)
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
            int_bytes: self.int_bytes,
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
        int(&mut self.input, self.int_bytes).map_err(unreadable)
    }

    fn text(&mut self) -> Result<Option<Vec<u8>>> {
        text(&mut self.input, self.int_bytes)
    }

    fn skip(&mut self, bytes: usize) -> Result<()> {
        for _ in 0..bytes {
            array::<1>(&mut self.input)?;
        }
        Ok(())
    }
}

/// What stands between an archive's first bytes and its table of contents.
struct Preamble {
    /// `None` for one that only pg_restore knows.
    compression: Option<Compression>,
    server_version: Option<Vec<u8>>,
    pg_dump_version: Option<Vec<u8>>,
}

impl Preamble {
    fn read(input: &mut impl Read, head: &[u8; 11]) -> Result<Self> {
        let int_bytes = usize::from(head[8]);
        if int_bytes > 8 {
            return Err(senseless());
        }
        let compression = if (head[5], head[6]) >= (1, 15) {
            match array::<1>(input)?[0] {
                0 => Some(Compression::None),
                1 => Some(Compression::Zlib),
                _ => None,
            }
        } else {
            match int(input, int_bytes).map_err(unreadable)? {
                0 => Some(Compression::None),
                _ => Some(Compression::Zlib),
            }
        };
        let _time = array_of_ints::<7>(input, int_bytes)?;
        let _database = text(input, int_bytes)?;
        Ok(Self {
            compression,
            server_version: text(input, int_bytes)?,
            pg_dump_version: text(input, int_bytes)?,
        })
    }
}

/// The versions of the server and of the pg_dump that an archive's first bytes tell.
pub fn archive_versions(mut head: &[u8]) -> (Option<String>, Option<String>) {
    let input = &mut head;
    let preamble = array::<11>(input).and_then(|first| Preamble::read(input, &first));
    let text = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
    match preamble {
        Ok(preamble) => (
            preamble.server_version.map(text),
            preamble.pg_dump_version.map(text),
        ),
        Err(_) => (None, None),
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

fn int(input: &mut impl Read, bytes: usize) -> io::Result<i64> {
    let mut buffer = [0; 9];
    input.read_exact(&mut buffer[..=bytes]).map_err(cut)?;
    let mut value = [0; 8];
    value[..bytes].copy_from_slice(&buffer[1..=bytes]);
    let value = i64::from_le_bytes(value);
    Ok(if buffer[0] == 0 {
        value
    } else {
        value.wrapping_neg()
    })
}

fn array_of_ints<const N: usize>(input: &mut impl Read, bytes: usize) -> Result<[i64; N]> {
    let mut values = [0; N];
    for value in &mut values {
        *value = int(input, bytes).map_err(unreadable)?;
    }
    Ok(values)
}

/// No text of PostgreSQL is longer; a damaged length must not fill the memory.
const LONGEST_TEXT: u64 = 1 << 30;

fn text(input: &mut impl Read, int_bytes: usize) -> Result<Option<Vec<u8>>> {
    let Ok(length) = u64::try_from(int(input, int_bytes).map_err(unreadable)?) else {
        return Ok(None);
    };
    if length > LONGEST_TEXT {
        return Err(senseless());
    }
    let mut text = Vec::new();
    let read = input
        .take(length)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    match read as u64 == length {
        true => Ok(Some(text)),
        false => Err(ends_early()),
    }
}

fn array<const N: usize>(input: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn unreadable(error: io::Error) -> Error {
    cut(error).into()
}

fn ends_early() -> Error {
    unreadable(io::ErrorKind::UnexpectedEof.into())
}

/// The end of the file where more was promised, in words.
fn cut(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the archive ends early"),
        _ => error,
    }
}

fn senseless() -> Error {
    Error::new("the archive makes no sense")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int_of(value: u32) -> Vec<u8> {
        [&[0][..], &value.to_le_bytes()].concat()
    }

    fn text_of(text: &str) -> Vec<u8> {
        [int_of(text.len() as u32), text.as_bytes().to_vec()].concat()
    }

    /// The first bytes of an archive of format 1.`minor`.
    fn head(minor: u8) -> Vec<u8> {
        let mut head = [&b"PGDMP"[..], &[1, minor, 0, 4, 8, 1]].concat();
        head.extend(if minor >= 15 { vec![1] } else { int_of(6) });
        head.extend((0..7).flat_map(int_of));
        head.extend(
            ["app", "15.18 (Debian)", "16.1"]
                .iter()
                .flat_map(|text| text_of(text)),
        );
        head
    }

    #[test]
    fn versions_of_either_kind_of_head() {
        let expected = (Some("15.18 (Debian)".to_string()), Some("16.1".to_string()));
        assert_eq!(archive_versions(&head(14)), expected);
        assert_eq!(archive_versions(&head(16)), expected);
        assert_eq!(archive_versions(&head(14)[..60]), (None, None));
    }

    #[test]
    fn a_damaged_length_does_not_fill_the_memory() {
        let mut damaged = head(14);
        damaged.extend([int_of(1), int_of(1), int_of(1)].concat());
        damaged.extend(int_of(u32::MAX));
        let error = Archive::open(damaged.as_slice()).unwrap_err();
        assert_eq!(error.message(), "the archive makes no sense");
    }
}
