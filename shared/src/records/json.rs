//! One JSON array, written element by element, each on its own line.

use std::io::{self, Write};

pub(super) fn row(out: &mut impl Write, object: &[u8], first: bool) -> io::Result<()> {
    out.write_all(if first { b"[\n" } else { b",\n" })?;
    out.write_all(object)
}

pub(super) fn end(out: &mut impl Write, empty: bool) -> io::Result<()> {
    out.write_all(if empty { b"[]\n" } else { b"\n]\n" })
}
