//! The class of a message: what is left of its first line without names and numbers.

use super::shape::mix;

/// The class as text.
pub fn text(message: &[u8]) -> String {
    let mut text = Vec::new();
    walk(message, |piece| text.extend_from_slice(piece));
    String::from_utf8_lossy(&text).into_owned()
}

/// The class as a number.
pub fn hash(message: &[u8], seed: u64) -> u64 {
    let mut hash = seed;
    walk(message, |piece| hash = mix(hash, piece));
    hash
}

/// Names that stand there without quotes: what comes before, and what after.
const UNQUOTED: [(&[u8], &[u8]); 6] = [
    (b"column ", b" does not exist"),
    (b"function ", b" does not exist"),
    (b"procedure ", b" does not exist"),
    (b"cannot drop ", b" because other objects depend on it"),
    (b"permission denied for ", b""),
    (b"could not find ", b" in PATH"),
];

/// Gives the class piece by piece; the last bytes of a message that has one hundred pieces are
/// left out.
fn walk(message: &[u8], mut give: impl FnMut(&[u8])) {
    const LONGEST: usize = 400;
    let line = message
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = &line[..line.len().min(LONGEST)];
    let line = without_position(line);
    if let Some((before, after)) = UNQUOTED.iter().find(|(before, after)| {
        line.len() >= before.len() + after.len()
            && line.starts_with(before)
            && line.ends_with(after)
    }) {
        let named = &line[before.len()..line.len() - after.len()];
        let kind = match *before {
            b"permission denied for " => named.iter().take_while(|byte| **byte != b' ').count(),
            _ => 0,
        };
        give(before);
        give(&named[..kind]);
        give(if kind > 0 && kind < named.len() {
            b" \"...\""
        } else {
            b"\"...\""
        });
        return give(after);
    }
    pieces(line, give);
}

fn pieces(line: &[u8], mut give: impl FnMut(&[u8])) {
    let mut at = 0;
    let mut from = 0;
    while at < line.len() {
        let (length, stand_in): (usize, &[u8]) = match line[at] {
            b'"' if line[..at].ends_with(b": ") => (line.len() - at, b"\"...\""),
            b'"' => (to_quote(&line[at..]), b"\"...\""),
            b'\'' if at == 0 || !line[at - 1].is_ascii_alphanumeric() => {
                (to_quote(&line[at..]), b"'...'")
            }
            digit if digit.is_ascii_digit() => (number(&line[at..]), b"?"),
            byte if byte.is_ascii_alphabetic() => {
                at += word(&line[at..]);
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        give(&line[from..at]);
        give(stand_in);
        at += length;
        from = at;
    }
    give(&line[from..]);
}

/// The message without ` at character 15`.
fn without_position(line: &[u8]) -> &[u8] {
    let digits = line
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match digits {
        0 => line,
        _ => line[..line.len() - digits]
            .strip_suffix(b" at character ")
            .unwrap_or(line),
    }
}

/// What stands between two quotes, with them; one alone is itself.
fn to_quote(text: &[u8]) -> usize {
    let end = memchr::memchr(text[0], &text[1..]);
    end.map_or(1, |end| end + 2)
}

/// A word, with the digits in it.
fn word(text: &[u8]) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    text.iter().take_while(is_part).count()
}

/// A number, a place in the WAL or a file of it, a time.
fn number(text: &[u8]) -> usize {
    const WAL_FILE: usize = 24;
    let hex = text
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if hex == WAL_FILE {
        return hex;
    }
    let mut length = 0;
    while let Some(byte) = text.get(length) {
        let next = text.get(length + 1);
        let joins = match byte {
            b'.' | b':' | b'-' => next.is_some_and(u8::is_ascii_digit),
            b'/' => next.is_some_and(u8::is_ascii_hexdigit),
            _ => byte.is_ascii_digit(),
        };
        if !joins {
            break;
        }
        length += 1;
        if *byte == b'/' {
            let place = text[length..]
                .iter()
                .take_while(|byte| byte.is_ascii_hexdigit());
            length += place.count();
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, class: &str) {
        assert_eq!(text(message.as_bytes()), class);
    }

    #[test]
    fn names_and_numbers_are_left_out() {
        check(
            "relation \"nope\" does not exist at character 15",
            "relation \"...\" does not exist",
        );
        check(
            "column u.nme does not exist at character 8",
            "column \"...\" does not exist",
        );
        check(
            "permission denied for table secrets",
            "permission denied for table \"...\"",
        );
        check(
            "duplicate key value violates unique constraint \"t_pkey\"",
            "duplicate key value violates unique constraint \"...\"",
        );
        check(
            "invalid input syntax for type integer: \"a\"b\"",
            "invalid input syntax for type integer: \"...\"",
        );
        check(
            "server process (PID 32155) was terminated by signal 9: Killed",
            "server process (PID ?) was terminated by signal ?: Killed",
        );
        check("redo starts at 0/289A160", "redo starts at ?");
        check("division by zero", "division by zero");
        check(
            "file 000000010000000A000000FF on x86_64 (64-bit), 14.2",
            "file ? on x86_64 (?-bit), ?",
        );
        check("type int4 isn't here", "type int4 isn't here");
    }

    #[test]
    fn messages_of_one_class_have_one_hash() {
        let of = |message: &str| hash(message.as_bytes(), 0);
        assert_eq!(
            of("relation \"a\" does not exist"),
            of("relation \"b c\" does not exist at character 1")
        );
        assert_ne!(
            of("relation \"a\" does not exist"),
            of("database \"a\" does not exist")
        );
        assert_ne!(hash(b"a", 0), hash(b"a", 1));
    }

    #[test]
    fn only_the_first_line_counts() {
        check("a 1\n\tb", "a ?");
        assert_eq!(text(b""), "");
    }
}
