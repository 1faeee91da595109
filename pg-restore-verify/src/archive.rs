//! What kind of backup a file or folder is, by its first bytes.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use shared::backup::{Manifest, manifest_of};
use shared::dump::{CONTENTS, Compression, archive_versions};
use shared::{Context, Error, Result};

/// A backup, opened far enough to know what it is.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Where it is.
    pub path: PathBuf,
    /// How it is stored.
    pub kind: Kind,
    /// The major version of the server that it was taken from.
    pub server_major: Option<u32>,
    /// The major version of the pg_dump that took it.
    pub pg_dump_major: Option<u32>,
    /// The encoding of a script.
    pub encoding: Option<String>,
}

/// How a backup is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// pg_dump's custom format.
    Custom,
    /// A folder with a file for each table's rows.
    Directory,
    /// The same files in a tar file.
    Tar,
    /// An SQL script, compressed or not.
    Plain(Compression),
    /// pg_dumpall's script of roles and tablespaces, compressed or not.
    Globals(Compression),
}

/// A file is looked at so far for what a dump says of itself.
const HEAD_BYTES: u64 = 16 << 10;
/// Where a tar file's first member begins, and where its head says that it is one.
const TAR_BLOCK: usize = 512;
const TAR_MAGIC: Range<usize> = 257..262;

impl Archive {
    /// Looks at a file or folder. `Ok(Err(words))` if it is a backup no longer, or never was.
    ///
    /// # Errors
    /// When it can't be read, or is nothing that can be restored.
    pub fn open(path: &Path) -> Result<std::result::Result<Self, String>> {
        let named = || path.display().to_string();
        check_kind(path)?;
        if path.is_dir() {
            let contents = path.join(CONTENTS);
            return match contents.is_file() {
                true => Ok(Self::of_contents(
                    path,
                    Kind::Directory,
                    &head(&contents).context(named)?,
                )),
                false => Ok(Err("its table of contents, toc.dat, is missing".to_string())),
            };
        }
        let bytes = head(path).context(named)?;
        let compression = Compression::of(&bytes);
        if compression == Compression::None {
            return Ok(Self::of_head(path, &bytes));
        }
        let text = text_of(path, compression).context(named)?;
        if text.starts_with(b"PGDMP") || is_tar(&text) {
            let method = compression.as_str();
            return Err(Error::new(format!(
                "{} is an archive of pg_dump, compressed once more by {method}",
                path.display()
            ))
            .with_hint("decompress it first: pg_restore can't read it either"));
        }
        Ok(match text.is_empty() {
            true => Err(format!(
                "the {} file is cut short or damaged: nothing of it can be read",
                compression.as_str()
            )),
            false => Self::of_script(path, compression, &text),
        })
    }

    /// With the version of the server that the manifest tells, where the script does not.
    fn with_versions_of_manifest(self) -> Self {
        let manifest = Manifest::read(&self.path).ok().flatten();
        let version = |of: fn(Manifest) -> Option<String>| manifest.clone().and_then(of);
        let server = version(|manifest| manifest.server_version);
        let pg_dump = version(|manifest| manifest.pg_dump_version);
        Self {
            server_major: server.as_deref().and_then(major),
            pg_dump_major: pg_dump.as_deref().and_then(major),
            ..self
        }
    }

    /// How much there is on disk.
    pub fn bytes(&self) -> u64 {
        let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
        match (self.kind, fs::read_dir(&self.path)) {
            (Kind::Directory, Ok(files)) => files.flatten().map(|file| length(&file.path())).sum(),
            _ => length(&self.path),
        }
    }

    fn of_head(path: &Path, head: &[u8]) -> std::result::Result<Self, String> {
        if head.is_empty() {
            return Err("the file is empty".to_string());
        }
        if head.starts_with(b"PGDMP") {
            return Self::of_contents(path, Kind::Custom, head);
        }
        if is_tar(head) {
            let contents = &head[TAR_BLOCK.min(head.len())..];
            return match head.starts_with(CONTENTS.as_bytes()) {
                true => Self::of_contents(path, Kind::Tar, contents),
                false => Err("it is a tar file, but none of pg_dump".to_string()),
            };
        }
        Self::of_script(path, Compression::None, head)
    }

    /// By what a table of contents begins with.
    fn of_contents(path: &Path, kind: Kind, head: &[u8]) -> std::result::Result<Self, String> {
        if !head.starts_with(b"PGDMP") {
            return Err("its table of contents, toc.dat, is none of pg_dump".to_string());
        }
        let (server, pg_dump) = archive_versions(head);
        Ok(Self::new(path, kind, server.as_deref(), pg_dump.as_deref()))
    }

