//! Lines of a file with where they stand, to find the comments that steer a runner.

use std::ops::Range;

/// A line of a file.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The byte of the file that it begins at.
    pub start: usize,
    /// The byte after it and its end.
    pub end: usize,
    /// Its bytes, without the end of line.
    pub text: &'a [u8],
}

/// The lines of a text. A byte-order mark belongs to none.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mark = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut start = mark;
    let mut number = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let line = rest.get(..length)?;
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        number += 1;
        start += length;
        Some(Line {
            number,
            start: start - length,
            end: start,
            text: bare,
        })
    })
}

/// Whether a text has a line that ends in CR LF.
pub fn has_crlf(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"\r\n").is_some()
}

/// What stands after a start in a line, letter case aside.
pub fn after<'a>(line: &'a [u8], start: &str) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start.as_bytes()).then_some(rest)
}

/// What stands after `--` in a line that is such a comment and begins with it.
pub fn comment(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"--").map(<[u8]>::trim_ascii)
}

/// Bytes without those of white space at both ends.
pub fn trimmed(text: &[u8], section: Range<usize>) -> &[u8] {
    text.get(section).unwrap_or_default().trim_ascii()
}
