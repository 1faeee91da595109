//! The rows of a table as an archive has them: COPY text up to the line `\.`, in pieces.

use xxhash_rust::xxh3::Xxh3;

use super::digest::Digest;

const END: &[u8] = b"\\.";

/// Digests COPY text that comes in pieces, cut anywhere. A row of any length takes no memory.
#[derive(Default)]
pub struct CopyRows {
    digest: Digest,
    /// A line whose end has not come yet.
    begun: Option<Box<Begun>>,
    ended: bool,
    /// Something follows the end.
    goes_on: bool,
}

#[derive(Default)]
struct Begun {
    hash: Xxh3,
    /// Its first bytes, one more than the end of the rows has.
    start: Vec<u8>,
}

impl CopyRows {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if self.begun.is_some() {
            rest = self.go_on(rest);
        }
        while !self.ended && !rest.is_empty() {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                return self.begin(rest);
            };
            match &rest[..end] {
                END => self.ended = true,
                line => self.digest.add(line),
            }
            rest = &rest[end + 1..];
        }
        // Empty lines follow the end.
        self.goes_on |= rest.iter().any(|byte| *byte != b'\n');
    }

    /// What was digested; `None` when the line `\.` has not come, or was not the last.
    pub fn finish(self) -> Option<Digest> {
        (self.ended && !self.goes_on).then_some(self.digest)
    }

    fn begin(&mut self, bytes: &[u8]) {
        let begun = self.begun.get_or_insert_default();
        begun.hash.update(bytes);
        let wanted = (END.len() + 1).saturating_sub(begun.start.len());
        begun
            .start
            .extend_from_slice(&bytes[..wanted.min(bytes.len())]);
    }

    /// Ends the line that was begun, if its end is here; returns what follows.
    fn go_on<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let end = memchr::memchr(b'\n', bytes);
        self.begin(&bytes[..end.unwrap_or(bytes.len())]);
        let (Some(end), Some(begun)) = (end, self.begun.take_if(|_| end.is_some())) else {
            return &[];
        };
        match begun.start == END {
            true => self.ended = true,
            false => self.digest.add_hash(begun.hash.digest128()),
        }
        &bytes[end + 1..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str, piece: usize) -> Option<Digest> {
        let mut rows = CopyRows::default();
        text.as_bytes()
            .chunks(piece)
            .for_each(|piece| rows.add(piece));
        rows.finish()
    }

    #[test]
    fn however_they_are_cut() {
        let long = format!("{}\tx\\.", "y".repeat(5000));
        for lines in [
            &[][..],
            &[""],
            &["", ""],
            &["1\ta", "\\N", "\\\\.", "x\\.", "\\.x", ".", "\\"],
            &["a", &long, "b", &long],
        ] {
            let mut expected = Digest::default();
            lines.iter().for_each(|line| expected.add(line.as_bytes()));
            let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
            for piece in [1, 2, 3, 7, 1000, 1 << 20] {
                let whole = digest(&format!("{body}\\.\n\n\n"), piece);
                assert_eq!(whole, Some(expected), "{lines:?} by {piece}");
                assert_eq!(digest(&body, piece), None, "{lines:?} by {piece}, no end");
                let longer = format!("{body}\\.\n\nx\n");
                assert_eq!(digest(&longer, piece), None, "{lines:?} by {piece}, no end");
            }
        }
    }
}
