//! The dump of one database.

use shared::backup::Manifest;
use shared::connection::{Conninfo, Session, within};
use shared::programs::Program;
use shared::{Context, Result};

use super::{Run, plan};
use crate::compression::Compression;
use crate::dump::Dump;
use crate::partial::Partial;
use crate::room;
use crate::server::{Attempt, Preflight, Request, Server, Snapshot};

/// All that is asked before the dump may take so many times what a connection may.
const QUESTIONS: u32 = 10;

/// A database that can be dumped: it was reached, and there is a pg_dump for it.
pub struct Database {
    conninfo: Conninfo,
    server: Server,
    preflight: Preflight,
    pg_dump: Program,
    compression: Compression,
}

impl Database {
    /// Asks the server, and finds the pg_dump that suits it.
    pub fn ask(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let session = plan::open(conninfo, run.context)?;
        let reached = conninfo.at(&session);
        let (server, preflight) = prepare(session, conninfo, &run.options.selection)?;
        let pg_dump = Program::find("pg_dump", Some(server.version.major))?;
        let compression = match run.options.compression {
            Some(compression) => compression,
            None => Compression::best(run.options.format(), &pg_dump)?,
        };
        compression.check_program(run.options.format(), &pg_dump)?;
        preflight
            .warnings
            .iter()
            .for_each(|text| run.context.warn(text));
        let (path, version) = (pg_dump.path().display(), pg_dump.version);
        run.context.note(format!("{path} is version {version}"));
        let database = Self {
            conninfo: reached,
            server,
            preflight,
            pg_dump,
            compression,
        };
        database.check_room(run)?;
        Ok(database)
    }

    /// Before anything is written: a disk that fills up fails others too.
    fn check_room(&self, run: &Run<'_>) -> Result<()> {
        let (Some(bytes), false) = (self.preflight.source_bytes, run.options.force) else {
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

    /// The database's own name, whatever a pooler calls it.
    pub fn name(&self) -> &str {
        &self.server.database
    }

    /// The extension of its backup.
    pub fn extension(&self, run: &Run<'_>) -> &'static str {
        self.compression.extension(run.options.format())
    }

    /// Dumps it; what is on disk then is whole and proved. Returns what is to be said of it.
    pub fn write(&self, run: &Run<'_>, partial: &Partial) -> Result<Manifest> {
        let snapshot = self.snapshot(run)?;
        let arguments = snapshot.as_ref().map(Snapshot::arguments);
        let dump = Dump {
            pg_dump: &self.pg_dump,
            conninfo: &self.conninfo,
            format: run.options.format(),
            compression: self.compression,
            selection: &run.options.selection,
            lock_wait: run.options.lock_wait,
            jobs: run.options.jobs,
            digest: !run.options.no_digest,
            estimate: self.preflight.source_bytes,
            patience: self.conninfo.patience()?.map(|patience| patience * 2),
            snapshot: &arguments.unwrap_or_default(),
        };
        let reading = snapshot.map(Snapshot::read).transpose()?;
        let dumped = dump.write(partial, run.context);
        let dumped = dumped.map_err(|error| self.attempt(run).explain(error))?;
        let source_check = reading.as_ref().map(|reading| reading.word().to_string());
        if let Some(reading) = reading {
            let found = reading.finish()?;
            let tables = dumped.tables.as_deref().unwrap_or_default();
            found.compare(tables, dumped.large_objects.as_ref())?;
        }
        Ok(Manifest {
            files: dumped.files,
            compression: dumped.compression.to_string(),
            tables: dumped.tables,
            large_objects: dumped.large_objects,
            source_check,
            ..self.manifest(run)
        })
    }

    /// The snapshot to dump, where the server's rows are to be compared with the dump's.
    fn snapshot(&self, run: &Run<'_>) -> Result<Option<Snapshot>> {
        let Some(source) = run.options.source else {
            return Ok(None);
        };
        let snapshot = Snapshot::export(&Request {
            conninfo: &self.conninfo,
            selection: &self.preflight.selection,
            source,
            encoding: &self.server.encoding,
            is_standby: self.preflight.surroundings.is_standby,
            lock_wait: run.options.lock_wait,
        });
        let snapshot = snapshot.map_err(|error| self.attempt(run).explain(error))?;
        Ok(Some(snapshot))
    }

    fn attempt<'a>(&'a self, run: &Run<'_>) -> Attempt<'a> {
        Attempt {
            conninfo: &self.conninfo,
            surroundings: &self.preflight.surroundings,
            lock_wait: run.options.lock_wait,
        }
    }

    /// What is to be said of the backup, save for its files.
    pub fn manifest(&self, run: &Run<'_>) -> Manifest {
        let server = self.server.clone();
        Manifest {
            selection: run.options.selection.clone(),
            format: run.options.format(),
            compression: self.compression.to_string(),
            server_version: Some(server.version.to_string()),
            pg_dump_version: Some(self.pg_dump.version.to_string()),
            encoding: Some(server.encoding),
            collate: Some(server.collate),
            ctype: Some(server.ctype),
            locale_provider: server.locale_provider,
            locale: server.locale,
            system_identifier: server.system_identifier,
            source_bytes: self.preflight.source_bytes,
            omissions: self.preflight.omissions.clone(),
            ..run.manifest(Some(server.database))
        }
    }
}

/// What is asked of the server before its dump. A server that limits each statement may still
/// never be heard of again, so the whole has a limit here.
fn prepare(
    mut session: Session,
    conninfo: &Conninfo,
    selection: &[String],
) -> Result<(Server, Preflight)> {
    let limit = conninfo.patience()?.map(|patience| patience * QUESTIONS);
    let selection = selection.to_vec();
    let asked = within(limit, move || {
        let server = Server::ask(&mut session)?;
        let preflight = Preflight::check(&mut session, &server, &selection)?;
        Ok((server, preflight))
    });
    asked.context(|| "what the server is asked before a dump".into())?
}
