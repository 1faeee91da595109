//! The dump of one database.

use shared::Result;
use shared::backup::Manifest;
use shared::connection::Conninfo;
use shared::programs::{Program, Version};

use super::{Run, plan};
use crate::compression::Compression;
use crate::dump::Dump;
use crate::partial::Partial;
use crate::room;
use crate::server::{Attempt, Preflight, Server};

/// A database that can be dumped: it was reached, and there is a pg_dump for it.
pub struct Database {
    conninfo: Conninfo,
    /// `None` where pg_dump runs elsewhere: then its dump says what the server is.
    asked: Option<Asked>,
    pg_dump: Program,
    compression: Compression,
}

/// What a session of our own was told.
struct Asked {
    server: Server,
    preflight: Preflight,
}

impl Database {
    /// Asks the server, and finds the pg_dump that suits it.
    pub fn ask(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let mut database = match run.is_elsewhere() {
            true => Self::elsewhere(run, conninfo)?,
            false => Self::reached(run, conninfo)?,
        };
        let (path, version) = (database.pg_dump.path().display(), database.pg_dump.version);
        run.context.note(format!("{path} is version {version}"));
        database.compression = database.compression(run)?;
        database.check_room(run)?;
        Ok(database)
    }

    fn elsewhere(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        Ok(Self {
            conninfo: conninfo.clone(),
            asked: None,
            pg_dump: run.program("pg_dump", None)?,
            compression: Compression::None,
        })
    }

    fn reached(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let mut session = plan::open(conninfo, run.context)?;
        let server = Server::ask(&mut session)?;
        let pg_dump = run.program("pg_dump", Some(server.version.major))?;
        let preflight = Preflight::check(&mut session, &server, &run.options.selection)?;
        let warnings = preflight.warnings.iter();
        warnings.for_each(|text| run.context.warn(text));
        Ok(Self {
            conninfo: conninfo.at(&session),
            asked: Some(Asked { server, preflight }),
            pg_dump,
            compression: Compression::None,
        })
    }

    fn compression(&self, run: &Run<'_>) -> Result<Compression> {
        let compression = match run.options.compression {
            Some(compression) => compression,
            None => Compression::best(run.options.format(), &self.pg_dump)?,
        };
        compression.check_program(run.options.format(), &self.pg_dump)?;
        Ok(compression)
    }

    /// Before anything is written: a disk that fills up fails others too.
    fn check_room(&self, run: &Run<'_>) -> Result<()> {
        let (Some(bytes), false) = (self.source_bytes(), run.options.force) else {
            return Ok(());
        };
        let new = self.manifest(run);
        // A label makes no difference to the size.
        let is_earlier = |earlier: &Manifest| {
            earlier.database == new.database
                && earlier.system_identifier == new.system_identifier
                && earlier.selection == new.selection
                && earlier.compression == new.compression
        };
        let compressed = self.compression != Compression::None;
        room::check(&run.dir, bytes, compressed, is_earlier)
    }

    fn source_bytes(&self) -> Option<u64> {
        self.asked.as_ref()?.preflight.source_bytes
    }

    /// The database's own name, whatever a pooler calls it.
    pub fn name(&self) -> &str {
        match &self.asked {
            Some(asked) => &asked.server.database,
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
            estimate: self.source_bytes(),
        };
        let dumped = dump.write(partial, run.context);
        let dumped = dumped.map_err(|error| match &self.asked {
            Some(asked) => self.attempt(asked, run).explain(error),
            None => error,
        })?;
        let (head, manifest) = (dumped.head, self.manifest(run));
        let version = head.server_version.as_deref().and_then(Version::parse);
        let version = version.map(|version| version.to_string());
        Ok(Manifest {
            files: dumped.files,
            compression: dumped.compression.to_string(),
            tables: dumped.tables,
            large_objects: dumped.large_objects,
            server_version: manifest.server_version.clone().or(version),
            encoding: manifest.encoding.clone().or(head.encoding),
            ..manifest
        })
    }

    fn attempt<'a>(&'a self, asked: &'a Asked, run: &Run<'_>) -> Attempt<'a> {
        Attempt {
            conninfo: &self.conninfo,
            surroundings: &asked.preflight.surroundings,
            lock_wait: run.options.lock_wait,
        }
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
        match &self.asked {
            Some(asked) => asked.described(manifest),
            None => manifest,
        }
    }
}

impl Asked {
    /// The manifest with what the server said of itself.
    fn described(&self, manifest: Manifest) -> Manifest {
        let server = self.server.clone();
        Manifest {
            server_version: Some(server.version.to_string()),
            encoding: Some(server.encoding),
            collate: Some(server.collate),
            ctype: Some(server.ctype),
            locale_provider: server.locale_provider,
            locale: server.locale,
            system_identifier: server.system_identifier,
            source_bytes: self.preflight.source_bytes,
            omissions: self.preflight.omissions.clone(),
            ..manifest
        }
    }
}
