//! log_lock_waits, and deadlocks.

use super::numbers::{split, thousandths};

/// A message of log_lock_waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait<'a> {
    /// `ShareLock`
    pub mode: &'a [u8],
    /// `transaction`, `relation` …: without the numbers.
    pub object: &'static str,
    /// How long, in microseconds, and the lock is had.
    pub acquired: Option<u64>,
}

/// What is waited for, by what the words have. The first that fits.
const OBJECTS: [(&[u8], &str); 11] = [
    (b"extension of relation ", "extension of relation"),
    (b"tuple ", "tuple"),
    (b"page ", "page"),
    (b"relation ", "relation"),
    (b"virtual transaction ", "virtual transaction"),
    (b"remote transaction ", "remote transaction"),
    (b"transaction ", "transaction"),
    (b"speculative token ", "speculative token"),
    (b"advisory lock ", "advisory lock"),
    (b"user lock ", "user lock"),
    (b"pg_database.datfrozenxid", "pg_database.datfrozenxid"),
];

/// `process 7 still waiting for ShareLock on transaction 5 after 1000.1 ms` and
/// `process 7 acquired …`; nothing if it is something else.
pub fn wait(message: &[u8]) -> Option<Wait<'_>> {
    let rest = message.strip_prefix(b"process ")?;
    let (_, rest) = split(rest, b" ")?;
    let (is_acquired, rest) = match rest.strip_prefix(b"acquired ") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix(b"still waiting for ")?),
    };
    let (mode, rest) = split(rest, b" on ")?;
    let (object, time) = split(rest, b" after ")?;
    let known = OBJECTS.iter().find(|(mark, _)| object.starts_with(mark));
    let (micros, _) = thousandths(time)?;
    Some(Wait {
        mode,
        object: known.map_or("object", |(_, name)| name),
        acquired: is_acquired.then_some(micros),
    })
}

/// The relation that a CONTEXT names: `while updating tuple (0,1) in relation "t"`.
pub fn relation(context: &[u8]) -> Option<&[u8]> {
    let (_, rest) = split(context, b"relation \"")?;
    let end = memchr::memchr(b'"', rest)?;
    Some(&rest[..end])
}

/// The statements that a deadlock's DETAIL shows: `Process 7: update …`.
pub fn deadlocked(detail: &[u8]) -> Vec<&[u8]> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for line in detail.split_inclusive(|byte| *byte == b'\n') {
        if let Some(length) = process(line) {
            let start = at + length;
            found.push((start, at + line.len()));
        } else if let Some((_, end)) = found.last_mut() {
            *end = at + line.len();
        }
        at += line.len();
    }
    found
        .iter()
        .map(|(start, end)| detail[*start..*end].trim_ascii())
        .collect()
}

/// How long `Process 7: ` is, if the line begins so.
fn process(line: &[u8]) -> Option<usize> {
    let text = line.strip_prefix(b"\t").unwrap_or(line);
    let rest = text.strip_prefix(b"Process ")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_statement = digits > 0 && rest[digits..].starts_with(b": ");
    is_statement.then_some(line.len() - rest.len() + digits + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read() {
        let message = b"process 7 still waiting for ShareLock on transaction 578 after 100.080 ms";
        let expected = Wait {
            mode: b"ShareLock",
            object: "transaction",
            acquired: None,
        };
        assert_eq!(wait(message), Some(expected));
        let message = b"process 7 acquired ExclusiveLock on tuple (0,1) of relation 5 of database 6 after 2.5 ms";
        let expected = Wait {
            mode: b"ExclusiveLock",
            object: "tuple",
            acquired: Some(2500),
        };
        assert_eq!(wait(message), Some(expected));
        assert_eq!(wait(b"process 7 detected deadlock while waiting for ShareLock on transaction 5 after 1 ms"), None);
    }

    #[test]
    fn a_deadlock_has_its_statements() {
        let detail = b"Process 1 waits for ShareLock on transaction 5; blocked by process 2.\n\tProcess 2 waits for x; blocked by process 1.\n\tProcess 1: update t\n\t set a=1\n\tProcess 2: update u";
        assert_eq!(
            deadlocked(detail),
            [&b"update t\n\t set a=1"[..], b"update u"]
        );
        assert_eq!(
            relation(b"while updating tuple (0,1) in relation \"t\""),
            Some(&b"t"[..])
        );
    }
}
