//! CSV as RFC 4180 has it, with a header, except that lines end in `\n` alone:
//! with `\r\n` the last field would end in a `\r` for cut, awk and `read`. Null
//! is an empty field, a nested value is JSON text.

use std::io::{self, Write};

use csv::{Writer, WriterBuilder};
use serde_json::Value;

use super::cells::text;

pub(super) fn writer<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().has_headers(false).from_writer(out)
}

pub(super) fn header<W: Write>(out: &mut Writer<W>, columns: &[&str]) -> io::Result<()> {
    out.write_record(columns).map_err(io::Error::from)
}

pub(super) fn row<W: Write>(out: &mut Writer<W>, cells: &[Value]) -> io::Result<()> {
    out.write_record(cells.iter().map(text))
        .map_err(io::Error::from)
}
