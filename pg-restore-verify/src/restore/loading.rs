//! The rows of a COPY on their way to the server: those of a large table frozen and without WAL on
//! one connection, or on several where there are enough for that to be faster.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use postgres::types::Type;
use postgres::{Client, CopyInWriter};
use shared::dump::{CopyTarget, Event, QualifiedName, Script, quote_literal};
use shared::{Error, Result, signals};

use super::sessions::Sessions;
use crate::contents::Collector;
use crate::decoder::Decoder;
use crate::threads::{joined, lock};

/// Fewer rows than this are not worth a transaction of their own.
const FEW_BYTES: usize = 128 << 10;
/// A table's first rows go on one connection alone; most tables have no more.
const ALONE_BYTES: usize = 8 << 20;
/// Pieces of rows that wait for each connection.
const PIECES: usize = 2;
/// Bytes of rows that are on their way at most, but for one row that is larger.
const MOST_BYTES: usize = 32 << 20;
/// More connections than this only wait for whoever hands out the rows.
const MOST: usize = 8;

/// What became of a table's rows.
pub enum Fed {
    /// They are in the table.
    Whole,
    /// None is, for this reason; neither the client nor the sessions can go on.
    Refused(Error),
    /// The script ends within them.
    Cut(String),
}

/// A table's rows, as they come.
pub struct Rows<'a, R> {
    /// Where they come from.
    script: &'a mut Script<R>,
    /// Who counts them.
    collector: &'a mut Collector,
    /// Whether their end has come.
    is_over: bool,
}

impl<'a, R> Rows<'a, R> {
    /// Those that come next.
    pub fn of(script: &'a mut Script<R>, collector: &'a mut Collector) -> Self {
        Self {
            script,
            collector,
            is_over: false,
        }
    }
}

/// The COPY that takes them.
pub struct Copy<'a> {
    /// Its statement; none for rows that are counted only.
    pub sql: Option<&'a str>,
    /// What it fills.
    pub table: &'a QualifiedName,
}

/// A COPY in the server's words, of rows as a backup has them.
pub fn copy_statement(target: &CopyTarget, decoder: &Decoder) -> String {
    let encoding = quote_literal(decoder.encoding().unwrap_or("UTF8"));
    let columns = match target.columns.is_empty() {
        true => String::new(),
        false => format!(" ({})", target.column_sql()),
    };
    let name = target.table.to_sql();
    format!("COPY {name}{columns} FROM STDIN WITH (ENCODING {encoding})")
}

impl Copy<'_> {
    /// Its statement, which may leave the rows frozen.
    fn statement(&self, is_frozen: bool) -> Option<String> {
        let sql = self.sql?;
        Some(match sql.strip_suffix(')') {
            Some(options) if is_frozen => format!("{options}, FREEZE)"),
            _ => sql.to_string(),
        })
    }
}

/// Feeds a table's rows to `client`, and to the other sessions too if there are many.
///
/// # Errors
/// When our side fails.
pub fn feed<R: Read>(
    client: &mut Client,
    sessions: &mut Sessions,
    copy: &Copy<'_>,
    rows: &mut Rows<'_, R>,
) -> Result<Fed> {
    let head = match rows.head()? {
        Ok(head) => head,
        Err(why) => return Ok(Fed::Cut(why)),
    };
    let may_freeze = !rows.is_over && copy.sql.is_some() && sessions.may_freeze();
    let is_frozen = may_freeze && begin_frozen(client, copy.table)?;
    let (mut writer, mut refused) = match copy.statement(is_frozen).map(|sql| client.copy_in(&sql))
    {
        Some(Ok(writer)) => (Some(writer), None),
        Some(Err(error)) => (None, Some(Error::from(error))),
        None => (None, None),
    };
    refused = send(&mut writer, &head).or(refused);
    let mut alone = head.len();
    let mut others: Option<&mut [Client]> = None;
    loop {
        let lines = match rows.next()? {
            Next::Lines(lines) => lines,
            Next::Cut(why) => return Ok(Fed::Cut(why)),
            Next::End => break,
        };
        alone += lines.len();
        refused = send(&mut writer, lines).or(refused);
        let many = alone > ALONE_BYTES && alone - lines.len() <= ALONE_BYTES;
        if many && writer.is_some() && !is_frozen {
            others = in_any_order(sessions, copy.table)?;
        }
        if let (Some(sessions), Some(own), Some(sql)) = (&mut others, &mut writer, copy.sql) {
            match spread(own, sessions, sql, rows)? {
                Some(Fed::Whole) => break,
                // Then the rows of our own COPY must not stay either: it is given up.
                Some(other) => {
                    rows.collector.end_copy();
                    return Ok(other);
                }
                None => others = None,
            }
        }
    }
    rows.collector.end_copy();
    refused = refused.or_else(|| finish(writer));
    let mut commit = |client: &mut Client| {
        let refusal = || client.batch_execute("COMMIT").err().map(Error::from);
        refused = refused.take().or_else(refusal);
    };
    if is_frozen {
        commit(client);
    }
    others.into_iter().flatten().for_each(commit);
    match refused {
        Some(error) if error.sqlstate().is_none() => Err(error),
        Some(error) => Ok(Fed::Refused(error)),
        None => Ok(Fed::Whole),
    }
}

