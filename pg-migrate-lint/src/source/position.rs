//! Offsets as lines and columns.

use std::ops::Range;
use std::sync::OnceLock;

/// A place in a file, for people: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// So many lines after one another have one that is remembered: where the others begin is counted from there.
const STRIDE: usize = 16;

/// Where the lines of a text begin.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    text: &'a str,
    /// Of the first line, and of every sixteenth after it.
    starts: &'a [usize],
}

/// Where the lines of a text begin; found out when first asked.
#[derive(Debug, Default)]
pub struct Starts(OnceLock<Box<[usize]>>);

impl Starts {
    /// Those of the text, of which a byte-order mark of this length is no part.
    pub fn of<'a>(&'a self, text: &'a str, mark: usize) -> Lines<'a> {
        let starts = self.0.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', text.as_bytes());
            let starts = ends.map(|end| end + 1).skip(STRIDE - 1).step_by(STRIDE);
            std::iter::once(mark).chain(starts).collect()
        });
        Lines { text, starts }
    }
}

impl<'a> Lines<'a> {
    /// Where this offset is.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line(offset);
        let start = self.start(line).unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// The number of the line that an offset is in, from 1.
    pub fn line(&self, offset: usize) -> usize {
        let known = self.starts.partition_point(|start| *start <= offset).max(1) - 1;
        let since = self.text.as_bytes().get(self.starts[known]..offset);
        known * STRIDE + 1 + memchr::memchr_iter(b'\n', since.unwrap_or_default()).count()
    }

    /// Where a line begins, by its number from 1; none where there is no such line.
    fn start(&self, line: usize) -> Option<usize> {
        let before = line.checked_sub(1)?;
        let known = *self.starts.get(before / STRIDE)?;
        match before % STRIDE {
            0 => Some(known),
            more => {
                let rest = self.text.as_bytes().get(known..)?;
                let end = memchr::memchr_iter(b'\n', rest).nth(more - 1)?;
                Some(known + end + 1)
            }
        }
    }

    /// A line without its end, by its number from 1.
    pub fn text(&self, line: usize) -> &'a str {
        self.text.get(self.range(line)).unwrap_or_default()
    }

    /// Where a line is, without its end, by its number from 1; nothing where there is none.
    pub fn range(&self, line: usize) -> Range<usize> {
        let Some(start) = self.start(line) else {
            return 0..0;
        };
        let end = self.start(line + 1).unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default();
        start..start + text.trim_end_matches(['\n', '\r']).len()
    }
}
