//! The dump of one database.

use shared::Result;
use shared::backup::Manifest;
use shared::connection::Conninfo;
use shared::programs::Program;

use super::{Run, plan};
use crate::compression::Compression;
use crate::dump::Dump;
use crate::partial::Partial;
use crate::server::Server;

/// A database that can be dumped: it was reached, and there is a pg_dump for it.
pub struct Database {
    conninfo: Conninfo,
    /// `None` where pg_dump runs elsewhere: then its dump says what the server is.
    server: Option<Server>,
    pg_dump: Program,
    compression: Compression,
}

impl Database {
    /// Asks the server, and finds the pg_dump that suits it.
    pub fn ask(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let elsewhere = run.pg_dump.as_ref().is_some_and(Program::is_elsewhere);
        let mut session = match elsewhere {
            true => None,
            false => Some(plan::open(conninfo, run.context)?),
        };
        let server = session.as_mut().map(Server::ask).transpose()?;
        let major = server.as_ref().map(|server| server.version.major);
        let pg_dump = run.program("pg_dump", major)?;
        let compression = match run.options.compression {
            Some(compression) => compression,
            None => Compression::best(run.options.format(), &pg_dump)?,
        };
        compression.check_program(run.options.format(), &pg_dump)?;
        let (path, version) = (pg_dump.path().display(), pg_dump.version);
        run.context.note(format!("{path} is version {version}"));
        Ok(Self {
            conninfo: match &session {
                Some(session) => conninfo.at(session),
                None => conninfo.clone(),
            },
            server,
            pg_dump,
            compression,
        })
    }

    /// The database's own name, whatever a pooler calls it.
    pub fn name(&self) -> &str {
        match &self.server {
            Some(server) => &server.database,
            None => self.conninfo.database(),
        }
    }

    /// The extension of its backup.
    pub fn extension(&self, run: &Run<'_>) -> &'static str {
        self.compression.extension(run.options.format())
    }

    /// Dumps it; what is on disk then is whole and proved. Returns what is to be said of it.
    pub fn write(&self, run: &Run<'_>, partial: &Partial) -> Result<Manifest> {
        let dump = Dump {
            pg_dump: &self.pg_dump,
            conninfo: &self.conninfo,
            format: run.options.format(),
            compression: self.compression,
            selection: &run.options.selection,
            lock_wait: run.options.lock_wait,
            digest: !run.options.no_digest,
            estimate: None,
        };
        let dumped = dump.write(partial, run.context)?;
        Ok(Manifest {
            files: dumped.files,
            compression: dumped.compression.to_string(),
            tables: dumped.tables,
            large_objects: dumped.large_objects,
            ..self.manifest(run)
        })
    }

    /// What is to be said of the backup, save for its files.
    pub fn manifest(&self, run: &Run<'_>) -> Manifest {
        let manifest = Manifest {
            selection: run.options.selection.clone(),
            format: run.options.format(),
            compression: self.compression.to_string(),
            pg_dump_version: Some(self.pg_dump.version.to_string()),
            ..run.manifest(Some(self.name().to_string()))
        };
        match self.server.clone() {
            Some(server) => server.described(manifest),
            None => manifest,
        }
    }
}

impl Server {
    /// The manifest with what the server said of itself.
    fn described(self, manifest: Manifest) -> Manifest {
        Manifest {
            server_version: Some(self.version.to_string()),
            encoding: Some(self.encoding),
            collate: Some(self.collate),
            ctype: Some(self.ctype),
            locale_provider: self.locale_provider,
            locale: self.locale,
            system_identifier: self.system_identifier,
            ..manifest
        }
    }
}
