//! SQL as text: what of it is neither quoted nor a comment.

/// The bytes that are code, each with its place: those in quotes and in comments are left out.
pub fn code(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.as_bytes().get(at..)?;
            match skipped(text, at, rest) {
                0 => {
                    at += 1;
                    return rest.first().map(|byte| (at - 1, *byte));
                }
                length => at += length,
            }
        }
    })
}

/// Whether a string, a quoted name or a comment may begin with it.
fn begins(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"' | b'-' | b'/' | b'$')
}

/// The length of the string, the quoted name or the comment that begins here.
fn skipped(text: &str, at: usize, rest: &[u8]) -> usize {
    match rest {
        [b'\'', ..] => {
            let has_escapes = at > 0 && matches!(text.as_bytes()[at - 1], b'e' | b'E');
            quoted_length(rest, b'\'', has_escapes)
        }
        [b'"', ..] => quoted_length(rest, b'"', false),
        [b'-', b'-', ..] => rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len()),
        [b'/', b'*', ..] => comment_length(rest),
        [b'$', ..] => dollar_length(&text[at..]),
        _ => 0,
    }
}

fn quoted_length(rest: &[u8], quote: u8, has_escapes: bool) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' if has_escapes => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

fn comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn dollar_length(text: &str) -> usize {
    let Some(end) = text[1..].find('$') else {
        return 0;
    };
    let tag = &text[..end + 2];
    let is_tag = tag[1..=end]
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80);
    match is_tag && !tag[1..].starts_with(|first: char| first.is_ascii_digit()) {
        true => text[tag.len()..]
            .find(tag)
            .map_or(text.len(), |found| found + 2 * tag.len()),
        false => 0,
    }
}

/// Without comments, and without spaces at its ends.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let length = skipped(text, at, rest);
        let is_comment = rest.starts_with(b"--") || rest.starts_with(b"/*");
        // What begins nothing goes on to the next byte that may.
        let length = match length {
            0 => 1 + rest[1..].iter().take_while(|byte| !begins(**byte)).count(),
            length => length,
        };
        if !is_comment {
            out.push_str(&text[at..at + length]);
        }
        at += length;
    }
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    match out.contains('\n') && !out.contains(['\'', '$', '"']) {
        true => lines.collect::<Vec<_>>().join(" "),
        false => out.trim().to_string(),
    }
}

/// Where a word stands for itself, outside of parentheses.
pub fn keyword(text: &str, word: &str) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut depth = 0;
    for (at, byte) in code(text) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ if depth == 0 => {
                let found = text.get(at..at + word.len());
                let bytes = text.as_bytes();
                let is_whole = (at == 0 || !is_part(&bytes[at - 1]))
                    && !bytes.get(at + word.len()).is_some_and(is_part);
                if is_whole && found.is_some_and(|found| found.eq_ignore_ascii_case(word)) {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_are_no_code() {
        let text = "a 'b''--' \"c(\" $x$ ( $x$ d -- e\n/* f /* g */ h */ i E'\\'j' k";
        let code: String = code(text).map(|(_, byte)| byte as char).collect();
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>(),
            ["a", "d", "i", "E", "k"]
        );
    }

    #[test]
    fn comments_go_and_strings_stay() {
        assert_eq!(plain("a -- b\n  c /* d */"), "a c");
        assert_eq!(plain(" DEFAULT '-- x' -- y"), "DEFAULT '-- x'");
        assert_eq!(plain("straße"), "straße");
    }

    #[test]
    fn a_keyword_is_a_whole_word_outside_of_parentheses() {
        let text = "n TYPE numeric USING (a USING b)";
        assert_eq!(keyword(text, "using"), Some(15));
        assert_eq!(keyword("\"USING\" reusing x_using", "USING"), None);
        assert_eq!(keyword("unclosed 'USING", "USING"), None);
    }
}
