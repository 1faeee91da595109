//! `-Z METHOD[:LEVEL]`: what is possible, and what is best where nothing was said.

use std::ffi::OsString;
use std::fmt;
use std::process::Stdio;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::backup::Format;
use shared::dump::Packing;
use shared::programs::{Child, Program, Version};
use shared::{Error, Result, signals};

use crate::late::Late;

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

/// The methods that pg_dump knows. Where we compress, on all cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Gzip,
    /// In archives from pg_dump 16.
    Lz4,
    /// In archives from pg_dump 16.
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
    /// What is best for this format: fast, small, and read by the pg_restore of the pg_dump that
    /// was found. Scripts are gzipped, which every machine can undo.
    pub fn best(format: Format, pg_dump: &Program, builds: &Builds) -> Result<Self> {
        Ok(match format {
            // A tenth less work than at 6; rows are still smaller than gzip makes them.
            Format::Plain => Self::Method(Method::Gzip, 4),
            Format::Tar => Self::None,
            Format::Custom | Format::Directory
                if builds.knows(pg_dump, Method::Zstd)? == Some(true) =>
            {
                Self::Method(Method::Zstd, 3)
            }
            // A third less work than at 6, and 2 % larger.
            Format::Custom | Format::Directory => Self::Method(Method::Gzip, 2),
        })
    }

    /// An error where nobody can do that to this format.
    pub fn check(self, format: Format) -> Result<()> {
        match (format, self) {
            (Format::Tar, Self::Method(method, _)) => Err(Error::usage(format!(
                "tar files are not compressed, not by {} either",
                method.name()
            ))
            .with_hint("-F custom is one file too, and is compressed")),
            _ => Ok(()),
        }
    }

    /// An error where the archives of this pg_dump can't be compressed like that.
    pub fn check_program(self, format: Format, pg_dump: &Program, builds: &Builds) -> Result<()> {
        let Self::Method(method @ (Method::Lz4 | Method::Zstd), _) = self else {
            return Ok(());
        };
        let version = pg_dump.version;
        let name = method.name();
        if format == Format::Plain {
            return Ok(());
        }
        if version.major < MORE_THAN_GZIP {
            return Err(Error::new(format!(
                "the archives of pg_dump {version} can't be compressed with {name}: \
                 that takes pg_dump {MORE_THAN_GZIP}"
            ))
            .with_hint("use -Z gzip, or install a newer client"));
        }
        match builds.knows(pg_dump, method)? {
            Some(true) | None => Ok(()),
            Some(false) => Err(Error::new(format!(
                "this pg_dump {version} was built without {name}, and so its pg_restore can't \
                 read what is compressed with it"
            ))
            .with_hint("use -Z gzip, or install another client")),
        }
    }

    /// The value of pg_dump's own `--compress`, where it compresses.
    pub fn argument(self, pg_dump: Version) -> String {
        match self {
            Self::None => "0".into(),
            Self::Method(Method::Gzip, level) if pg_dump.major < MORE_THAN_GZIP => {
                level.to_string()
            }
            Self::Method(..) => self.to_string(),
        }
    }

    /// How an archive that we compress says it, and gzip's level, which older ones name.
    pub fn packing(self) -> (Packing, u8) {
        match self {
            Self::None => (Packing::None, 0),
            Self::Method(Method::Gzip, level) => {
                (Packing::Gzip, u8::try_from(level).unwrap_or(u8::MAX))
            }
            Self::Method(Method::Lz4, _) => (Packing::Lz4, 0),
            Self::Method(Method::Zstd, _) => (Packing::Zstd, 0),
        }
    }

    /// The extension of a backup of this format, compressed like this.
    pub fn extension(self, format: Format) -> &'static str {
        match (format, self) {
            (Format::Custom, _) => "dump",
            (Format::Directory, _) => "dir",
            (Format::Tar, _) => "tar",
            (Format::Plain, Self::None) => "sql",
            (Format::Plain, Self::Method(Method::Gzip, _)) => "sql.gz",
            (Format::Plain, Self::Method(Method::Lz4, _)) => "sql.lz4",
            (Format::Plain, Self::Method(Method::Zstd, _)) => "sql.zst",
        }
    }
}

/// How long a pg_dump may take to say what it was built with, which it does at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// What each pg_dump was built with; each is asked once.
#[derive(Default)]
pub struct Builds(Mutex<Vec<Answer>>);

struct Answer {
    words: Vec<OsString>,
    method: Method,
    knows: Option<bool>,
}

