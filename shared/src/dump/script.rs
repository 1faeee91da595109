//! The script of pg_dump as a stream of events.

use std::io::Read;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::columns::Columns;
use super::copy::CopyTarget;
use super::entry::{Entry, Header};
use super::scanner::Scanner;
use crate::{Context, Error, Result};

const BUFFER_BYTES: usize = 1 << 20;

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

#[cfg(test)]
mod test {
    use super::*;

    const DUMP: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n\
        -- Dumped from database version 15.18 (Debian)\n-- Dumped by pg_dump version 15.18\n\n\
        SET client_encoding = 'UTF8';\n\n--\n-- Name: t; Type: TABLE; Schema: public; Owner: app\n--\n\n\
        CREATE TABLE public.t (\n    a text\n);\n\n\
        COPY public.t (a) FROM stdin;\n1\n\\\\.\nx\\.\n\\N\n\\.\n\n\n\
        COPY public.n  FROM stdin;\n\n\n\\.\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";

    /// Yields its text a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn events(text: &str, step: usize) -> Result<Vec<String>> {
        let mut script = Script::new(Trickle(text.as_bytes(), step));
        let mut seen: Vec<String> = Vec::new();
        let mut rows = String::new();
        while let Some(event) = script.next()? {
            let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            match event {
                Event::Statement { sql, line, entry } => {
                    seen.push(format!("{line} {} {}", entry.name, show(sql)));
                }
                Event::Copy { target, line, .. } => seen.push(format!("{line} {}", target.table)),
                Event::Rows(lines) => rows.push_str(&show(lines)),
                Event::CopyEnd => seen.push(std::mem::take(&mut rows)),
                Event::Command { text, line } => seen.push(format!("{line} {}", show(text))),
            }
        }
        assert!(script.header().complete && script.header().is_dump);
        assert_eq!(
            script.header().server_version.as_deref(),
            Some("15.18 (Debian)")
        );
        Ok(seen)
    }

    #[test]
    fn events_in_order_however_the_input_comes() {
        let expected = [
            "5 \\restrict abc",
            "10  SET client_encoding = 'UTF8';",
            "16 t CREATE TABLE public.t (\n    a text\n);",
            "20 public.t",
            "1\n\\\\.\nx\\.\n\\N\n",
            "28 public.n",
            "\n\n",
            "33 t SELECT 1;",
            "39 \\unrestrict abc",
        ];
        for step in [1, 2, 3, 7, 64, 4096] {
            assert_eq!(events(DUMP, step).unwrap(), expected, "{step} bytes a time");
        }
    }

    #[test]
    fn entries_that_nothing_follows() {
        let bare = |text: &str| {
            let mut script = Script::new(text.as_bytes());
            while script.next().unwrap().is_some() {}
            let names = script.bare().iter().map(|entry| entry.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(bare(DUMP), [""; 0]);
        let lost = DUMP.replace("CREATE TABLE public.t (\n    a text\n);\n", "");
        let data = "-- Data for Name: d; Type: TABLE DATA; Schema: public; Owner: app\n\n";
        let lost = lost.replacen("COPY", &format!("{data}COPY"), 1);
        assert_eq!(bare(&lost), ["t"]);
        assert_eq!(bare(&format!("{DUMP}{data}")), ["d"]);
    }

    #[test]
    fn windows_line_ends() {
        let seen = events(&DUMP.replace('\n', "\r\n"), 5).unwrap();
        assert_eq!(seen[4], "1\r\n\\\\.\r\nx\\.\r\n\\N\r\n");
    }

    #[test]
    fn a_cut_script_is_an_error_that_says_where() {
        let cut = &DUMP[..DUMP.find("\\\\.").unwrap()];
        let error = events(cut, 64).unwrap_err();
        assert_eq!(
            error.message(),
            "ends in the middle of the rows of public.t (line 22)"
        );
        let cut = &DUMP[..DUMP.find("    a text").unwrap()];
        let error = events(cut, 64).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("ends in the middle of the statement at line 16")
        );
    }

    #[test]
    fn what_was_overwritten_is_an_error_that_says_where() {
        let rows = "1\ta\n2\t\\N\n3\tb\\tb\n".repeat(1000);
        let text = format!("SELECT 1;\nCOPY t (a, b) FROM stdin;\n{rows}\\.\nSELECT 2;\n");
        let read = |text: &str, step| Script::in_pieces(Trickle(text.as_bytes(), step)).pass();
        let at = text.find("2\t").unwrap();
        for step in [1, 64, 1 << 20] {
            assert!(read(&text, step).is_ok());
            for hole in [at, 3, text.len() - 3] {
                let mut zeroed = text.clone();
                zeroed.replace_range(hole..=hole, "\0");
                let line = text[..hole].matches('\n').count() + 1;
                let error = read(&zeroed, step).unwrap_err();
                let words = format!("has a byte that is zero, which no dump has (line {line})");
                assert!(error.message().starts_with(&words), "{error}");
            }
            for missing in [2, 7, 4002] {
                let mut short = text.clone();
                short.replace_range(at..at + missing, "");
                let error = read(&short, step).unwrap_err();
                let words = "a row of t has not as many values as its COPY has columns (lines ";
                assert!(error.message().starts_with(words), "{error}");
            }
        }
        for copy in [
            "COPY t FROM stdin;",
            "COPY t (a) FROM stdin WITH (FORMAT csv, DELIMITER E'\\t');",
            "COPY t (a, b, c) FROM stdin;",
        ] {
            let text = format!("{copy}\n1\t2\t3\n\\.\n");
            assert!(read(&text, 1).is_ok(), "{copy}");
        }
    }

    #[test]
    fn long_strings_take_no_memory() {
        for string in ["'it''s; -- \n(", r"E'it\'s; -- (", r"E'\\\';\\x"] {
            let (begin, part) = string.split_once('\'').unwrap();
            let long = part.repeat((5 << 20) / part.len());
            let begin = format!("INSERT INTO t VALUES (1, {begin}'");
            let text = format!("{begin}{long}', ';');\nSELECT 1;\n");
            for step in [1 << 16, 1 << 20, 1 << 22] {
                let mut script = Script::in_pieces(Trickle(text.as_bytes(), step));
                let mut seen = Vec::new();
                while let Some(event) = script.next().unwrap() {
                    let Event::Statement { sql, line, .. } = event else {
                        panic!("{event:?}");
                    };
                    assert!(sql.len() <= 2 * BUFFER_BYTES, "{}", sql.len());
                    seen.push((line, String::from_utf8_lossy(sql).into_owned()));
                }
                assert!(script.buffer.len() <= 2 * BUFFER_BYTES);
                assert!(seen[0].1.starts_with(&begin) && seen[0].1.ends_with("', ';');"));
                let lines = text.matches('\n').count() as u64;
                assert_eq!(&seen[1..], [(lines, "SELECT 1;".into())], "{string}");
            }
        }
    }

    /// `--rows-per-insert` with values that are no long strings each.
    #[test]
    fn many_rows_of_one_statement_take_no_memory() {
        let begin = "INSERT INTO t VALUES\n\t(1, '";
        for value in [
            "it''s; (",
            r"', E'it\'s; ()\\', 'x",
            "', $$;($$, '''",
            "', 12, null, \"a;b(\".c, '",
        ] {
            let row = |length: usize| format!("{}'),\n\t(2, '", value.repeat(length));
            let rows: String = (0..2000).map(|n| row(1 + (n * 7919) % 300)).collect();
            let text = format!("{begin}{rows}', ';');\nSELECT 1;\n");
            assert!(text.len() > 2 * BUFFER_BYTES, "{}", text.len());
            for step in [1 << 16, 1 << 22] {
                let mut script = Script::in_pieces(Trickle(text.as_bytes(), step));
                let mut seen = Vec::new();
                while let Some(event) = script.next().unwrap() {
                    let Event::Statement { sql, line, .. } = event else {
                        panic!("{event:?}");
                    };
                    seen.push((line, String::from_utf8_lossy(sql).into_owned()));
                }
                assert!(
                    script.buffer.len() <= 2 * BUFFER_BYTES,
                    "{}",
                    script.buffer.len()
                );
                assert!(seen[0].1.starts_with(begin) && seen[0].1.ends_with("', ';');"));
                let lines = text.matches('\n').count() as u64;
                assert_eq!(&seen[1..], [(lines, "SELECT 1;".into())], "{value}");
            }
        }
    }

    #[test]
    fn long_rows_come_in_pieces() {
        // What looks like the end of the rows stands at the beginning of a piece.
        let row = format!("{}\\.", "x".repeat(BUFFER_BYTES));
        let rows = format!("{row}\n1\n{row}{row}\ny\n");
        let text = format!("COPY t (a) FROM stdin;\n{rows}\\.\nSELECT 1;\n");
        for step in [1000, 1 << 16, 1 << 22] {
            let mut script = Script::in_pieces(Trickle(text.as_bytes(), step));
            let (mut seen, mut events) = (Vec::new(), 0);
            while let Some(event) = script.next().unwrap() {
                match event {
                    Event::Rows(piece) => seen.extend_from_slice(piece),
                    _ => events += 1,
                }
            }
            assert!(seen == rows.as_bytes(), "{step} bytes a time");
            assert_eq!((events, script.buffer.len()), (3, BUFFER_BYTES));
        }
    }

    #[test]
    fn long_rows_grow_the_buffer() {
        let row = "x".repeat(3 * BUFFER_BYTES);
        let text = format!("COPY t (a) FROM stdin;\n{row}\n\\.\n");
        let mut script = Script::new(text.as_bytes());
        let mut bytes = 0;
        while let Some(event) = script.next().unwrap() {
            if let Event::Rows(lines) = event {
                bytes += lines.len();
            }
        }
        assert_eq!(bytes, row.len() + 1);
    }
}
