//! A file as psql and migration runners see it: statements with their places, whatever stands between them.
//!
//! Any bytes are a source. Offsets are those of the file: what can't be text becomes text of the same length.

mod copy;
mod placeholders;
mod position;
mod split;

use std::ops::Range;

pub use copy::end_of_data;
pub use position::Lines;
use position::Starts;
pub use split::{Comment, Statement};

use placeholders::Placeholders;
pub use placeholders::is_stand_in;

/// A file, cut into statements.
#[derive(Debug)]
pub struct Source {
    /// What it is called.
    pub path: String,
    /// Whether it is in UTF-16, so that nothing of it was read.
    pub is_wide: bool,
    /// The first byte of zero, which no text of PostgreSQL has, but in UTF-16.
    pub zero: Option<usize>,
    /// As it is written, in UTF-8.
    pub text: String,
    /// The same with stand-ins of equal length for what is no SQL, where there was any.
    masked: Option<String>,
    /// What the stand-ins stand for.
    placeholders: Placeholders,
    /// Its statements, in order.
    pub statements: Vec<Statement>,
    /// Its comments, if any of them is for us.
    pub comments: Vec<Comment>,
    /// Commands of psql that run another file.
    pub includes: Vec<Range<usize>>,
    /// The first of psql's commands.
    pub command: Option<Range<usize>>,
    /// Whether a template or psql decides what is run.
    is_template: bool,
    starts: Starts,
    /// How long its byte-order mark is.
    mark: usize,
}

/// What the comments begin with that are for us.
pub const MARK: &str = "pg-migrate-lint:";

impl Source {
    /// No text may have more bytes.
    pub const LONGEST: usize = u32::MAX as usize;

    /// Cuts a file.
    pub fn new(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        let mark = mark(&bytes);
        if is_wide(&bytes) {
            return Self::unsplit(path, bytes);
        }
        let zero = memchr::memchr(0, &bytes);
        let text = text(bytes);
        let split = split::split(&text, text.contains(MARK));
        let mut placeholders = Placeholders::default();
        let masked = (!split.masks.is_empty()).then(|| {
            let mut masked = text.clone().into_bytes();
            for mask in &split.masks {
                placeholders.put(mask, &text, &mut masked);
            }
            // A stand-in is ASCII and takes the place of whole characters.
            String::from_utf8(masked).unwrap_or_default()
        });
        Self {
            path: path.into(),
            text,
            masked,
            placeholders,
            statements: split.statements,
            comments: split.comments,
            includes: split.includes,
            command: split.command,
            is_template: split.is_template,
            starts: Starts::default(),
            is_wide: false,
            zero,
            mark,
        }
    }

    /// A file that is not looked into, but for its lines.
    pub fn unsplit(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            path: path.into(),
            is_wide: is_wide(&bytes),
            zero: None,
            mark: mark(&bytes),
            text: text(bytes),
            masked: None,
            placeholders: Placeholders::default(),
            statements: Vec::new(),
            comments: Vec::new(),
            includes: Vec::new(),
            command: None,
            is_template: false,
            starts: Starts::default(),
        }
    }

    /// Its lines.
    pub fn lines(&self) -> Lines<'_> {
        self.starts.of(&self.text, self.mark)
    }

    /// Whether all that is run is SQL that stands in it: nothing of it is a template, a variable or another file.
    pub fn is_plain(&self) -> bool {
        !self.is_template && self.includes.is_empty() && !self.is_wide
    }

    /// A statement as it can be parsed.
    pub fn parsable(&self, statement: &Statement) -> &str {
        let text = self.masked.as_deref().unwrap_or(&self.text);
        text.get(statement.start()..statement.end())
            .unwrap_or_default()
    }

    /// A statement as it is written.
    #[cfg(test)]
    pub fn written(&self, statement: &Statement) -> &str {
        self.text
            .get(statement.start()..statement.end())
            .unwrap_or_default()
    }

    /// Words with what was written instead of the stand-ins.
    pub fn with_placeholders(&self, words: String) -> String {
        self.placeholders.restore(words)
    }
}

/// How long the byte-order mark of UTF-8 is, if there is one.
fn mark(bytes: &[u8]) -> usize {
    match bytes.starts_with(b"\xef\xbb\xbf") {
        true => 3,
        false => 0,
    }
}

/// Whether it is UTF-16, by its byte-order mark or by every other byte of the first letters.
fn is_wide(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [a, b, c, d, ..] => matches!(
            (*a > 0, *b > 0, *c > 0, *d > 0),
            (true, false, true, false) | (false, true, false, true)
        ),
        _ => false,
    }
}

/// What stands between dollar quotes in a file, these included.
pub fn bodies(bytes: &[u8]) -> Vec<Range<usize>> {
    split::split(&text(bytes.to_vec()), false).bodies
}

/// Bytes as text of the same length: a byte-order mark and NUL become spaces, what is not UTF-8 question marks.
fn text(mut bytes: Vec<u8>) -> String {
    let mark = mark(&bytes);
    bytes[..mark].fill(b' ');
    if bytes.contains(&0) {
        bytes
            .iter_mut()
            .filter(|byte| **byte == 0)
            .for_each(|byte| *byte = b' ');
    }
    loop {
        match String::from_utf8(bytes) {
            Ok(text) => return text,
            Err(error) => {
                let start = error.utf8_error().valid_up_to();
                bytes = error.into_bytes();
                scrub(&mut bytes, start);
            }
        }
    }
}

/// Replaces all that is not UTF-8 from here on.
fn scrub(bytes: &mut [u8], mut start: usize) {
    while let Err(error) = std::str::from_utf8(&bytes[start..]) {
        start += error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        bytes[start..start + length].fill(b'?');
        start += length;
    }
}

#[cfg(test)]
mod tests;
