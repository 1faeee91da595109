//! The rows of a COPY held against the columns that it names.

use std::ops::Range;

use memchr::memchr_iter;

use super::copy::CopyTarget;
use super::lexer::{Token, tokens};
use crate::{Error, Result};

/// Counts what separates values. In COPY's text format a tab that is data is written `\t`
/// (the manual on COPY, File Formats), so each row has one less than there are columns: where a
/// part of a file is missing or was overwritten, the sum is another.
#[derive(Debug)]
pub(super) struct Columns {
    table: String,
    /// How many each row has to have; `None` where that can't be told.
    tabs_of_row: Option<u64>,
    tabs: u64,
    rows: u64,
    /// The lines of the script that are not proved yet.
    lines: Range<u64>,
}

impl Columns {
    /// Those of the rows behind this statement, which begins on this line.
    pub(super) fn of(copy: &[u8], target: &CopyTarget, line: u64) -> Self {
        // Behind `stdin` another format may be asked for.
        let is_text = matches!(tokens(copy).as_slice(), [.., stdin, Token::Symbol(b';')] if stdin.is("stdin"));
        let columns = target.columns.len() as u64;
        Self {
            table: target.table.to_string(),
            tabs_of_row: columns.checked_sub(1).filter(|_| is_text),
            tabs: 0,
            rows: 0,
            lines: line..line,
        }
    }

    /// Adds whole lines, or parts of one; the last of them ends before line `line`.
    ///
    /// # Errors
    /// When whole lines have not as many values as there are columns.
    pub(super) fn add(&mut self, lines: &[u8], line: u64) -> Result<()> {
        let Some(tabs_of_row) = self.tabs_of_row else {
            return Ok(());
        };
        self.tabs += memchr_iter(b'\t', lines).count() as u64;
        self.rows += memchr_iter(b'\n', lines).count() as u64;
        self.lines.end = line;
        if !lines.ends_with(b"\n") {
            return Ok(());
        }
        if self.tabs != self.rows * tabs_of_row {
            return Err(Error::new(format!(
                "a row of {} has not as many values as its COPY has columns (lines {} to {}): a \
                 part of it is missing or was overwritten",
                self.table, self.lines.start, self.lines.end
            )));
        }
        self.lines.start = line;
        Ok(())
    }
}
