//! log_line_prefix: what stands before each line of a log in the stderr format.

use shared::{Error, Result};

use super::clock;
use super::severity::Label;

/// A log_line_prefix, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Prefix {
    items: Vec<Item>,
}

/// A piece of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    /// These very bytes.
    Literal(Vec<u8>),
    /// An escape, and whether it is padded with spaces.
    Escape(u8, bool),
}

/// What the prefix of a line says; what it does not is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    /// %t, %m or %n
    pub time: &'a [u8],
    /// %p
    pub pid: &'a [u8],
    /// %u
    pub user: &'a [u8],
    /// %d
    pub database: &'a [u8],
    /// %a
    pub application: &'a [u8],
    /// %h or %r
    pub client: &'a [u8],
    /// %e
    pub sqlstate: &'a [u8],
}

/// A line whose prefix is understood.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// What the prefix says.
    pub fields: Fields<'a>,
    /// What the line brings.
    pub label: Label,
    /// Where its text begins.
    pub text: usize,
}

impl Prefix {
    /// Reads the setting's value.
    ///
    /// # Errors
    /// When it has an escape that the server does not know.
    pub fn new(text: &str) -> Result<Self> {
        let mut items = Vec::new();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                literal(&mut items, byte);
                continue;
            }
            let padding = |byte: &u8| *byte == b'-' || byte.is_ascii_digit();
            let is_padded = bytes.next_if(padding).is_some();
            while bytes.next_if(padding).is_some() {}
            match bytes.next() {
                Some(b'%') => literal(&mut items, b'%'),
                Some(escape) if ESCAPES.contains(&escape) => {
                    items.push(Item::Escape(escape, is_padded));
                }
                found => return Err(unknown(text, found)),
            }
        }
        Ok(Self { items })
    }

    /// What the line says, if this prefix stands before it.
    pub fn read<'a>(&self, line: &'a [u8]) -> Option<Line<'a>> {
        let mut fields = Fields::default();
        let (label, text) = follow(&self.items, line, 0, &mut fields)?;
        Some(Line {
            fields,
            label,
            text,
        })
    }
}

/// What PostgreSQL 13 to 18 know.
const ESCAPES: &[u8] = b"aubdrhLpPtmniecQlsvxq";

fn literal(items: &mut Vec<Item>, byte: u8) {
    match items.last_mut() {
        Some(Item::Literal(bytes)) => bytes.push(byte),
        _ => items.push(Item::Literal(vec![byte])),
    }
}

fn unknown(text: &str, escape: Option<u8>) -> Error {
    let what = match escape {
        Some(escape) => format!("%{} is no escape of PostgreSQL's", char::from(escape)),
        None => "it ends in %".into(),
    };
    Error::usage(format!("--log-line-prefix {text:?}: {what}"))
        .with_hint("psql -Atc 'show log_line_prefix' says what the server has")
}

/// Matches the items from `at` on, and then the label; the end of all is where the text begins.
fn follow<'a>(
    items: &[Item],
    line: &'a [u8],
    at: usize,
    fields: &mut Fields<'a>,
) -> Option<(Label, usize)> {
    let Some((item, rest)) = items.split_first() else {
        let (label, length) = Label::at_start(&line[at..])?;
        return Some((label, at + length));
    };
    match item {
        Item::Literal(bytes) => {
            line[at..].starts_with(bytes).then_some(())?;
            follow(rest, line, at + bytes.len(), fields)
        }
        // Processes without a session stop here.
        Item::Escape(b'q', _) => {
            follow(rest, line, at, fields).or_else(|| follow(&[], line, at, fields))
        }
        Item::Escape(escape, true) => {
            let from = at + spaces(&line[at..]);
            value(*escape, rest, line, from, fields)
        }
        Item::Escape(escape, false) => value(*escape, rest, line, at, fields),
    }
}

