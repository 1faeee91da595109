//! The names in a folder, as fast as the kernel tells them.

use std::fs::File;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, RawDir, statat};

use crate::error::{Context, Result};

/// So much is asked of the kernel at once: a few thousand names.
const AT_ONCE: usize = 256 << 10;

/// Calls `each` with the name and the kind of everything in a folder. Names that are no UTF-8 are
/// none of ours, and passed over.
pub fn entries(path: &Path, mut each: impl FnMut(&str, FileType)) -> Result<()> {
    let named = || path.display().to_string();
    let folder = File::open(path).context(named)?;
    let mut buffer = Vec::with_capacity(AT_ONCE);
    let mut all = RawDir::new(&folder, buffer.spare_capacity_mut());
    while let Some(entry) = all.next() {
        let entry = entry.map_err(std::io::Error::from).context(named)?;
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        match entry.file_type() {
            _ if matches!(name, "." | "..") => {}
            // Not every file system says.
            FileType::Unknown => {
                let found = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW);
                let kind = found.map(|found| FileType::from_raw_mode(found.st_mode));
                each(name, kind.unwrap_or(FileType::Unknown));
            }
            kind => each(name, kind),
        }
    }
    Ok(())
}
