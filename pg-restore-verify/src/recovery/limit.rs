//! How far WAL may be replayed here: to where it creates a tablespace in a directory of this machine.
//!
//! The server is not asked to stop there, it never gets what comes from there on: neither from the
//! archive nor in the backup's own folder of WAL. Its target may be before that; and if it is not,
//! the server says that it was not reached.

use std::fs;
use std::path::{Path, PathBuf};

use shared::{Context, Result};

use super::archive::Segment;
use super::pages::{Creation, Records};

/// What must not be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The file of WAL.
    pub file: String,
    /// The tablespace's directory.
    pub directory: String,
    /// The file's place in the WAL, and where in it the record begins; 0 if it began before.
    place: (u64, usize),
}

/// The WAL that the backup itself brings; then all that was looked through.
#[derive(Debug, Default)]
pub struct Own {
    /// Where the first tablespace is created.
    pub limit: Option<Limit>,
    /// The records that it ended with, of which the archive may have the rest.
    pub records: Records,
}

impl Own {
    /// Looks through the copy's folder of it, and cuts it there.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        paths.sort();
        let segments = paths.iter().filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            Some((path, name, Segment::parse(name)?))
        });
        let segments: Vec<_> = segments.collect();
        let mut own = Self::default();
        for (path, name, segment) in &segments {
            let bytes = fs::read(path).context(|| path.display().to_string())?;
            own.look_through((*name).to_string(), *segment, &bytes);
        }
        let touched = |segment: Segment| {
            let limit = own.limit.as_ref();
            limit.is_some_and(|limit| segment.place() >= limit.place.0)
        };
        for (path, _, segment) in segments.iter().filter(|(.., segment)| touched(*segment)) {
            let named = || path.display().to_string();
            let mut bytes = fs::read(path).context(named)?;
            match own.cut(*segment, &mut bytes) {
                true => fs::write(path, bytes).context(named)?,
                false => fs::remove_file(path).context(named)?,
            }
        }
        Ok(own)
    }

    /// The new limit, if what creates a tablespace is in this file, and before the limit that is known.
    pub fn look_through(&mut self, file: String, segment: Segment, bytes: &[u8]) -> Option<Limit> {
        let Creation { directory, offset } = self.records.tablespace(bytes)?;
        let place = (segment.place(), offset);
        let known = self.limit.as_ref();
        if known.is_some_and(|known| known.place <= place) {
            return None;
        }
        self.limit = Some(Limit {
            file,
            directory,
            place,
        });
        self.limit.clone()
    }

    /// Whether all of this file is behind the limit.
    pub fn is_beyond(&self, segment: Segment) -> bool {
        let limit = self.limit.as_ref();
        limit.is_some_and(|limit| limit.place <= (segment.place(), 0))
    }

    /// Leaves zeros of what is behind the limit, which end WAL; whether anything is left.
    pub fn cut(&self, segment: Segment, bytes: &mut [u8]) -> bool {
        let limit = self.limit.as_ref();
        if let Some(limit) = limit.filter(|limit| limit.place.0 == segment.place()) {
            let from = limit.place.1.min(bytes.len());
            bytes[from..].fill(0);
        }
        !self.is_beyond(segment)
    }
}
