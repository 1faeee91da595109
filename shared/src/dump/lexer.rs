//! SQL cut into tokens, with the server's rules of quoting and comments.
//!
//! It knows what ends a string, an identifier or a comment (PostgreSQL manual,
//! "Lexical Structure"), and nothing of grammar.

use std::ops::Range;

/// One token of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// A bare word: a keyword or an unquoted identifier or number, as written.
    Word(&'a [u8]),
    /// A quoted identifier, its quotes taken off.
    Quoted(Vec<u8>),
    /// A string of any kind, unescaped.
    Text(Vec<u8>),
    /// Any other single byte.
    Symbol(u8),
}

impl Token<'_> {
    /// Whether this is the keyword `word` (given in lower case).
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(bytes) if bytes.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The identifier that this token names: folded to lower case unless it was quoted.
    pub fn identifier(&self) -> Option<String> {
        match self {
            Self::Word(bytes) => Some(String::from_utf8_lossy(bytes).to_ascii_lowercase()),
            Self::Quoted(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Self::Text(_) | Self::Symbol(_) => None,
        }
    }
}

/// The tokens of a whole statement; comments and white space are left out.
pub fn tokens(statement: &[u8]) -> Vec<Token<'_>> {
    spans(statement).map(|(token, _)| token).collect()
}

/// The tokens of a whole statement, each with its place in it.
pub fn spans(statement: &[u8]) -> impl Iterator<Item = (Token<'_>, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let (token, next) = next_token(statement, at)?;
            let place = at..next;
            at = next;
            if let Some(token) = token {
                return Some((token, place));
            }
        }
    })
}

fn next_token(sql: &[u8], at: usize) -> Option<(Option<Token<'_>>, usize)> {
    let first = *sql.get(at)?;
    let rest = &sql[at..];
    Some(match first {
        b if b.is_ascii_whitespace() => (None, at + 1),
        b'-' if rest.starts_with(b"--") => (None, line_end(sql, at)),
        b'/' if rest.starts_with(b"/*") => (None, at + block_comment_length(rest)),
        b'"' => {
            let (text, length) = quoted(rest, b'"', false);
            (Some(Token::Quoted(text)), at + length)
        }
        b'\'' => {
            let (text, length) = quoted(rest, b'\'', false);
            (Some(Token::Text(text)), at + length)
        }
        b'e' | b'E' if rest.get(1) == Some(&b'\'') => {
            let (text, length) = quoted(&rest[1..], b'\'', true);
            (Some(Token::Text(text)), at + 1 + length)
        }
        b'$' => match dollar_tag(rest) {
            Some(tag) => dollar_quoted(sql, at, tag),
            None => (Some(Token::Symbol(first)), at + 1),
        },
        b if is_word(b) => {
            let length = rest
                .iter()
                .take_while(|b| is_word(**b) || **b == b'$')
                .count();
            (Some(Token::Word(&rest[..length])), at + length)
        }
        other => (Some(Token::Symbol(other)), at + 1),
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_end(sql: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &sql[at..]).map_or(sql.len(), |end| at + end)
}

fn block_comment_length(sql: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < sql.len() {
        if sql[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if sql[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted(sql: &[u8], quote: u8, escapes: bool) -> (Vec<u8>, usize) {
    let mut text = Vec::new();
    let mut at = 1;
    while at < sql.len() {
        match sql[at] {
            b if b == quote && sql.get(at + 1) == Some(&quote) => {
                text.push(quote);
                at += 2;
            }
            b if b == quote => return (text, at + 1),
            b'\\' if escapes && at + 1 < sql.len() => {
                text.push(escaped(sql[at + 1]));
                at += 2;
            }
            other => {
                text.push(other);
                at += 1;
            }
        }
    }
    (text, at)
}

fn escaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        other => other,
    }
}

/// `$tag$` at the start of `sql`, with its dollars.
pub(super) fn dollar_tag(sql: &[u8]) -> Option<&[u8]> {
    let length = sql[1..].iter().take_while(|b| is_word(**b)).count();
    let starts_well = length == 0 || !sql[1].is_ascii_digit();
    (starts_well && sql.get(1 + length) == Some(&b'$')).then(|| &sql[..length + 2])
}

fn dollar_quoted<'a>(sql: &[u8], at: usize, tag: &[u8]) -> (Option<Token<'a>>, usize) {
    let body = &sql[at + tag.len()..];
    let length = memchr::memmem::find(body, tag).unwrap_or(body.len());
    let next = (at + tag.len() + length + tag.len()).min(sql.len());
    (Some(Token::Text(body[..length].to_vec())), next)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn quoting_is_the_servers() {
        let found =
            tokens(b"ALTER \"T\"\"x\" /* a /* b */ c */ SET 'it''s' E'a\\'b' $f$;$f$ -- end\n;");
        assert_eq!(
            found,
            [
                Token::Word(b"ALTER"),
                Token::Quoted(b"T\"x".to_vec()),
                Token::Word(b"SET"),
                Token::Text(b"it's".to_vec()),
                Token::Text(b"a'b".to_vec()),
                Token::Text(b";".to_vec()),
                Token::Symbol(b';'),
            ]
        );
    }

    #[test]
    fn unquoted_identifiers_fold() {
        let found = tokens(b"Public.\"Public\"");
        assert_eq!(found[0].identifier().unwrap(), "public");
        assert_eq!(found[2].identifier().unwrap(), "Public");
    }

    #[test]
    fn unfinished_input_ends() {
        for sql in [
            "'abc", "\"abc", "$x$ abc", "/* abc", "E'abc\\", "$", "-- abc", "e'",
        ] {
            assert!(tokens(sql.as_bytes()).len() <= 2, "{sql}");
        }
    }
}
