//! Which server a backup is of: backups of two must not rotate each other away, though their
//! databases have one name.

use sha2::{Digest, Sha256};
use shared::backup::{self, Manifest};
use shared::connection::Conninfo;
use shared::programs::Version;

use super::elsewhere::Whole;
use super::{Run, elsewhere};
use crate::server::Server;

/// How many bytes of the hash are enough to tell servers apart.
const MARK_BYTES: usize = 8;

/// What is known of the server.
pub struct Origin {
    /// As psql says, where pg_dump runs elsewhere.
    version: Option<Version>,
    /// What psql says of the database, too.
    pub database: Option<Whole>,
    system_identifier: Option<String>,
    /// Of how it is reached: no secret can be read in it.
    mark: String,
}

impl Origin {
    /// What a session of our own was told.
    pub fn reached(server: &Server, run: &Run<'_>, conninfo: &Conninfo) -> Self {
        Self {
            version: None,
            database: None,
            system_identifier: server.system_identifier.clone(),
            mark: mark(run, conninfo),
        }
    }

    /// What psql says, if it is where pg_dump runs. If not, pg_dump will say what is wrong.
    pub fn elsewhere(run: &Run<'_>, conninfo: &Conninfo) -> Self {
        let pg_dump = run.pg_dump.as_ref();
        let asked = pg_dump.map(|pg_dump| elsewhere::server(pg_dump, conninfo));
        let told = asked.transpose().unwrap_or_else(|error| {
            run.context.note(error.in_one_line());
            None
        });
        Self {
            version: told.as_ref().map(|told| told.version),
            system_identifier: told
                .as_ref()
                .and_then(|told| told.system_identifier.clone()),
            database: told.and_then(|told| told.database),
            mark: mark(run, conninfo),
        }
    }

    /// The major version of the server, where psql said it.
    pub fn major(&self) -> Option<u32> {
        self.version.map(|version| version.major)
    }

    /// The manifest with which server it is of.
    pub fn described(&self, manifest: Manifest) -> Manifest {
        let version = self.version.map(|version| version.to_string());
        Manifest {
            server_version: manifest.server_version.clone().or(version),
            system_identifier: self.system_identifier.clone(),
            // Another night may have only that.
            origin: Some(self.mark.clone()),
            ..manifest
        }
    }
}

fn mark(run: &Run<'_>, conninfo: &Conninfo) -> String {
    let mut hash = Sha256::new();
    let words = run.pg_dump.iter().filter(|program| program.is_elsewhere());
    for word in words.flat_map(|program| &program.words) {
        match word.to_str() {
            Some(text) => hash.update(without_secrets(text)),
            None => hash.update(word.as_encoded_bytes()),
        }
        hash.update([0]);
    }
    for part in conninfo.place() {
        hash.update([0]);
        hash.update(part);
    }
    backup::hexadecimal(&hash.finalize()[..MARK_BYTES])
}

/// A word of a command, which may be a command itself, without the values of variables, one of which
/// may be a password: a new one makes no other server, and nobody is to try guesses on a hash of it.
/// What those say that lead to a server stays.
fn without_secrets(word: &str) -> String {
    let tokens = word.split(' ').map(|token| match value_of(token) {
        Some(value) => &token[..token.len() - value.len()],
        None => token,
    });
    tokens.collect::<Vec<_>>().join(" ")
}

/// The value that `NAME=value`, `--env=NAME=value` or `-eNAME=value` gives to a variable.
fn value_of(token: &str) -> Option<&str> {
    const LEAD: [&str; 5] = ["HOST", "PORT", "SERVICE", "CONTEXT", "CONFIG"];
    let pair = match token.strip_prefix('-') {
        None => token,
        Some(option) if option.starts_with('-') => option.split_once('=')?.1,
        Some(option) => option.strip_prefix('e')?,
    };
    let (name, value) = pair.split_once('=')?;
    let is_name = |name: &str| {
        let mut letters = name.bytes();
        letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_') && !name.is_empty()
    };
    let leads = LEAD.iter().any(|part| name.contains(part));
    (is_name(name) && !leads).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_part_of_the_mark_and_a_host_is() {
        for (word, expected) in [
            ("PGPASSWORD=Zebra", "PGPASSWORD="),
            ("--env=PGPASSWORD=a=b", "--env=PGPASSWORD="),
            ("-ePGPASSWORD=Zebra", "-ePGPASSWORD="),
            (
                "env PGPASSWORD=Zebra PGPORT=5433 x",
                "env PGPASSWORD= PGPORT=5433 x",
            ),
            ("DOCKER_HOST=ssh://a", "DOCKER_HOST=ssh://a"),
            ("--context=prod", "--context=prod"),
            ("-oPort=22", "-oPort=22"),
            ("exec", "exec"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(word), expected);
        }
    }
}
