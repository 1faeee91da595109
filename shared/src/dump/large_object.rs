//! The statements by which a script brings large objects back.

/// A call of a script that makes or fills a large object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LargeObjectCall {
    /// It is made.
    Create(u32),
    /// Its content follows.
    Open(u32),
    /// The next bytes of it.
    Write(Vec<u8>),
    /// Its content is through.
    Close,
}

impl LargeObjectCall {
    /// The call as pg_dump writes it; `None` for any other statement.
    pub fn parse(statement: &[u8]) -> Option<Self> {
        let call = statement.strip_prefix(b"SELECT pg_catalog.lo")?;
        if let Some(bytes) = call.strip_prefix(b"write(0, '") {
            // Twice where strings have escapes.
            let hex = bytes
                .strip_prefix(b"\\x")
                .or(bytes.strip_prefix(b"\\\\x"))?;
            return Some(Self::Write(bytes_of(hex)));
        }
        if call.starts_with(b"_close(") {
            return Some(Self::Close);
        }
        match (call.starts_with(b"_open("), call.starts_with(b"_create(")) {
            (true, _) => number(call).map(Self::Open),
            (_, true) => number(call).map(Self::Create),
            _ => None,
        }
    }
}

/// The bytes that the digits stand for, up to what is no digit.
fn bytes_of(hex: &[u8]) -> Vec<u8> {
    let nibble = |digit: u8| {
        let value = char::from(digit).to_digit(16)?;
        u8::try_from(value).ok()
    };
    let pairs = hex.chunks_exact(2);
    let bytes = pairs.map_while(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?));
    bytes.collect()
}

fn number(call: &[u8]) -> Option<u32> {
    let mut words = call.split(|byte| !byte.is_ascii_digit());
    let digits = words.find(|digits| !digits.is_empty())?;
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_a_script() {
        for (sql, expected) in [
            (
                "SELECT pg_catalog.lo_create('16400');",
                Some(LargeObjectCall::Create(16400)),
            ),
            (
                "SELECT pg_catalog.lo_open('16400', 131072);",
                Some(LargeObjectCall::Open(16400)),
            ),
            (
                "SELECT pg_catalog.lowrite(0, '\\x00ff61');",
                Some(LargeObjectCall::Write(vec![0, 255, 97])),
            ),
            (
                "SELECT pg_catalog.lowrite(0, '\\\\x61');",
                Some(LargeObjectCall::Write(vec![97])),
            ),
            (
                "SELECT pg_catalog.lowrite(0, '\\x');",
                Some(LargeObjectCall::Write(Vec::new())),
            ),
            (
                "SELECT pg_catalog.lo_close(0);",
                Some(LargeObjectCall::Close),
            ),
            ("SELECT pg_catalog.setval('public.s', 1, true);", None),
        ] {
            assert_eq!(LargeObjectCall::parse(sql.as_bytes()), expected, "{sql}");
        }
    }
}
