//! What kind of backup a file is, by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use shared::dump::archive_versions;
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
    /// An SQL script.
    Plain,
    /// An SQL script, gzipped.
    PlainGzip,
}

/// A file is looked at so far for what a dump says of itself.
const HEAD_BYTES: u64 = 16 << 10;

impl Archive {
    /// Looks at a file. `Ok(Err(words))` if it is a backup no longer, or never was.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn open(path: &Path) -> Result<std::result::Result<Self, String>> {
        let named = || path.display().to_string();
        check_regular(path)?;
        let file = File::open(path).context(named)?;
        let mut head = Vec::new();
        file.take(HEAD_BYTES)
            .read_to_end(&mut head)
            .context(named)?;
        Ok(Self::of_head(path, &head))
    }

    fn of_head(path: &Path, head: &[u8]) -> std::result::Result<Self, String> {
        if head.is_empty() {
            return Err("the file is empty".to_string());
        }
        if head.starts_with(b"PGDMP") {
            let (server, pg_dump) = archive_versions(head);
            return Ok(Self::new(
                path,
                Kind::Custom,
                server.as_deref(),
                pg_dump.as_deref(),
            ));
        }
        if head.starts_with(&[0x1f, 0x8b]) {
            let mut text = Vec::new();
            // Only the beginning is here, so that the end must be missed.
            let _ = MultiGzDecoder::new(head)
                .take(HEAD_BYTES)
                .read_to_end(&mut text);
            if text.is_empty() {
                return Err("the gzip file holds nothing that can be read".to_string());
            }
            return Self::of_script(path, Kind::PlainGzip, &text);
        }
        Self::of_script(path, Kind::Plain, head)
    }

    fn of_script(path: &Path, kind: Kind, head: &[u8]) -> std::result::Result<Self, String> {
        let text = String::from_utf8_lossy(head);
        let value = |prefix| text.lines().find_map(|line| line.strip_prefix(prefix));
        if value("-- PostgreSQL database cluster dump").is_some() {
            return Err(
                "it is pg_dumpall's dump of a whole cluster, not of a database".to_string(),
            );
        }
        if value("-- PostgreSQL database dump").is_none() {
            return Err("it is no backup of pg_dump in custom or plain format".to_string());
        }
        let server = value("-- Dumped from database version ");
        let pg_dump = value("-- Dumped by pg_dump version ");
        let encoding = value("SET client_encoding = '").and_then(|rest| rest.split('\'').next());
        let archive = Self::new(path, kind, server, pg_dump);
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

/// Whether this is a dump of directory format.
pub fn is_directory(path: &Path) -> bool {
    path.join("toc.dat").is_file()
}

/// Refuses what is no file on disk: a backup is read several times, and opening a
/// pipe waits for whoever may write to it.
pub fn check_regular(path: &Path) -> Result<()> {
    let named = || path.display().to_string();
    let metadata = std::fs::metadata(path).context(named)?;
    if is_directory(path) {
        return Ok(());
    }
    if metadata.is_dir() {
        let error = Error::new(format!("{} is a folder", path.display()));
        return Err(error.with_hint("name a backup's file, or use --latest DIR"));
    }
    let stream = ["/dev", "/proc"]
        .iter()
        .any(|folder| path.starts_with(folder));
    if stream || !metadata.is_file() {
        return Err(Error::new(format!("{} is no regular file", path.display()))
            .with_hint("a backup is read several times: save it to a file first"));
    }
    Ok(())
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
            Ok(Kind::Plain)
        );
        for none in [
            "",
            "hello",
            "-- PostgreSQL database cluster dump\n",
            "\u{1f}\u{8b}",
        ] {
            assert!(kind(none.as_bytes()).is_err(), "{none:?}");
        }
        assert!(kind(&[0x1f, 0x8b, 8, 0]).is_err());
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
