//! Writes records in any format.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::columns::columns;
use super::table::Table;
use super::{Format, Record, Stdout, cells, csv, json, jsonl};
use crate::{Error, Result};

/// So many records are handed on one by one, so that who reads them can begin.
const AT_ONCE: u64 = 1000;

/// After that a record waits no longer than this for the next one to push it on.
const PATIENCE: Duration = Duration::from_millis(50);

/// Writes records of one kind. Nothing is written before the first record or
/// [`Writer::finish`], so that a tool that fails has an empty stdout; and what
/// was written reaches the reader even if the tool fails later.
///
/// A table waits for its first thousand records to know the widths; [`Writer::flush`]
/// shows what is there.
pub struct Writer<R: Record, W: Write = Stdout> {
    columns: &'static [&'static str],
    body: Body<W>,
    written: u64,
    flushed: Instant,
    done: bool,
    kind: PhantomData<fn(&R)>,
}

enum Body<W: Write> {
    Jsonl(BufWriter<W>),
    Json(BufWriter<W>),
    Csv(Box<::csv::Writer<W>>),
    Table(Table, BufWriter<W>),
}

impl<R: Record, W: Write> Writer<R, W> {
    /// Writes to `out`; `terminal` is its width in columns if it is a terminal,
    /// which only a table wants to know.
    pub fn new(format: Format, out: W, terminal: Option<usize>) -> Self {
        let columns = columns::<R>();
        let body = match format {
            Format::Jsonl => Body::Jsonl(BufWriter::new(out)),
            Format::Json => Body::Json(BufWriter::new(out)),
            Format::Csv => Body::Csv(Box::new(csv::writer(out))),
            Format::Table => Body::Table(Table::new(columns, terminal), BufWriter::new(out)),
        };
        Self {
            columns,
            body,
            written: 0,
            flushed: Instant::now(),
            done: false,
            kind: PhantomData,
        }
    }

    /// Writes one record.
    pub fn write(&mut self, record: &R) -> Result<()> {
        let cells = cells::cells(record, self.columns)?;
        self.row(cells).map_err(Error::output)
    }

    /// Shows the reader all that was written.
    pub fn flush(&mut self) -> Result<()> {
        self.push().map_err(Error::output)
    }

    /// How many records were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Completes the output: the closing bracket, the header of no records; an
    /// error if not all of it could be written.
    pub fn finish(mut self) -> Result<()> {
        self.done = true;
        self.end().map_err(Error::output)
    }

    fn row(&mut self, cells: Vec<Value>) -> io::Result<()> {
        let first = self.written == 0;
        self.written += 1;
        match &mut self.body {
            Body::Jsonl(out) => jsonl::row(out, self.columns, &cells)?,
            Body::Json(out) => json::row(out, self.columns, &cells, first)?,
            Body::Csv(out) => {
                if first {
                    csv::header(out, self.columns)?;
                }
                csv::row(out, &cells)?;
            }
            Body::Table(table, out) => return table.row(out, cells),
        }
        match self.written <= AT_ONCE || self.flushed.elapsed() > PATIENCE {
            true => self.push(),
            false => Ok(()),
        }
    }

    fn push(&mut self) -> io::Result<()> {
        self.flushed = Instant::now();
        match &mut self.body {
            Body::Jsonl(out) | Body::Json(out) => out.flush(),
            Body::Csv(out) => out.flush(),
            Body::Table(table, out) => {
                if self.written > 0 {
                    table.settle(out)?;
                }
                out.flush()
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let empty = self.written == 0;
        match &mut self.body {
            Body::Jsonl(_) => {}
            Body::Json(out) => json::end(out, empty)?,
            Body::Csv(out) if empty => csv::header(out, self.columns)?,
            Body::Csv(_) => {}
            Body::Table(table, out) => table.settle(out)?,
        }
        self.push()
    }
}

impl<R: Record, W: Write> Drop for Writer<R, W> {
    fn drop(&mut self) {
        if !self.done {
            // The tool fails for another reason, which is the one to report.
            let _ = self.push();
        }
    }
}

impl<R: Record, W: Write> fmt::Debug for Writer<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("columns", &self.columns)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
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
}
