//! The rows behind `COPY … FROM stdin`, which psql sends and other runners don't.

use crate::model::Change;
use crate::parse::Parsed;
use crate::source::{Source, end_of_data};

/// Whether a statement waits for rows from whoever sent it.
pub fn wanted(parsed: &Parsed, text: &str) -> bool {
    let Parsed::Changes(changes) = parsed else {
        return false;
    };
    let is_copy = matches!(changes.as_slice(), [Change::CopyFrom { .. }]);
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    is_copy && words.any(|word| word.eq_ignore_ascii_case("stdin"))
}

/// The rows behind a statement that ends at this byte: from the next line on, up to the one with `\.`.
pub fn behind(source: &Source, end: usize) -> Vec<u8> {
    let bytes = source.text.as_bytes();
    let rest = bytes.get(end..).unwrap_or_default();
    let first = memchr::memchr(b'\n', rest).map_or(bytes.len(), |line| end + line + 1);
    let rows = bytes
        .get(first..end_of_data(bytes, end))
        .unwrap_or_default();
    // The line of the end is none of them.
    let trimmed = rows.trim_ascii_end();
    match trimmed.strip_suffix(b"\\.") {
        Some(rows) => rows.to_vec(),
        None => rows.to_vec(),
    }
}
