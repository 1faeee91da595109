//! The rows of an archive on their way to their tables and to their digests, read once.
//!
//! pg_restore would read them another time, on connections that write WAL. Where a reader of ours
//! knows the archive, and the server is ours, its rows go the way of a script's rows. All else in
//! it stays with pg_restore.

use std::io::Read;
use std::sync::{Mutex, PoisonError};

use postgres::Client;
use shared::dump::{
    self, Block, Content, CopyTarget, Event, Files, Part, QualifiedName, Script, Toc,
};
use shared::{Error, Result, signals};

use super::Refusal;
use super::loading::{self, Copy, Fed, Rows};
use super::sessions::Sessions;
use super::target::Target;
use crate::contents::{Collector, Contents};
use crate::decoder::Decoder;
use crate::source::{self, Data};
use crate::threads::{lock, on_threads};

/// What pg_restore sets for its sessions, as far as it matters to rows.
const SETTINGS: [&str; 6] = [
    "SET statement_timeout = 0",
    "SET lock_timeout = 0",
    "SET xmloption = content",
    "SET row_security = off",
    "SET client_min_messages = warning",
    "SELECT pg_catalog.set_config('search_path', '', false)",
];

/// What came of it.
#[derive(Default)]
pub struct Loaded {
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// Why the archive could not be read to its end.
    pub damage: Option<String>,
}

/// Whether all rows in the archive are such that we can bring them to their tables.
pub fn is_loadable(toc: &Toc) -> bool {
    let mut entries = toc.entries().map(|(_, entry)| entry);
    entries.all(|entry| entry.kind != ROWS || CopyTarget::parse(&entry.copy).is_some())
}

/// The data that is not rows, as pg_restore's `--use-list` takes it.
pub fn other_data(toc: &Toc) -> Option<String> {
    let entries = || toc.in_order().filter(|(_, entry)| entry.kind != ROWS);
    let is_data = |kind: &str| kind == "SEQUENCE SET" || kind.starts_with("BLOB");
    let has_data = entries().any(|(_, entry)| is_data(&entry.kind));
    has_data.then(|| entries().map(|(id, _)| format!("{id};\n")).collect())
}

const ROWS: &str = "TABLE DATA";

/// Loads the rows, one table after the other if they are `ordered`, and notes all data in
/// `collector`.
///
/// # Errors
/// When our side fails.
pub fn load(
    data: Data,
    target: &Target,
    jobs: usize,
    ordered: bool,
    decoder: Decoder,
    collector: &mut Collector,
) -> Result<Loaded> {
    match data {
        Data::Blocks(data) => {
            let mut loader = Loader::open(target, jobs, decoder)?;
            let read = loader.blocks(*data, collector);
            loader.end(read)
        }
        Data::Files(files) => {
            let jobs = if ordered { 1 } else { jobs };
            load_files(&files, target, jobs, &decoder, collector)
        }
    }
}

fn load_files(
    files: &Files,
    target: &Target,
    jobs: usize,
    decoder: &Decoder,
    collector: &mut Collector,
) -> Result<Loaded> {
    let mut first = Loader::open(target, 1, decoder.another())?;
    let read = source::collect_sequences(files.toc(), &mut first.decoder, collector);
    let parts = read.and_then(|()| files.parts());
    let mut parts = match parts {
        Ok(parts) => parts,
        Err(error) => return first.end(Err(error)),
    };
    match jobs {
        // As pg_restore has it: the last is taken first.
        1 => parts.reverse(),
        // The largest first, so that all connections end at about the same time.
        _ => parts.sort_by_key(|part| part.bytes),
    }
    let threads = jobs.clamp(1, parts.len().max(1));
    let workers = (0..threads).map(|_| (decoder.another(), collector.another()));
    let (workers, parts) = (Mutex::new(workers.collect::<Vec<_>>()), Mutex::new(parts));
    let found: Mutex<Vec<(Contents, Loaded)>> = Mutex::default();
    drop(first);
    on_threads(threads, || {
        let worker = lock(&workers).pop();
        let Some((decoder, mut collector)) = worker else {
            return Ok(());
        };
        let mut loader = Loader::open(target, 1, decoder)?;
        let next = || lock(&parts).pop();
        let mut read = Ok(());
        while let (Ok(()), Some(part)) = (&read, next()) {
            read = loader.part(files, &part, &mut collector);
        }
        if read.is_err() {
            // Whatever else is wrong with it, it is damaged.
            lock(&parts).clear();
        }
        let loaded = loader.end(read)?;
        lock(&found).push((collector.finish(), loaded));
        Ok(())
    })?;
    let mut all = Loaded::default();
    for (contents, loaded) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        collector.absorb(contents);
        all.refusals.extend(loaded.refusals);
        all.damage = all.damage.or(loaded.damage);
    }
    Ok(all)
}

