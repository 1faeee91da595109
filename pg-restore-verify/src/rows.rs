//! The rows of the restored tables, digested as the backup's were.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::BufRead;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use shared::dump::{CopyTarget, Digest, QualifiedName, quote_literal};
use shared::{Error, Result, signals};

use crate::contents::{Contents, Form, TableData};
use crate::instants::{InstantColumns, line_in_utc};
use crate::restore::Target;

/// A table is read in pieces of this size, so that one large table keeps every
/// connection busy.
const PIECE_BYTES: i64 = 64 << 20;

/// What a restored table holds.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The digest of its rows, or why they can't be read.
    pub rows: std::result::Result<Digest, String>,
    /// How long reading it took, over all connections.
    pub took: Duration,
}

/// How the restored rows are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// On so many connections.
    pub jobs: usize,
    /// The setting of that name.
    pub bytea_output: &'a str,
}

/// A part of a restored table to read.
#[derive(Debug, Clone)]
struct Piece<'a> {
    target: &'a CopyTarget,
    partitioned: bool,
    respelled: bool,
    /// The blocks, from the first up to but without the last, or to the table's end.
    blocks: Option<(i64, Option<i64>)>,
}

/// Digests the rows of those `tables` of the backup that it holds as COPY text.
pub fn digest<'a>(
    target: &Target,
    contents: &Contents,
    tables: impl IntoIterator<Item = (&'a QualifiedName, &'a TableData)>,
    reading: Reading<'_>,
) -> Result<BTreeMap<QualifiedName, Restored>> {
    let mut client = target.connect()?;
    let instants = InstantColumns::of(&mut client)?;
    let pieces = Mutex::new(plan(
        &mut client,
        tables.into_iter().filter_map(copied).collect(),
    )?);
    drop(client);
    let encoding = contents.encoding.as_deref().unwrap_or("UTF8");
    let to_stdout = format!("TO STDOUT WITH (ENCODING {})", quote_literal(encoding));
    let digests: Mutex<BTreeMap<QualifiedName, Restored>> = Mutex::default();
    let work = || -> Result<()> {
        let mut client = target.connect()?;
        pin_settings(&mut client, reading.bytea_output)?;
        // Not in the loop's head, where it would be locked through the whole body.
        let next = || lock(&pieces).pop_front();
        while let Some(piece) = next() {
            signals::check()?;
            let began = Instant::now();
            let rows = read(&mut client, &piece, &instants, &to_stdout)?;
            let found = Restored {
                rows,
                took: began.elapsed(),
            };
            merge(&mut lock(&digests), piece.target.table.clone(), found);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..reading.jobs).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect::<Result<Vec<()>>>()
    })?;
    Ok(digests.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The tables of the restored database whose rows a dump of everything would hold.
pub fn dumped_tables(client: &mut Client) -> Result<Vec<QualifiedName>> {
    let rows = client.query_typed(include_str!("../sql/restored_tables.sql"), &[])?;
    let dumped = rows.iter().filter(|row| row.get::<_, bool>(5));
    dumped.map(name).collect()
}

fn name(row: &postgres::Row) -> Result<QualifiedName> {
    Ok(QualifiedName {
        schema: Some(row.try_get(0)?),
        name: row.try_get(1)?,
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn merge(digests: &mut BTreeMap<QualifiedName, Restored>, table: QualifiedName, found: Restored) {
    let Some(known) = digests.get_mut(&table) else {
        digests.insert(table, found);
        return;
    };
    known.took += found.took;
    match (&mut known.rows, found.rows) {
        (Ok(sum), Ok(digest)) => sum.merge(digest),
        (Ok(_), Err(why)) => known.rows = Err(why),
        (Err(_), _) => {}
    }
}

/// The pieces of all tables, the largest tables first.
fn plan<'a>(
    client: &mut Client,
    mut tables: Vec<(&'a CopyTarget, bool)>,
) -> Result<VecDeque<Piece<'a>>> {
    let mut sizes = HashMap::new();
    for row in client.query_typed(include_str!("../sql/restored_tables.sql"), &[])? {
        let name = name(&row)?;
        let partitioned: bool = row.try_get(2)?;
        let (blocks, block_bytes): (Option<i64>, i64) = (row.try_get(3)?, row.try_get(4)?);
        sizes.insert(name, (partitioned, blocks, block_bytes));
    }
    let blocks_of = |target: &CopyTarget| sizes.get(&target.table).and_then(|size| size.1);
    tables.sort_by_key(|(target, _)| std::cmp::Reverse(blocks_of(target)));
    let mut pieces = VecDeque::new();
    for (target, respelled) in tables {
        let (partitioned, blocks, block_bytes) = sizes
            .get(&target.table)
            .copied()
            .unwrap_or((false, None, 1));
        let whole = Piece {
            target,
            partitioned,
            respelled,
            blocks: None,
        };
        let step = PIECE_BYTES / block_bytes;
        match blocks {
            Some(blocks) if blocks > step => {
                let starts = (0..blocks).step_by(usize::try_from(step).unwrap_or(1));
                pieces.extend(starts.map(|start| Piece {
                    blocks: Some((start, Some(start + step).filter(|end| *end < blocks))),
                    ..whole.clone()
                }));
            }
            _ => pieces.push_back(whole),
        }
    }
    Ok(pieces)
}

fn copied<'a>((_, data): (&'a QualifiedName, &'a TableData)) -> Option<(&'a CopyTarget, bool)> {
    match &data.form {
        Form::Copy(target) => Some((target, data.respelled)),
        Form::Inserts { .. } => None,
    }
}

/// The settings that the text of values depends on: those that pg_dump pins, and
/// the time zone, to which the backup's own values have been brought.
fn pin_settings(client: &mut Client, bytea_output: &str) -> Result<()> {
    client.batch_execute(include_str!("../sql/pin_settings.sql"))?;
    Ok(client.batch_execute(&format!("SET bytea_output = {bytea_output}"))?)
}

fn read(
    client: &mut Client,
    piece: &Piece<'_>,
    instants: &InstantColumns,
    to_stdout: &str,
) -> Result<std::result::Result<Digest, String>> {
    let places = match piece.respelled {
        true => instants.places(piece.target),
        false => Vec::new(),
    };
    match digest_of(
        client,
        &format!("COPY {} {to_stdout}", piece.to_sql()),
        &places,
    ) {
        Ok(digest) => Ok(Ok(digest)),
        Err(error) if error.sqlstate().is_some() => Ok(Err(error.message().to_string())),
        Err(error) => Err(error),
    }
}

fn digest_of(client: &mut Client, sql: &str, places: &[usize]) -> Result<Digest> {
    let mut digest = Digest::default();
    let mut spelled = Vec::new();
    let mut reader = client.copy_out(sql)?;
    loop {
        // Each message is a row with its newline.
        let row = reader.fill_buf().map_err(server_words)?;
        let length = row.len();
        if length == 0 {
            return Ok(digest);
        }
        let line = row.strip_suffix(b"\n").unwrap_or(row);
        if !places.is_empty() && line_in_utc(line, places, &mut spelled) {
            digest.add(&spelled);
        } else {
            digest.add(line);
        }
        reader.consume(length);
        if digest.rows % 65_536 == 0 {
            signals::check()?;
        }
    }
}

/// The server's error inside that of reading.
fn server_words(error: std::io::Error) -> Error {
    match error.downcast::<postgres::Error>() {
        Ok(error) => error.into(),
        Err(error) => error.into(),
    }
}

impl Piece<'_> {
    /// What a COPY is of.
    fn to_sql(&self) -> String {
        let table = self.target.table.to_sql();
        let columns = self.target.column_sql();
        match self.blocks {
            Some(blocks) => {
                format!(
                    "(SELECT {columns} FROM ONLY {table} WHERE {})",
                    within(blocks)
                )
            }
            None if self.partitioned => format!("(SELECT {columns} FROM {table})"),
            None if columns.is_empty() => table,
            None => format!("{table} ({columns})"),
        }
    }
}

fn within((first, end): (i64, Option<i64>)) -> String {
    match end {
        Some(end) => format!("ctid >= '({first},0)' AND ctid < '({end},0)'"),
        None => format!("ctid >= '({first},0)'"),
    }
}