/// Matches one escape and what follows it.
fn value<'a>(
    escape: u8,
    rest: &[Item],
    line: &'a [u8],
    at: usize,
    fields: &mut Fields<'a>,
) -> Option<(Label, usize)> {
    let text = &line[at..];
    let length = match escape {
        b't' | b'm' | b's' => clock::length(text)?,
        b'n' => count(text, |byte| byte.is_ascii_digit() || byte == b'.'),
        b'p' | b'P' | b'l' | b'x' => count(text, |byte| byte.is_ascii_digit()),
        b'Q' => count(text, |byte| byte.is_ascii_digit() || byte == b'-'),
        b'c' => count(text, |byte| byte.is_ascii_hexdigit() || byte == b'.'),
        b'v' => count(text, |byte| byte.is_ascii_digit() || byte == b'/'),
        b'e' => count(text, |byte| byte.is_ascii_alphanumeric()).min(5),
        b'r' => remote(text),
        _ => return search(escape, rest, line, at, fields),
    };
    set(fields, escape, &text[..length]);
    follow(rest, line, after(rest, line, at + length), fields)
}

/// Names have no form: they end where the rest of the prefix matches.
fn search<'a>(
    escape: u8,
    rest: &[Item],
    line: &'a [u8],
    at: usize,
    fields: &mut Fields<'a>,
) -> Option<(Label, usize)> {
    // A name of a Japanese application is longer; a line that matches nowhere is given up soon.
    const LONGEST: usize = 512;
    let longest = (line.len() - at).min(LONGEST);
    let next = match rest.first() {
        Some(Item::Literal(bytes)) => bytes.first().copied(),
        _ => None,
    };
    let mut length = 0;
    while length <= longest {
        if let Some(byte) = next {
            length += memchr::memchr(byte, &line[at + length..])?;
        }
        let mut found = *fields;
        set(&mut found, escape, line[at..at + length].trim_ascii());
        if let Some(end) = follow(rest, line, at + length, &mut found) {
            *fields = found;
            return Some(end);
        }
        length += 1;
    }
    None
}

/// Goes past the spaces that pad what came before, unless they are the literal that follows.
fn after(rest: &[Item], line: &[u8], at: usize) -> usize {
    match rest.first() {
        Some(Item::Literal(bytes)) if !line[at..].starts_with(bytes) => {
            at + padding(bytes, &line[at..])
        }
        _ => at,
    }
}

/// How many spaces stand before `literal`; none if something else does.
fn padding(literal: &[u8], text: &[u8]) -> usize {
    let most = spaces(text);
    (1..=most)
        .find(|count| text[*count..].starts_with(literal))
        .unwrap_or(0)
}

fn spaces(text: &[u8]) -> usize {
    count(text, |byte| byte == b' ')
}

fn count(text: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| is_part(**byte)).count()
}

/// `[local]`, `host(port)` or nothing.
fn remote(text: &[u8]) -> usize {
    if let Some(end) = special(text) {
        return end;
    }
    let host = count(text, |byte| !matches!(byte, b' ' | b'(' | b'[' | b']'));
    let port = &text[host..];
    let digits = count(port.get(1..).unwrap_or_default(), |byte| {
        byte.is_ascii_digit()
    });
    match port.first() == Some(&b'(') && port.get(1 + digits) == Some(&b')') {
        true => host + digits + 2,
        false => 0,
    }
}

/// `[local]` and `[unknown]`
fn special(text: &[u8]) -> Option<usize> {
    let known: [&[u8]; 2] = [b"[local]", b"[unknown]"];
    known
        .iter()
        .find(|word| text.starts_with(word))
        .map(|word| word.len())
}

fn set<'a>(fields: &mut Fields<'a>, escape: u8, text: &'a [u8]) {
    let field = match escape {
        b't' | b'm' | b'n' => &mut fields.time,
        b'p' => &mut fields.pid,
        b'u' => &mut fields.user,
        b'd' => &mut fields.database,
        b'a' => &mut fields.application,
        b'h' => &mut fields.client,
        b'r' => {
            fields.client = text.split(|byte| *byte == b'(').next().unwrap_or_default();
            return;
        }
        b'e' => &mut fields.sqlstate,
        _ => return,
    };
    *field = match text {
        b"[unknown]" => b"",
        known => known,
    };
}

#[cfg(test)]
mod tests;