/// Loads one table after the other.
struct Loader<'a> {
    target: &'a Target,
    client: Client,
    sessions: Sessions,
    decoder: Decoder,
    refusals: Vec<Refusal>,
    /// What went wrong on our side, which is no damage of the archive.
    trouble: Option<Error>,
}

impl<'a> Loader<'a> {
    fn open(target: &'a Target, jobs: usize, decoder: Decoder) -> Result<Self> {
        let mut sessions = Sessions::new(target.database().clone(), jobs);
        SETTINGS
            .into_iter()
            .for_each(|setting| sessions.note(setting));
        Ok(Self {
            client: sessions.connect()?,
            target,
            sessions,
            decoder,
            refusals: Vec::new(),
            trouble: None,
        })
    }

    /// What came of it, if the reading ended like this.
    fn end(self, read: Result<()>) -> Result<Loaded> {
        if let Some(trouble) = self.trouble {
            return Err(trouble);
        }
        signals::check()?;
        Ok(Loaded {
            refusals: self.refusals,
            damage: read.err().map(|error| error.in_one_line()),
        })
    }

    fn blocks(
        &mut self,
        data: dump::Archive<std::fs::File>,
        collector: &mut Collector,
    ) -> Result<()> {
        source::collect_sequences(data.toc(), &mut self.decoder, collector)?;
        data.blocks(|block| match block {
            Block::Rows(script) => self.rows(&mut Script::new(script), collector),
            Block::LargeObject(oid, bytes) => source::collect_large_object(oid, bytes, collector),
        })
    }

    fn part(&mut self, files: &Files, part: &Part, collector: &mut Collector) -> Result<()> {
        let Content::Rows { label, copy } = &part.content else {
            return source::collect_part(files, part, &mut self.decoder, collector);
        };
        let mut script = Script::new(copy.as_slice().chain(files.read(part)?));
        self.rows(&mut script, collector)
            .map_err(|error| Error::new(format!("{label}: {}", error.message())))
    }

    /// The rows of one table. An error is damage, or trouble that was noted as such.
    fn rows<R: Read>(&mut self, script: &mut Script<R>, collector: &mut Collector) -> Result<()> {
        while let Some(event) = script.next()? {
            let Event::Copy { sql, target, .. } = event else {
                source::collect_event(event, &mut self.decoder, collector)?;
                continue;
            };
            let copied = self.decoder.copy(sql, target)?;
            let fed = self.table(copied, script, collector);
            if let Err(error) = fed {
                let said = Error::new(error.message());
                self.trouble = Some(error);
                return Err(said);
            }
            if let Ok(Some(damage)) = fed {
                return Err(Error::new(damage));
            }
        }
        Ok(())
    }

    /// Why the archive can't be read on, if it can't.
    fn table<R: Read>(
        &mut self,
        copied: CopyTarget,
        script: &mut Script<R>,
        collector: &mut Collector,
    ) -> Result<Option<String>> {
        let table: QualifiedName = copied.table.clone();
        let sql = loading::copy_statement(&copied, &self.decoder);
        // The server would refuse the rows of a foreign table between its answers to the COPY.
        let is_held_off = self.target.holds_off(&mut self.client, &table)?;
        collector.begin_copy(copied);
        let copy = Copy {
            sql: (!is_held_off).then_some(sql.as_str()),
            table: &table,
        };
        let mut rows = Rows::of(script, collector);
        match loading::feed(&mut self.client, &mut self.sessions, &copy, &mut rows)? {
            Fed::Whole => Ok(None),
            Fed::Refused(error) => {
                // A client can't go on after a COPY that was refused at its start.
                self.sessions.close();
                self.client = self.sessions.connect()?;
                let object = format!("TABLE DATA {table}");
                let refusal = Refusal::new(object, error.message(), &sql);
                self.refusals.push(refusal.with_code(error.sqlstate()));
                Ok(None)
            }
            Fed::Cut(damage) => Ok(Some(damage)),
        }
    }
}
