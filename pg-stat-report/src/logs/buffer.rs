//! The lines of a log through one buffer: what is read once is never copied, and memory stays
//! flat however long the log, or a line of it, is.

use std::io::{self, Read};
use std::ops::Range;

/// What is read at once.
const PIECE: usize = 256 << 10;

/// An input, line by line. Everything since [`Lines::release`] stays in memory; ranges count
/// from there.
pub struct Lines<R> {
    input: R,
    bytes: Vec<u8>,
    /// Where the bytes that are held begin.
    held: usize,
    /// Where the next line begins.
    next: usize,
    /// How far the input was read.
    end: usize,
    /// The longest line, and the most that is held.
    most: usize,
    is_over: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of `most` bytes at the longest: of a longer one comes the beginning.
    pub fn new(input: R, most: usize) -> Self {
        Self {
            input,
            bytes: vec![0; PIECE.min(most)],
            held: 0,
            next: 0,
            end: 0,
            most,
            is_over: false,
        }
    }

    /// The next line, without its end; nothing at the end of the input.
    pub fn line(&mut self) -> io::Result<Option<Range<usize>>> {
        let mut seen = 0;
        loop {
            let rest = &self.bytes[self.next + seen..self.end];
            if let Some(found) = memchr::memchr(b'\n', rest) {
                return Ok(Some(self.cut(seen + found, 1)));
            }
            seen = self.end - self.next;
            if seen >= self.most {
                let line = self.cut(self.most, 0);
                self.skip_line()?;
                return Ok(Some(line));
            }
            if !self.fill()? {
                return Ok((seen > 0).then(|| self.cut(seen, 0)));
            }
        }
    }

    /// The bytes that are held.
    pub fn held(&self) -> &[u8] {
        &self.bytes[self.held..self.next]
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.next - self.held
    }

    /// Whether more is held than should be.
    pub fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Lets go of the first `count` bytes that are held.
    pub fn release(&mut self, count: usize) {
        self.held = (self.held + count).min(self.next);
    }

    /// Goes back to where `at` of the held bytes begins.
    pub fn rewind(&mut self, at: usize) {
        self.next = self.next.min(self.held + at);
    }

    /// What is in memory of the input's beginning, without taking it.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        while self.end < self.bytes.len() && self.fill()? {}
        Ok(&self.bytes[self.next..self.end])
    }

    /// The line of `length` bytes, and goes behind its end.
    fn cut(&mut self, length: usize, end: usize) -> Range<usize> {
        let start = self.next - self.held;
        let ends_in_return = end > 0 && length > 0 && self.bytes[self.next + length - 1] == b'\r';
        self.next += length + end;
        start..start + length - usize::from(ends_in_return)
    }

    /// Reads more; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        if self.end == self.bytes.len() {
            self.make_room();
        }
        loop {
            match self.input.read(&mut self.bytes[self.end..]) {
                Ok(0) => {
                    self.is_over = true;
                    return Ok(false);
                }
                Ok(read) => {
                    self.end += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn make_room(&mut self) {
        self.bytes.copy_within(self.held..self.end, 0);
        self.end -= self.held;
        self.next -= self.held;
        self.held = 0;
        if self.end > self.bytes.len() / 2 {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }

    /// Reads to the end of a line that is too long.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = &self.bytes[self.next..self.end];
            if let Some(found) = memchr::memchr(b'\n', rest) {
                let from = self.next + found + 1;
                self.bytes.copy_within(from..self.end, self.next);
                self.end -= found + 1;
                return Ok(());
            }
            self.end = self.next;
            if !self.fill()? {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], most: usize) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(text, most);
        let mut found = Vec::new();
        while let Some(line) = lines.line().unwrap() {
            found.push(lines.held()[line].to_vec());
            lines.release(lines.len());
        }
        found
    }

    #[test]
    fn lines_end_at_line_feeds_and_at_the_end() {
        assert_eq!(all(b"a\r\n\nbc", 100), [&b"a"[..], b"", b"bc"]);
        assert_eq!(all(b"", 100), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn of_a_long_line_comes_the_beginning_and_the_next_line_is_whole() {
        let text = [&[b'x'; 5000][..], b"\nshort\n", &[b'y'; 5000]].concat();
        let found = all(&text, 16);
        assert_eq!(found, [&[b'x'; 16][..], b"short", &[b'y'; 16]]);
    }

    #[test]
    fn what_is_held_stays_when_more_is_read() {
        let text: Vec<u8> = (0..200_000)
            .flat_map(|n| format!("{n}\n").into_bytes())
            .collect();
        let mut lines = Lines::new(&text[..], 1 << 20);
        let first = lines.line().unwrap().unwrap();
        for n in 1..50_000 {
            let line = lines.line().unwrap().unwrap();
            assert_eq!(lines.held()[line], *n.to_string().as_bytes());
        }
        assert_eq!(lines.held()[first], *b"0");
    }
}
