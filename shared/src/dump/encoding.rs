//! Text in an encoding of the server, without a server to convert it.

use std::borrow::Cow;

const TABLES: &str = include_str!("encodings.txt");

/// What bytes in this encoding of PostgreSQL say. Of `SQL_ASCII`, which is none, it is taken for
/// UTF-8, with U+FFFD for what is not. `None` for bytes that are not in the encoding,
/// and for one whose characters take several bytes, unless it is UTF-8.
pub fn decode<'b>(bytes: &'b [u8], encoding: &str) -> Option<Cow<'b, str>> {
    match (str::from_utf8(bytes), encoding) {
        (Ok(text), "UTF8" | "SQL_ASCII") => Some(Cow::Borrowed(text)),
        (Ok(text), _) if text.is_ascii() => Some(Cow::Borrowed(text)),
        (_, "UTF8") => None,
        (_, "SQL_ASCII") => Some(String::from_utf8_lossy(bytes)),
        _ => by_table(bytes, encoding).map(Cow::Owned),
    }
}

fn by_table(bytes: &[u8], encoding: &str) -> Option<String> {
    let mut lines = TABLES.lines();
    let points = lines.find_map(|line| line.strip_prefix(encoding)?.strip_prefix(' '))?;
    let upper: Vec<char> = points
        .split(' ')
        .filter_map(|point| char::from_u32(u32::from_str_radix(point, 16).ok()?))
        .collect();
    let text = bytes.iter().map(|byte| match byte.checked_sub(0x80) {
        None => Some(char::from(*byte)),
        Some(place) => upper
            .get(usize::from(place))
            .copied()
            .filter(|point| *point != char::REPLACEMENT_CHARACTER),
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_kind_of_encoding() {
        for (bytes, encoding, expected) in [
            (&b"t\xfcb"[..], "LATIN1", Some("tüb")),
            (b"\xa4\xe9", "LATIN9", Some("€é")),
            (b"\x80\x8a", "WIN1252", Some("€Š")),
            (b"\xd4", "KOI8R", Some("т")),
            ("тüb".as_bytes(), "UTF8", Some("тüb")),
            (b"t\xfcb", "UTF8", None),
            ("é".as_bytes(), "SQL_ASCII", Some("é")),
            (b"t\xfc\xc3\xa9", "SQL_ASCII", Some("t\u{fffd}é")),
            (b"\x81", "WIN1252", None),
            (b"\xc6\xfc", "EUC_JP", None),
            (b"abc", "EUC_JP", Some("abc")),
            (b"\xe9", "", None),
        ] {
            let decoded = decode(bytes, encoding);
            assert_eq!(decoded.as_deref(), expected, "{encoding} {bytes:x?}");
        }
    }

    #[test]
    fn every_table_is_whole() {
        for line in TABLES.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split(' ').count(), 129, "{line}");
        }
    }
}
