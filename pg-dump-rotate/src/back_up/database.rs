//! The dump of one database.

use std::sync::Arc;
use std::time::Duration;

use shared::backup::{Common, Extension, Format, Manifest};
use shared::connection::Conninfo;
use shared::programs::{Program, Version};
use shared::{Error, Result};

use super::asked::{Asked, limited};
use super::elsewhere::Whole;
use super::origin::Origin;
use super::{Run, plan};
use crate::archive;
use crate::compression::Compression;
use crate::dump::{Dump, Dumped};
use crate::partial::Partial;
use crate::room::{Claim, Room};
use crate::server::{Omission, Selection, Snapshot, texts};

/// A database that can be dumped: it was reached, and there is a pg_dump for it.
pub struct Database {
    conninfo: Conninfo,
    /// `None` where pg_dump runs elsewhere: then its dump says what the server is.
    asked: Option<Asked>,
    /// What psql says there.
    foreseen: Foreseen,
    origin: Origin,
    pg_dump: Program,
    pg_restore: Option<Program>,
    compression: Compression,
    /// What of the disk it may take; `None` where nobody knows.
    room: Option<Arc<Claim>>,
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
        database.room = database.claim_room(run)?;
        Ok(database)
    }

    fn elsewhere(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let origin = Origin::elsewhere(run, conninfo);
        let pg_dump = run.program("pg_dump", origin.major())?;
        let selection = run.options.selection.iter().map(String::as_str);
        let foreseen = Foreseen::of(origin.database.as_ref(), &Selection::parse(selection));
        for omission in &foreseen.omissions {
            run.context.warn(omission.warning());
        }
        Ok(Self {
            conninfo: conninfo.clone(),
            asked: None,
            foreseen,
            origin,
            compression: compression(run, &pg_dump)?,
            pg_restore: pg_restore(run, &pg_dump),
            pg_dump,
            room: None,
        })
    }

    fn reached(run: &Run<'_>, conninfo: &Conninfo) -> Result<Self> {
        let asked = Asked::ask(run, plan::open(conninfo, run.context)?, conninfo)?;
        let pg_dump = run.program("pg_dump", Some(asked.server.version.major))?;
        let compression = compression(run, &pg_dump)?;
        Ok(Self {
            conninfo: asked.conninfo.clone(),
            origin: Origin::reached(&asked.server, run, conninfo),
            asked: Some(asked),
            foreseen: Foreseen::default(),
            pg_restore: pg_restore(run, &pg_dump),
            pg_dump,
            compression,
            room: None,
        })
    }

    /// Before anything is written: a disk that fills up fails others too.
    fn claim_room(&self, run: &Run<'_>) -> Result<Option<Arc<Claim>>> {
        let Some(bytes) = self.source_bytes() else {
            return Ok(None);
        };
        let new = Common::from(self.manifest(run));
        // A label makes no difference to the size.
        let is_earlier = |earlier: &Common| {
            earlier.database == new.database
                && earlier.same_server(&new)
                && earlier.selection == new.selection
                && earlier.compression == new.compression
        };
        let compressed = self.compression != Compression::None;
        // A rehearsal takes nothing.
        let rehearsal = Room::default();
        let room = match run.options.dry_run {
            true => &rehearsal,
            false => &run.room,
        };
        match run.options.force {
            true => Ok(Some(room.claim_by_force(bytes, compressed))),
            false => room
                .claim(&run.dir, bytes, compressed, is_earlier)
                .map(Some),
        }
    }

    /// How long pg_dump may be silent before the server is asked.
    fn patience(&self) -> Result<Option<Duration>> {
        let patience = self.conninfo.patience()?;
        Ok(patience.map(|patience| patience * 2))
    }

    fn source_bytes(&self) -> Option<u64> {
        match &self.asked {
            Some(asked) => asked.preflight.source_bytes,
            None => self.foreseen.source_bytes,
        }
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
        if let Some(room) = &self.room {
            room.is_written_to(&partial.path());
        }
        let asked = self.asked.as_ref();
        let snapshot = asked.map(|asked| asked.snapshot(run)).transpose()?;
        let snapshot = snapshot.flatten();
        let arguments = snapshot.as_ref().map(Snapshot::arguments);
        let mut arguments = arguments.unwrap_or_default();
        arguments.extend(run.options.unrecorded.iter().cloned());
        let reading = snapshot.map(Snapshot::read).transpose()?;
        let dumped = self.dump(run, partial, &arguments);
        let dumped = dumped.map_err(|error| match asked {
            Some(asked) => asked.attempt(run).explain(error),
            None => error,
        })?;
        let source_check = reading.as_ref().map(|reading| reading.word().to_string());
        if let Some(reading) = reading {
            let found = reading.finish()?;
            let tables = dumped.tables.as_deref().unwrap_or_default();
            found.compare(tables, dumped.large_objects.as_ref())?;
        }
        Ok(Manifest {
            source_check,
            ..self.complete(run, dumped)
        })
    }

    fn dump(&self, run: &Run<'_>, partial: &Partial, more: &[String]) -> Result<Dumped> {
        let reader = |encoding: &str, bytes: &[Vec<u8>]| {
            let mut session = plan::open(&self.conninfo, run.context)?;
            let (encoding, bytes) = (encoding.to_string(), bytes.to_vec());
            limited(&self.conninfo, move || {
                texts(&mut session, &encoding, &bytes)
            })
        };
        let dump = Dump {
            pg_dump: &self.pg_dump,
            pg_restore: self.pg_restore.as_ref(),
            conninfo: &self.conninfo,
            format: run.options.format(),
            compression: self.compression,
            selection: &run.options.selection,
            lock_wait: run.options.lock_wait,
            jobs: run.options.jobs,
            digest: !run.options.no_digest,
            estimate: self.source_bytes(),
            tables: self.asked.as_ref().map(|asked| asked.preflight.tables()),
            patience: self.patience()?,
            room: &run.room,
            more,
            reader: self.asked.is_some().then_some(&reader),
        };
        let dumped = dump.write(partial, run.context)?;
        self.is_of_this(&dumped)?;
        Ok(dumped)
    }

    /// An error where a command dumped whatever it has in mind, and not what it was told to.
    fn is_of_this(&self, dumped: &Dumped) -> Result<()> {
        let asked = self.conninfo.database();
        match &dumped.head.database {
            Some(other) if self.asked.is_none() && other != asked => Err(Error::new(format!(
                "the archive is of the database {other}, not of {asked}"
            ))
            .with_hint("the command of --pg-dump has to pass on the arguments that it is given")),
            _ => Ok(()),
        }
    }

    /// The manifest with what the dump turned out to be, and what only it says of the server.
    fn complete(&self, run: &Run<'_>, dumped: Dumped) -> Manifest {
        let (head, manifest) = (dumped.head, self.manifest(run));
        let version = head.server_version.as_deref().and_then(Version::parse);
        let version = version.map(|version| version.to_string());
        Manifest {
            files: dumped.files,
            compression: dumped.compression.to_string(),
            tables: dumped.tables,
            large_objects: dumped.large_objects,
            server_version: manifest.server_version.clone().or(version),
            encoding: manifest.encoding.clone().or(head.encoding),
            ..manifest
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
            Some(asked) => self.origin.described(asked.described(manifest)),
            None => self.origin.described(self.foreseen.described(manifest)),
        }
    }
}