/// Sends lines, if there is still a COPY that takes them; why there is not.
fn send(writer: &mut Option<CopyInWriter<'_>>, lines: &[u8]) -> Option<Error> {
    match writer.as_mut()?.write_all(lines) {
        Ok(()) => None,
        // The server's reason comes with `finish`.
        Err(_) => finish(writer.take()),
    }
}

/// Begins a transaction in which a table's rows can come frozen, as VACUUM would leave them, and
/// without WAL: they are written once, and nobody who reads them has to mark them. False where
/// the table can't be emptied first, or is not empty; then there is no transaction.
fn begin_frozen(client: &mut Client, table: &QualifiedName) -> Result<bool> {
    let name = table.to_sql();
    let asked = include_str!("../../sql/rows_can_be_frozen.sql");
    match client.query_typed(asked, &[(&name, Type::TEXT)]) {
        Ok(rows) if !rows.is_empty() => {}
        // COPY says what is wrong with it.
        _ => return Ok(false),
    }
    let begun = client.batch_execute(&format!("BEGIN; TRUNCATE TABLE ONLY {name}"));
    if begun.is_err() {
        client.batch_execute("ROLLBACK")?;
    }
    Ok(begun.is_ok())
}

fn finish(writer: Option<CopyInWriter<'_>>) -> Option<Error> {
    writer.and_then(|writer| writer.finish().err().map(Error::from))
}

/// The sessions that may take a table's rows too, in whatever order: with the client's own they are
/// no more than there may be.
fn in_any_order<'a>(
    sessions: &'a mut Sessions,
    table: &QualifiedName,
) -> Result<Option<&'a mut [Client]>> {
    let wanted = MOST.min(sessions.most()).saturating_sub(1);
    let others = sessions.open(wanted)?;
    let Some(first) = others.first_mut() else {
        return Ok(None);
    };
    let asked = include_str!("../../sql/rows_in_any_order.sql");
    // A table that only the client's own transaction sees is no table to others.
    let allowed = first.query_typed(asked, &[(&table.to_sql(), Type::TEXT)]);
    Ok(allowed.is_ok_and(|rows| !rows.is_empty()).then_some(others))
}

enum Next<'a> {
    Lines(&'a [u8]),
    End,
    Cut(String),
}

impl<R: Read> Rows<'_, R> {
    /// The first lines; or why the script ends within them.
    fn head(&mut self) -> Result<std::result::Result<Vec<u8>, String>> {
        let mut head = Vec::new();
        while head.len() < FEW_BYTES {
            match self.next()? {
                Next::Lines(lines) => head.extend_from_slice(lines),
                Next::End => break,
                Next::Cut(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok(head))
    }

    /// The next lines, which are counted.
    fn next(&mut self) -> Result<Next<'_>> {
        signals::check()?;
        if self.is_over {
            return Ok(Next::End);
        }
        Ok(match self.script.next() {
            Err(error) => Next::Cut(error.message().to_string()),
            Ok(Some(Event::Rows(lines))) => {
                self.collector.rows(lines);
                Next::Lines(lines)
            }
            Ok(_) => {
                self.is_over = true;
                Next::End
            }
        })
    }

    /// Hands out all lines that are left. The reason if the script ends within them.
    fn hand_out<'a>(
        &mut self,
        pieces: &SyncSender<Piece<'a>>,
        room: &'a Room,
    ) -> Result<Option<String>> {
        loop {
            match self.next()? {
                // Nobody takes them any more only when we are at the end.
                Next::Lines(lines) => drop(pieces.send(room.take(lines))),
                Next::End => return Ok(None),
                Next::Cut(why) => return Ok(Some(why)),
            }
        }
    }
}

