//! What is looked into no further: comments, strings and names in quotes, and what stands between dollars.

use super::{Comment, Lexer, MaskKind, is_word};

impl Lexer<'_> {
    pub(super) fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |end| self.at + end);
        self.comment(end);
    }

    pub(super) fn block_comment(&mut self) {
        let mut depth = 0;
        let mut end = self.at;
        while end < self.bytes.len() {
            match &self.bytes[end..self.bytes.len().min(end + 2)] {
                b"/*" => {
                    depth += 1;
                    end += 2;
                }
                b"*/" => {
                    depth -= 1;
                    end += 2;
                    if depth == 0 {
                        break;
                    }
                }
                _ => end += 1,
            }
        }
        self.comment(end.min(self.bytes.len()));
    }

    fn comment(&mut self, end: usize) {
        if self.keeps_comments {
            let before = &self.bytes[..self.at];
            let line = memchr::memrchr(b'\n', before).map_or(0, |line| line + 1);
            self.split.comments.push(Comment {
                range: self.at..end,
                is_alone: before[line..].trim_ascii().is_empty(),
            });
        }
        self.at = end;
    }

    /// A string or an identifier in quotes; a quote in it is written twice, or behind a backslash.
    pub(super) fn quoted(&mut self, quote: u8, escapes: bool) {
        let mut end = self.at + 1;
        loop {
            let rest = &self.bytes[end.min(self.bytes.len())..];
            let found = match escapes {
                true => memchr::memchr2(quote, b'\\', rest),
                false => memchr::memchr(quote, rest),
            };
            let Some(found) = found else {
                return self.take(self.bytes.len());
            };
            end += found;
            if self.bytes[end] == b'\\' || self.bytes.get(end + 1) == Some(&quote) {
                end += 2;
            } else {
                return self.take(end + 1);
            }
        }
    }

    pub(super) fn dollar(&mut self) {
        match self.peek(1) {
            b'{' => return self.delimited(b"}", MaskKind::Name),
            b'(' => return self.delimited(b")", MaskKind::Name),
            b'%' => return self.delimited(b"%$", MaskKind::Name),
            _ => {}
        }
        let mut end = self.at + 1;
        if self.peek(1).is_ascii_digit() {
            return self.take(end);
        }
        while self.bytes.get(end).is_some_and(|byte| is_word(*byte)) {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            return self.take(end);
        }
        let tag = &self.bytes[self.at..=end];
        let body = end + 1;
        let close = memchr::memmem::find(&self.bytes[body..], tag);
        let end = close.map_or(self.bytes.len(), |close| body + close + tag.len());
        self.split.bodies.push(self.at..end);
        self.take(end);
    }
}
