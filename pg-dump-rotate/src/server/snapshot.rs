//! The server's own rows, counted or read in the very snapshot that is dumped.
//!
//! What the dump holds is counted on its way; that it is what the server has is a matter of
//! trust in pg_dump and the wire. Whoever wants to know has each table read a second time here,
//! beside pg_dump, from a list that does not come from the dump.

use std::collections::HashMap;
use std::io::BufRead;
use std::process;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use postgres::types::{ToSql, Type};
use shared::connection::{Canceller, Conninfo, Session, SessionOptions};
use shared::dump::{
    Digest, LargeObjectDigest, QualifiedName, Tally, quote_identifier, quote_literal,
};
use shared::{Context, Error, Result, signals};

use super::comparison::{Found, LargeObjects, Rows};
use super::patterns;
use super::relations::{Kind, Relation};
use super::selection::Selection;
use crate::cli::Source;
use crate::watch::{Clock, Watch, Watched};

const SETTINGS: &str = include_str!("../../sql/snapshot.sql");
const COLUMNS: &str = include_str!("../../sql/columns.sql");
const LARGE_OBJECTS: &str =
    "SELECT m.oid FROM pg_catalog.pg_largeobject_metadata AS m ORDER BY m.oid";
const LARGE_OBJECT: &str = "SELECT pg_catalog.lo_get($1, $2, $3)";
/// How much of a large object is read at once.
const LARGE_OBJECT_BYTES: i32 = 1 << 20;
/// How many tables one statement locks.
const LOCKED_AT_ONCE: usize = 200;
const ROWS_BETWEEN_GLANCES: u64 = 65_536;
const GLANCE: Duration = Duration::from_millis(10);
/// How long a statement that was cancelled may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is to be read.
#[derive(Debug, Clone)]
pub struct Request {
    pub conninfo: Conninfo,
    pub selection: Selection,
    pub source: Source,
    /// The database's.
    pub encoding: String,
    pub is_standby: bool,
    pub lock_wait: Duration,
}

/// A snapshot that lasts as long as this does, and the tables that a dump of it will hold.
pub struct Snapshot {
    session: Session,
    id: String,
    source: Source,
    encoding: String,
    is_encoding_given: bool,
    large_objects: bool,
    tables: Vec<Table>,
    watched: Option<Watched>,
    clock: Clock,
}

/// A table to read, by pg_dump's own COPY.
struct Table {
    name: QualifiedName,
    root: Option<QualifiedName>,
    columns: String,
    condition: Option<String>,
}

