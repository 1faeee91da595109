//! Rows that are read back while indexes are still built, which leaves cores idle.
//!
//! What comes later in a restore may change them. So nobody counts on what was read before the
//! table was looked at again: there are as many rows where they were read, none of them is newer,
//! and columns and types are what they were. Then they are the same rows and the same text, for a
//! change makes a new row, and no transaction was under way when the reading began.

use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::types::Type;
use shared::dump::{CopyTarget, Digest, QualifiedName};
use shared::{Result, signals};

use super::{Blocks, Piece, Seen, copied, digest_of, pieces_of, pin_settings, to_stdout};
use crate::contents::Contents;
use crate::copy_out::CopyOut;
use crate::instants::InstantColumns;
use crate::restore::Target;
use crate::server::Database;
use crate::tables;

/// Rows that take less than this are soon read at the end.
const WORTH_BYTES: u64 = 8 << 20;
/// Whoever waits for a table must not wait for long.
const PIECE_BYTES: i64 = 16 << 20;
/// Between two looks for a table that nobody needs for himself.
const BETWEEN: Duration = Duration::from_millis(10);

/// Rows that were read early.
pub struct Early {
    database: Database,
    to_stdout: String,
    /// The number that the next transaction had.
    horizon: String,
    /// What the text of rows depends on but the rows.
    shape: String,
    tables: Vec<Table>,
}

/// A table, read from its beginning.
struct Table {
    target: CopyTarget,
    places: Vec<usize>,
    blocks: Vec<Blocks>,
    seen: Vec<Seen>,
    given_up: bool,
}

impl Early {
    /// Nothing yet, of the large tables among those whose rows were loaded; none where they can't
    /// be told from rows that come later.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub fn of(target: &Target, contents: &Contents) -> Result<Option<Self>> {
        let large = contents
            .tables
            .iter()
            .filter(|(_, data)| data.bytes >= WORTH_BYTES);
        let large: Vec<_> = large.filter_map(copied).collect();
        if large.is_empty() {
            return Ok(None);
        }
        let mut client = target.connect()?;
        let Some(horizon) = horizon(&mut client)? else {
            return Ok(None);
        };
        let known = tables::restored(&mut client)?;
        let instants = InstantColumns::of(&mut client)?;
        let mut tables: Vec<(i64, Table)> = Vec::new();
        for (target, respelled) in large {
            let table = known.get(&target.table);
            let Some((table, blocks)) = table.and_then(|table| Some((table, table.blocks?))) else {
                continue;
            };
            if table.condition.is_none() {
                let table = Table {
                    target: target.clone(),
                    places: match respelled {
                        true => instants.places(target),
                        false => Vec::new(),
                    },
                    blocks: pieces_of(blocks, PIECE_BYTES / table.block_bytes.max(1)),
                    seen: Vec::new(),
                    given_up: false,
                };
                tables.push((blocks, table));
            }
        }
        tables.sort_by_key(|(blocks, _)| *blocks);
        let tables: Vec<Table> = tables.into_iter().map(|(_, table)| table).collect();
        Ok(Some(Self {
            shape: shape(&mut client, &tables)?,
            database: target.database().clone(),
            to_stdout: to_stdout(contents),
            horizon,
            tables,
        }))
    }

    /// Reads until all is read, or `lets` says no more: whether a table may be read now.
    pub fn read(&mut self, lets: impl Fn(&QualifiedName) -> Option<bool>) {
        // What can't be read now is read at the end, and told of there.
        let _ = self.read_on(lets);
    }

    fn read_on(&mut self, lets: impl Fn(&QualifiedName) -> Option<bool>) -> Result<()> {
        if self.tables.iter().all(Table::is_done) {
            return Ok(());
        }
        let session = CopyOut::connect(&self.database)?;
        pin_settings(&session, "hex")?;
        session.execute("SET lock_timeout = '20ms'")?;
        loop {
            signals::check()?;
            let mut next = None;
            let mut is_over = true;
            for table in self.tables.iter_mut().filter(|table| !table.is_done()) {
                match lets(&table.target.table) {
                    None => return Ok(()),
                    Some(false) => is_over = false,
                    Some(true) => {
                        next = Some(table);
                        break;
                    }
                }
            }
            match next {
                Some(table) => table.read(&session, &self.to_stdout)?,
                None if is_over => return Ok(()),
                None => thread::sleep(BETWEEN),
            }
        }
    }

    /// Whether the text of the rows that were read would still be the same.
    pub(super) fn is_of(&self, client: &mut Client) -> Result<bool> {
        Ok(shape(client, &self.tables)? == self.shape)
    }

    /// The pieces of a table, with what was seen of them, if any was read.
    pub(super) fn pieces(
        &self,
        table: &QualifiedName,
    ) -> Option<impl Iterator<Item = (Blocks, Option<Seen>)>> {
        let mut tables = self.tables.iter();
        let table = tables.find(|known| known.target.table == *table && !known.seen.is_empty())?;
        let seen = table.seen.iter().copied().map(Some);
        Some(
            table
                .blocks
                .iter()
                .copied()
                .zip(seen.chain(std::iter::repeat(None))),
        )
    }

    /// Whether the rows of a piece are still those that were `seen`.
    pub(super) fn still_holds(
        &self,
        session: &CopyOut,
        piece: &Piece<'_>,
        seen: Digest,
    ) -> Result<bool> {
        let (rows, horizon) = (piece.place(), &self.horizon);
        let sql = format!(
            "COPY (SELECT pg_catalog.count(*), pg_catalog.min(pg_catalog.age(xmin)), \
             pg_catalog.age('{horizon}'::pg_catalog.xid) FROM {rows}) TO STDOUT"
        );
        let mut found = String::new();
        let asked = session.rows(&sql, |row| {
            found.push_str(&String::from_utf8_lossy(row));
            Ok(())
        });
        match asked {
            Ok(()) => {}
            // Whoever reads the rows again is told the same.
            Err(error) if error.sqlstate().is_some() => return Ok(false),
            Err(error) => return Err(error),
        }
        let mut fields = found.split_whitespace().map(str::parse::<i64>);
        let (rows, newest, horizon) = (fields.next(), fields.next(), fields.next());
        let (Some(Ok(rows)), Some(Ok(horizon))) = (rows, horizon) else {
            return Ok(false);
        };
        let older = match newest {
            Some(Ok(newest)) => newest > horizon,
            _ => rows == 0,
        };
        Ok(older && u64::try_from(rows) == Ok(seen.rows))
    }
}

