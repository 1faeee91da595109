//! A folder in which pg_dump writes what we compress, on all cores and with a checksum, into the
//! folder of the backup.
//!
//! pg_dump can't wait for us there, so what lies in it may grow to the whole dump: room for that
//! is set aside.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use shared::{Context, Result};

use super::punch;
use crate::compression::{Compression, Method};
use crate::dump::Dump;
use crate::folder::remove;
use crate::room::Spill;

const NAME: &str = "uncompressed";
/// What a file system counts in.
const BLOCK: u64 = 512;

/// The folder, which is gone when it is dropped.
pub struct Scratch {
    path: PathBuf,
    compression: Compression,
    room: Spill,
}

impl Scratch {
    /// Makes it in the folder of the backup; `None` where pg_dump had better compress itself.
    pub fn make(dump: &Dump<'_>, folder: &Path) -> Result<Option<Self>> {
        let compression = dump.compression;
        let Some(bytes) = dump.estimate.filter(|_| keeps_up(compression)) else {
            return Ok(None);
        };
        if dump.pg_dump.is_elsewhere() || !punch::is_free(folder) {
            return Ok(None);
        }
        let Some(room) = Spill::of(folder, bytes)? else {
            return Ok(None);
        };
        let path = folder.join(NAME);
        let named = || format!("could not create {}", path.display());
        DirBuilder::new().mode(0o700).create(&path).context(named)?;
        Ok(Some(Self {
            path,
            compression,
            room,
        }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How we compress what lies there.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// What may lie there.
    pub fn most_bytes(&self) -> u64 {
        self.room.bytes()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What resists goes with the folder that it is in, or fails it.
        let _ = remove(&self.path);
    }
}

/// Whether we compress about as fast as pg_dump writes; and by what pg_dump would do.
fn keeps_up(compression: Compression) -> bool {
    match compression {
        // Our zlib's fastest is much larger than pg_dump's.
        Compression::Method(Method::Gzip, level) => (2..=6).contains(&level),
        Compression::Method(Method::Zstd, level) => level <= 9,
        Compression::Method(Method::Lz4, level) => level == 1,
        Compression::None => false,
    }
}

/// What the files of a folder take on the disk.
pub fn taken_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let taken = files.filter_map(|file| Some(file.metadata().ok()?.blocks() * BLOCK));
    taken.sum()
}
