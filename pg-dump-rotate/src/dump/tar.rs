//! A tar file as pg_dump writes it, counted as it streams by.
//!
//! Its first member is the table of contents; then there is one for each table's rows,
//! one for each large object, and a script that restores them. Each begins with a
//! block that says how long it is and is filled up to a whole block; two blocks of
//! zeros end the file.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use shared::dump::{Script, Storage, Toc, TocEntry};
use shared::units::human_bytes;
use shared::{Context, Error, Result};

use super::counter::Counter;
use super::piece::{Filler, Piece, Subject, Whole};
use super::source::Source;
use super::{Copied, Head, Outcome, Trouble};
use crate::compression::Compression;
use crate::output::Output;
use crate::pool::Pool;

const BLOCK: usize = 512;
const TOC: &str = "toc.dat";
/// The list of all large objects, until PostgreSQL 16; later there are several.
const LARGE_OBJECTS: &str = "blobs.toc";
/// How much is read from the pipe at once.
const READ_BYTES: usize = 256 << 10;
/// A table of contents is held whole; that of a million tables is smaller.
const LONGEST_TOC: u64 = 1 << 30;
/// No file is longer.
const LONGEST_MEMBER: u64 = i64::MAX as u64;

/// Copies a tar file; without `digest` no rows are counted.
pub fn copy(source: &mut Source, output: Output, digest: bool) -> Outcome<Copied> {
    let mut input = BufReader::with_capacity(READ_BYTES, source);
    let mut start = Vec::new();
    let toc = read_toc(&mut input, &mut start)?;
    let warning = toc.is_none().then(|| {
        "this pg_dump writes tar files of a kind that is not known here: their rows are not \
         counted"
            .to_string()
    });
    let toc = toc.map(Arc::new);
    let counter = match (&toc, digest) {
        (Some(toc), true) => Some(Counter::start(Arc::clone(toc))?),
        _ => None,
    };
    let workers = vec![|piece: Arc<Piece>| Ok(piece)];
    let mut pool = Pool::start(workers, output, |piece: Arc<Piece>, output: &mut Output| {
        output.put(Whole(piece))
    })?;
    let mut filler = Filler::new(|piece: Arc<Piece>| {
        if let Some(counter) = &counter {
            counter.send(&piece);
        }
        pool.send(piece).map_err(Trouble::Output)
    });
    let members = Members::new(toc.as_deref());
    let sent = filler
        .frame(&start)
        .and_then(|()| members.copy(&mut input, &mut filler))
        .and_then(|()| filler.finish());
    let output = Trouble::join(sent, pool.finish())?;
    let tally = counter.map(Counter::finish).transpose()?;
    Ok(Copied {
        output,
        compression: Compression::None,
        tally,
        head: toc.as_deref().map(Head::of).unwrap_or_default(),
        warning,
    })
}

/// Reads a whole tar file; its table of contents, or `None` if that is of a kind that isn't known.
///
/// # Errors
/// When it is not whole.
pub fn read(input: &mut impl Read) -> Result<Option<Toc>> {
    let mut block = Vec::new();
    let Some(toc) = read_toc(input, &mut block)? else {
        return Ok(None);
    };
    let mut members = Members::new(Some(&toc));
    loop {
        block.clear();
        let Some(member) = Member::read(input, &mut block)? else {
            break;
        };
        let subject = members.subject(&member.name);
        let mut content = input.take(member.padded());
        if let Some(entry) = has_rows(&toc, subject) {
            let rows = (&mut content).take(member.bytes);
            let named = |error: Error| Error::new(format!("{}: {}", entry.label, error.message()));
            let script = Script::in_pieces(entry.copy.as_slice().chain(rows));
            script.pass().map_err(named)?;
        }
        io::copy(&mut content, &mut io::sink()).context(|| "reading it".into())?;
        if content.limit() > 0 {
            return Err(ends_early());
        }
    }
    end(input)?;
    members.nothing_is_missing()?;
    Ok(Some(toc))
}

