//! Writes records in any format.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::columns::columns;
use super::table::Table;
use super::{Format, Record, Stdout, cells, csv, json, jsonl, text, together};
use crate::{Error, Result};
use serde::Serialize;

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
pub struct Writer<R: Serialize, W: Write = Stdout> {
    columns: &'static [&'static str],
    body: Body<W>,
    /// Where a record becomes text, again and again.
    object: Vec<u8>,
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
        Self::with_columns(format, out, terminal, columns::<R>())
    }
}

impl<R: Serialize, W: Write> Writer<R, W> {
    /// The same for records that are no structs: they have these columns, in this order.
    pub fn with_columns(
        format: Format,
        out: W,
        terminal: Option<usize>,
        columns: &'static [&'static str],
    ) -> Self {
        let body = match format {
            Format::Jsonl => Body::Jsonl(BufWriter::new(out)),
            Format::Json => Body::Json(BufWriter::new(out)),
            Format::Csv => Body::Csv(Box::new(csv::writer(out))),
            Format::Table => Body::Table(Table::new(columns, terminal), BufWriter::new(out)),
        };
        Self {
            columns,
            body,
            object: Vec::new(),
            written: 0,
            flushed: Instant::now(),
            done: false,
            kind: PhantomData,
        }
    }

    /// Says which columns a terminal without room for all should show, the most telling first; the
    /// last is in words, which may take several lines.
    pub fn telling(mut self, columns: &'static [&'static str]) -> Self {
        if let Body::Table(table, _) = &mut self.body {
            table.telling(columns);
        }
        self
    }

    /// Writes one record.
    pub fn write(&mut self, record: &R) -> Result<()> {
        match &mut self.body {
            Body::Jsonl(_) | Body::Json(_) => {
                let mut object = std::mem::take(&mut self.object);
                object.clear();
                text::object(record, self.columns, &mut object)?;
                let written = self.text(&object, 1);
                self.object = object;
                written.map_err(Error::output)
            }
            Body::Csv(_) | Body::Table(..) => {
                let cells = cells::cells(record, self.columns)?;
                self.row(cells).map_err(Error::output)
            }
        }
    }

    /// Writes so many records, by their numbers from 0; where there are many, JSON Lines are made by
    /// several threads.
    pub fn write_each(&mut self, count: usize, record: impl Fn(usize) -> R + Sync) -> Result<()> {
        let is_lines = matches!(self.body, Body::Jsonl(_));
        if !is_lines || count < 2 * together::SHARE {
            return (0..count).try_for_each(|number| self.write(&record(number)));
        }
        let columns = self.columns;
        let lines = |share: Range<usize>| {
            let mut lines = Vec::new();
            for number in share {
                text::object(&record(number), columns, &mut lines)?;
                lines.push(b'\n');
            }
            Ok(lines)
        };
        together::in_turn(count, lines, |count, mut lines| {
            lines.pop();
            self.text(&lines, count as u64).map_err(Error::output)
        })
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

    /// So many objects of JSON, as they are to stand there.
    fn text(&mut self, object: &[u8], count: u64) -> io::Result<()> {
        let first = self.written == 0;
        self.written += count;
        match &mut self.body {
            Body::Json(out) => json::row(out, object, first)?,
            Body::Jsonl(out) => jsonl::row(out, object)?,
            Body::Csv(_) | Body::Table(..) => {}
        }
        self.push_in_time()
    }

    fn row(&mut self, cells: Vec<Value>) -> io::Result<()> {
        let first = self.written == 0;
        self.written += 1;
        match &mut self.body {
            Body::Csv(out) => {
                if first {
                    csv::header(out, self.columns)?;
                }
                csv::row(out, &cells)?;
            }
            Body::Table(table, out) => return table.row(out, cells),
            Body::Jsonl(_) | Body::Json(_) => {}
        }
        self.push_in_time()
    }

    fn push_in_time(&mut self) -> io::Result<()> {
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
                    table.settle(out, false)?;
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
            Body::Table(table, out) => table.settle(out, true)?,
        }
        self.push()
    }
}

impl<R: Serialize, W: Write> Drop for Writer<R, W> {
    fn drop(&mut self) {
        if !self.done {
            // The tool fails for another reason, which is the one to report.
            let _ = self.push();
        }
    }
}

impl<R: Serialize, W: Write> fmt::Debug for Writer<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("columns", &self.columns)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
