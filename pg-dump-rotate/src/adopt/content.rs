//! What a file of others is, told by its bytes, and whether it is whole: it is read to its end.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use shared::backup::{File, Format, Place};
use shared::dump::{self, Archive, Block, BlockKind, Blocks, Compression, Packing, Storage, Toc};
use shared::{Error, Result, signals};

use super::folder;
use super::parts::Parts;
use super::reading::{BUFFER_BYTES, Hashing, Reading, drain, read_full};
use crate::dump::{Head, read_tar};
use crate::script::{self, Script, Single};

/// How much of a script's beginning and end is looked at.
const KEPT: usize = 4096;
const OF_DATABASE: &[u8] = b"-- PostgreSQL database dump";
const OF_CLUSTER: &[u8] = b"-- PostgreSQL database cluster dump";
const END_OF_CLUSTER: &[u8] = b"\n-- PostgreSQL database cluster dump complete\n";

/// A dump that is whole.
#[derive(Debug)]
pub struct Content {
    pub format: Format,
    pub compression: &'static str,
    pub head: Head,
    pub files: Vec<File>,
    /// What pg_dump must have been told to pick, as far as what lacks shows.
    pub selection: Vec<String>,
    /// By pg_dumpall: of no one database.
    pub is_of_cluster: bool,
}

/// What a file is.
#[derive(Debug)]
pub enum Kind {
    Whole(Box<Content>),
    /// It was to be a dump, and isn't, for this reason.
    Broken(String),
    /// It could not be read, in these words. Another time it may.
    Unreadable(String),
    /// Nothing that pg_dump writes.
    Foreign,
}

/// Reads the file or folder of this name.
///
/// # Errors
/// When a signal came.
pub fn examine(place: &Place, name: &str) -> Result<Kind> {
    let reading = Reading::of(place);
    let found = match reading.is_folder(name) {
        true => folder::examine(&reading, name),
        false => examine_file(&reading, name),
    };
    signals::check()?;
    Ok(match found.map_err(|error| error.in_one_line()) {
        Ok(kind) => kind,
        Err(why) if reading.has_failed() => Kind::Unreadable(why),
        Err(why) => Kind::Broken(why),
    })
}

fn examine_file(reading: &Reading, name: &str) -> Result<Kind> {
    let mut file = reading.open(name)?;
    let mut start = [0; 512];
    let length = read_full(&mut file, &mut start)?;
    drop(file);
    let start = &start[..length];
    let mut input = Hashing::open(reading, name)?;
    let content = match start {
        [] => return Err(Error::new("it is empty")),
        [b'P', b'G', b'D', b'M', b'P', ..] => archive(reading, name, &mut input)?,
        _ if start.get(257..262) == Some(b"ustar") => match tar(start, &mut input)? {
            Some(content) => content,
            None => return Ok(Kind::Foreign),
        },
        _ => match examine_script(start, &mut input)? {
            Some(content) => content,
            None => return Ok(Kind::Foreign),
        },
    };
    let files = vec![input.finish(name)?];
    Ok(Kind::Whole(Box::new(Content { files, ..content })))
}

fn content(format: Format, compression: &'static str, head: Head) -> Content {
    Content {
        format,
        compression,
        head,
        files: Vec::new(),
        selection: Vec::new(),
        is_of_cluster: false,
    }
}

/// What an archive lacks.
pub(super) fn selection(toc: &Toc) -> Vec<String> {
    let has = |kind| toc.entries().any(|(_, entry)| entry.kind == kind);
    selected(has("TABLE"), has("TABLE DATA"))
}

/// Tables without rows, or rows without tables, are no whole dump, and make room for none.
pub(super) fn selected(tables: bool, rows: bool) -> Vec<String> {
    let selection = match (tables, rows) {
        (true, false) => Some("--schema-only"),
        (false, true) => Some("--data-only"),
        _ => None,
    };
    selection.into_iter().map(str::to_string).collect()
}

fn archive(reading: &Reading, name: &str, input: &mut Hashing) -> Result<Content> {
    let mut start = BufReader::new(reading.open(name)?);
    let toc = Toc::read(&mut start)?.filter(|toc| toc.storage == Storage::Custom);
    let toc = toc.ok_or_else(unknown_version)?;
    let head = Content {
        selection: selection(&toc),
        ..content(Format::Custom, word(&toc)?, Head::of(&toc))
    };
    match Archive::open(&mut *input)? {
        Some(archive) => archive.blocks(|block| match block {
            Block::Rows(rows) => dump::Script::in_pieces(rows).pass(),
            Block::LargeObject(_, mut bytes) => drain(&mut bytes),
        })?,
        // What can't be decompressed here can still be seen to have its end.
        None => {
            *input = Hashing::open(reading, name)?;
            let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
            Toc::read(&mut input)?;
            walk(Blocks::new(Arc::new(toc), input))?;
        }
    }
    Ok(head)
}

fn walk<R: io::BufRead>(mut blocks: Blocks<R>) -> Result<()> {
    while let Some((kind, _)) = blocks.next_block()? {
        match kind {
            BlockKind::Data => drain(&mut blocks.content())?,
            BlockKind::LargeObjects => {
                while blocks.next_large_object()?.is_some() {
                    drain(&mut blocks.content())?;
                }
            }
        }
    }
    Ok(())
}