/// The entry whose rows these are, as COPY has them.
fn has_rows(toc: &Toc, subject: Subject) -> Option<&TocEntry> {
    let Subject::Entry(id) = subject else {
        return None;
    };
    let entry = toc.entry_of(id)?;
    (entry.kind == "TABLE DATA" && !entry.copy.is_empty()).then_some(entry)
}

/// Reads the first member, and all of its bytes into `start`; `None` if it is no table of contents
/// that is known.
fn read_toc(input: &mut impl Read, start: &mut Vec<u8>) -> Result<Option<Toc>> {
    let Some(member) = Member::read(input, start)? else {
        return Err(Error::new("the tar file holds nothing"));
    };
    if member.name != TOC {
        return Err(Error::new("the tar file does not begin with toc.dat"));
    }
    if member.bytes > LONGEST_TOC {
        let bytes = human_bytes(member.bytes);
        return Err(Error::new(format!("its toc.dat of {bytes} can't be read")));
    }
    let begins = start.len();
    let length = member.padded();
    let read = input.take(length).read_to_end(start);
    if read.context(|| "reading from pg_dump".into())? as u64 != length {
        return Err(ends_early());
    }
    let toc = Toc::read(&mut &start[begins..])?;
    Ok(toc.filter(|toc| toc.storage == Storage::Files))
}

/// A member's first block.
struct Member {
    name: String,
    bytes: u64,
}

impl Member {
    /// Reads the next one, and its block into `block` too; `None` for a block of zeros.
    fn read(input: &mut impl Read, block: &mut Vec<u8>) -> Result<Option<Self>> {
        let mut bytes = [0; BLOCK];
        input.read_exact(&mut bytes).map_err(|_| ends_early())?;
        block.extend_from_slice(&bytes);
        if bytes == [0; BLOCK] {
            return Ok(None);
        }
        let name = bytes[..100].split(|byte| *byte == 0).next();
        Ok(Some(Self {
            name: String::from_utf8_lossy(name.unwrap_or_default()).into_owned(),
            bytes: Some(number(&bytes[124..136])?)
                .filter(|bytes| *bytes <= LONGEST_MEMBER)
                .ok_or_else(|| Error::new("the tar file makes no sense: a member without end"))?,
        }))
    }

    /// The length with what fills the last block.
    fn padded(&self) -> u64 {
        self.bytes.next_multiple_of(BLOCK as u64)
    }
}

/// Octal digits, or from 8 GiB a marked byte and then the number, most significant byte first.
fn number(field: &[u8]) -> Result<u64> {
    if field[0] & 0x80 != 0 {
        let low = &field[field.len() - 8..];
        return Ok(low
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)));
    }
    let text = String::from_utf8_lossy(field);
    let digits = text.trim_matches(['\0', ' ']);
    u64::from_str_radix(digits, 8)
        .map_err(|_| Error::new("the tar file makes no sense: a member without a length"))
}

fn ends_early() -> Error {
    Error::new("the tar file ends early")
}

/// What the members are, by their names.
struct Members<'a> {
    toc: Option<&'a Toc>,
    /// Entries whose file has not come, with its name.
    missing: BTreeMap<String, i64>,
}

impl<'a> Members<'a> {
    fn new(toc: Option<&'a Toc>) -> Self {
        let entries = toc.into_iter().flat_map(Toc::entries);
        let missing = entries
            .filter(|(_, entry)| entry.has_data)
            .filter_map(|(id, entry)| match entry.kind.as_str() {
                // What it says of large objects is wrong.
                "BLOBS" => Some((format!("blobs_{id}.toc"), id)),
                _ => Some((entry.file.clone()?, id)),
            });
        Self {
            toc,
            missing: missing.collect(),
        }
    }

