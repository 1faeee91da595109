//! What the server answers to several statements that were sent at once.

use postgres::SimpleQueryMessage;
use postgres::SimpleQueryRow;
use shared::time::Time;
use shared::{Error, Result};

/// Microseconds from 1970 to 2000, where the server's times begin.
const EPOCH: i128 = 946_684_800_000_000;

/// How text is asked for that other databases' sessions sent, and names that all databases share: nobody has
/// made sure that it is valid in this one's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// As text, which the server may refuse to convert, and which may not be UTF-8 where it does not.
    Plain,
    /// As the bytes that they are.
    Bytes,
}

/// Only with it are bytes sent as they are: else each text is converted for the client, or checked.
const UNCONVERTED: &str = "SET LOCAL client_encoding = 'SQL_ASCII';";

impl Texts {
    /// Statements with this in place of `{text}`.
    pub fn asked(self, statements: &str) -> String {
        match self {
            Self::Plain => statements.replace("{text}", ""),
            Self::Bytes => {
                let statements = statements.replace("{text}", "pg_catalog.textsend");
                format!("{UNCONVERTED} {statements}")
            }
        }
    }
}

/// The rows of each statement, in their order; none where some of it is not UTF-8.
pub fn by_statement(messages: Vec<SimpleQueryMessage>, texts: Texts) -> Option<Vec<Vec<Row>>> {
    let mut statements = Vec::new();
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                let columns = 0..row.len();
                if columns.into_iter().any(|place| row.try_get(place).is_err()) {
                    return None;
                }
                rows.push(Row { row, texts });
            }
            SimpleQueryMessage::CommandComplete(_) => statements.push(std::mem::take(&mut rows)),
            _ => {}
        }
    }
    if texts == Texts::Bytes && !statements.is_empty() {
        // The setting has no rows.
        statements.remove(0);
    }
    Some(statements)
}

/// A row, whose values are text.
pub struct Row {
    row: SimpleQueryRow,
    texts: Texts,
}

impl Row {
    /// A value that may be null; what of it is not UTF-8 is replaced.
    pub fn text(&self, column: usize) -> Option<String> {
        let text = self.row.get(column)?;
        let bytes = match self.texts {
            Texts::Plain => None,
            // What was not asked for as bytes reads the same.
            Texts::Bytes => bytes(text),
        };
        Some(bytes.map_or_else(
            || text.to_string(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        ))
    }

    /// A value that is never null.
    pub fn some_text(&self, column: usize) -> Result<String> {
        self.text(column).ok_or_else(|| self.unknown(column))
    }

    /// A number that may be null.
    pub fn number<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>> {
        let number = self.row.get(column).map(str::parse).transpose();
        number.map_err(|_| self.unknown(column))
    }

    /// A number that is never null.
    pub fn some_number<T: std::str::FromStr>(&self, column: usize) -> Result<T> {
        self.number(column)?.ok_or_else(|| self.unknown(column))
    }

    /// True or false, or null, which is taken for false.
    pub fn is(&self, column: usize) -> bool {
        self.row.get(column) == Some("t")
    }

    /// Microseconds since 2000, as timestamptz_send has them.
    pub fn time(&self, column: usize) -> Result<Option<Time>> {
        let Some(text) = self.row.get(column) else {
            return Ok(None);
        };
        let bytes = bytes(text).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| self.unknown(column))?;
        let nanoseconds = (EPOCH + i128::from(i64::from_be_bytes(bytes))) * 1000;
        let time = Time::from_unix_timestamp_nanos(nanoseconds);
        time.map(Some).map_err(|_| self.unknown(column))
    }

    /// A time that is never null.
    pub fn some_time(&self, column: usize) -> Result<Time> {
        self.time(column)?.ok_or_else(|| self.unknown(column))
    }

    fn unknown(&self, column: usize) -> Error {
        let name = self.row.columns().get(column);
        Error::new(format!(
            "the server's {} is {:?}",
            name.map_or("answer", |column| column.name()),
            self.row.get(column)
        ))
    }
}

/// What a bytea is, as either setting of bytea_output writes it.
fn bytes(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => (0..digits.len())
            .step_by(2)
            .map(|place| u8::from_str_radix(digits.get(place..place + 2)?, 16).ok())
            .collect(),
        None => escaped(text),
    }
}

/// `\\` is a backslash, and `\012` the byte with that octal number.
fn escaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let (byte, length) = match (first, rest.get(1..4)) {
            (b'\\', _) if rest.get(1..2) == Some("\\") => (b'\\', 2),
            (b'\\', digits) => (u8::from_str_radix(digits?, 8).ok()?, 4),
            _ => (first, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_bytea_in_either_form() {
        let is = [0, 2, 0xf0, b'A', b'\\', b'0', 0x7f, 0xff];
        assert_eq!(bytes(r"\x0002f0415c307fff").unwrap(), is);
        assert_eq!(bytes(r"\000\002\360A\\0\177\377").unwrap(), is);
        for wrong in [r"\x0", r"\x0g", r"\9", r"\12"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
