//! What a log is written in, by its looks.

use super::clock;
use super::prefix::{Fields, Line, Prefix};
use super::severity::Label;

/// The formats of log_destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text, with log_line_prefix.
    Stderr,
    /// csvlog
    Csv,
    /// jsonlog
    Json,
}

impl Format {
    /// The format that log_destination calls so.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "stderr" => Some(Self::Stderr),
            "csvlog" => Some(Self::Csv),
            "jsonlog" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stderr => "stderr",
            Self::Csv => "csvlog",
            Self::Json => "jsonlog",
        }
    }
}

/// What the beginning of the log is written in: the format of the first line that has one.
pub fn format(head: &[u8]) -> Format {
    let mut lines = head.split(|byte| *byte == b'\n');
    let known = lines.find_map(|line| match line {
        line if line.starts_with(b"{\"timestamp\"") => Some(Format::Json),
        line if is_csv(line) => Some(Format::Csv),
        line if loose(line).is_some() => Some(Format::Stderr),
        _ => None,
    });
    known.unwrap_or(Format::Stderr)
}

/// Whether a record of csvlog begins here: a time and a comma, then a role or none.
pub fn is_csv(line: &[u8]) -> bool {
    clock::length(line).is_some_and(|length| {
        let rest = &line[length..];
        rest.starts_with(b",\"") || rest.starts_with(b",,")
    })
}

/// Prefixes that are in use: PostgreSQL's own, Debian's, the clouds', those that pgbadger's
/// manual gives.
const USUAL: [&str; 22] = [
    "%m [%p] %q%u@%d ",
    "%m [%p] ",
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "%m [%p] %q[%u@%d] [%a] ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] user=%u,db=%d,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: [%l-1] db=%d,user=%u ",
    "%t [%p]: [%l-1] ",
    "%t [%p] ",
    "%t:%r:%u@%d:[%p]:",
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%m [%p]: [%l] %q%u@%d [%a] %r %e ",
    "%t %u@%d [%p] ",
    "%m %u@%d [%p] ",
    "< %m > ",
    "%t ",
];

/// The prefix of most lines, and the setting's value; nothing if none is usual. Longer ones go
/// first where several match: they say more.
pub fn prefix(head: &[u8]) -> Option<(&'static str, Prefix)> {
    const LOOKED_AT: usize = 500;
    let lines: Vec<&[u8]> = head
        .split(|byte| *byte == b'\n')
        .filter(|line| loose(line).is_some())
        .take(LOOKED_AT)
        .collect();
    let mut best: Option<(usize, &str, Prefix)> = None;
    for text in USUAL {
        let Ok(prefix) = Prefix::new(text) else {
            continue;
        };
        let count = lines
            .iter()
            .filter(|line| prefix.read(line).is_some())
            .count();
        let is_better = match &best {
            None => count * 2 > lines.len(),
            Some((most, ..)) => count > *most,
        };
        if is_better {
            best = Some((count, text, prefix));
        }
    }
    best.map(|(_, text, prefix)| (text, prefix))
}

/// What a line says whatever stands before it: the label is known by its colon and two spaces;
/// of the rest, what has a form of its own is found.
pub fn loose(line: &[u8]) -> Option<Line<'_>> {
    const LONGEST: usize = 1024;
    if line.first().is_none_or(|byte| *byte == b'\t') {
        return None;
    }
    let head = &line[..line.len().min(LONGEST)];
    let mut from = 0;
    loop {
        let colon = from + memchr::memmem::find(&head[from..], b":  ")?;
        let word = head[..colon].iter().rev();
        let start = colon - word.take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if let Some((label, length)) = Label::at_start(&line[start..]) {
            let fields = fields(&line[..start]);
            return Some(Line {
                fields,
                label,
                text: start + length,
            });
        }
        from = colon + 1;
    }
}

