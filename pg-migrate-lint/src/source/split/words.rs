//! Words: those of them that decide where a statement ends.

use super::{Lexer, is_word};

/// The words that a statement begins with and that decide how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Create,
    Or,
    Replace,
    Function,
    Copy,
    From,
    Begin,
    Case,
    End,
    Stdin,
    Other,
}

impl Lexer<'_> {
    pub(super) fn word(&mut self) {
        let start = self.at;
        let mut end = start;
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| is_word(*byte) || *byte == b'$' && !self.opens(end))
        {
            end += 1;
        }
        let is_escape = end == start + 1 && matches!(self.bytes[start], b'e' | b'E');
        let is_prefix = end == start + 1
            && matches!(self.bytes[start], b'b' | b'B' | b'x' | b'X' | b'n' | b'N');
        if self.bytes.get(end) == Some(&b'\'') && (is_escape || is_prefix) {
            self.start.get_or_insert(start);
            self.at = end;
            return self.quoted(b'\'', is_escape);
        }
        self.take(end);
        self.count += 1;
        if self.count <= 4
            || self.begins > 0
            || self.may_have_body()
            || self.words.first() == Some(&Word::Copy)
        {
            let word = word(&self.bytes[start..end]);
            self.note(word);
        }
    }

    /// `name${x}` is a name and a placeholder.
    fn opens(&self, at: usize) -> bool {
        self.bytes.get(at + 1) == Some(&b'{')
    }

    fn note(&mut self, word: Word) {
        if self.words.first() == Some(&Word::Copy) && word == Word::Stdin {
            self.reads_stdin = true;
        }
        if self.words.len() < 4 {
            self.words.push(word);
        }
        if self.may_have_body() && self.parens == 0 {
            match word {
                Word::Begin => self.begins += 1,
                Word::Case if self.begins > 0 => self.begins += 1,
                Word::End => self.begins = self.begins.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// CREATE [OR REPLACE] FUNCTION or PROCEDURE: only there BEGIN opens a body.
    fn may_have_body(&self) -> bool {
        matches!(
            self.words.as_slice(),
            [Word::Create, Word::Function, ..]
                | [Word::Create, Word::Or, Word::Replace, Word::Function]
        )
    }
}

fn word(text: &[u8]) -> Word {
    const KNOWN: &[(&[u8], Word)] = &[
        (b"create", Word::Create),
        (b"or", Word::Or),
        (b"replace", Word::Replace),
        (b"function", Word::Function),
        (b"procedure", Word::Function),
        (b"copy", Word::Copy),
        (b"from", Word::From),
        (b"begin", Word::Begin),
        (b"case", Word::Case),
        (b"end", Word::End),
        (b"stdin", Word::Stdin),
    ];
    let found = KNOWN
        .iter()
        .find(|(known, _)| text.eq_ignore_ascii_case(known));
    found.map_or(Word::Other, |(_, word)| *word)
}
