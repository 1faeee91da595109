//! The rows of the restored tables, digested as the backup's were.

mod early;

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use postgres::Client;
use shared::dump::{CopyTarget, Digest, QualifiedName, line_in_utc, quote_literal};
use shared::{Result, signals};

use crate::choice::Limited;
use crate::contents::{Contents, Form, TableData};
use crate::copy_out::CopyOut;
use crate::instants::InstantColumns;
use crate::restore::Target;
use crate::tables;
use crate::tally;
use crate::threads::{lock, on_threads};

pub use early::Early;

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
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// On so many connections.
    pub jobs: usize,
    /// The setting of that name.
    pub bytea_output: &'a str,
    /// Tables whose rows are not all where they belong.
    pub limited: &'a [Limited],
    /// What was read before the end of the restore.
    pub early: Option<&'a Early>,
}

/// Blocks, from the first up to but without the last, or to the table's end.
type Blocks = (i64, Option<i64>);

/// What was read of a piece before.
#[derive(Debug, Clone, Copy)]
struct Seen {
    rows: Digest,
    took: Duration,
}

/// A part of a restored table to read.
#[derive(Debug, Clone)]
struct Piece<'a> {
    target: &'a CopyTarget,
    partitioned: bool,
    parts: Option<Vec<String>>,
    condition: Option<String>,
    respelled: bool,
    blocks: Option<Blocks>,
    /// Where the rows are, if they were set aside.
    aside: Option<&'a QualifiedName>,
    seen: Option<Seen>,
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
    let early = match reading.early {
        Some(early) if early.is_of(&mut client)? => Some(early),
        _ => None,
    };
    let pieces = Mutex::new(plan(
        &mut client,
        tables.into_iter().filter_map(copied).collect(),
        reading.limited,
        early,
    )?);
    drop(client);
    let to_stdout = to_stdout(contents);
    let digests: Mutex<BTreeMap<QualifiedName, Restored>> = Mutex::default();
    let work = || -> Result<()> {
        let session = CopyOut::connect(target.database())?;
        pin_settings(&session, reading.bytea_output)?;
        // Not in the loop's head, where it would be locked through the whole body.
        let next = || lock(&pieces).pop_front();
        while let Some(piece) = next() {
            signals::check()?;
            let began = Instant::now();
            let found = match still_seen(&session, &piece, early)? {
                Some(seen) => Restored {
                    rows: Ok(seen.rows),
                    took: seen.took + began.elapsed(),
                },
                None => Restored {
                    rows: read(&session, &piece, &instants, &to_stdout)?,
                    took: began.elapsed(),
                },
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
    early: Option<&Early>,
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
            seen: None,
        };
        let aside = limited
            .iter()
            .filter(|limited| limited.above.contains(&target.table));
        pieces.extend(aside.map(|limited| Piece {
            aside: Some(&limited.rest),
            ..whole.clone()
        }));
        let Some(blocks) = table.blocks.filter(|_| whole.condition.is_none()) else {
            pieces.push_back(whole);
            continue;
        };
        let step = PIECE_BYTES / table.block_bytes.max(1);
        if let Some(known) = early.and_then(|early| early.pieces(&target.table)) {
            pieces.extend(known.map(|(blocks, seen)| Piece {
                blocks: Some(blocks),
                seen,
                ..whole.clone()
            }));
        } else if blocks > step {
            let blocks = pieces_of(blocks, step).into_iter();
            pieces.extend(blocks.map(|blocks| Piece {
                blocks: Some(blocks),
                ..whole.clone()
            }));
        } else {
            pieces.push_back(whole);
        }
    }
    Ok(pieces)
}

/// All blocks of a table, so many at once; the last go on to its end.
fn pieces_of(blocks: i64, step: i64) -> Vec<Blocks> {
    let step = step.max(1);
    let starts = (0..blocks.max(1)).step_by(usize::try_from(step).unwrap_or(1));
    let ends = |start: i64| Some(start + step).filter(|end| *end < blocks);
    starts.map(|start| (start, ends(start))).collect()
}

fn to_stdout(contents: &Contents) -> String {
    let encoding = contents.encoding.as_deref().unwrap_or("UTF8");
    format!("TO STDOUT WITH (ENCODING {})", quote_literal(encoding))
}

/// What was read of a piece before, if that still holds.
fn still_seen(session: &CopyOut, piece: &Piece<'_>, early: Option<&Early>) -> Result<Option<Seen>> {
    let (Some(seen), Some(early)) = (piece.seen, early) else {
        return Ok(None);
    };
    Ok(early
        .still_holds(session, piece, seen.rows)?
        .then_some(seen))
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
    let mut bytes = 0;
    session.rows(sql, |row| {
        bytes += row.len() as u64;
        let line = row.strip_suffix(b"\n").unwrap_or(row);
        if !places.is_empty() && line_in_utc(line, places, &mut spelled) {
            digest.add(&spelled);
        } else {
            digest.add(line);
        }
        match digest.rows % 65_536 {
            0 => {
                tally::add(std::mem::take(&mut bytes));
                signals::check()
            }
            _ => Ok(()),
        }
    })?;
    tally::add(bytes);
    Ok(digest)
}

impl<'a> Piece<'a> {
    /// A part of a table that is read as it stands.
    fn of_blocks(target: &'a CopyTarget, blocks: Blocks) -> Self {
        Self {
            target,
            partitioned: false,
            parts: None,
            condition: None,
            respelled: false,
            blocks: Some(blocks),
            aside: None,
            seen: None,
        }
    }

    /// Where its rows are.
    fn place(&self) -> String {
        let table = self.target.table.to_sql();
        match self.blocks {
            Some(blocks) => format!("ONLY {table} WHERE {}", within(blocks)),
            None => format!("ONLY {table}"),
        }
    }

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
            Some(_) => format!("(SELECT {columns} FROM {})", self.place()),
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

#[cfg(test)]
mod test {
    use super::pieces_of;

    #[test]
    fn every_block_is_in_one_piece_and_the_last_has_no_end() {
        assert_eq!(pieces_of(5, 2), [(0, Some(2)), (2, Some(4)), (4, None)]);
        assert_eq!(pieces_of(4, 2), [(0, Some(2)), (2, None)]);
        assert_eq!(pieces_of(0, 2), [(0, None)]);
    }
}
