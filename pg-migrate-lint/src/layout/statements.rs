//! A coarse look at SQL: words, dollar quotes and the semicolons that end statements.
//!
//! Not a parser: runners that cut files up look no closer, and this has to see what they see even
//! in what no parser takes. Comments, strings and quoted names are passed over.

use std::ops::Range;

/// A piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A bare word.
    Word(Range<usize>),
    /// What stands between dollar quotes, these included.
    Dollar(Range<usize>),
    /// The end of a statement, or anything else that is no word.
    Symbol(u8),
    /// A string or a quoted name.
    Quoted,
}

/// The pieces of a text, in order.
pub fn pieces(text: &[u8]) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let rest = text.get(at..)?;
            let start = at;
            let length = match rest {
                [b'-', b'-', ..] => line_length(rest),
                [b'/', b'*', ..] => comment_length(rest),
                [byte, ..] if byte.is_ascii_whitespace() => 1,
                [b'\'', ..] => {
                    let escapes = start > 0 && matches!(text.get(start - 1), Some(b'e' | b'E'));
                    at += quoted_length(rest, b'\'', escapes);
                    return Some(Piece::Quoted);
                }
                [b'"', ..] => {
                    at += quoted_length(rest, b'"', false);
                    return Some(Piece::Quoted);
                }
                [b'$', ..] => match dollar_length(rest) {
                    Some(length) => {
                        at += length;
                        return Some(Piece::Dollar(start..at));
                    }
                    None => 1,
                },
                [byte, ..] if is_word(*byte) => {
                    at += rest
                        .iter()
                        .take_while(|byte| is_word(**byte) || **byte == b'$')
                        .count();
                    return Some(Piece::Word(start..at));
                }
                [byte, ..] => {
                    at += 1;
                    return Some(Piece::Symbol(*byte));
                }
                [] => return None,
            };
            at += length;
        }
        None
    })
}

/// The first words of each statement, in capitals with a blank between, and where it begins.
pub fn heads(text: &[u8], words: usize) -> Vec<(usize, String)> {
    let mut heads: Vec<(usize, String)> = Vec::new();
    let mut count = 0;
    for piece in pieces(text) {
        match piece {
            Piece::Symbol(b';') => count = 0,
            Piece::Word(range) => {
                if count == 0 {
                    heads.push((range.start, String::new()));
                }
                count += 1;
                let word = text.get(range).unwrap_or_default();
                if let Some((_, head)) = heads.last_mut().filter(|_| count <= words) {
                    if count > 1 {
                        head.push(' ');
                    }
                    head.push_str(&String::from_utf8_lossy(word).to_ascii_uppercase());
                }
            }
            _ => {}
        }
    }
    heads
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn line_length(rest: &[u8]) -> usize {
    memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Comments nest.
fn comment_length(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(pair) = rest.get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// A doubled quote is two strings to us, which comes to the same.
fn quoted_length(rest: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at) {
        at += match byte {
            b'\\' if escapes => 2,
            byte if *byte == quote => return at + 1,
            _ => 1,
        };
    }
    rest.len()
}

/// The length of `$tag$ … $tag$`, to the end of the text where it is not closed.
fn dollar_length(rest: &[u8]) -> Option<usize> {
    let tag = rest
        .get(1..)?
        .iter()
        .take_while(|byte| is_word(**byte))
        .count();
    let is_parameter = rest.get(1).is_some_and(u8::is_ascii_digit);
    if is_parameter || rest.get(1 + tag) != Some(&b'$') {
        return None;
    }
    let quote = rest.get(..tag + 2)?;
    let body = rest.get(quote.len()..)?;
    let end = memchr::memmem::find(body, quote);
    Some(end.map_or(rest.len(), |end| end + 2 * quote.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart_whatever_they_hold() {
        let text = b"-- a; b\nCREATE INDEX CONCURRENTLY i ON t (a); /* ; /* ; */ ; */\n\
            insert into t values ('a;''b', E'\\';', \"c;\"); DO $x$ begin; $$;$$ end $x$; select $1;";
        let heads: Vec<_> = heads(text, 3).into_iter().map(|(_, head)| head).collect();
        assert_eq!(
            heads,
            [
                "CREATE INDEX CONCURRENTLY",
                "INSERT INTO T",
                "DO",
                "SELECT 1"
            ]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in [
            "'", "\"a", "$$", "$a$ b $", "/* /* */", "E'\\", "--", "$", "$1", "\u{e9}$",
        ] {
            assert!(pieces(text.as_bytes()).count() <= 2, "{text}");
        }
    }
}
