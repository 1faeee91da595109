//! The script of pg_dump as a stream of events.

#[cfg(test)]
mod tests;

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::columns::Columns;
use super::copy::CopyTarget;
use super::entry::{Entry, Header};
use super::scanner::Scanner;
use crate::{Context, Error, Result};

const BUFFER_BYTES: usize = 1 << 20;
/// What some editors put before a text in UTF-8; psql passes over it, too.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What comes next in a script.
#[derive(Debug)]
pub enum Event<'a> {
    /// A statement, with its semicolon.
    Statement {
        /// Its text; with a reader of pieces, without what is in the middle of a string that is
        /// long, or in the middle of very many rows.
        sql: &'a [u8],
        /// The line it starts on, from 1.
        line: u64,
        /// The entry it stands under.
        entry: &'a Entry,
    },
    /// `COPY … FROM stdin`: rows follow until `CopyEnd`.
    Copy {
        /// The COPY statement.
        sql: &'a [u8],
        /// The table and its columns.
        target: CopyTarget,
        /// The line it starts on, from 1.
        line: u64,
    },
    /// Whole lines of COPY text, unless the reader was asked for pieces.
    Rows(&'a [u8]),
    /// The end of a COPY's rows.
    CopyEnd,
    /// A psql command, from its backslash to the end of its line.
    Command {
        /// The line without its end.
        text: &'a [u8],
        /// Its number, from 1.
        line: u64,
    },
}

/// Reads a script.
#[derive(Debug)]
pub struct Script<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    line: u64,
    has_begun: bool,
    rows: Rows,
    backslash_escapes: bool,
    entry: Entry,
    /// Whether nothing has come yet that the entry announces.
    announced: bool,
    bare: Vec<Entry>,
    header: Header,
    copying: Option<CopyTarget>,
    columns: Option<Columns>,
    /// Whether a row may come in pieces.
    in_pieces: bool,
    /// Whether the last piece was not the end of its row.
    is_within_row: bool,
}

/// Where the reader is with regard to a COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    Outside,
    /// Behind the statement, before the end of its line.
    Before,
    Inside,
}

/// A stretch of the buffer that an event will show, found before it is borrowed.
enum Found {
    Statement(usize),
    Command(usize),
    End,
}

