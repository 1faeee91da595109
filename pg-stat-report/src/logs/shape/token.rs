//! How far a token goes.

/// The kinds of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Between words.
    Space,
    /// In a word.
    Letter,
    /// In a number or a word.
    Digit,
    /// Around a string.
    Quote,
    /// Any other.
    Symbol,
}

/// Of each byte its kind.
pub static CLASS: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Symbol; 256];
    let mut byte: u8 = 0;
    loop {
        classes[byte as usize] = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'\'' => Class::Quote,
            _ => Class::Symbol,
        };
        if byte == 255 {
            return classes;
        }
        byte += 1;
    }
}

/// So many bytes of such kinds.
pub fn run(text: &[u8], is_part: impl Fn(Class) -> bool) -> usize {
    let part = |byte: &&u8| is_part(CLASS[usize::from(**byte)]);
    text.iter().take_while(part).count()
}

/// Whether a number may begin with it.
pub fn is_number(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// `42`, `0x2a`, `1_000`, `4.2e-7`
pub fn number(sql: &[u8]) -> usize {
    let mut length = 0;
    loop {
        length += sql[length..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(**byte, b'.' | b'_'))
            .count();
        let is_exponent = length > 0
            && matches!(sql[length - 1], b'e' | b'E')
            && !sql.starts_with(b"0x")
            && matches!(sql.get(length), Some(b'-' | b'+'));
        if !is_exponent {
            return length;
        }
        length += 1;
    }
}

/// What is between quotes, with them; to the end if it is cut off.
pub fn quoted(sql: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while let Some(found) = match escapes {
        true => memchr::memchr2(quote, b'\\', &sql[at.min(sql.len())..]),
        false => memchr::memchr(quote, &sql[at..]),
    } {
        at += found;
        let doubles = sql[at] == b'\\' || sql.get(at + 1) == Some(&quote);
        at += 1 + usize::from(doubles);
        if !doubles {
            return at;
        }
        at = at.min(sql.len());
    }
    sql.len()
}

/// `-- …`, without the line's end.
pub fn line_comment(sql: &[u8]) -> usize {
    memchr::memchr(b'\n', sql).unwrap_or(sql.len())
}

/// `/* … */`, with those in it.
pub fn block_comment(sql: &[u8]) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at + 1 < sql.len() {
        match &sql[at..at + 2] {
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
    sql.len()
}

/// `$tag$ … $tag$`; nothing if it is none.
pub fn dollar_quoted(sql: &[u8]) -> Option<usize> {
    let name = run(&sql[1..], |class| {
        matches!(class, Class::Letter | Class::Digit)
    });
    let tag = sql.get(..name + 2).filter(|tag| tag.ends_with(b"$"))?;
    let body = &sql[tag.len()..];
    let end = memchr::memmem::find(body, tag).map(|end| end + tag.len());
    Some(tag.len() + end.unwrap_or(body.len()))
}