/// How many bytes of rows are on their way to sessions: a row may be as large as a gigabyte.
#[derive(Default)]
struct Room {
    bytes: Mutex<usize>,
    freed: Condvar,
}

/// Lines on their way; gone, they leave room for others.
struct Piece<'a> {
    lines: Vec<u8>,
    room: &'a Room,
}

impl Room {
    /// Waits until there is room for these lines, or nothing else in it.
    fn take(&self, lines: &[u8]) -> Piece<'_> {
        let is_full = |bytes: &mut usize| *bytes > 0 && *bytes + lines.len() > MOST_BYTES;
        let waited = self.freed.wait_while(lock(&self.bytes), is_full);
        *waited.unwrap_or_else(PoisonError::into_inner) += lines.len();
        Piece {
            lines: lines.to_vec(),
            room: self,
        }
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        *lock(&self.room.bytes) -= self.lines.len();
        self.room.freed.notify_one();
    }
}

/// Feeds the rows that are left to our own COPY, which stays open, and to all of these sessions,
/// which then are in a transaction that holds their share of them. None where no thread can be
/// started for them.
fn spread<R: Read>(
    own: &mut CopyInWriter<'_>,
    sessions: &mut [Client],
    sql: &str,
    rows: &mut Rows<'_, R>,
) -> Result<Option<Fed>> {
    let room = Room::default();
    let (send, receive) = sync_channel(PIECES * (sessions.len() + 1));
    let (pieces, given_up) = (Mutex::new(receive), AtomicBool::new(false));
    let spread = thread::scope(|scope| {
        let start = |session| {
            let work = || load(session, sql, &pieces, &given_up);
            thread::Builder::new().spawn_scoped(scope, work).ok()
        };
        let workers: Vec<_> = sessions.iter_mut().map_while(start).collect();
        if workers.is_empty() {
            return None;
        }
        let goes_on = || load_own(own, &pieces, &given_up);
        let own = thread::Builder::new().spawn_scoped(scope, goes_on).ok();
        let read = rows.hand_out(&send, &room);
        if !matches!(read, Ok(None)) {
            given_up.store(true, Ordering::Relaxed);
        }
        drop(send);
        let loaded: Vec<Result<()>> = workers.into_iter().map(joined).collect();
        own.into_iter().for_each(joined);
        Some((read, loaded))
    });
    let Some((read, loaded)) = spread else {
        return Ok(None);
    };
    if let Some(why) = read? {
        return Ok(Some(Fed::Cut(why)));
    }
    match loaded.into_iter().find_map(Result::err) {
        Some(error) if error.sqlstate().is_none() => Err(error),
        Some(error) => Ok(Some(Fed::Refused(error))),
        None => Ok(Some(Fed::Whole)),
    }
}

/// What the server says of these rows comes with the end of their COPY.
fn load_own(
    writer: &mut CopyInWriter<'_>,
    pieces: &Mutex<Receiver<Piece<'_>>>,
    given_up: &AtomicBool,
) {
    let next = || lock(pieces).recv().ok();
    while let Some(piece) = next() {
        if given_up.load(Ordering::Relaxed) || writer.write_all(&piece.lines).is_err() {
            given_up.store(true, Ordering::Relaxed);
            break;
        }
    }
    // Whoever hands them out must not wait for room that never comes.
    while next().is_some() {}
}

fn load(
    session: &mut Client,
    sql: &str,
    pieces: &Mutex<Receiver<Piece<'_>>>,
    given_up: &AtomicBool,
) -> Result<()> {
    let next = || lock(pieces).recv().ok();
    let loaded = load_while(session, sql, || {
        next().filter(|_| !given_up.load(Ordering::Relaxed))
    });
    if loaded.is_err() {
        given_up.store(true, Ordering::Relaxed);
    }
    // Whoever hands them out must not wait for room that never comes.
    while next().is_some() {}
    loaded
}

fn load_while<'a>(
    session: &mut Client,
    sql: &str,
    next: impl Fn() -> Option<Piece<'a>>,
) -> Result<()> {
    session.batch_execute("BEGIN")?;
    let mut writer = session.copy_in(sql)?;
    while let Some(piece) = next() {
        if writer.write_all(&piece.lines).is_err() {
            // The server's reason comes with `finish`.
            break;
        }
    }
    writer.finish()?;
    Ok(())
}