/// What is foreseen of a dump that runs elsewhere: but for the database's settings only of all of a
/// database, for which patterns pick what, only pg_dump knows there.
#[derive(Default)]
struct Foreseen {
    source_bytes: Option<u64>,
    omissions: Vec<Omission>,
    extensions: Option<Vec<Extension>>,
    restore_options: Option<String>,
}

impl Foreseen {
    fn of(database: Option<&Whole>, selection: &Selection) -> Self {
        let Some(database) = database else {
            return Self::default();
        };
        let restore_options = database.restore_options.clone();
        if !selection.patterns.is_empty() || selection.is_vague {
            return Self {
                restore_options,
                ..Self::default()
            };
        }
        let has_rows = !selection.no_rows;
        let lacks_unlogged = has_rows && database.is_standby && !selection.no_unlogged_rows;
        let lacks_subscriptions = !selection.no_subscriptions && !selection.no_definitions;
        let unlogged = (lacks_unlogged && !database.unlogged.is_empty())
            .then(|| Omission::unlogged(&database.unlogged));
        let subscriptions = (lacks_subscriptions && !database.subscriptions.is_empty())
            .then(|| Omission::subscriptions(&database.subscriptions));
        Self {
            source_bytes: has_rows.then_some(database.bytes),
            omissions: unlogged.into_iter().chain(subscriptions).collect(),
            extensions: Some(database.extensions.clone()),
            restore_options,
        }
    }

    fn described(&self, manifest: Manifest) -> Manifest {
        let omissions = self.omissions.iter().map(|omission| omission.what.clone());
        Manifest {
            source_bytes: self.source_bytes,
            omissions: omissions.collect(),
            extensions: self.extensions.clone(),
            restore_options: self.restore_options.clone(),
            ..manifest
        }
    }
}

/// What reads an archive once more. Looked for before the dump, which takes hours.
fn pg_restore(run: &Run<'_>, pg_dump: &Program) -> Option<Program> {
    let format = run.options.format();
    let pg_restore = (format == Format::Custom).then(|| archive::reader(pg_dump))?;
    if pg_restore.is_none() {
        let words = "there is no pg_restore for what pg_dump writes: only pg-dump-rotate reads it";
        run.context.note(words);
    }
    pg_restore
}

/// What was asked for, if this pg_dump can do it, or else what is best.
fn compression(run: &Run<'_>, pg_dump: &Program) -> Result<Compression> {
    let compression = match run.options.compression {
        Some(compression) => compression,
        None => Compression::best(run.options.format(), pg_dump, &run.builds)?,
    };
    compression.check_program(run.options.format(), pg_dump, &run.builds)?;
    Ok(compression)
}
