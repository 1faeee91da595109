//! Counts and digests the rows and large objects of a script, and sees that it is one, on a thread
//! of its own.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use shared::dump::{
    CopyRows, CopyTarget, Digest, Event, LargeObjectCall, LargeObjectDigest, Script, Tally,
};
use shared::{Context, Error, Result};

use super::source::Table;
use crate::script::Single;

/// How many pieces may wait.
const AHEAD: usize = 2;

/// What ends the rows of a table.
const END: &[u8] = b"\\.\n";

/// The thread that counts.
pub struct ScriptCounter {
    pieces: SyncSender<Arc<Vec<u8>>>,
    thread: JoinHandle<Result<Counted>>,
}

/// What was found in a script.
pub struct Counted {
    pub tally: Tally,
    /// Whether it is one dump.
    pub is_one: bool,
}

impl ScriptCounter {
    /// Starts it; without `digest` the rows are passed over. It says which table's they are.
    pub fn start(digest: bool, table: Table) -> Result<Self> {
        let (pieces, received) = sync_channel(AHEAD);
        let input = Pieces {
            received,
            current: Arc::default(),
            position: 0,
        };
        let see = move |target: &CopyTarget| table.set(&target.table.to_string());
        let thread = thread::Builder::new().spawn(move || count(input, digest, see));
        Ok(Self {
            pieces,
            thread: thread.context(|| "could not start a thread".into())?,
        })
    }

    /// Hands it a piece. One that has found an error takes no more, and tells it in the end.
    pub fn send(&self, piece: &Arc<Vec<u8>>) {
        let _ = self.pieces.send(Arc::clone(piece));
    }

    /// What it found.
    pub fn finish(self) -> Result<Counted> {
        drop(self.pieces);
        let died = |_| Err(Error::new("the thread that counts rows died"));
        self.thread.join().unwrap_or_else(died)
    }
}

fn count(input: impl Read, digest: bool, see: impl Fn(&CopyTarget)) -> Result<Counted> {
    let mut script = Script::in_pieces(input);
    let mut counted = Open::default();
    let mut single = Single::default();
    match follow(&mut script, digest, see, &mut counted, &mut single) {
        Err(error) if !single.is_more(script.header()) => return Err(error),
        _ => {}
    }
    Ok(Counted {
        tally: counted.tally,
        is_one: single.is_one(script.header()),
    })
}

fn follow(
    script: &mut Script<impl Read>,
    digest: bool,
    see: impl Fn(&CopyTarget),
    counted: &mut Open,
    single: &mut Single,
) -> Result<()> {
    while let Some(event) = script.next()? {
        single.see(&event);
        if let Event::Copy { target, .. } = &event {
            see(target);
        }
        match event {
            _ if !digest => {}
            Event::Copy { sql, .. } => counted.copy = sql.to_vec(),
            Event::Rows(lines) => counted.rows(lines),
            Event::CopyEnd => {
                let rows = std::mem::take(&mut counted.rows);
                counted.tally.add_table(&counted.copy, rows);
            }
            Event::Statement { sql, entry, .. } if sql.starts_with(b"INSERT INTO ") => {
                if entry.kind == "TABLE DATA" {
                    counted.tally.set_uncountable();
                }
            }
            Event::Statement { sql, .. } => counted.large_object(sql),
            Event::Command { .. } => {}
        }
    }
    Ok(())
}

#[derive(Default)]
struct Open {
    tally: Tally,
    copy: Vec<u8>,
    rows: Digest,
    /// A row that comes in pieces, and what follows up to the end of a line.
    long: Option<CopyRows>,
    object: Option<(u32, LargeObjectDigest)>,
}

impl Open {
    fn rows(&mut self, lines: &[u8]) {
        let is_end = lines.ends_with(b"\n");
        if is_end && self.long.is_none() {
            return self.rows.add_lines(lines);
        }
        let mut rows = self.long.take().unwrap_or_default();
        rows.add(lines);
        match is_end {
            true => {
                rows.add(END);
                self.rows.merge(rows.finish().unwrap_or_default());
            }
            false => self.long = Some(rows),
        }
    }

    fn large_object(&mut self, sql: &[u8]) {
        match LargeObjectCall::parse(sql) {
            Some(LargeObjectCall::Open(oid)) => self.object = Some((oid, Default::default())),
            Some(LargeObjectCall::Write(bytes)) => {
                if let Some((_, content)) = &mut self.object {
                    content.add(&bytes);
                }
            }
            Some(LargeObjectCall::Close) => {
                if let Some((oid, content)) = self.object.take() {
                    self.tally.add_large_object(oid, &content);
                }
            }
            Some(LargeObjectCall::Create(_)) | None => {}
        }
    }
}

/// The pieces as one stream.
struct Pieces {
    received: Receiver<Arc<Vec<u8>>>,
    current: Arc<Vec<u8>>,
    position: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.current.len() {
            match self.received.recv() {
                Ok(piece) => self.current = piece,
                Err(_) => return Ok(0),
            }
            self.position = 0;
        }
        let rest = &self.current[self.position..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        Ok(length)
    }
}
