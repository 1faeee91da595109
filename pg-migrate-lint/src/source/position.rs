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

/// Where the lines of a text begin.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    text: &'a str,
    starts: &'a [usize],
}

/// Where the lines of a text begin; found out when first asked.
#[derive(Debug, Default)]
pub struct Starts(OnceLock<Vec<usize>>);

impl Starts {
    /// Those of the text, of which a byte-order mark of this length is no part.
    pub fn of<'a>(&'a self, text: &'a str, mark: usize) -> Lines<'a> {
        let starts = self.0.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', text.as_bytes());
            std::iter::once(mark)
                .chain(ends.map(|end| end + 1))
                .collect()
        });
        Lines { text, starts }
    }
}

impl<'a> Lines<'a> {
    fn starts(&self) -> &'a [usize] {
        self.starts
    }

    /// Where this offset is.
    pub fn position(&self, offset: usize) -> Position {
        let starts = self.starts();
        let line = self.line(offset);
        let start = starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// The number of the line that an offset is in, from 1.
    pub fn line(&self, offset: usize) -> usize {
        let starts = self.starts();
        starts.partition_point(|start| *start <= offset).max(1)
    }

    /// A line without its end, by its number from 1.
    pub fn text(&self, line: usize) -> &'a str {
        self.text.get(self.range(line)).unwrap_or_default()
    }

    /// Where a line is, without its end, by its number from 1; nothing where there is none.
    pub fn range(&self, line: usize) -> Range<usize> {
        let starts = self.starts();
        let Some(start) = line
            .checked_sub(1)
            .and_then(|line| starts.get(line))
            .copied()
        else {
            return 0..0;
        };
        let end = starts.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(start..end).unwrap_or_default();
        start..start + text.trim_end_matches(['\n', '\r']).len()
    }
}
