//! PostgreSQL's own programs: finding the one of the right version, running it,
//! ending it with us.
//!
//! `PG_BINDIR` names the only folder to look in. Without it: `PATH`, the folder
//! that `pg_config` names, and where Debian, Red Hat, SUSE, Alpine, Homebrew and
//! Postgres.app put each version. Secrets reach a program by its environment
//! only, never by its arguments.

mod child;
mod install;
mod leash;
mod places;
mod version;
mod words;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

pub use child::{Child, Ender, Finished};
pub use install::install_hint;
pub use places::Places;
pub use version::Version;
pub use words::{quote, split as words};

use crate::error::{Context, Error, Result};

/// A program that was found, and which version it is.
#[derive(Debug, Clone)]
pub struct Program {
    /// How it is started: its path, or the words of a command that ends in it.
    pub words: Vec<OsString>,
    /// What it calls itself, such as `pg_dump`.
    pub name: String,
    /// What `--version` says.
    pub version: Version,
}

impl Program {
    /// Finds the program whose major version is the closest one at or above
    /// `at_least`, or the newest there is.
    pub fn find(name: &str, at_least: Option<u32>) -> Result<Self> {
        Places::of_process().find(name, at_least)
    }

    /// Takes a command such as `docker compose exec -T db pg_dump` for the
    /// program: split into words as a shell would, run without one.
    pub fn from_command(command: &str, name: &str) -> Result<Self> {
        let words = words::split(command).context(|| format!("the command for {name}"))?;
        if words.is_empty() {
            return Err(Error::usage(format!("the command for {name} is empty")));
        }
        let version = version::ask(&words, Some(name));
        let version = version.context(|| format!("{name} by \"{}\"", masked(&words)))?;
        Ok(Self::new(words, name, version))
    }

    /// Whether other words come before the program: they may take it to where our environment
    /// and our files are not.
    pub fn is_elsewhere(&self) -> bool {
        self.words.len() > 1
    }

    pub(crate) fn new(words: Vec<OsString>, name: &str, version: Version) -> Self {
        Self {
            words,
            name: name.to_string(),
            version,
        }
    }

    /// The file that is started: the program, or the first word of a command.
    pub fn path(&self) -> &Path {
        Path::new(self.words.first().map_or(OsStr::new(""), |word| word))
    }

    /// Another program of the same folder, or of the folder that this one is a
    /// link into: the same version. Elsewhere it is reached by the same words.
    pub fn sibling(&self, name: &str) -> Result<Self> {
        if self.is_elsewhere() {
            return self.sibling_elsewhere(name);
        }
        let beside = [
            Some(self.path().to_path_buf()),
            self.path().canonicalize().ok(),
        ];
        let mut beside = beside
            .into_iter()
            .flatten()
            .map(|path| path.with_file_name(name));
        match beside.find(|path| path.is_file()) {
            Some(path) => Ok(Self::new(vec![path.into()], name, self.version)),
            None => {
                let missing = format!("{} has no {name} beside it", self.path().display());
                let hint = install_hint(name, Some(self.version.major));
                Err(Error::new(missing).with_hint(hint))
            }
        }
    }

    /// The same program with the version that it says it has: one that does not start says none.
    pub fn asked(self) -> Result<Self> {
        let version = version::ask(&self.words, None)?;
        Ok(Self { version, ..self })
    }

    fn sibling_elsewhere(&self, name: &str) -> Result<Self> {
        let mut words = self.words.clone();
        let own = words.pop().unwrap_or_default();
        let path = Path::new(&own);
        if path.file_name() != Some(OsStr::new(&self.name)) {
            let command = own.to_string_lossy();
            return Err(Error::usage(format!(
                "where {name} is can't be told from a command that ends in {command:?}, not in {}",
                self.name
            )));
        }
        words.push(path.with_file_name(name).into());
        let version = version::ask(&words, Some(name));
        let version = version.context(|| format!("{name} where {} is", self.name))?;
        Ok(Self::new(words, name, version))
    }

    /// A command without arguments yet. Neither stdin nor stdout is ours: what a
    /// caller wants to write or read it makes a pipe.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.path());
        command.args(self.words.iter().skip(1));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// A command with these arguments. Where ssh takes it to another host, a shell there reads
    /// them once more, so they are quoted for it.
    pub fn command_with(&self, arguments: impl IntoIterator<Item = OsString>) -> Command {
        let is_ssh = |word: &OsString| Path::new(word).file_name() == Some(OsStr::new("ssh"));
        let by_ssh = self.is_elsewhere() && self.words.iter().any(is_ssh);
        let mut command = self.command();
        for argument in arguments {
            match argument.to_str().filter(|_| by_ssh) {
                Some(text) => command.arg(quote(text)),
                None => command.arg(argument),
            };
        }
        command
    }
}

/// A command in words, without the values in it, one of which may be a password.
fn masked(words: &[OsString]) -> String {
    let shown = |word: &OsString| match word.to_string_lossy().split_once('=') {
        Some((name, _)) => format!("{name}=***"),
        None => word.to_string_lossy().into_owned(),
    };
    words.iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// Gives a command these variables, and takes away those that have no value.
pub fn set_environment(
    command: &mut Command,
    variables: impl IntoIterator<Item = (OsString, Option<OsString>)>,
) {
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_a_command_are_not_told() {
        let error =
            Program::from_command("env PGPASSWORD=secret no-such-program-here x", "pg_dump");
        let told = error.unwrap_err().in_one_line();
        assert!(
            told.contains("PGPASSWORD=***") && !told.contains("secret"),
            "{told}"
        );
    }
}
