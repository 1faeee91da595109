//! Finds where a statement ends, as psql does.
//!
//! A semicolon ends a statement unless it stands in a string, a quoted name, a
//! comment, parentheses, or the `BEGIN ATOMIC … END` body of a function
//! (psqlscan.l). The scanner looks only back, so that it can be fed a statement
//! in pieces: it goes on where the bytes ended.

use std::ops::Range;

/// So much of a statement's beginning says what it is.
const KEPT: usize = 1 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Normal,
    Text { escapes: bool },
    Quoted,
    LineComment,
    BlockComment { depth: u32, since: usize },
    Dollar { tag: usize, body: usize },
}

/// Scans one statement from its first byte.
#[derive(Debug)]
pub(super) struct Scanner {
    at: usize,
    state: State,
    parentheses: u32,
    atomic: u32,
    words: u32,
    creates: Creates,
    word: Option<usize>,
    dollar: Option<usize>,
    closed: Option<(usize, bool)>,
    /// Where the string begins that was begun last.
    text: usize,
    backslash_escapes: bool,
}

/// How far the first words go towards CREATE [OR REPLACE] FUNCTION or PROCEDURE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Creates {
    Nothing,
    Something,
    OrReplace,
    Routine,
}

impl Scanner {
    /// `backslash_escapes`: `standard_conforming_strings` is off.
    pub fn new(backslash_escapes: bool) -> Self {
        Self {
            at: 0,
            state: State::Normal,
            parentheses: 0,
            atomic: 0,
            words: 0,
            creates: Creates::Nothing,
            word: None,
            dollar: None,
            closed: None,
            text: 0,
            backslash_escapes,
        }
    }

    /// Goes on over `sql`, which begins with what was given before; the
    /// statement's length with its semicolon, or `None` if it goes on.
    pub fn end(&mut self, sql: &[u8]) -> Option<usize> {
        while self.at < sql.len() {
            let at = self.at;
            self.at += 1;
            match self.state {
                State::Normal => {
                    if self.normal(sql, at) {
                        return Some(self.at);
                    }
                }
                State::Text { escapes } => self.text(sql, at, escapes),
                State::Quoted => {
                    if self.skip_to(sql, at, b'"') {
                        self.state = State::Normal;
                    }
                }
                State::LineComment => {
                    if self.skip_to(sql, at, b'\n') {
                        self.state = State::Normal;
                    }
                }
                State::BlockComment { depth, since } => self.block_comment(sql, at, depth, since),
                State::Dollar { tag, body } => {
                    if self.skip_to(sql, at, b'$') && closes(sql, self.at, tag, body) {
                        self.state = State::Normal;
                    }
                }
            }
        }
        None
    }

    /// Of what was scanned, which part nobody will look back to: within a string that goes on.
    pub fn passed(&self, scanned: usize) -> Range<usize> {
        match self.state {
            // The last byte may be the backslash before what comes.
            State::Text { .. } if self.text + 2 < scanned => self.text + 1..scanned - 1,
            _ => 0..0,
        }
    }

    /// The same where nobody asks what stands in the statement: all but its beginning and what may
    /// have to be looked back to.
    pub fn passed_of_rows(&self, scanned: usize) -> Range<usize> {
        let closed = self.closed.map(|(closed, _)| closed);
        let closed = closed.filter(|closed| closed + 1 == self.at);
        let back = [self.word, self.dollar, closed].into_iter().flatten();
        let end = back.fold(scanned.saturating_sub(1), usize::min);
        let end = match self.state {
            State::Normal | State::Text { .. } | State::Quoted => end,
            State::Dollar { tag, .. } => end.min(tag),
            State::LineComment | State::BlockComment { .. } => 0,
        };
        KEPT.min(end)..end
    }

    /// What was passed was taken out.
    pub fn skip(&mut self, passed: Range<usize>) {
        let bytes = passed.len();
        if bytes == 0 {
            return;
        }
        self.at -= bytes;
        let moved = |at: usize| (at >= passed.end).then(|| at - bytes);
        self.word = self.word.and_then(moved);
        self.dollar = self.dollar.and_then(moved);
        self.closed = self
            .closed
            .and_then(|(at, escapes)| Some((moved(at)?, escapes)));
        if let State::Dollar { tag, body } = &mut self.state {
            *tag -= bytes;
            *body -= bytes;
        }
        if self.text >= passed.start {
            self.text = moved(self.text).unwrap_or(passed.start - 1);
        }
    }

    /// Whether the byte at `at` ends the statement.
    fn normal(&mut self, sql: &[u8], at: usize) -> bool {
        let byte = sql[at];
        if is_word(byte) {
            self.word.get_or_insert(at);
            return false;
        }
        if byte == b'$' {
            self.dollar_sign(at);
            return false;
        }
        self.dollar = None;
        let escape_prefix = self.word.is_some_and(|start| {
            at - start == 1 && sql[start].eq_ignore_ascii_case(&b'e') && byte == b'\''
        });
        self.end_word(sql, at);
        let before = at.checked_sub(1).map(|before| sql[before]);
        match byte {
            b'\'' => {
                if !self.goes_on(at) {
                    self.text = at;
                }
                self.state = State::Text {
                    escapes: self.text_escapes(at, escape_prefix),
                }
            }
            b'"' => self.state = State::Quoted,
            b'-' if before == Some(b'-') => self.state = State::LineComment,
            b'*' if before == Some(b'/') => {
                self.state = State::BlockComment {
                    depth: 1,
                    since: self.at,
                };
            }
            b'(' => self.parentheses += 1,
            b')' => self.parentheses = self.parentheses.saturating_sub(1),
            b';' => return self.parentheses == 0 && self.atomic == 0,
            _ => {}
        }
        false
    }

