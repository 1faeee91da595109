//! An archive of custom format that pg_dump compresses itself, where only it can: it is kept as it is,
//! and read on a thread of its own.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use shared::dump::{Archive, Block, CopyTarget, LargeObjectDigest, Tally};
use shared::{Context, Error, Result};

use super::reader::{Open, Pieces};
use super::source::Table;
use super::{Copied, Dump, Head, Outcome};
use crate::output::Output;

const READ_BYTES: usize = 256 << 10;
/// How many pieces may wait.
const AHEAD: usize = 8;

/// Copies what begins with `start`, and goes on in `input`.
pub fn copy(
    start: Vec<u8>,
    mut input: impl Read,
    mut output: Output,
    head: Head,
    dump: &Dump<'_>,
    table: Table,
) -> Outcome<Copied> {
    let counter = Counter::start(dump.digest, table)?;
    counter.send(start.clone());
    output.put(start)?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match input.read(&mut buffer).context(|| "pg_dump".into())? {
            0 => break,
            length => {
                counter.send(buffer[..length].to_vec());
                output.put(buffer[..length].to_vec())?;
            }
        }
    }
    let tally = counter.finish()?;
    Ok(Copied {
        output,
        compression: dump.compression,
        tally: dump.digest.then_some(tally),
        head,
        warning: None,
    })
}

struct Counter {
    pieces: SyncSender<Arc<Vec<u8>>>,
    thread: JoinHandle<Result<Tally>>,
}

impl Counter {
    fn start(digest: bool, table: Table) -> Result<Self> {
        let (pieces, received) = sync_channel(AHEAD);
        let see = move |target: &CopyTarget| table.set(&target.table.to_string());
        let count = move || count(Pieces::of(received), digest, see);
        Ok(Self {
            pieces,
            thread: thread::Builder::new()
                .spawn(count)
                .context(|| "could not start a thread".into())?,
        })
    }

    /// One that has found an error takes no more, and tells it in the end.
    fn send(&self, piece: Vec<u8>) {
        let _ = self.pieces.send(Arc::new(piece));
    }

    fn finish(self) -> Result<Tally> {
        drop(self.pieces);
        let died = |_| Err(Error::new("the thread that counts rows died"));
        self.thread.join().unwrap_or_else(died)
    }
}

/// Without `digest` it is only seen to be whole.
fn count(input: impl Read + Send, digest: bool, see: impl Fn(&CopyTarget)) -> Result<Tally> {
    let unknown = || Error::new("its archive is of a kind that is not known here");
    let archive = Archive::open(input)?.ok_or_else(unknown)?;
    let mut counted = Open::default();
    archive.blocks(|block| match block {
        Block::Rows(mut bytes) | Block::LargeObject(_, mut bytes) if !digest => {
            Ok(io::copy(&mut bytes, &mut io::sink()).map(drop)?)
        }
        Block::Rows(rows) => counted.block(rows, &see),
        Block::LargeObject(oid, mut bytes) => {
            let mut content = LargeObjectDigest::default();
            let mut buffer = vec![0; READ_BYTES];
            loop {
                match bytes.read(&mut buffer)? {
                    0 => break,
                    length => content.add(&buffer[..length]),
                }
            }
            counted.tally.add_large_object(oid, &content);
            Ok(())
        }
    })?;
    Ok(counted.tally)
}
