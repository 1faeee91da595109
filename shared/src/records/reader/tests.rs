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