    /// A doubled quote goes on with the string that it interrupts.
    fn text_escapes(&self, at: usize, escape_prefix: bool) -> bool {
        match self.closed {
            Some((_, escapes)) if self.goes_on(at) => escapes,
            _ => escape_prefix || self.backslash_escapes,
        }
    }

    fn goes_on(&self, at: usize) -> bool {
        self.closed.is_some_and(|(closed, _)| closed + 1 == at)
    }

    fn text(&mut self, sql: &[u8], at: usize, escapes: bool) {
        let rest = &sql[at..];
        let found = if escapes {
            memchr::memchr2(b'\'', b'\\', rest)
        } else {
            memchr::memchr(b'\'', rest)
        };
        match found {
            None => self.at = sql.len(),
            Some(found) if rest[found] == b'\'' => {
                self.at = at + found + 1;
                self.closed = Some((at + found, escapes));
                self.state = State::Normal;
            }
            // A backslash and the byte after it, which may not be here yet.
            Some(found) => self.at = at + found + 2,
        }
    }

    /// Moves behind the next `byte`; false if there is none.
    fn skip_to(&mut self, sql: &[u8], at: usize, byte: u8) -> bool {
        let found = memchr::memchr(byte, &sql[at..]);
        self.at = found.map_or(sql.len(), |found| at + found + 1);
        found.is_some()
    }

    fn block_comment(&mut self, sql: &[u8], at: usize, depth: u32, since: usize) {
        if at <= since {
            return;
        }
        let (depth, since) = match &sql[at - 1..=at] {
            b"/*" => (depth + 1, self.at),
            b"*/" => (depth - 1, self.at),
            _ => return,
        };
        self.state = match depth {
            0 => State::Normal,
            _ => State::BlockComment { depth, since },
        };
    }

    /// A dollar opens a tag, closes it, or is part of an identifier.
    fn dollar_sign(&mut self, at: usize) {
        if let Some(tag) = self.dollar.take() {
            self.state = State::Dollar { tag, body: at + 1 };
            self.word = None;
        } else if self.word.is_none() {
            self.dollar = Some(at);
        }
    }

    fn end_word(&mut self, sql: &[u8], at: usize) {
        let Some(start) = self.word.take() else {
            return;
        };
        let word = &sql[start..at];
        self.words += 1;
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword.as_bytes());
        self.creates = match (self.creates, self.words) {
            (Creates::Nothing, 1) if is("create") => Creates::Something,
            (Creates::Something, 2) if is("or") => Creates::OrReplace,
            (Creates::OrReplace, 3) if is("replace") => Creates::OrReplace,
            (Creates::Something, 2) | (Creates::OrReplace, 4)
                if is("function") || is("procedure") =>
            {
                Creates::Routine
            }
            (routine, _) => routine,
        };
        if self.creates == Creates::Routine && self.parentheses == 0 {
            if is("begin") || (is("case") && self.atomic > 0) {
                self.atomic += 1;
            } else if is("end") {
                self.atomic = self.atomic.saturating_sub(1);
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether the dollar before `at` closes the string that the tag at `tag` opened.
fn closes(sql: &[u8], at: usize, tag: usize, body: usize) -> bool {
    let tag = &sql[tag..body];
    at >= body + tag.len() && sql[..at].ends_with(tag)
}

#[cfg(test)]
mod test {
    use super::*;

    /// The end found at once, and byte by byte, which must be the same.
    fn end(sql: &str) -> Option<usize> {
        let bytes = sql.as_bytes();
        let whole = Scanner::new(false).end(bytes);
        let mut scanner = Scanner::new(false);
        let pieces = (1..=bytes.len()).find_map(|length| scanner.end(&bytes[..length]));
        assert_eq!(whole, pieces, "{sql}");
        whole
    }

    #[test]
    fn semicolons_that_end_nothing() {
        for sql in [
            "SELECT ';' || \";\" ;",
            "SELECT 'it'';s';",
            "SELECT E'a\\';b';",
            "SELECT E'it''s\\';';",
            "SELECT $$;$$;",
            "SELECT $a$;$b$;$$;$a$;",
            "SELECT $_1$ a;b $_1$;",
            "SELECT 1 -- ;\n;",
            "SELECT /* ; /* ; */ ; */ 1;",
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);",
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END;",
            "create or replace procedure p() begin atomic select 1; end;",
            "SELECT a$b, c$d;",
            "SELECT '\\';",
            "SELECT 1 /*/ ; */;",
        ] {
            assert_eq!(end(sql), Some(sql.len()), "{sql}");
        }
    }

    #[test]
    fn the_first_end_counts() {
        assert_eq!(end("BEGIN; SELECT 1;"), Some(6));
        assert_eq!(end("CREATE TABLE \"begin\" (a int); x"), Some(29));
        assert_eq!(end("SELECT $1; $$"), Some(10));
        assert_eq!(end("SELECT 'a"), None);
    }

    #[test]
    fn old_strings_have_backslashes() {
        let sql = b"SELECT 'a\\';b';";
        assert_eq!(Scanner::new(true).end(sql), Some(sql.len()));
        assert_eq!(Scanner::new(false).end(sql), Some(12));
    }
}
