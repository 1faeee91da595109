//! Room on the disk that the copy goes to, which others need as well.

use std::io;
use std::path::Path;

use shared::{Error, Result, units};

use crate::room::MAKE_ROOM;

/// What the copy needs beside its own size: WAL, and what the recovery adds.
const BESIDE: u64 = 256 << 20;

/// Refuses to write so many bytes below `folder` where the recovery, and others, would lack room then.
pub fn ensure_room(folder: &Path, bytes: u64) -> Result<()> {
    let free = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
    let free = free.f_bavail.saturating_mul(free.f_frsize);
    let needed = bytes.saturating_add(BESIDE);
    if needed <= free {
        return Ok(());
    }
    let (needed, free) = (units::human_bytes(needed), units::human_bytes(free));
    Err(Error::new(format!(
        "the copy of the backup needs {needed}, and {} has {free}",
        folder.display()
    ))
    .with_hint(MAKE_ROOM)
    .of_machine())
}