impl Builds {
    /// Whether this pg_dump was built with the method, and with it its pg_restore; `None` where it
    /// does not say.
    fn knows(&self, pg_dump: &Program, method: Method) -> Result<Option<bool>> {
        if pg_dump.version.major < MORE_THAN_GZIP {
            return Ok(Some(false));
        }
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |answer: &&Answer| answer.words == pg_dump.words && answer.method == method;
        if let Some(answer) = answers.iter().find(is_it) {
            return Ok(answer.knows);
        }
        let knows = ask(pg_dump, method, PATIENCE)?;
        answers.push(Answer {
            words: pg_dump.words.clone(),
            method,
            knows,
        });
        Ok(knows)
    }
}

/// A pg_dump says what it was not built with before it looks at where to connect, and then that
/// there is nothing to connect to. Anything else is no answer: who takes it elsewhere may fail.
fn ask(pg_dump: &Program, method: Method, patience: Duration) -> Result<Option<bool>> {
    let arguments = [
        "--no-password",
        "--format=custom",
        &format!("--compress={}", method.name()),
        "--dbname=hostaddr=/",
    ];
    let mut command = pg_dump.command_with(arguments.map(OsString::from));
    command.env("LC_ALL", "C");
    for name in ["PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"] {
        command.env_remove(name);
    }
    // Who takes it elsewhere may dump whatever it is told.
    command.stdout(Stdio::null());
    let child = Child::spawn(command, "pg_dump")?;
    let late = Late::after(Some(patience), child.ender())?;
    let complaint = child.wait()?.stderr;
    signals::check()?;
    Ok(match () {
        () if late.was() => None,
        () if complaint.contains("does not support compression") => Some(false),
        () if complaint.contains("could not parse network address") => Some(true),
        () => None,
    })
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
    use std::fs;
    use std::path::Path;

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
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (format, compression, is_good) in [
            (Format::Plain, "zstd:9", true),
            (Format::Plain, "lz4", true),
            (Format::Plain, "lz4:9", true),
            (Format::Custom, "lz4:2", true),
            (Format::Directory, "lz4:9", true),
            (Format::Tar, "none", true),
            (Format::Tar, "gzip", false),
        ] {
            let compression: Compression = compression.parse().unwrap();
            let checked = compression.check(format);
            assert_eq!(checked.is_ok(), is_good, "{compression}");
        }
    }

    /// A pg_dump 17 behind an ssh, which complains so when it is asked what it knows.
    fn far_pg_dump(folder: &Path, complaint: &str) -> Program {
        let pg_dump = format!(
            "[ $1 != --version ] || exec echo 'pg_dump (PostgreSQL) 17.1'\n\
             echo asked >> {}/asked\n\
             [ \"$*\" = '--no-password --format=custom --compress=zstd --dbname=hostaddr=/' ] \
             && [ $# = 4 ] && echo '{complaint}' >&2",
            folder.display()
        );
        for (name, script) in [("ssh", "shift; exec sh -c \"$*\""), ("pg_dump", &pg_dump)] {
            let path = folder.join(name);
            ::tests::write_script(&path, format!("#!/bin/sh\n{script}\nexit 1\n"));
        }
        let path = folder.display();
        let command = format!("{path}/ssh host {path}/pg_dump");
        Program::from_command(&command, "pg_dump").unwrap()
    }

    #[test]
    fn what_a_pg_dump_was_built_with_is_asked_once_wherever_it_runs() {
        for (complaint, best, is_refused) in [
            (
                r#"could not parse network address "/": Name"#,
                "zstd:3",
                false,
            ),
            (
                "this build does not support compression with zstd",
                "gzip:2",
                true,
            ),
            ("connection refused", "gzip:2", false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let pg_dump = far_pg_dump(folder.path(), complaint);
            let builds = Builds::default();
            for _ in 0..3 {
                let found = Compression::best(Format::Custom, &pg_dump, &builds).unwrap();
                assert_eq!(found.to_string(), best, "{complaint}");
                let zstd: Compression = "zstd:9".parse().unwrap();
                let checked = zstd.check_program(Format::Custom, &pg_dump, &builds);
                assert_eq!(checked.is_err(), is_refused, "{complaint}");
            }
            let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
            assert_eq!(asked, "asked\n");
        }
    }
    #[test]
    fn a_pg_dump_that_does_not_answer_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pg_dump = far_pg_dump(
            folder.path(),
            "'; sleep 20; echo 'does not support compression",
        );
        let asked = ask(&pg_dump, Method::Zstd, Duration::from_millis(50));
        assert_eq!(asked.unwrap(), None);
    }
}
