//! Reads the records that another tool wrote: JSON Lines or one array, and just
//! as well what `jq` makes of them with or without `-c`. One record at a time is
//! in memory. Fields that the struct does not have are ignored.

use std::io::{self, BufRead, Read};
use std::marker::PhantomData;

use serde_json::Deserializer;
use serde_json::error::Category;

use super::Record;
use crate::{Error, Result};

/// Reads records of one kind. The first that is wrong is an error that names its
/// line, and the last item.
pub fn read<R: Record, B: BufRead>(input: B) -> Reader<R, B> {
    Reader {
        input: Lines { input, line: 1 },
        place: Place::Start,
        kind: PhantomData,
    }
}

/// The iterator over the records of an input.
#[derive(Debug)]
pub struct Reader<R, B> {
    input: Lines<B>,
    place: Place,
    kind: PhantomData<fn() -> R>,
}

/// Where in the input we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing but a byte order mark and space was read.
    Start,
    /// Between two records that stand by themselves.
    Between,
    /// After the array's `[`.
    Opened,
    /// After a record in the array.
    Element,
    /// After the array's `]`.
    Closed,
    /// After the end or an error.
    End,
}

impl<R: Record, B: BufRead> Iterator for Reader<R, B> {
    type Item = Result<R>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.place == Place::End {
            return None;
        }
        let next = self.advance().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.place = Place::End;
        }
        next
    }
}

impl<R: Record, B: BufRead> Reader<R, B> {
    /// Goes to the next record and reads it; nothing at the end.
    fn advance(&mut self) -> Result<Option<R>> {
        if self.place == Place::Start {
            self.input.skip_mark().map_err(unreadable)?;
        }
        loop {
            let byte = self.input.peek().map_err(unreadable)?;
            match (self.place, byte) {
                (_, Some(b' ' | b'\t' | b'\r' | b'\n')) => self.input.bump(),
                (Place::Start, Some(b'[')) => self.step(Place::Opened),
                (Place::Opened | Place::Element, Some(b']')) => self.step(Place::Closed),
                (Place::Element, Some(b',')) => return self.after_comma(),
                (Place::Start | Place::Between, Some(b'{')) => return self.record(Place::Between),
                (Place::Opened, Some(b'{')) => return self.record(Place::Element),
                (Place::Opened | Place::Element, None) => {
                    return Err(self.wrong("the array ends before its closing bracket"));
                }
                (_, None) => return Ok(None),
                (Place::Element, _) => return Err(self.wrong("a comma or ] is missing")),
                (Place::Closed, _) => return Err(self.wrong("there is more after the array")),
                _ => return Err(self.wrong("this is no JSON object")),
            }
        }
    }

    fn after_comma(&mut self) -> Result<Option<R>> {
        self.step(Place::Opened);
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.input.peek().map_err(unreadable)? {
            self.input.bump();
        }
        match self.input.peek().map_err(unreadable)? {
            Some(b'{') => self.record(Place::Element),
            _ => Err(self.wrong("after a comma there must be another object")),
        }
    }

    fn step(&mut self, place: Place) {
        self.input.bump();
        self.place = place;
    }

    fn record(&mut self, place: Place) -> Result<Option<R>> {
        self.place = place;
        let line = self.input.line;
        let parsed = R::deserialize(&mut Deserializer::from_reader(&mut self.input));
        parsed.map(Some).map_err(|error| bad_record(line, &error))
    }

    fn wrong(&self, what: &str) -> Error {
        Error::usage(format!("line {}: {what}", self.input.line))
            .with_hint("records are read as JSON Lines or as one JSON array of objects")
    }
}

/// serde_json counts its lines from where the record begins.
fn bad_record(line: usize, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let words = match text.rfind(" at line ") {
        Some(end) => &text[..end],
        None => &text,
    };
    let at = line + error.line().saturating_sub(1);
    match error.classify() {
        Category::Io => Error::new(format!("line {line}: {words}")),
        Category::Eof => Error::usage(format!("line {line}: the record is cut off")),
        Category::Data => Error::usage(format!("line {line}: {words}")),
        Category::Syntax if words.starts_with("invalid unicode") => {
            Error::usage(format!("line {at}: this is not valid UTF-8"))
        }
        // A line feed inside a text: the line before is the one that breaks off.
        Category::Syntax if error.column() == 0 => Error::usage(format!(
            "line {}: a text is not closed",
            at.saturating_sub(1)
        )),
        Category::Syntax => Error::usage(format!(
            "line {at}, column {}: this is no JSON: {words}",
            error.column()
        )),
    }
}

fn unreadable(error: io::Error) -> Error {
    Error::from(error)
}

/// The input, counting its lines.
#[derive(Debug)]
struct Lines<B> {
    input: B,
    line: usize,
}

impl<B: BufRead> Lines<B> {
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes past the byte that [`Lines::peek`] saw.
    fn bump(&mut self) {
        if let Ok(Some(b'\n')) = self.peek() {
            self.line += 1;
        }
        self.input.consume(1);
    }

    /// Goes past the byte order mark that Windows puts before text.
    fn skip_mark(&mut self) -> io::Result<()> {
        if self.peek()? == Some(0xef) && self.input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            self.input.consume(3);
        }
        Ok(())
    }
}

impl<B: BufRead> Read for Lines<B> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.line += into[..read].iter().filter(|byte| **byte == b'\n').count();
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