impl Table {
    fn is_done(&self) -> bool {
        self.given_up || self.seen.len() == self.blocks.len()
    }

    /// Reads the next piece; a table that can't be read now is left for later.
    fn read(&mut self, session: &CopyOut, to_stdout: &str) -> Result<()> {
        let Some(blocks) = self.blocks.get(self.seen.len()) else {
            return Ok(());
        };
        let piece = Piece::of_blocks(&self.target, *blocks);
        let began = Instant::now();
        let sql = format!("COPY {} {to_stdout}", piece.to_sql());
        match digest_of(session, &sql, &self.places) {
            Ok(rows) => self.seen.push(Seen {
                rows,
                took: began.elapsed(),
            }),
            Err(error) if error.sqlstate().is_some() => self.given_up = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// The number of the next transaction; none where one is under way.
fn horizon(client: &mut Client) -> Result<Option<String>> {
    let rows = client.query_typed(include_str!("../../sql/next_transaction.sql"), &[])?;
    let number = rows.first().map(|row| row.try_get(0));
    Ok(number.transpose()?)
}

fn shape(client: &mut Client, tables: &[Table]) -> Result<String> {
    let names: Vec<String> = tables
        .iter()
        .map(|table| table.target.table.to_sql())
        .collect();
    let sql = include_str!("../../sql/shape_of_rows.sql");
    let row = client.query_typed(sql, &[(&names, Type::TEXT_ARRAY)])?;
    let shape: Option<String> = match row.first() {
        Some(row) => row.try_get(0)?,
        None => None,
    };
    Ok(shape.unwrap_or_default())
}
