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
mod tests {
    use std::io::BufReader;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::records::{Format, Writer, integer};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Row {
        path: String,
        #[serde(default)]
        count: Option<i64>,
    }

    /// What was read before the first error, and the error.
    fn all(input: &[u8]) -> (Vec<String>, Option<String>) {
        let mut paths = Vec::new();
        for record in read::<Row, _>(input) {
            match record {
                Ok(row) => paths.push(row.path),
                Err(error) => return (paths, Some(error.message().to_string())),
            }
        }
        (paths, None)
    }

    #[test]
    fn every_shape_that_records_come_in() {
        for input in [
            "{\"path\":\"a\"}\n{\"path\":\"b\"}\n",
            "{\"path\":\"a\"}\n\n  \r\n{\"path\":\"b\"}",
            "\u{feff}{\"path\":\"a\"}\r\n{\"path\":\"b\"}\r\n",
            "{\"path\":\"a\"}{\"path\":\"b\"}",
            "{\n  \"path\": \"a\",\n  \"new\": [1, {\"x\": null}]\n}\n{\n  \"path\": \"b\"\n}\n",
            "[{\"path\":\"a\"},{\"path\":\"b\"}]",
            "\u{feff}\n [\n{\"path\":\"a\"}\n,\n{\"path\":\"b\",\"count\":3}\n]\n\n",
        ] {
            let (paths, error) = all(input.as_bytes());
            assert_eq!(
                (paths, error),
                (vec!["a".into(), "b".into()], None),
                "{input}"
            );
        }
        for input in ["", "\n\n", "\u{feff}", "[]", " [ ] \n"] {
            assert_eq!(all(input.as_bytes()), (vec![], None), "{input:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        let cases: [(&[u8], usize, &str); 20] = [
            (b"nonsense", 0, "line 1: this is no JSON object"),
            (
                b"{\"path\":\"a\"}\nnonsense\n",
                1,
                "line 2: this is no JSON object",
            ),
            (
                b"{\"path\":\"a\"}\n\n{\"other\":1}\n",
                1,
                "line 3: missing field `path`",
            ),
            (
                b"{\"path\":1}",
                0,
                "line 1: invalid type: integer `1`, expected a string",
            ),
            (
                b"{\"path\":\"a\"}\n{\"path\":}\n",
                1,
                "line 2, column 9: this is no JSON: expected value",
            ),
            (
                b"{\"path\":\"a\"}\n{\"path\":\"b\n",
                1,
                "line 2: a text is not closed",
            ),
            (
                b"{\"path\":\"a\"}\n{\"path\":\"b\"",
                1,
                "line 2: the record is cut off",
            ),
            (
                b"{\"path\":\"a\"}\n[{\"path\":\"b\"}]",
                1,
                "line 2: this is no JSON object",
            ),
            (b"\"text\"", 0, "line 1: this is no JSON object"),
            (b"null", 0, "line 1: this is no JSON object"),
            (b"{\"path\":\"\xff\"}", 0, "line 1: this is not valid UTF-8"),
            (b"\xff\xfe{\x00", 0, "line 1: this is no JSON object"),
            (
                b"[{\"path\":\"a\"}",
                1,
                "line 1: the array ends before its closing bracket",
            ),
            (
                b"[{\"path\":\"a\"},]",
                1,
                "line 1: after a comma there must be another object",
            ),
            (b"[,{\"path\":\"a\"}]", 0, "line 1: this is no JSON object"),
            (
                b"[{\"path\":\"a\"}\n{\"path\":\"b\"}]",
                1,
                "line 2: a comma or ] is missing",
            ),
            (b"[1]", 0, "line 1: this is no JSON object"),
            (
                b"[{\"path\":\"a\"}]\n{\"path\":\"b\"}",
                1,
                "line 2: there is more after the array",
            ),
            (
                b"[\n{\"path\":\"a\"},\n{\"other\":\"b\"}]",
                1,
                "line 3: missing field `path`",
            ),
            (
                b"{\"path\":\"a\",\"path\":\"b\"}",
                0,
                "line 1: duplicate field `path`",
            ),
        ];
        for (input, before, said) in cases {
            let (paths, error) = all(input);
            let input = String::from_utf8_lossy(input);
            assert_eq!(paths.len(), before, "{input}");
            assert_eq!(error.as_deref(), Some(said), "{input}");
        }
    }

    #[test]
    fn an_error_is_the_last_item() {
        let mut reader = read::<Row, _>(&b"oops\n{\"path\":\"a\"}\n"[..]);
        assert!(reader.next().unwrap().is_err());
        assert!(reader.next().is_none());
    }

    #[test]
    fn an_endless_input_is_read_record_by_record() {
        struct Endless(&'static [u8]);
        impl Read for Endless {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let mut input = self.0.chain(&b"{\"path\":\"a\"},\n"[..]);
                let read = input.read(into)?;
                self.0 = self.0.get(read..).unwrap_or_default();
                Ok(read)
            }
        }
        let input = BufReader::with_capacity(14, Endless(b"["));
        assert_eq!(
            read::<Row, _>(input)
                .take(10_000)
                .filter(Result::is_ok)
                .count(),
            10_000
        );
    }

    #[test]
    fn what_the_writer_writes_is_read_back() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Large {
            #[serde(deserialize_with = "integer")]
            queryid: i64,
            #[serde(deserialize_with = "integer")]
            system: u64,
        }
        let written = Large {
            queryid: i64::MIN,
            system: u64::MAX,
        };
        for format in [Format::Jsonl, Format::Json] {
            let mut out = Vec::new();
            let mut writer = Writer::new(format, &mut out, None);
            writer.write(&written).unwrap();
            writer.finish().unwrap();
            let back: Vec<Large> = read(&out[..]).collect::<Result<_>>().unwrap();
            assert_eq!(
                back,
                [Large {
                    queryid: i64::MIN,
                    system: u64::MAX
                }]
            );
        }
        let small = read::<Large, _>(&b"{\"queryid\":-3,\"system\":3}"[..]).next();
        assert_eq!(
            small.unwrap().unwrap(),
            Large {
                queryid: -3,
                system: 3
            }
        );
        let wrong = read::<Large, _>(&b"{\"queryid\":3,\"system\":-3}"[..]).next();
        assert!(wrong.unwrap().is_err());
    }
}
