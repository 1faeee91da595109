//! Counts and digests the rows and large objects of an archive, on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use shared::dump::{CopyRows, LargeObjectDigest, Tally, Toc};
use shared::{Context, Error, Result};

use super::piece::{Kind, Piece, Subject};

/// How many pieces may wait.
const AHEAD: usize = 2;

/// The thread that counts.
pub struct Counter {
    pieces: SyncSender<Arc<Piece>>,
    thread: JoinHandle<Result<Tally>>,
}

impl Counter {
    /// Starts it.
    pub fn start(toc: Arc<Toc>) -> Result<Self> {
        let (pieces, received) = sync_channel(AHEAD);
        let thread = thread::Builder::new().spawn(move || count(&received, &toc));
        Ok(Self {
            pieces,
            thread: thread.context(|| "could not start a thread".into())?,
        })
    }

    /// Hands it a piece. One that has found an error takes no more, and tells it in the end.
    pub fn send(&self, piece: &Arc<Piece>) {
        let _ = self.pieces.send(Arc::clone(piece));
    }

    /// What it counted; an error when the rows of a table have no end.
    pub fn finish(self) -> Result<Tally> {
        drop(self.pieces);
        let died = |_| Err(Error::new("the thread that counts rows died"));
        self.thread.join().unwrap_or_else(died)
    }
}

fn count(pieces: &Receiver<Arc<Piece>>, toc: &Toc) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut open = Open::Nothing;
    for piece in pieces {
        for (kind, bytes) in piece.parts() {
            let Kind::Data { begins, ends } = kind else {
                continue;
            };
            if let Some(subject) = begins {
                open = Open::new(*subject, toc);
            }
            open.add(bytes);
            if *ends {
                std::mem::replace(&mut open, Open::Nothing).close(toc, &mut tally)?;
            }
        }
    }
    Ok(tally)
}

/// Whose data are passing.
enum Open {
    Rows(i64, CopyRows),
    /// INSERT statements.
    Uncountable,
    LargeObject(u32, Box<LargeObjectDigest>),
    Nothing,
}

impl Open {
    fn new(subject: Subject, toc: &Toc) -> Self {
        match subject {
            Subject::Entry(id) => match toc.entry_of(id) {
                Some(entry) if entry.kind != "TABLE DATA" => Self::Nothing,
                Some(entry) if !entry.copy.is_empty() => Self::Rows(id, CopyRows::default()),
                _ => Self::Uncountable,
            },
            Subject::LargeObject(oid) => Self::LargeObject(oid, Box::default()),
            Subject::Other => Self::Nothing,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Rows(_, rows) => rows.add(bytes),
            Self::LargeObject(_, content) => content.add(bytes),
            Self::Uncountable | Self::Nothing => {}
        }
    }

    fn close(self, toc: &Toc, tally: &mut Tally) -> Result<()> {
        match self {
            Self::Rows(id, rows) => {
                let entry = toc.entry_of(id).cloned().unwrap_or_default();
                let digest = rows.finish().ok_or_else(|| {
                    Error::new(format!("the rows of {} have no end", entry.label))
                })?;
                tally.add_table(&entry.copy, digest);
            }
            Self::Uncountable => tally.set_uncountable(),
            Self::LargeObject(oid, content) => tally.add_large_object(oid, &content),
            Self::Nothing => {}
        }
        Ok(())
    }
}