fn tar(start: &[u8], input: &mut Hashing) -> Result<Option<Content>> {
    if !start.starts_with(b"toc.dat\0") {
        return Ok(None);
    }
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let toc = read_tar(&mut input)?.ok_or_else(unknown_version)?;
    Ok(Some(Content {
        selection: selection(&toc),
        ..content(Format::Tar, "none", Head::of(&toc))
    }))
}

pub(super) fn unknown_version() -> Error {
    Error::new("it is an archive of a version that is not known here, which can't be proved whole")
}

/// The word in manifests.
pub(super) fn word(toc: &Toc) -> Result<&'static str> {
    match toc.packing {
        Some(Packing::None) => Ok("none"),
        Some(Packing::Gzip) => Ok("gzip"),
        Some(Packing::Lz4) => Ok("lz4"),
        Some(Packing::Zstd) => Ok("zstd"),
        None => Err(unknown_version()),
    }
}

fn examine_script(start: &[u8], input: &mut Hashing) -> Result<Option<Content>> {
    let compression = Compression::of(start);
    let input = BufReader::with_capacity(BUFFER_BYTES, input);
    sql(compression.as_str(), compression.unpack(input)?)
}

/// `None` for what is no script of pg_dump's or pg_dumpall's.
fn sql(compression: &'static str, mut input: impl Read) -> Result<Option<Content>> {
    let mut head = vec![0; KEPT];
    let length = read_full(&mut input, &mut head).map_err(unreadable)?;
    head.truncate(length);
    let has = |text: &[u8], words| memchr::memmem::find(text, words).is_some();
    if head.is_empty() {
        return Err(Error::new("it holds nothing but its compression"));
    }
    if !has(&head, OF_CLUSTER) && !has(&head, OF_DATABASE) {
        return Ok(None);
    }
    let is_of_cluster = script::is_begun_as_cluster(&head);
    if !is_of_cluster && !script::is_begun(&head) {
        return Err(Error::new(
            "its first bytes are not those that pg_dump begins with: something stands before them, \
             or its line ends were changed, and it may not restore",
        ));
    }
    // Nothing is asked for once more at its end: not every decompressor bears it.
    let left = if length < KEPT { 0 } else { u64::MAX };
    let mut passing = Passing::new(io::Cursor::new(head).chain(input.take(left)));
    let mut reader = dump::Script::in_pieces(&mut passing);
    let mut single = Single::default();
    let followed = loop {
        match reader.next() {
            Ok(Some(event)) => single.see(&event),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let is_one = match is_of_cluster {
        true => single.is_one_of_cluster(reader.header()),
        false => single.is_one(reader.header()),
    };
    passing.finish()?;
    let Passing {
        script,
        parts,
        tail,
        ..
    } = passing;
    let is_complete = match is_of_cluster {
        true => has(&tail, END_OF_CLUSTER),
        false => script.is_complete(),
    };
    if !is_complete {
        let words = "it is cut short: the closing words of pg_dump are missing";
        return Err(Error::new(words));
    }
    followed.map_err(|error| Error::new(format!("it {}", error.in_one_line())))?;
    if !is_one {
        let words = "it is more than one dump, or part of one before another";
        return Err(Error::new(words));
    }
    let mut selection = selected(parts.tables, parts.rows);
    if is_of_cluster {
        let of = match parts.databases {
            true => "--all-databases",
            false => "--globals-only",
        };
        selection.insert(0, of.into());
    }
    Ok(Some(Content {
        is_of_cluster,
        selection,
        ..content(Format::Plain, compression, script.head())
    }))
}

/// A script that is looked at while it is read.
struct Passing<R> {
    input: R,
    script: Script,
    parts: Parts,
    tail: Vec<u8>,
    is_ended: bool,
    failed: Option<io::Error>,
}

impl<R: Read> Passing<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            script: Script::default(),
            parts: Parts::default(),
            tail: Vec::new(),
            is_ended: false,
            failed: None,
        }
    }

    /// Reads what is left, and tells why it could not be read.
    fn finish(&mut self) -> Result<()> {
        if self.failed.is_none() {
            drain(self)?;
        }
        signals::check()?;
        self.failed
            .take()
            .map_or(Ok(()), |error| Err(unreadable(error)))
    }
}

impl<R: Read> Read for Passing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if signals::received().is_some() {
            return Err(io::Error::other("a signal came"));
        }
        if self.is_ended {
            return Ok(0);
        }
        let length = match self.input.read(buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let told = io::Error::from(error.kind());
                self.failed = Some(error);
                return Err(told);
            }
        };
        self.is_ended = length == 0 && !buffer.is_empty();
        let bytes = &buffer[..length];
        self.script.pass(bytes);
        self.parts.pass(bytes);
        self.tail
            .extend_from_slice(&bytes[length.saturating_sub(KEPT)..]);
        let surplus = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..surplus);
        Ok(length)
    }
}

pub(super) fn unreadable(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::new("it is cut short"),
        _ => Error::new(format!("it can't be read to its end: {error}")),
    }
}
