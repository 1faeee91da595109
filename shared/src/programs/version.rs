//! The version that a program says it has.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::Child;
use crate::error::{Error, Result};
use crate::signals;

/// How long a program may take to tell its version: behind an ssh somebody may have to type a
/// password, or a machine to wake up.
const PATIENCE: Duration = Duration::from_secs(60);

/// No program says more than that about its version.
const LONGEST: u64 = 64 * 1024;

/// A release of PostgreSQL, such as 15.18. A development version has minor 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What decides compatibility: 15.
    pub major: u32,
    /// The correction of that release: 18.
    pub minor: u32,
}

impl Version {
    /// Reads `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, `17beta1` or
    /// a bare number: the first word that begins with a digit.
    pub fn parse(text: &str) -> Option<Self> {
        let word = text
            .split_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
        let (major, rest) = leading_number(word)?;
        let minor = rest.strip_prefix('.').and_then(leading_number);
        Some(Self {
            major,
            minor: minor.map_or(0, |(number, _)| number),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    Some((number.parse().ok()?, rest))
}

/// Runs the words with `--version` and reads the answer. It must say `name`, where one is given:
/// what is run by other words may be something else, with a version of its own.
pub(super) fn ask(words: &[OsString], name: Option<&str>) -> Result<Version> {
    ask_within(PATIENCE, words, name)
}

fn ask_within(patience: Duration, words: &[OsString], name: Option<&str>) -> Result<Version> {
    let [program, arguments @ ..] = words else {
        return Err(Error::usage("no command"));
    };
    let mut command = Command::new(program);
    command.args(arguments).arg("--version");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Child::spawn(command, &program.to_string_lossy())?;
    let (ender, stdout) = (child.ender(), child.stdout()?);
    let (answered, waiting) = channel::<()>();
    let limit = thread::Builder::new().spawn(move || {
        let is_late = waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
        if is_late {
            ender.end();
        }
        is_late
    })?;
    let mut said = Vec::new();
    let read = stdout.take(LONGEST).read_to_end(&mut said);
    let finished = child.wait()?;
    drop(answered);
    let is_late = limit.join().unwrap_or(false);
    signals::check()?;
    read?;
    if is_late {
        let program = program.to_string_lossy();
        let seconds = patience.as_secs();
        return Err(Error::new(format!(
            "{program} did not tell its version within {seconds} seconds"
        )));
    }
    let said = String::from_utf8_lossy(&said);
    let said_name = said.find(name.unwrap_or_default());
    match said_name.and_then(|start| Version::parse(&said[start..])) {
        Some(version) if finished.status.success() => Ok(version),
        _ => Err(unclear(program, &said, &finished.stderr)),
    }
}

fn unclear(program: &OsString, said: &str, complaint: &str) -> Error {
    let message = format!("{} does not tell its version", program.to_string_lossy());
    let words = format!("{}\n{}", complaint.trim(), said.trim());
    match words.trim() {
        "" => Error::new(message),
        words => Error::new(message).with_detail(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_say() {
        for (text, expected) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
                "15.18",
            ),
            ("pg_dump (PostgreSQL) 18.1\n", "18.1"),
            ("psql (EnterpriseDB) 14.2.1", "14.2"),
            ("initdb (PostgreSQL) 17beta1", "17.0"),
            ("pg_restore (PostgreSQL) 19devel", "19.0"),
            ("13", "13.0"),
        ] {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.to_string(), expected, "{text}");
        }
        assert_eq!(Version::parse("no such container: db"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn one_that_says_nothing_is_ended() {
        for script in ["sleep 1000", "echo 'x 15.1'; sleep 1000 & wait"] {
            let words = ["sh", "-c", script].map(OsString::from);
            let error = ask_within(Duration::ZERO, &words, None).unwrap_err();
            assert!(error.message().contains("did not tell its version"));
        }
        let words = ["echo", "x 15.1"].map(OsString::from);
        let version = ask_within(Duration::from_secs(1000), &words, None);
        assert_eq!(version.unwrap().to_string(), "15.1");
    }

    #[test]
    fn a_later_major_is_greater_whatever_the_minor() {
        assert!(Version::parse("15.18") < Version::parse("16.1"));
        assert!(Version::parse("15.9") < Version::parse("15.18"));
    }
}
