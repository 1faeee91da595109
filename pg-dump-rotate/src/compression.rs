//! `-Z METHOD[:LEVEL]`: what is possible, and what is best where nothing was said.

use std::fmt;
use std::str::FromStr;

use shared::backup::Format;
use shared::programs::{Child, Program, Version};
use shared::{Error, Result};

/// The first pg_dump that knows more than zlib.
const MORE_THAN_GZIP: u32 = 16;

/// How a backup is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By this method at this level.
    Method(Method, u32),
}

/// The methods that pg_dump knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By pg_dump's zlib in archives, by our own threads in scripts.
    Gzip,
    /// From pg_dump 16.
    Lz4,
    /// From pg_dump 16.
    Zstd,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The highest level, and the one where none was said.
    fn levels(self) -> (u32, u32) {
        match self {
            Self::Gzip => (9, 6),
            Self::Lz4 => (12, 1),
            Self::Zstd => (22, 3),
        }
    }
}

impl Compression {
    /// What is best for this format by this pg_dump: nearly as fast as not to compress, and small.
    /// zlib within pg_dump runs on one core and holds the dump up, so it gets a low level; in
    /// scripts the work is ours and runs on all cores.
    pub fn best(format: Format, pg_dump: &Program) -> Result<Self> {
        Ok(match format {
            Format::Plain => Self::Method(Method::Gzip, 6),
            Format::Tar => Self::None,
            Format::Custom | Format::Directory if has_zstd(pg_dump)? => {
                Self::Method(Method::Zstd, 3)
            }
            Format::Custom | Format::Directory => Self::Method(Method::Gzip, 1),
        })
    }

    /// An error where no pg_dump, or not we, can do that to this format.
    pub fn check(self, format: Format) -> Result<()> {
        match (format, self) {
            (Format::Plain, Self::Method(method @ (Method::Lz4 | Method::Zstd), _)) => {
                let method = method.name();
                Err(Error::usage(format!(
                    "plain backups are compressed with gzip, not with {method}"
                ))
                .with_hint(format!("-F custom takes {method}, from pg_dump 16")))
            }
            _ => Ok(()),
        }
    }

    /// An error where this pg_dump can't do that.
    pub fn check_version(self, pg_dump: Version) -> Result<()> {
        match self {
            Self::Method(method @ (Method::Lz4 | Method::Zstd), _)
                if pg_dump.major < MORE_THAN_GZIP =>
            {
                Err(Error::new(format!(
                    "pg_dump {pg_dump} can't compress with {}: that takes pg_dump {MORE_THAN_GZIP}",
                    method.name()
                ))
                .with_hint("use -Z gzip, or install a newer client"))
            }
            _ => Ok(()),
        }
    }

    /// The value of pg_dump's own `--compress`.
    pub fn argument(self, pg_dump: Version) -> String {
        match self {
            Self::None => "0".into(),
            Self::Method(Method::Gzip, level) if pg_dump.major < MORE_THAN_GZIP => {
                level.to_string()
            }
            Self::Method(..) => self.to_string(),
        }
    }

    /// The extension of a backup of this format, compressed like this.
    pub fn extension(self, format: Format) -> &'static str {
        match (format, self) {
            (Format::Custom, _) => "dump",
            (Format::Directory, _) => "dir",
            (Format::Tar, _) => "tar",
            (Format::Plain, Self::None) => "sql",
            (Format::Plain, Self::Method(..)) => "sql.gz",
        }
    }
}

/// Whether this pg_dump was built with zstd: it says so before it connects, and here there is
/// nothing to connect to.
fn has_zstd(pg_dump: &Program) -> Result<bool> {
    if pg_dump.version.major < MORE_THAN_GZIP {
        return Ok(false);
    }
    let mut command = pg_dump.command();
    command.env("LC_ALL", "C").args([
        "--no-password",
        "--format=custom",
        "--compress=zstd:3",
        "--dbname=host=/nonexistent hostaddr=''",
    ]);
    let finished = Child::spawn(command, "pg_dump")?.wait()?;
    Ok(!finished.stderr.contains("does not support compression"))
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Method(method, level) => write!(f, "{}:{level}", method.name()),
        }
    }
}

impl FromStr for Compression {
    type Err = String;

    /// `none`, `gzip`, `zstd:3`, or as with pg_dump a bare level of gzip, 0 for none.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None if text.parse::<u32>().is_ok() => ("gzip", Some(text)),
            None => (text, None),
        };
        let method = match name {
            "none" if level.is_none() => return Ok(Self::None),
            "gzip" => Method::Gzip,
            "lz4" => Method::Lz4,
            "zstd" => Method::Zstd,
            _ => return Err(
                "it is none, gzip, lz4 or zstd, the last three with a level if you like: zstd:3"
                    .into(),
            ),
        };
        let (highest, usual) = method.levels();
        match level.map(str::parse) {
            None => Ok(Self::Method(method, usual)),
            Some(Ok(0)) if method == Method::Gzip => Ok(Self::None),
            Some(Ok(level)) if (1..=highest).contains(&level) => Ok(Self::Method(method, level)),
            _ => Err(format!(
                "the levels of {} are 1 to {highest}",
                method.name()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pg_dump_reads() {
        for (text, expected) in [
            ("none", "none"),
            ("0", "none"),
            ("gzip:0", "none"),
            ("9", "gzip:9"),
            ("gzip", "gzip:6"),
            ("gzip:1", "gzip:1"),
            ("zstd", "zstd:3"),
            ("zstd:19", "zstd:19"),
            ("lz4", "lz4:1"),
        ] {
            assert_eq!(text.parse::<Compression>().unwrap().to_string(), expected);
        }
        for text in [
            "", "bzip2", "gzip:10", "gzip:", "zstd:0", "zstd:23", "none:1", "-1", "gzip:x",
        ] {
            assert!(text.parse::<Compression>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_old_pg_dump_gets_a_number_and_a_new_one_the_method() {
        let version = |text| Version::parse(text).unwrap();
        let gzip: Compression = "gzip:4".parse().unwrap();
        assert_eq!(gzip.argument(version("15.18")), "4");
        assert_eq!(gzip.argument(version("16.1")), "gzip:4");
        let zstd: Compression = "zstd".parse().unwrap();
        assert!(zstd.check_version(version("15.18")).is_err());
        assert!(zstd.check_version(version("16.1")).is_ok());
    }
}
