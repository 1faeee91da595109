//! The rows of the restored tables, digested as the backup's were.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use postgres::Client;
use shared::dump::{CopyTarget, Digest, QualifiedName, quote_literal};
use shared::{Result, signals};

use crate::choice::Limited;
use crate::contents::{Contents, Form, TableData};
use crate::copy_out::CopyOut;
use crate::instants::{InstantColumns, line_in_utc};
use crate::restore::Target;
use crate::tables;
use crate::threads::{lock, on_threads};

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
    /// Tables whose rows are not all where they belong.
    pub limited: &'a [Limited],
}

/// A part of a restored table to read.
#[derive(Debug, Clone)]
struct Piece<'a> {
    target: &'a CopyTarget,
    partitioned: bool,
    parts: Option<Vec<String>>,
    condition: Option<String>,
    respelled: bool,
    /// The blocks, from the first up to but without the last, or to the table's end.
    blocks: Option<(i64, Option<i64>)>,
    /// Where the rows are, if they were set aside.
    aside: Option<&'a QualifiedName>,
}

/// Digests the rows of those `tables` of the backup that it holds as COPY text.
pub fn digest<'a>(
    target: &Target,
    contents: &Contents,
    tables: impl IntoIterator<Item = (&'a QualifiedName, &'a TableData)>,
    reading: Reading<'a>,
) -> Result<BTreeMap<QualifiedName, Restored>> {
    let mut client = target.connect()?;
    let instants = InstantColumns::of(&mut client)?;
    let pieces = Mutex::new(plan(
        &mut client,
        tables.into_iter().filter_map(copied).collect(),
        reading.limited,
    )?);
    drop(client);
    let encoding = contents.encoding.as_deref().unwrap_or("UTF8");
    let to_stdout = format!("TO STDOUT WITH (ENCODING {})", quote_literal(encoding));
    let digests: Mutex<BTreeMap<QualifiedName, Restored>> = Mutex::default();
    let work = || -> Result<()> {
        let session = CopyOut::connect(target.database())?;
        pin_settings(&session, reading.bytea_output)?;
        // Not in the loop's head, where it would be locked through the whole body.
        let next = || lock(&pieces).pop_front();
        while let Some(piece) = next() {
            signals::check()?;
            let began = Instant::now();
            let rows = read(&session, &piece, &instants, &to_stdout)?;
            let found = Restored {
                rows,
                took: began.elapsed(),
            };
            merge(&mut lock(&digests), piece.target.table.clone(), found);
        }
        Ok(())
    };
    on_threads(reading.jobs, work)?;
    Ok(digests.into_inner().unwrap_or_else(PoisonError::into_inner))
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
    mut copied: Vec<(&'a CopyTarget, bool)>,
    limited: &'a [Limited],
) -> Result<VecDeque<Piece<'a>>> {
    let known = tables::restored(client)?;
    let blocks_of = |target: &CopyTarget| known.get(&target.table).and_then(|table| table.blocks);
    copied.sort_by_key(|(target, _)| Reverse(blocks_of(target)));
    let mut pieces = VecDeque::new();
    for (target, respelled) in copied {
        let table = known.get(&target.table).cloned().unwrap_or_default();
        let whole = Piece {
            target,
            partitioned: table.partitioned,
            parts: table.parts,
            condition: table.condition,
            respelled,
            blocks: None,
            aside: None,
        };
        let aside = limited
            .iter()
            .filter(|limited| limited.above.contains(&target.table));
        pieces.extend(aside.map(|limited| Piece {
            aside: Some(&limited.rest),
            ..whole.clone()
        }));
        let step = PIECE_BYTES / table.block_bytes.max(1);
        match table.blocks {
            Some(blocks) if blocks > step && whole.condition.is_none() => {
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
fn pin_settings(session: &CopyOut, bytea_output: &str) -> Result<()> {
    session.execute(include_str!("../sql/pin_settings.sql"))?;
    session.execute(&format!("SET bytea_output = {bytea_output}"))
}

fn read(
    session: &CopyOut,
    piece: &Piece<'_>,
    instants: &InstantColumns,
    to_stdout: &str,
) -> Result<std::result::Result<Digest, String>> {
    let places = match piece.respelled {
        true => instants.places(piece.target),
        false => Vec::new(),
    };
    match digest_of(
        session,
        &format!("COPY {} {to_stdout}", piece.to_sql()),
        &places,
    ) {
        Ok(digest) => Ok(Ok(digest)),
        Err(error) if error.sqlstate().is_some() => Ok(Err(error.message().to_string())),
        Err(error) => Err(error),
    }
}

fn digest_of(session: &CopyOut, sql: &str, places: &[usize]) -> Result<Digest> {
    let mut digest = Digest::default();
    let mut spelled = Vec::new();
    session.rows(sql, |row| {
        let line = row.strip_suffix(b"\n").unwrap_or(row);
        if !places.is_empty() && line_in_utc(line, places, &mut spelled) {
            digest.add(&spelled);
        } else {
            digest.add(line);
        }
        match digest.rows % 65_536 {
            0 => signals::check(),
            _ => Ok(()),
        }
    })?;
    Ok(digest)
}

impl Piece<'_> {
    /// What a COPY is of.
    fn to_sql(&self) -> String {
        let columns = self.target.column_sql();
        if let Some(aside) = self.aside {
            return format!("(SELECT {columns} FROM {})", aside.to_sql());
        }
        let table = self.target.table.to_sql();
        if let Some(condition) = &self.condition {
            return format!("(SELECT {columns} FROM ONLY {table} {condition})");
        }
        if let Some(parts) = &self.parts {
            let of = |part: &String| format!("SELECT {columns} FROM ONLY {part}");
            let parts: Vec<String> = parts.iter().map(of).collect();
            return format!("({})", parts.join(" UNION ALL "));
        }
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
