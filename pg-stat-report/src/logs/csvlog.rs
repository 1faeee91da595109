//! csvlog: one record of 23 to 26 fields for each report (24 since 13, 26 since 14); line feeds
//! within quotes belong to a field.

use std::io::{self, Read};

use super::buffer::Lines;
use super::clock::decimal;
use super::entry::{Entry, Sink};
use super::guess;
use super::severity::Severity;

/// The fewest fields that a record has.
const FEWEST: usize = 23;
const MOST: usize = 26;

/// Gives every record to `sink`.
pub fn read<R: Read>(lines: &mut Lines<R>, sink: &mut impl Sink) -> io::Result<()> {
    let mut unquoted = Vec::new();
    while let Some(first) = lines.line()? {
        let line = &lines.held()[first.clone()];
        if !guess::is_csv(line) || !complete(lines, line_is_even(line))? {
            reject(lines, first.end, sink);
            continue;
        }
        let record = lines.held();
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        match entry(record, &mut unquoted) {
            Some(entry) => {
                sink.entry(&entry);
                lines.release(lines.len());
            }
            None => reject(lines, first.end, sink),
        }
    }
    Ok(())
}

/// Gives a record of one line to `sink`; `false` if it is none.
pub fn line(line: &[u8], sink: &mut impl Sink) -> bool {
    if !guess::is_csv(line) {
        return false;
    }
    let mut unquoted = Vec::new();
    let entry = entry(line, &mut unquoted);
    entry.map(|entry| sink.entry(&entry)).is_some()
}

/// Gives the first line up, and goes on with the one behind it.
fn reject<R: Read>(lines: &mut Lines<R>, end: usize, sink: &mut impl Sink) {
    sink.skipped(&lines.held()[..end]);
    let rest = &lines.held()[end..];
    let next = end
        + rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| at + 1);
    lines.rewind(next);
    lines.release(next);
}

/// Takes lines until the quotes are closed; `false` if another record begins before, or the end
/// of the input comes.
fn complete<R: Read>(lines: &mut Lines<R>, mut is_even: bool) -> io::Result<bool> {
    while !is_even {
        if lines.is_full() {
            return Ok(false);
        }
        let Some(place) = lines.line()? else {
            return Ok(false);
        };
        let line = &lines.held()[place];
        let line_is_even = line_is_even(line);
        if line_is_even && guess::is_csv(line) && entry(line, &mut Vec::new()).is_some() {
            return Ok(false);
        }
        is_even ^= !line_is_even;
    }
    Ok(true)
}

fn line_is_even(line: &[u8]) -> bool {
    memchr::memchr_iter(b'"', line).count().is_multiple_of(2)
}

/// The report of a record; nothing if it is none.
fn entry<'a>(record: &'a [u8], unquoted: &'a mut Vec<u8>) -> Option<Entry<'a>> {
    unquoted.clear();
    // What has quotes in it is written anew; it is never longer than before.
    unquoted.reserve(record.len());
    let mut fields: [Field; MOST] = std::array::from_fn(|_| Field::Plain(0, 0));
    let count = split(record, &mut fields, unquoted)?;
    if count < FEWEST {
        return None;
    }
    let unquoted: &'a [u8] = unquoted;
    let field = |number: usize| match fields[number] {
        Field::Plain(start, end) => &record[start..end],
        Field::Unquoted(start, end) => &unquoted[start..end],
    };
    if field(12).len() != 5 {
        return None;
    }
    let (severity, is_foreign) = Severity::of(field(11), field(12));
    let client = field(4);
    let port = memchr::memrchr(b':', client).unwrap_or(client.len());
    Some(Entry {
        time: field(0),
        pid: u32::try_from(decimal(field(3))?).ok()?,
        user: field(1),
        database: field(2),
        application: field(22),
        client: &client[..port],
        sqlstate: field(12),
        severity,
        is_foreign,
        message: field(13),
        detail: field(14),
        context: field(18),
        statement: field(19),
    })
}

/// Where a field is.
#[derive(Clone, Copy)]
enum Field {
    /// In the record.
    Plain(usize, usize),
    /// Among those that had doubled quotes.
    Unquoted(usize, usize),
}

/// Finds the fields, and says how many there are; nothing if the quotes are wrong.
fn split(record: &[u8], fields: &mut [Field; MOST], unquoted: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    for (number, found) in fields.iter_mut().enumerate() {
        let (field, end) = match record.get(at) {
            Some(b'"') => quoted(record, at + 1, unquoted)?,
            _ => {
                let length = memchr::memchr(b',', &record[at..]).unwrap_or(record.len() - at);
                (Field::Plain(at, at + length), at + length)
            }
        };
        *found = field;
        match record.get(end) {
            None => return Some(number + 1),
            Some(b',') => at = end + 1,
            Some(b'\r') if end + 1 == record.len() => return Some(number + 1),
            Some(_) => return None,
        }
    }
    // A later version has more of them.
    Some(MOST)
}

/// The field that begins at `start`, behind its quote, and where it ends behind the other.
fn quoted(record: &[u8], start: usize, unquoted: &mut Vec<u8>) -> Option<(Field, usize)> {
    let end = start + memchr::memchr(b'"', &record[start..])?;
    if record.get(end + 1) != Some(&b'"') {
        return Some((Field::Plain(start, end), end + 1));
    }
    let begin = unquoted.len();
    let mut from = start;
    loop {
        let quote = from + memchr::memchr(b'"', &record[from..])?;
        unquoted.extend_from_slice(&record[from..quote]);
        if record.get(quote + 1) != Some(&b'"') {
            return Some((Field::Unquoted(begin, unquoted.len()), quote + 1));
        }
        unquoted.push(b'"');
        from = quote + 2;
    }
}
