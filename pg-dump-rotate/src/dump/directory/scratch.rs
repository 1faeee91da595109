//! A folder in which pg_dump writes what we compress, on all cores and with a checksum, into the
//! folder of the backup.
//!
//! pg_dump can't wait for us there, so what lies in it may grow to the whole dump: room for that
//! is set aside.

use std::io;

use shared::backup::Place;
use shared::{Context, Result};

use super::punch;
use crate::compression::{Compression, Method};
use crate::dump::Dump;
use crate::room::Spill;

const NAME: &str = "uncompressed";

/// The folder, which is gone when it is dropped.
pub struct Scratch {
    /// That of the backup.
    folder: Place,
    place: Place,
    compression: Compression,
    room: Spill,
}

impl Scratch {
    /// Makes it in the folder of the backup; `None` where pg_dump had better compress itself.
    pub fn make(dump: &Dump<'_>, folder: &Place) -> Result<Option<Self>> {
        let compression = dump.compression;
        let Some(bytes) = dump.estimate.filter(|_| keeps_up(compression)) else {
            return Ok(None);
        };
        if dump.pg_dump.is_elsewhere() || !punch::is_free(folder) {
            return Ok(None);
        }
        let Some(room) = dump.room.spill(folder.folder(), bytes)? else {
            return Ok(None);
        };
        let place = folder.within(NAME);
        let named = || format!("could not create {}", place.folder().display());
        folder.create_folder(NAME).context(named)?;
        room.lies_in(place.folder());
        Ok(Some(Self {
            folder: folder.clone(),
            place,
            compression,
            room,
        }))
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Removes it, in which there must be nothing any more.
    pub fn end(&self) -> io::Result<()> {
        let mut is_empty = true;
        self.place.each(|_, _| is_empty = false)?;
        match is_empty {
            true => self.folder.remove(NAME),
            false => Err(io::ErrorKind::DirectoryNotEmpty.into()),
        }
    }

    /// How we compress what lies there.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// What may lie there.
    pub fn room(&self) -> &Spill {
        &self.room
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What resists goes with the folder that it is in, or fails it.
        let _ = self.folder.remove(NAME);
    }
}

/// Whether we compress about as fast as pg_dump writes; and by what pg_dump would do.
fn keeps_up(compression: Compression) -> bool {
    match compression {
        // Our zlib's fastest is much larger than pg_dump's.
        Compression::Method(Method::Gzip, level) => (2..=6).contains(&level),
        Compression::Method(Method::Zstd | Method::Lz4, level) => level <= 9,
        Compression::None => false,
    }
}