    fn copy(mut self, input: &mut BufReader<&mut Source>, filler: &mut Filler<'_>) -> Outcome<()> {
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            let member = Member::read(input, &mut block)?;
            filler.frame(&block)?;
            let Some(member) = member else {
                break;
            };
            let subject = self.subject(&member.name);
            input.get_mut().table().set(&self.label(subject));
            content(input, subject, &member, filler)?;
        }
        filler.frame(&end(input)?)?;
        Ok(self.nothing_is_missing()?)
    }

    fn nothing_is_missing(&self) -> Result<()> {
        match self.missing.first_key_value() {
            Some((file, _)) => Err(Error::new(format!("{file} is missing in the tar file"))),
            None => Ok(()),
        }
    }

    fn subject(&mut self, name: &str) -> Subject {
        if let Some(id) = self.missing.remove(name) {
            return Subject::Entry(id);
        }
        if name == LARGE_OBJECTS {
            self.missing.retain(|name, _| !name.starts_with("blobs_"));
        }
        let number = name.strip_prefix("blob_");
        let oid = number.and_then(|name| name.strip_suffix(".dat")?.parse().ok());
        oid.map_or(Subject::Other, Subject::LargeObject)
    }

    fn label(&self, subject: Subject) -> String {
        match (subject, self.toc) {
            (Subject::Entry(id), Some(toc)) => toc.entry_of(id).map(|entry| entry.label.clone()),
            _ => None,
        }
        .unwrap_or_default()
    }
}

fn content(
    input: &mut impl Read,
    subject: Subject,
    member: &Member,
    filler: &mut Filler<'_>,
) -> Outcome<()> {
    filler.begin(subject);
    let mut left = member.bytes;
    while left > 0 {
        let room = filler.room()?;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(room.len());
        let read = input.read(&mut room[..wanted]);
        match read.context(|| "reading from pg_dump".into())? {
            0 => return Err(ends_early().into()),
            length => {
                filler.put(length);
                left -= length as u64;
            }
        }
    }
    filler.end();
    let mut padding = vec![0; (member.padded() - member.bytes) as usize];
    input.read_exact(&mut padding).map_err(|_| ends_early())?;
    filler.frame(&padding)
}

/// What follows the first block of zeros: another one at least, and nothing else.
fn end(input: &mut impl Read) -> Result<Vec<u8>> {
    let mut zeros = Vec::new();
    let read = input.take(LONGEST_END).read_to_end(&mut zeros);
    read.context(|| "reading from pg_dump".into())?;
    if zeros.len() < BLOCK || zeros.len() as u64 == LONGEST_END || zeros.iter().any(|b| *b != 0) {
        return Err(ends_early());
    }
    Ok(zeros)
}

/// More zeros than any program ends a tar file with.
const LONGEST_END: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// A tar file that begins with a member of this name, and of the length in these octal or
    /// marked bytes.
    fn refused(name: &str, length: &[u8]) -> String {
        let mut file = vec![0; 10 * BLOCK];
        file[..name.len()].copy_from_slice(name.as_bytes());
        file[124..124 + length.len()].copy_from_slice(length);
        read(&mut file.as_slice()).unwrap_err().to_string()
    }

    #[test]
    fn a_length_that_makes_no_sense_is_refused() {
        let marked = |length: u64| {
            let mut field = vec![0x80, 0, 0, 0];
            field.extend(length.to_be_bytes());
            field
        };
        for (name, length, words) in [
            (TOC, marked(u64::MAX), "makes no sense"),
            ("3001.dat", marked(u64::MAX - 511), "makes no sense"),
            (
                TOC,
                marked(LONGEST_TOC + 1),
                "its toc.dat of 1.1 GB can't be read",
            ),
            (TOC, b"x".to_vec(), "makes no sense"),
            (
                "3001.dat",
                b"00000001000\0".to_vec(),
                "does not begin with toc.dat",
            ),
        ] {
            let error = refused(name, &length);
            assert!(error.contains(words), "{error}");
        }
    }
}
