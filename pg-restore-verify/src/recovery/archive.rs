//! The folder of archived WAL: which file is where, whatever the archiver called it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use shared::{Context, Result, signals};

/// Archivers keep a folder for each few hundred files, below one for each server.
const DEEPEST: usize = 4;

/// Archived WAL by name.
#[derive(Debug, Default, Clone)]
pub struct Archive {
    files: BTreeMap<String, PathBuf>,
}

impl Archive {
    /// What lies in the folder and those below.
    pub fn open(folder: &Path) -> Result<Self> {
        let mut archive = Self::default();
        archive.add_folder(folder, 0)?;
        Ok(archive)
    }

    /// The file that holds this one.
    pub fn path(&self, name: &str) -> Option<&Path> {
        let partial = || self.files.get(&format!("{name}.partial"));
        let found = self.files.get(name).or_else(partial);
        found.map(PathBuf::as_path)
    }

    /// Whether there is a file of WAL at all.
    pub fn is_empty(&self) -> bool {
        !self.files.keys().any(|name| Segment::parse(name).is_some())
    }

    /// What is there, in the order of its names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn add_folder(&mut self, folder: &Path, depth: usize) -> Result<()> {
        signals::check()?;
        let entries = fs::read_dir(folder).context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry.context(|| folder.display().to_string())?;
            let path = entry.path();
            if path.is_dir() {
                if depth < DEEPEST {
                    self.add_folder(&path, depth + 1)?;
                }
            } else if let Some(name) = wal_name(&entry.file_name().to_string_lossy()) {
                // A file as it is rather than a compressed one, whichever comes first.
                let plain = path.file_name().is_some_and(|file| file == name.as_str());
                if plain || !self.files.contains_key(&name) {
                    self.files.insert(name, path);
                }
            }
        }
        Ok(())
    }
}

/// The server's own name of a file in the archive: without what tells of compression, or the
/// checksum that pgBackRest adds. None for a file that an archiver has not finished.
fn wal_name(file: &str) -> Option<String> {
    let (stem, rest) = match file.find(['.', '-']) {
        Some(at) => file.split_at(at),
        None => (file, ""),
    };
    if stem.len() == 8 && is_hex(stem) && rest.starts_with(".history") {
        return is_packed(rest.trim_start_matches(".history")).then(|| format!("{stem}.history"));
    }
    if stem.len() != 24 || !is_hex(stem) {
        return None;
    }
    if let Some(packed) = rest.strip_prefix(".partial") {
        return is_packed(packed).then(|| format!("{stem}.partial"));
    }
    let checksum = rest.strip_prefix('-').and_then(|rest| rest.get(..40));
    let packed = match checksum {
        Some(sum) if sum.bytes().all(|byte| byte.is_ascii_hexdigit()) => &rest[41..],
        Some(_) => return None,
        None => rest,
    };
    is_packed(packed).then(|| stem.to_string())
}

/// By content it is known how; these are the endings that archivers give.
fn is_packed(ending: &str) -> bool {
    ["", ".gz", ".zst", ".zstd", ".lz4", ".bz2", ".xz", ".lzma"].contains(&ending)
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

/// A file of WAL, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The timeline.
    pub timeline: u32,
    high: u32,
    low: u32,
}

impl Segment {
    /// What the name says; `None` for one of another kind.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".partial").unwrap_or(name);
        (name.len() == 24 && is_hex(name)).then_some(())?;
        let part = |at: usize| u32::from_str_radix(&name[at..at + 8], 16).ok();
        Some(Self {
            timeline: part(0)?,
            high: part(8)?,
            low: part(16)?,
        })
    }

    /// The name of the file that holds a place in the WAL, files being of this length.
    pub fn of(timeline: u32, lsn: u64, bytes: u64) -> String {
        let low = (lsn & 0xffff_ffff) / bytes;
        format!("{timeline:08X}{:08X}{low:08X}", lsn >> 32)
    }

    /// Where in the WAL it is, comparable.
    pub fn place(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }

    /// Where in the WAL it begins, files being of this length.
    pub fn start(self, bytes: u64) -> u64 {
        (u64::from(self.high) << 32) + u64::from(self.low) * bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_archiver_called_it() {
        let segment = "0000000100000000000000AF";
        let sum = "0123456789abcdef0123456789abcdef01234567";
        for file in [
            segment.to_string(),
            format!("{segment}.gz"),
            format!("{segment}.zst"),
            format!("{segment}-{sum}"),
            format!("{segment}-{sum}.lz4"),
        ] {
            assert_eq!(wal_name(&file).as_deref(), Some(segment), "{file}");
        }
        let partial = format!("{segment}.partial");
        assert_eq!(wal_name(&format!("{partial}.gz")), Some(partial));
        assert_eq!(
            wal_name("00000002.history.gz").as_deref(),
            Some("00000002.history")
        );
        for file in [
            format!("{segment}.tmp"),
            format!("{segment}.00000028.backup"),
            format!("{segment}.gz.part"),
            segment.to_lowercase(),
            "archive_status".into(),
            "..".into(),
        ] {
            assert_eq!(wal_name(&file), None, "{file}");
        }
    }
}
