//! Digests that prove two sets of rows, or two streams of bytes, to be the same.

use std::fmt;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// The digest of a set of rows, whatever their order.
///
/// It is the number of rows and the sum, modulo 2^128, of the XXH3-128 of each
/// row's COPY text line. A sum, unlike an exclusive or, sees duplicates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    sum: u128,
}

impl Digest {
    /// The digest of one row alone.
    pub fn of(line: &[u8]) -> Self {
        let mut digest = Self::default();
        digest.add(line);
        digest
    }

    /// Adds one row: its COPY text line without the line's end.
    pub fn add(&mut self, line: &[u8]) {
        self.add_hash(xxh3_128(line));
    }

    /// Adds every line of `lines`, each ended by a newline.
    pub fn add_lines(&mut self, lines: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            self.add(without_line_end(&lines[start..=end]));
            start = end + 1;
        }
    }

    /// Adds one row by the XXH3-128 of its line.
    pub(super) fn add_hash(&mut self, hash: u128) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(hash);
    }

    /// The sum, in hexadecimal.
    pub fn sum(&self) -> String {
        format!("{:032x}", self.sum)
    }

    /// Adds the rows of another part of the same set.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// A row's line without its end. COPY writes a carriage return in data as `\r`: a
/// bare one belongs to the line's end.
pub fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows {:032x}", self.rows, self.sum)
    }
}

/// The digest of one large object's bytes, in order. There may be millions of them.
#[derive(Clone, Default)]
pub struct LargeObjectDigest {
    bytes: u64,
    hash: Hash,
}

#[derive(Clone, Default)]
enum Hash {
    #[default]
    Empty,
    /// More bytes may come; this takes half a kilobyte.
    Open(Box<Xxh3>),
    /// The most significant byte first.
    Finished([u8; 16]),
}

impl Hash {
    fn value(&self) -> u128 {
        match self {
            Self::Empty => xxh3_128(&[]),
            Self::Open(hash) => hash.digest128(),
            Self::Finished(value) => u128::from_be_bytes(*value),
        }
    }
}

impl LargeObjectDigest {
    /// Whether it is of no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds the next bytes. Of one that was finished nothing is known any more than that it is no
    /// other's.
    pub fn add(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len() as u64;
        let mut hash = match std::mem::take(&mut self.hash) {
            Hash::Open(hash) => hash,
            Hash::Empty => Box::default(),
            Hash::Finished(value) => {
                let mut hash = Box::<Xxh3>::default();
                hash.update(&value);
                hash
            }
        };
        hash.update(bytes);
        self.hash = Hash::Open(hash);
    }

    /// No bytes will come any more.
    pub fn finish(&mut self) {
        if let Hash::Open(hash) = &self.hash {
            self.hash = Hash::Finished(hash.digest128().to_be_bytes());
        }
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number, length and content in one number: the XXH3-128 of four bytes, eight bytes and the
    /// XXH3-128 of the content in sixteen, each with the most significant byte first.
    pub(super) fn with_number(&self, oid: u32) -> u128 {
        let mut bytes = Vec::with_capacity(28);
        bytes.extend(oid.to_be_bytes());
        bytes.extend(self.bytes.to_be_bytes());
        bytes.extend(self.hash.value().to_be_bytes());
        xxh3_128(&bytes)
    }
}

impl fmt::Display for LargeObjectDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes {:032x}", self.bytes, self.hash.value())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn digest(lines: &str) -> Digest {
        let mut digest = Digest::default();
        digest.add_lines(lines.as_bytes());
        digest
    }

    #[test]
    fn order_does_not_matter_and_duplicates_do() {
        assert_eq!(digest("a\nb\nb\n"), digest("b\na\nb\n"));
        assert_ne!(digest("a\nb\nb\n"), digest("a\na\nb\n"));
        assert_ne!(digest("a\na\n"), digest(""));
    }

    #[test]
    fn a_row_without_columns_is_a_row() {
        assert_eq!(digest("\n\n").rows, 2);
    }

    #[test]
    fn a_large_object_that_is_finished_is_small_and_the_same() {
        assert!(size_of::<LargeObjectDigest>() <= 32);
        for pieces in [&[][..], &[&b"one"[..], b"", b"two"]] {
            let mut digest = LargeObjectDigest::default();
            pieces.iter().for_each(|piece| digest.add(piece));
            let before = (digest.to_string(), digest.with_number(7));
            digest.finish();
            digest.finish();
            assert_eq!((digest.to_string(), digest.with_number(7)), before);
            let whole = xxh3_128(&pieces.concat());
            assert!(before.0.ends_with(&format!(" {whole:032x}")));
        }
    }

    #[test]
    fn line_ends_are_not_data() {
        assert_eq!(digest("a\r\nb\r\n"), digest("a\nb\n"));
    }

    #[test]
    fn parts_make_the_whole() {
        let mut sum = digest("a\n");
        sum.merge(digest("b\nc\n"));
        assert_eq!(sum, digest("c\nb\na\n"));
    }
}
