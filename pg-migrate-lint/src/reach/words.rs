//! What reaches out of bounds in a text that can't be parsed, by its words.

use shared::dump::{Token, tokens};

use super::bounds::Bounds;

/// The first: a COPY, names of functions, verb and noun anywhere.
pub fn reach(text: &str, bounds: &Bounds) -> Option<String> {
    copy(text.as_bytes(), bounds).or_else(|| by_words(text, bounds))
}

fn by_words(text: &str, bounds: &Bounds) -> Option<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words: Vec<&str> = text
        .split(|letter| !is_part(letter))
        .filter(|word| !word.is_empty())
        .collect();
    let function = words
        .iter()
        .find(|word| bounds.is_outward(&word.to_ascii_lowercase()));
    if let Some(function) = function {
        return Some(format!("{function}()"));
    }
    let nouns: &[&str] = match bounds.database {
        Some(_) => &[
            "DATABASE",
            "ROLE",
            "GROUP",
            "TABLESPACE",
            "SUBSCRIPTION",
            "SYSTEM",
        ],
        None => &["TABLESPACE"],
    };
    let is = |word: &str, all: &[&str]| all.iter().any(|one| one.eq_ignore_ascii_case(word));
    let mut pairs = words.windows(2);
    let pair = pairs.find(|pair| is(pair[0], &["CREATE", "ALTER", "DROP"]) && is(pair[1], nouns));
    pair.map(|pair| pair.join(" ").to_ascii_uppercase())
}

/// A COPY anywhere in a text, or in a string that it has.
fn copy(text: &[u8], bounds: &Bounds) -> Option<String> {
    let tokens = tokens(text);
    tokens
        .iter()
        .enumerate()
        .find_map(|(at, token)| match token {
            Token::Text(text) => copy(text, bounds),
            token if token.is("copy") => copied(&tokens[at..], bounds),
            _ => None,
        })
}

/// Where a COPY goes that no session is.
fn copied(tokens: &[Token], bounds: &Bounds) -> Option<String> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Symbol(b'(') => depth += 1,
            Token::Symbol(b')') => depth = depth.saturating_sub(1),
            Token::Symbol(b';') => return None,
            token if depth == 0 && (token.is("to") || token.is("from")) => {
                let what = match tokens.get(at + 1) {
                    Some(next) if next.is("program") => "COPY … PROGRAM",
                    Some(Token::Text(_)) if token.is("to") => "COPY TO a file of the server",
                    Some(Token::Text(_)) if bounds.database.is_some() => {
                        "COPY FROM a file of the server"
                    }
                    _ => return None,
                };
                return Some(what.to_string());
            }
            _ => {}
        }
    }
    None
}
