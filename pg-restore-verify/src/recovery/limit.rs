//! How far WAL may be replayed here: to where it creates a tablespace in a directory of this machine.
//!
//! The server is not asked to stop there, it never gets what comes from there on: neither from the
//! archive nor in the backup's own folder of WAL. Its target may be before that; and if it is not,
//! the server says that it was not reached. Each file is cut for itself, so that one of a timeline
//! that is not followed has no say in another's.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shared::{Context, Result};

use super::archive::Segment;
use super::pages::{Creation, Head, Records};

/// What must not be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The file of WAL.
    pub file: String,
    /// The tablespace's directory.
    pub directory: String,
    /// Where in the WAL the record begins; `None` if the file before has its beginning.
    pub lsn: Option<u64>,
}

/// What was looked through.
#[derive(Debug, Default)]
pub struct Guard {
    /// The records that files ended within, by the place where the file after them begins: it may
    /// have the rest, be it the backup's own or of the archive.
    ends: BTreeMap<u64, Vec<Records>>,
    /// What was taken from the backup's own files, by their names.
    own: BTreeMap<String, Limit>,
}

impl Guard {
    /// Looks through the copy's folder of WAL, and cuts what is there.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        paths.sort();
        let mut guard = Self::default();
        for path in &paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Of a .partial one the server takes no notice there.
            if let Some(segment) = Segment::parse(&name).filter(|_| path.extension().is_none()) {
                guard.cut_own(path, &name, segment)?;
            }
        }
        Ok(guard)
    }

    /// Cuts a file in the copy's folder of WAL, if there is one: what comes before it in the archive may
    /// go on in that. What it ever lost.
    pub fn cut_own(&mut self, path: &Path, name: &str, segment: Segment) -> Result<Option<Limit>> {
        let named = || path.display().to_string();
        let mut bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(self.own.get(name).cloned());
            }
            read => read.context(named)?,
        };
        if let Some(limit) = self.cut(name.to_string(), segment, &mut bytes) {
            match bytes.is_empty() {
                true => fs::remove_file(path).context(named)?,
                false => fs::write(path, bytes).context(named)?,
            }
            self.own.insert(name.to_string(), limit);
        }
        Ok(self.own.get(name).cloned())
    }

    /// Leaves zeros of what creates a tablespace and of all behind it, which end WAL; of a file that
    /// begins within such a record, nothing.
    pub fn cut(&mut self, file: String, segment: Segment, bytes: &mut Vec<u8>) -> Option<Limit> {
        let head = Head::of(bytes)?;
        let start = segment.start(head.bytes);
        let before = self.ends.get(&start).cloned();
        let mut first: Option<Creation> = None;
        for mut records in before.unwrap_or_else(|| vec![Records::default()]) {
            let found = records.tablespace(start, bytes);
            let is_first = |found: &Creation| {
                let first = first.as_ref();
                first.is_none_or(|first| found.offset < first.offset)
            };
            first = found.filter(is_first).or(first);
            let ends = self.ends.entry(start + head.bytes).or_default();
            if !ends.contains(&records) {
                ends.push(records);
            }
        }
        let Creation { directory, offset } = first?;
        match offset {
            Some(offset) => bytes[offset..].fill(0),
            None => bytes.clear(),
        }
        Some(Limit {
            file,
            directory,
            lsn: offset.map(|offset| start + offset as u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::pages::tests::{creation, files, filler};
    use super::*;

    const FIRST: &str = "000000010000000000000001";
    const SECOND: &str = "000000010000000000000002";

    #[test]
    fn nothing_of_a_record_that_goes_on_in_another_file_is_given() {
        let [first, second] = &files(&[filler(16), creation()])[..] else {
            panic!("two files");
        };
        let folder = tempfile::tempdir().unwrap();
        let (own, segments) = (
            folder.path().join(SECOND),
            [FIRST, SECOND].map(|name| Segment::parse(name).unwrap()),
        );
        fs::write(&own, second).unwrap();
        // Alone it says nothing.
        let mut guard = Guard::of(folder.path()).unwrap();
        assert_eq!(fs::read(&own).unwrap(), *second);
        // The archive has what comes before it.
        let mut bytes = first.clone();
        assert_eq!(guard.cut("a".into(), segments[0], &mut bytes), None);
        assert_eq!(bytes, *first);
        // Whatever else was looked at in the meantime.
        let other = files(&[filler(0)]).swap_remove(1);
        assert_eq!(guard.cut("b".into(), segments[1], &mut other.clone()), None);
        let limit = guard.cut_own(&own, SECOND, segments[1]).unwrap().unwrap();
        assert_eq!((limit.lsn, limit.directory.as_str()), (None, "/srv/fast"));
        assert!(!own.exists());
        let mut bytes = second.clone();
        assert!(guard.cut("c".into(), segments[1], &mut bytes).is_some());
        assert!(bytes.is_empty());
    }

    #[test]
    fn what_an_older_file_left_behind_is_not_replayed() {
        let folder = tempfile::tempdir().unwrap();
        let [first, _] = &files(&[creation()])[..] else {
            panic!("two files");
        };
        // A file that waits to be written over.
        fs::write(folder.path().join(SECOND), first).unwrap();
        let guard = Guard::of(folder.path()).unwrap();
        assert!(guard.own.is_empty());
        assert_eq!(fs::read(folder.path().join(SECOND)).unwrap(), *first);
    }
}
