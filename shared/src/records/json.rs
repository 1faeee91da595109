//! One JSON array, written element by element, each on its own line.

use std::io::{self, Write};

use serde_json::Value;

pub(super) fn row(
    out: &mut impl Write,
    columns: &[&str],
    cells: &[Value],
    first: bool,
) -> io::Result<()> {
    out.write_all(if first { b"[\n" } else { b",\n" })?;
    object(out, columns, cells)
}

pub(super) fn end(out: &mut impl Write, empty: bool) -> io::Result<()> {
    out.write_all(if empty { b"[]\n" } else { b"\n]\n" })
}

/// `{"column":value,…}` without a space or a line feed in it.
pub(super) fn object(out: &mut impl Write, columns: &[&str], cells: &[Value]) -> io::Result<()> {
    let mut before = '{';
    for (column, cell) in columns.iter().zip(cells) {
        write!(out, "{before}\"{column}\":")?;
        serde_json::to_writer(&mut *out, cell)?;
        before = ',';
    }
    out.write_all(b"}")
}
