//! JSON Lines: one object a line.

use std::io::{self, Write};

use serde_json::Value;

use super::json;

pub(super) fn row(out: &mut impl Write, columns: &[&str], cells: &[Value]) -> io::Result<()> {
    json::object(out, columns, cells)?;
    out.write_all(b"\n")
}