impl<R: Read> Script<R> {
    /// A reader of the script that `input` yields.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            line: 1,
            has_begun: false,
            rows: Rows::Outside,
            backslash_escapes: false,
            entry: Entry::default(),
            announced: false,
            bare: Vec::new(),
            header: Header::default(),
            copying: None,
            columns: None,
            in_pieces: false,
            is_within_row: false,
        }
    }

    /// The same, whose `Rows` may be parts of a line where that is long, and whose statements lack
    /// the middle of such strings, and of rows that one INSERT has in great number: no row takes more
    /// memory than another, and neither do many.
    pub fn in_pieces(input: R) -> Self {
        Self {
            in_pieces: true,
            ..Self::new(input)
        }
    }

    /// Reads it to its end.
    ///
    /// # Errors
    /// Those of [`Script::next`].
    pub fn pass(mut self) -> Result<()> {
        while self.next()?.is_some() {
            crate::signals::check()?;
        }
        Ok(())
    }

    /// What the script has said of itself so far.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The entries so far whose comment no statement followed.
    pub fn bare(&self) -> &[Entry] {
        &self.bare
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    /// When the input can't be read, ends in the middle of a statement or of a table's rows, has a
    /// byte that is zero, or a row that has not as many values as its COPY has columns.
    #[allow(clippy::should_implement_trait)] // an event borrows from the reader: no Iterator can
    pub fn next(&mut self) -> Result<Option<Event<'_>>> {
        if self.rows != Rows::Outside {
            return self.rows().map(Some);
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            self.skip_byte_order_mark()?;
        }
        match self.find()? {
            Found::End => {
                self.close_entry();
                Ok(None)
            }
            Found::Command(length) => {
                let line = self.line;
                let text = trimmed(self.take(length));
                Ok(Some(Event::Command { text, line }))
            }
            Found::Statement(length) => Ok(Some(self.statement(length))),
        }
    }

    fn statement(&mut self, length: usize) -> Event<'_> {
        let line = self.line;
        let at = self.start;
        self.take(length);
        let sql = &self.buffer[at..at + length];
        // A setting belongs to what comes behind it, mostly to the next entry.
        self.announced &= sql.starts_with(b"SET ");
        if let Some(target) = CopyTarget::parse(sql) {
            self.rows = Rows::Before;
            self.copying = Some(target.clone());
            self.columns = Some(Columns::of(sql, &target, line));
            return Event::Copy { sql, target, line };
        }
        if sql.starts_with(b"SET standard_conforming_strings") {
            self.backslash_escapes = memmem::find(sql, b"off").is_some();
        }
        Event::Statement {
            sql,
            line,
            entry: &self.entry,
        }
    }

    fn find(&mut self) -> Result<Found> {
        loop {
            self.skip_blanks()?;
            let rest = self.rest();
            if rest.is_empty() {
                return Ok(Found::End);
            }
            if rest.starts_with(b"\\") {
                return Ok(Found::Command(self.line_length()?));
            }
            if rest.len() < 2 && self.fill()? {
                continue;
            }
            if !self.rest().starts_with(b"--") {
                return Ok(Found::Statement(self.statement_length()?));
            }
            let length = self.line_length()?;
            let line = self.line;
            let comment = String::from_utf8_lossy(trimmed(self.take(length))).into_owned();
            self.comment(comment.trim_start_matches('-').trim_start(), line)?;
        }
    }

    fn comment(&mut self, comment: &str, line: u64) -> Result<()> {
        match Entry::parse(comment) {
            Some(entry) => {
                self.close_entry();
                self.entry = entry;
                self.announced = true;
            }
            None if self.header.is_dump && Entry::begins(comment) => {
                return Err(Error::new(format!(
                    "line {line} is not as pg_dump announces an object: a part of the script is \
                     missing or was overwritten"
                )));
            }
            None => self.header.read(comment),
        }
        Ok(())
    }

    fn close_entry(&mut self) {
        if std::mem::take(&mut self.announced) {
            self.bare.push(self.entry.clone());
        }
    }

    fn skip_byte_order_mark(&mut self) -> Result<()> {
        while self.rest().len() < BYTE_ORDER_MARK.len() && self.fill()? {}
        if self.rest().starts_with(BYTE_ORDER_MARK) {
            self.take(BYTE_ORDER_MARK.len());
        }
        Ok(())
    }

    fn skip_blanks(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            let blanks = rest
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            let exhausted = blanks == rest.len();
            self.take(blanks);
            if !exhausted || !self.fill()? {
                return Ok(());
            }
        }
    }

    /// The length of the line at the start, with its end.
    fn line_length(&mut self) -> Result<usize> {
        loop {
            if let Some(end) = memchr(b'\n', self.rest()) {
                return Ok(end + 1);
            }
            if !self.fill()? {
                return Ok(self.rest().len());
            }
        }
    }

    fn statement_length(&mut self) -> Result<usize> {
        let mut scanner = Scanner::new(self.backslash_escapes);
        loop {
            if let Some(length) = scanner.end(self.rest()) {
                return Ok(length);
            }
            if self.in_pieces && self.rest().len() >= BUFFER_BYTES {
                let passed = self.passed(&scanner);
                scanner.skip(passed.clone());
                self.take_out(passed);
            }
            if !self.fill()? {
                let words = String::from_utf8_lossy(&self.rest()[..self.rest().len().min(60)]);
                return Err(Error::new(format!(
                    "ends in the middle of the statement at line {}: {}",
                    self.line,
                    words.split_whitespace().collect::<Vec<_>>().join(" ")
                )));
            }
        }
    }

    /// Of a statement that is long what need not be kept. Rows are nobody's to see.
    fn passed(&self, scanner: &Scanner) -> Range<usize> {
        let rest = self.rest();
        let passed = scanner.passed(rest.len());
        match passed.len() < rest.len() / 2 && rest.starts_with(b"INSERT INTO ") {
            true => scanner.passed_of_rows(rest.len()),
            false => passed,
        }
    }

    fn take_out(&mut self, part: Range<usize>) {
        let (start, end) = (self.start + part.start, self.start + part.end);
        self.line += memchr_iter(b'\n', &self.buffer[start..end]).count() as u64;
        self.buffer.copy_within(end..self.end, start);
        self.end -= part.len();
    }

    fn rows(&mut self) -> Result<Event<'_>> {
        if self.rows == Rows::Before {
            let length = self.line_length()?;
            self.take(length);
            self.rows = Rows::Inside;
        }
        loop {
            if let Some(end) = self.rows_end() {
                if end > 0 {
                    return self.some_rows(end);
                }
                let length = self.line_length()?;
                self.take(length);
                self.rows = Rows::Outside;
                return Ok(Event::CopyEnd);
            }
            let whole = self.whole_lines();
            if whole > 0 {
                return self.some_rows(whole);
            }
            if self.in_pieces && self.rest().len() >= BUFFER_BYTES {
                return self.some_rows(BUFFER_BYTES);
            }
            if !self.fill()? {
                let table = self.copying.as_ref().map(|copy| copy.table.to_string());
                return Err(Error::new(format!(
                    "ends in the middle of the rows of {} (line {})",
                    table.unwrap_or_default(),
                    self.line
                )));
            }
        }
    }

    /// So many bytes of rows: whole lines, or a piece of one.
    fn some_rows(&mut self, length: usize) -> Result<Event<'_>> {
        let at = self.start;
        self.take(length);
        let rows = &self.buffer[at..at + length];
        self.is_within_row = !rows.ends_with(b"\n");
        if let Some(columns) = &mut self.columns {
            columns.add(rows, self.line)?;
        }
        Ok(Event::Rows(rows))
    }

    /// Where the line `\.` begins, if its end is here too.
    fn rows_end(&self) -> Option<usize> {
        let rest = self.rest();
        memmem::find_iter(rest, b"\\.").find(|at| {
            let begins = match at.checked_sub(1) {
                Some(before) => rest[before] == b'\n',
                None => !self.is_within_row,
            };
            begins && matches!(rest.get(at + 2), Some(b'\n' | b'\r'))
        })
    }

    fn whole_lines(&self) -> usize {
        memrchr(b'\n', self.rest()).map_or(0, |end| end + 1)
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let taken = &self.buffer[self.start..self.start + length];
        self.line += memchr_iter(b'\n', taken).count() as u64;
        self.start += length;
        taken
    }

    /// Reads more behind what is here; false at the end of the input.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.context(|| format!("can't be read after line {}", self.line)),
            }
        }?;
        let come = &self.buffer[self.end..self.end + read];
        if let Some(zero) = memchr(0, come) {
            let before = &self.buffer[..self.end + zero];
            let line = self.line + memchr_iter(b'\n', before).count() as u64;
            return Err(Error::new(format!(
                "has a byte that is zero, which no dump has (line {line}): a part of it was \
                 overwritten, or never written"
            )));
        }
        self.end += read;
        Ok(read > 0)
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}
