//! JSON Lines: one object a line.

use std::io::{self, Write};

pub(super) fn row(out: &mut impl Write, object: &[u8]) -> io::Result<()> {
    out.write_all(object)?;
    out.write_all(b"\n")
}
