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
            origin: match self.system_identifier {
                Some(_) => None,
                None => Some(self.mark.clone()),
            },
            ..manifest
        }
    }
}

fn mark(run: &Run<'_>, conninfo: &Conninfo) -> String {
    let mut hash = Sha256::new();
    let words = run.pg_dump.iter().filter(|program| program.is_elsewhere());
    for word in words.flat_map(|program| &program.words) {
        hash.update(word.as_encoded_bytes());
        hash.update([0]);
    }
    for part in conninfo.place() {
        hash.update([0]);
        hash.update(part);
    }
    backup::hexadecimal(&hash.finalize()[..MARK_BYTES])
}
