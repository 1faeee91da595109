//! Numbers within messages.

use super::clock::decimal;

/// What stands before `mark`, and what behind it.
pub fn split<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

/// The whole number behind `mark`.
pub fn after(text: &[u8], mark: &[u8]) -> Option<u64> {
    let (_, rest) = split(text, mark)?;
    leading(rest)
}

/// The whole number before `mark`.
pub fn before(text: &[u8], mark: &[u8]) -> Option<u64> {
    let (head, _) = split(text, mark)?;
    let digits = head
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    leading(&head[head.len() - digits..])
}

/// The whole number at the beginning.
pub fn leading(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    decimal(&text[..digits]).and_then(|number| u64::try_from(number).ok())
}

/// `12.345` at the beginning, in thousandths, and its length.
pub fn thousandths(text: &[u8]) -> Option<(u64, usize)> {
    let whole = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut number = leading(&text[..whole])?.checked_mul(1000)?;
    if text.get(whole) != Some(&b'.') {
        return Some((number, whole));
    }
    let fraction = text[whole + 1..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let mut length = whole + 1;
    for (unit, digit) in fraction.enumerate() {
        number += u64::from(digit - b'0') * [100, 10, 1].get(unit).copied().unwrap_or(0);
        length += 1;
    }
    Some((number, length))
}

/// The seconds behind `mark`, in microseconds.
pub fn seconds_after(text: &[u8], mark: &[u8]) -> Option<u64> {
    let (_, rest) = split(text, mark)?;
    thousandths(rest)?.0.checked_mul(1000)
}

/// `0:00:00.387`, in microseconds.
pub fn clock(text: &[u8]) -> Option<u64> {
    let mut parts = text.splitn(3, |byte| *byte == b':');
    let hours = leading(parts.next()?)?;
    let minutes = leading(parts.next()?)?;
    let (millis, _) = thousandths(parts.next()?)?;
    Some(((hours * 60 + minutes) * 60_000 + millis) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_where_they_stand() {
        assert_eq!(after(b"size 280000 x", b"size "), Some(280_000));
        assert_eq!(before(b"tuples: 34 removed", b" removed"), Some(34));
        assert_eq!(thousandths(b"12.3456 ms"), Some((12_345, 7)));
        assert_eq!(thousandths(b"7 ms"), Some((7_000, 1)));
        assert_eq!(seconds_after(b"write=2.277 s", b"write="), Some(2_277_000));
        assert_eq!(clock(b"1:02:03.004"), Some(3_723_004_000));
        assert_eq!(after(b"size x", b"size "), None);
    }
}