fn fields(prefix: &[u8]) -> Fields<'_> {
    let mut fields = Fields {
        time: time(prefix).unwrap_or_default(),
        pid: pid(prefix).unwrap_or_default(),
        user: after(prefix, b"user="),
        database: first(after(prefix, b"db="), after(prefix, b"database=")),
        application: first(after(prefix, b"app="), after(prefix, b"application_name=")),
        client: first(after(prefix, b"client="), after(prefix, b"host=")),
        sqlstate: b"",
    };
    if fields.user.is_empty() && fields.database.is_empty() {
        (fields.user, fields.database) = user_at_database(prefix).unwrap_or_default();
    }
    fields
}

fn first<'a>(one: &'a [u8], other: &'a [u8]) -> &'a [u8] {
    if one.is_empty() { other } else { one }
}

/// The first time that is written there.
fn time(prefix: &[u8]) -> Option<&[u8]> {
    let mut starts = memchr::memchr_iter(b'-', prefix).filter_map(|at| at.checked_sub(4));
    starts.find_map(|at| Some(&prefix[at..at + clock::length(&prefix[at..])?]))
}

/// The first number in brackets.
fn pid(prefix: &[u8]) -> Option<&[u8]> {
    memchr::memchr_iter(b'[', prefix).find_map(|at| {
        let rest = &prefix[at + 1..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (digits > 0 && rest.get(digits) == Some(&b']')).then(|| &rest[..digits])
    })
}

/// What follows `key`, to the next comma, bracket or space.
fn after<'a>(prefix: &'a [u8], key: &[u8]) -> &'a [u8] {
    let Some(at) = memchr::memmem::find(prefix, key) else {
        return b"";
    };
    let rest = &prefix[at + key.len()..];
    let length = rest
        .iter()
        .take_while(|byte| !matches!(byte, b',' | b']' | b' ' | b')' | b'|' | b';'));
    known(&rest[..length.count()])
}

/// `joe@shop`
fn user_at_database(prefix: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'@', prefix)?;
    let is_part = |byte: &&u8| {
        byte.is_ascii_alphanumeric()
            || matches!(**byte, b'_' | b'-' | b'.' | b'[' | b']')
            || !byte.is_ascii()
    };
    let user = prefix[..at].iter().rev().take_while(is_part).count();
    let database = prefix[at + 1..].iter().take_while(is_part).count();
    Some((
        known(&prefix[at - user..at]),
        known(&prefix[at + 1..at + 1 + database]),
    ))
}

fn known(name: &[u8]) -> &[u8] {
    if name == b"[unknown]" { b"" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_seen() {
        let csv = b"2026-11-21 02:46:25.315 UTC,,,2381,,6b010601.94d,1,";
        assert_eq!(format(csv), Format::Csv);
        assert_eq!(format(b"{\"timestamp\":\"2026"), Format::Json);
        assert_eq!(
            format(b"garbage\n2026-11-21 02:46:25 UTC [1] LOG:  x"),
            Format::Stderr
        );
    }

    #[test]
    fn the_prefix_is_seen() {
        let log = b"2026-11-21 02:46:25.315 UTC [1] LOG:  x\n2026-11-21 02:46:25.315 UTC [1] joe@shop ERROR:  x\n\tx\n";
        assert_eq!(prefix(log).unwrap().0, "%m [%p] %q%u@%d ");
        assert!(prefix(b"kube-17 1 LOG:  x\n").is_none());
    }

    #[test]
    fn a_prefix_that_nobody_uses_says_what_has_a_form() {
        let line =
            loose(b"node1 <2026-11-21 02:46:25 UTC> pid[77] (joe@shop) ERROR:  no LOG:  here")
                .unwrap();
        assert_eq!(line.fields.time, b"2026-11-21 02:46:25 UTC");
        assert_eq!(line.fields.pid, b"77");
        assert_eq!(
            (line.fields.user, line.fields.database),
            (&b"joe"[..], &b"shop"[..])
        );
        assert_eq!(
            line.label,
            Label::Begins(crate::logs::severity::Severity::Error)
        );
        assert!(loose(b"\tLOG:  x").is_none());
        assert!(loose(b"cp: cannot stat: x").is_none());
    }
}