impl Snapshot {
    /// Takes a snapshot and locks the tables as pg_dump does, so that none changes its form
    /// before both have read it.
    pub fn export(request: Request) -> Result<Self> {
        let clock = Clock::default();
        let waited = clock.clone();
        let start = |watched| Watch::start(watched, || {}, move || waited.waited());
        let watch = watched(&request)?.map(start).transpose()?;
        let (sender, taken) = channel();
        let thread = thread::Builder::new().name("snapshot".into());
        let thread = thread.spawn(move || {
            let _ = sender.send(clock.time(|| Self::take(&request)));
        });
        thread.context(|| "could not start a thread".into())?;
        loop {
            match taken.recv_timeout(GLANCE) {
                Ok(taken) => return taken,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new("the taking of a snapshot ended unexpectedly"));
                }
            }
            if let Some(lost) = watch.as_ref().and_then(Watch::lost) {
                return Err(lost);
            }
            if let Err(interrupted) = signals::check() {
                // It is cancelled, so that nobody waits on the server for a lock without us.
                let _ = taken.recv_timeout(FAREWELL);
                return Err(interrupted);
            }
        }
    }

    fn take(request: &Request) -> Result<Self> {
        let mut session = open(request)?;
        let _cancelled = session.cancel_on_signal();
        let client = session.client();
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let rows = client.query_typed("SELECT pg_catalog.pg_export_snapshot()", &[]);
        let rows = rows.context(|| "could not export a snapshot".into())?;
        let id = rows.first().map(|row| row.try_get(0)).transpose()?;
        let id = id.ok_or_else(|| Error::new("the server gave no name to its snapshot"))?;
        pin(&mut session, &request.selection)?;
        let matched = patterns::resolve(&mut session, &request.selection)?;
        let mut relations = Relation::list(&mut session, &matched)?;
        relations.retain(|relation| relation.kind != Kind::Sequence);
        lock(&mut session, &relations)?;
        let no_unlogged = request.is_standby || request.selection.no_unlogged_rows;
        relations.retain(|table| table.is_copied() && !(table.is_unlogged && no_unlogged));
        let given = request.selection.encoding.as_deref();
        let tables = tables(&mut session, relations)?;
        Ok(Self {
            tables,
            session,
            id,
            source: request.source,
            encoding: given.unwrap_or(&request.encoding).to_string(),
            is_encoding_given: given.is_some(),
            large_objects: request.selection.has_large_objects(),
            watched: watched(request)?,
            clock: Clock::default(),
        })
    }

    /// What makes pg_dump dump this snapshot, in the encoding that is read here.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--snapshot={}", self.id)];
        if !self.is_encoding_given {
            arguments.push(format!("--encoding={}", self.encoding));
        }
        arguments
    }

    /// Reads everything, on a thread.
    pub fn read(mut self) -> Result<Reading> {
        let canceller = self.session.canceller();
        let (source, clock) = (self.source, self.clock.clone());
        let watched = self.watched.take();
        let start = |watched| Watch::start(watched, || {}, move || clock.waited());
        let watch = watched.map(start).transpose()?;
        let thread = thread::Builder::new().name("source".into());
        let thread = thread.spawn(move || {
            let found = self.found();
            // The snapshot lasts until the end of the dump, which may have not begun yet.
            (found, self)
        });
        Ok(Reading {
            thread: Some(thread.context(|| "could not start a thread".into())?),
            canceller,
            source,
            watch,
        })
    }

    fn found(&mut self) -> Result<Found> {
        let _cancelled = self.session.cancel_on_signal();
        let tables = std::mem::take(&mut self.tables);
        let mut found = Found::default();
        for table in tables {
            signals::check()?;
            let rows = match self.source {
                Source::Counts => self.count(&table),
                Source::Digest => self.digest(&table),
            };
            let rows = rows.context(|| format!("could not read {} for comparison", table.name))?;
            found.tables.push(Rows {
                name: table.name,
                root: table.root,
                digest: rows,
            });
        }
        if self.large_objects {
            found.large_objects = Some(self.large_objects()?);
        }
        Ok(found)
    }

    fn large_objects(&mut self) -> Result<LargeObjects> {
        let client = self.session.client();
        let rows = self.clock.time(|| client.query_typed(LARGE_OBJECTS, &[]))?;
        let mut tally = Tally::default();
        for row in rows {
            let oid: u32 = row.try_get(0)?;
            let content = match self.source {
                Source::Counts => LargeObjectDigest::default(),
                Source::Digest => self.large_object(oid)?,
            };
            tally.add_large_object(oid, &content);
        }
        let found = tally.large_objects();
        Ok(match self.source {
            Source::Counts => (found.count, None),
            Source::Digest => (found.count, Some(found.digest)),
        })
    }

    fn large_object(&mut self, oid: u32) -> Result<LargeObjectDigest> {
        let mut content = LargeObjectDigest::default();
        let mut at = 0i64;
        loop {
            signals::check()?;
            let client = self.session.client();
            let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
                (&oid, Type::OID),
                (&at, Type::INT8),
                (&LARGE_OBJECT_BYTES, Type::INT4),
            ];
            let rows = self
                .clock
                .time(|| client.query_typed(LARGE_OBJECT, &parameters));
            let rows = rows.context(|| format!("could not read the large object {oid}"))?;
            let bytes: &[u8] = rows.first().map_or(Ok(&[][..]), |row| row.try_get(0))?;
            content.add(bytes);
            if bytes.len() < LARGE_OBJECT_BYTES as usize {
                return Ok(content);
            }
            at += i64::from(LARGE_OBJECT_BYTES);
        }
    }

    fn count(&mut self, table: &Table) -> Result<(u64, Option<String>)> {
        let client = self.session.client();
        let rows = self
            .clock
            .time(|| client.query_typed(&table.count(), &[]))?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        Ok((u64::try_from(count).unwrap_or(0), None))
    }

    fn digest(&mut self, table: &Table) -> Result<(u64, Option<String>)> {
        let copy = table.copy(&self.encoding);
        let client = self.session.client();
        let mut reader = self.clock.time(|| client.copy_out(&copy))?;
        let mut digest = Digest::default();
        loop {
            let lines = self.clock.time(|| reader.fill_buf()).map_err(cause)?;
            let length = lines.len();
            if length == 0 {
                return Ok((digest.rows, Some(digest.sum())));
            }
            digest.add_lines(lines);
            reader.consume(length);
            if digest.rows.is_multiple_of(ROWS_BETWEEN_GLANCES) {
                signals::check()?;
            }
        }
    }
}

/// What the server said, which the reader of a COPY has wrapped.
fn cause(error: std::io::Error) -> Error {
    match error.downcast::<postgres::Error>() {
        Ok(error) => error.into(),
        Err(error) => error.into(),
    }
}