    fn of_script(
        path: &Path,
        compression: Compression,
        head: &[u8],
    ) -> std::result::Result<Self, String> {
        let text = String::from_utf8_lossy(head);
        let value = |prefix| text.lines().find_map(|line| line.strip_prefix(prefix));
        if value("-- PostgreSQL database cluster dump").is_some() {
            return Ok(
                Self::new(path, Kind::Globals(compression), None, None).with_versions_of_manifest()
            );
        }
        if value("-- PostgreSQL database dump").is_none() {
            return Err("it is no backup of pg_dump".to_string());
        }
        let server = value("-- Dumped from database version ");
        let pg_dump = value("-- Dumped by pg_dump version ");
        let encoding = value("SET client_encoding = '").and_then(|rest| rest.split('\'').next());
        let archive = Self::new(path, Kind::Plain(compression), server, pg_dump);
        Ok(Self {
            encoding: encoding.map(str::to_string),
            ..archive
        })
    }

    fn new(path: &Path, kind: Kind, server: Option<&str>, pg_dump: Option<&str>) -> Self {
        Self {
            path: path.to_path_buf(),
            kind,
            server_major: server.and_then(major),
            pg_dump_major: pg_dump.and_then(major),
            encoding: None,
        }
    }
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// The first bytes of what a file holds. That it can't be read to their end shows when it is read
/// as a whole.
fn text_of(path: &Path, compression: Compression) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if let Ok(unpacked) = compression.unpack(BufReader::new(File::open(path)?)) {
        let _ = unpacked.take(HEAD_BYTES).read_to_end(&mut text);
    }
    Ok(text)
}

fn is_tar(head: &[u8]) -> bool {
    head.get(TAR_MAGIC).is_some_and(|magic| magic == b"ustar")
}

/// Refuses what is neither a file on disk nor a folder with a backup: a backup is read several
/// times, and opening a pipe waits for whoever may write to it.
pub fn check_kind(path: &Path) -> Result<()> {
    let named = || path.display().to_string();
    let metadata = fs::metadata(path).context(named)?;
    if metadata.is_dir() && !holds_a_backup(path)? {
        return Err(Error::new(format!("{} is a folder", path.display()))
            .with_hint("name a backup in it, or use --latest DIR"));
    }
    // What these lead to may be a file, but not for who is started by us; /dev/shm has files.
    let stream = [
        "/dev/fd",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
        "/proc",
    ]
    .iter()
    .any(|folder| path.starts_with(folder));
    if stream || !(metadata.is_file() || metadata.is_dir()) {
        return Err(Error::new(format!("{} is no regular file", path.display()))
            .with_hint("a backup is read several times: save it to a file first"));
    }
    Ok(())
}

/// Whether a folder is a backup of directory format, or what is left of one.
fn holds_a_backup(path: &Path) -> Result<bool> {
    let of_name = path
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| path.with_file_name(manifest_of(name)).exists());
    let is_data = |name: &str| name.ends_with(".dat") || name.contains(".dat.");
    let mut entries = fs::read_dir(path).context(|| path.display().to_string())?;
    let holds = entries
        .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_data)));
    Ok(of_name || holds)
}

/// `15.18 (Debian 15.18-1)`, `17beta1`, `18devel`.
fn major(version: &str) -> Option<u32> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod test {
    use super::*;

    fn kind(head: &[u8]) -> std::result::Result<Kind, String> {
        Archive::of_head(Path::new("x"), head).map(|archive| archive.kind)
    }

    #[test]
    fn by_content_not_by_name() {
        assert_eq!(kind(b"PGDMP\x01\x0e\x00"), Ok(Kind::Custom));
        assert_eq!(
            kind(b"--\n-- PostgreSQL database dump\n--\n"),
            Ok(Kind::Plain(Compression::None))
        );
        let mut tar = [0; 1024];
        tar[..7].copy_from_slice(b"toc.dat");
        tar[TAR_MAGIC].copy_from_slice(b"ustar");
        assert!(kind(&tar).is_err());
        tar[512..517].copy_from_slice(b"PGDMP");
        assert_eq!(kind(&tar), Ok(Kind::Tar));
        tar[..7].copy_from_slice(b"pgdata/");
        assert!(kind(&tar).is_err());
        assert_eq!(
            kind(b"--\n-- PostgreSQL database cluster dump\n--\n"),
            Ok(Kind::Globals(Compression::None))
        );
        for none in ["", "hello"] {
            assert!(kind(none.as_bytes()).is_err(), "{none:?}");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(major("15.18 (Debian 15.18-1)"), Some(15));
        assert_eq!(major("18devel"), Some(18));
        let text = "-- PostgreSQL database dump\n-- Dumped from database version 13.4\n\
                    -- Dumped by pg_dump version 16.1\n";
        let archive = Archive::of_head(Path::new("x"), text.as_bytes()).unwrap();
        assert_eq!(
            (archive.server_major, archive.pg_dump_major),
            (Some(13), Some(16))
        );
    }
}
