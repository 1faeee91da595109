//! Numbers and texts as an archive has them, and what to say when they aren't there.

use std::io::{self, Read};

use crate::{Error, Result};

/// No text of PostgreSQL is longer; a damaged length must not fill the memory.
const LONGEST_TEXT: u64 = 1 << 30;

/// A number: a byte for its sign, then its bytes, the least significant first.
pub fn int(input: &mut impl Read, bytes: usize) -> io::Result<i64> {
    let mut buffer = [0; 9];
    input.read_exact(&mut buffer[..=bytes]).map_err(cut)?;
    let mut value = [0; 8];
    value[..bytes].copy_from_slice(&buffer[1..=bytes]);
    let value = i64::from_le_bytes(value);
    Ok(if buffer[0] == 0 {
        value
    } else {
        value.wrapping_neg()
    })
}

/// A text: its length, then its bytes; a negative length is none.
pub fn text(input: &mut impl Read, int_bytes: usize) -> Result<Option<Vec<u8>>> {
    let Ok(length) = u64::try_from(int(input, int_bytes).map_err(unreadable)?) else {
        return Ok(None);
    };
    if length > LONGEST_TEXT {
        return Err(senseless());
    }
    let mut text = Vec::new();
    let read = input
        .take(length)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    match read as u64 == length {
        true => Ok(Some(text)),
        false => Err(unreadable(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// So many bytes.
pub fn array<const N: usize>(input: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Why an archive can't be read.
pub fn unreadable(error: io::Error) -> Error {
    cut(error).into()
}

/// The end of the file where more was promised, in words.
pub fn cut(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the archive ends early"),
        _ => error,
    }
}

/// What is read is no archive, or a damaged one.
pub fn senseless() -> Error {
    Error::new("the archive makes no sense")
}
