use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::error::Kind;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    bytes: Option<u64>,
    share_ratio: f64,
    tags: Vec<String>,
    #[serde(rename = "table")]
    relation: bool,
}

fn row(name: &str, bytes: Option<u64>, share_ratio: f64) -> Row {
    Row {
        name: name.to_string(),
        bytes,
        share_ratio,
        tags: vec!["a".to_string(), "b,c".to_string()],
        relation: true,
    }
}

fn rows() -> Vec<Row> {
    vec![
        row("plain", Some(7), 0.5),
        row("quote \" comma, feed \n end", None, 1.0),
        row("", Some((1 << 53) + 1), f64::NAN),
    ]
}

fn written(format: Format, rows: &[Row]) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(format, &mut out, None);
    for row in rows {
        writer.write(row).unwrap();
    }
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_lines() {
    let text = written(Format::Jsonl, &rows());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"name":"plain","bytes":7,"share_ratio":0.5,"tags":["a","b,c"],"table":true}"#
    );
    assert_eq!(lines.len(), 3);
    assert!(
        lines[2].contains(r#""bytes":"9007199254740993","share_ratio":null"#),
        "{text}"
    );
}

#[test]
fn one_array() {
    let array: Value = serde_json::from_str(&written(Format::Json, &rows())).unwrap();
    let lines = written(Format::Jsonl, &rows());
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(array, json!(lines));
    assert_eq!(written(Format::Json, &[]), "[]\n");
}

#[test]
fn csv_has_the_same_values_and_always_a_header() {
    let header = "name,bytes,share_ratio,tags,table\n";
    assert_eq!(written(Format::Csv, &[]), header);
    let text = written(Format::Csv, &rows());
    assert!(text.starts_with(header), "{text}");
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let read: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_string).collect())
        .collect();
    let tags = r#"["a","b,c"]"#;
    assert_eq!(read[0], ["plain", "7", "0.5", tags, "true"]);
    assert_eq!(
        read[1],
        ["quote \" comma, feed \n end", "", "1.0", tags, "true"]
    );
    assert_eq!(read[2], ["", "9007199254740993", "", tags, "true"]);
}

#[test]
fn columns_in_the_order_of_the_struct() {
    assert_eq!(
        columns::<Row>(),
        ["name", "bytes", "share_ratio", "tags", "table"]
    );
    assert!(columns::<Vec<Row>>().is_empty());
}

#[test]
fn a_record_whose_columns_differ_is_refused() {
    #[derive(Serialize, Deserialize)]
    struct Gap {
        a: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
    }
    let mut writer = Writer::new(Format::Csv, Vec::new(), None);
    writer.write(&Gap { a: 1, b: Some(2) }).unwrap();
    let error = writer.write(&Gap { a: 1, b: None }).unwrap_err();
    assert!(
        error.message().contains(r#"["a"] instead of ["a", "b"]"#),
        "{error}"
    );
}

#[test]
fn nothing_is_written_before_there_is_something_to_say() {
    for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Table] {
        let mut out = Vec::new();
        let mut writer: Writer<Row, _> = Writer::new(format, &mut out, None);
        writer.flush().unwrap();
        drop(writer);
        assert_eq!(out, b"", "{format:?}");
    }
}

#[test]
fn what_was_written_is_seen_even_if_the_tool_fails_later() {
    for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Table] {
        let mut out = Vec::new();
        let mut writer = Writer::new(format, &mut out, None);
        writer.write(&row("seen", None, 0.0)).unwrap();
        drop(writer);
        assert!(
            String::from_utf8(out).unwrap().contains("seen"),
            "{format:?}"
        );
    }
}

#[test]
fn a_full_disk_is_an_error_and_a_reader_that_left_is_the_quiet_end() {
    struct Refuses(io::ErrorKind);
    impl Write for Refuses {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for (refusal, kind) in [
        (io::ErrorKind::StorageFull, Kind::Failure),
        (io::ErrorKind::BrokenPipe, Kind::BrokenPipe),
    ] {
        for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Table] {
            let mut writer = Writer::new(format, Refuses(refusal), None);
            let written = writer.write(&row("x", None, 0.0));
            let error = written.and_then(|()| writer.finish()).unwrap_err();
            assert_eq!(error.kind(), kind, "{format:?}");
        }
    }
}