fn open(request: &Request) -> Result<Session> {
    let options = SessionOptions {
        application_name: application_name(),
        read_only: true,
        lock_timeout: request.lock_wait,
        // A table may be as large as it likes.
        statement_timeout: Duration::ZERO,
        resets_search_path: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(&request.conninfo, &options)?;
    session.require_session()?;
    super::preflight::set_role(&mut session, &request.selection)?;
    Ok(session)
}

/// What the session is called, to be told from those of others.
fn application_name() -> String {
    format!("pg-dump-rotate {}, comparing", process::id())
}

fn watched(request: &Request) -> Result<Option<Watched>> {
    let name = request.conninfo.application_name();
    let watched = |patience| Watched {
        conninfo: request.conninfo.clone(),
        application_name: name.map_or_else(application_name, str::to_string),
        elsewhere: None,
        patience: patience * 2,
        writes_files: false,
    };
    Ok(request.conninfo.patience()?.map(watched))
}

/// The settings of pg_dump's session, as far as rows are written by them.
fn pin(session: &mut Session, selection: &Selection) -> Result<()> {
    let mut settings = SETTINGS.to_string();
    if selection.row_security {
        settings.push_str("SET LOCAL row_security = on;");
    }
    // libpq, and pg_dump by it, begins its sessions with that.
    if let Some(zone) = std::env::var("PGTZ").ok().filter(|zone| !zone.is_empty()) {
        settings.push_str(&format!("SET LOCAL TimeZone = {};", quote_literal(&zone)));
    }
    let set = session.client().batch_execute(&settings);
    set.context(|| "could not set up the reading of the tables".into())
}

fn lock(session: &mut Session, relations: &[Relation]) -> Result<()> {
    for some in relations.chunks(LOCKED_AT_ONCE) {
        let names: Vec<_> = some.iter().map(|one| one.name.to_sql()).collect();
        let lock = format!(
            "LOCK TABLE ONLY {} IN ACCESS SHARE MODE",
            names.join(", ONLY ")
        );
        session.client().batch_execute(&lock).map_err(|error| {
            // For people, and for whoever looks for the one that is in the way.
            let names: Vec<_> = some.iter().map(|one| one.name.to_string()).collect();
            let error = Err::<(), _>(error).context(|| "could not lock the tables".into());
            let detail = format!("LOCK TABLE {}", names.join(", "));
            error.map_or_else(|error| error.with_detail(detail), |()| Error::new(""))
        })?;
    }
    Ok(())
}

fn tables(session: &mut Session, relations: Vec<Relation>) -> Result<Vec<Table>> {
    let oids: Vec<u32> = relations.iter().map(|relation| relation.oid).collect();
    let rows = session
        .client()
        .query_typed(COLUMNS, &[(&oids, Type::OID_ARRAY)]);
    let rows = rows.context(|| "could not ask for the columns".into())?;
    let mut columns: HashMap<u32, Vec<String>> = HashMap::new();
    for row in rows {
        columns.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let quoted = |names: Vec<String>| -> String {
        let names: Vec<_> = names.iter().map(|name| quote_identifier(name)).collect();
        names.join(", ")
    };
    let tables = relations.into_iter().map(|relation| Table {
        columns: quoted(columns.remove(&relation.oid).unwrap_or_default()),
        name: relation.name,
        root: relation.root,
        condition: relation.condition.filter(|condition| !condition.is_empty()),
    });
    Ok(tables.collect())
}

impl Table {
    fn count(&self) -> String {
        let condition = self.condition.as_deref().unwrap_or_default();
        let name = self.name.to_sql();
        format!("SELECT pg_catalog.count(*) FROM ONLY {name} {condition}")
    }

    fn copy(&self, encoding: &str) -> String {
        let (name, columns) = (self.name.to_sql(), &self.columns);
        let what = match &self.condition {
            Some(condition) if columns.is_empty() => format!("(SELECT * FROM {name} {condition})"),
            Some(condition) => format!("(SELECT {columns} FROM {name} {condition})"),
            None if columns.is_empty() => name,
            None => format!("{name} ({columns})"),
        };
        let encoding = quote_literal(encoding);
        format!("COPY {what} TO STDOUT WITH (ENCODING {encoding})")
    }
}

/// The server's rows, while they are read. Dropped before its end, the reading is ended.
pub struct Reading {
    thread: Option<JoinHandle<(Result<Found>, Snapshot)>>,
    canceller: Canceller,
    source: Source,
    watch: Option<Watch>,
}

impl Reading {
    /// What was read, once everything is.
    pub fn finish(mut self) -> Result<Found> {
        while self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            signals::check()?;
            if let Some(lost) = self.watch.as_ref().and_then(Watch::lost) {
                return Err(lost);
            }
            thread::sleep(GLANCE);
        }
        let Some(thread) = self.thread.take() else {
            return Ok(Found::default());
        };
        match thread.join() {
            Ok((found, _snapshot)) => found,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// The word for what was compared, in a manifest.
    pub fn word(&self) -> &'static str {
        match self.source {
            Source::Counts => "counts",
            Source::Digest => "digest",
        }
    }
}

impl Drop for Reading {
    /// Not waited for: a server that is silent would have us wait for ever.
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.canceller.clone().cancel_beside();
        }
    }
}
