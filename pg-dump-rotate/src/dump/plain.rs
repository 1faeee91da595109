//! An SQL script, compressed by us as it streams by.

use std::io::{self, Read};
use std::sync::Arc;

use shared::{Context, Error};

use super::reader::ScriptCounter;
use super::source::Source;
use super::{Copied, Outcome, Trouble};
use crate::compression::Compression;
use crate::compressor::{Compressor, PIECE};
use crate::output::Output;
use crate::pool::{self, Pool};
use crate::script::Script;

/// Copies a script; without `digest` no rows are counted.
pub fn copy(
    source: &mut Source,
    output: Output,
    compression: Compression,
    digest: bool,
) -> Outcome<Copied> {
    let counter = ScriptCounter::start(digest, source.table())?;
    let compressors: io::Result<Vec<Compressor>> = (0..pool::threads())
        .map(|_| Compressor::new(compression))
        .collect();
    let workers = compressors?
        .into_iter()
        .map(|mut compressor| {
            move |piece: Arc<Vec<u8>>| {
                let mut packed = Vec::with_capacity(piece.len() / 4);
                compressor.whole(&piece, &mut packed)?;
                Ok(packed)
            }
        })
        .collect();
    let mut pool = Pool::start(workers, output, |packed: Vec<u8>, output: &mut Output| {
        output.put(packed)
    })?;
    let mut script = Script::default();
    let sent = pieces(source, |piece| {
        script.pass(&piece);
        let piece = Arc::new(piece);
        counter.send(&piece);
        pool.send(piece)
    });
    let output = Trouble::join(sent, pool.finish())?;
    if !script.is_complete() {
        return Err(Error::new("the script has no end").into());
    }
    if !script.is_begun() {
        let words =
            "the script does not begin with pg_dump's first words: something else wrote to it";
        return Err(Error::new(words).into());
    }
    // A script that is whole is a good backup, whether we can count its rows or not.
    let (tally, warning) = match counter.finish() {
        Ok(counted) if !counted.is_one => {
            return Err(Error::new("the script is more than one dump").into());
        }
        Ok(counted) => (digest.then_some(counted.tally), None),
        Err(error) => (None, Some(format!("its rows are not counted: {error}"))),
    };
    Ok(Copied {
        output,
        compression,
        tally,
        head: script.head(),
        warning,
    })
}

/// Hands on all that can be read, at least once.
fn pieces(source: &mut Source, mut send: impl FnMut(Vec<u8>) -> io::Result<()>) -> Outcome<()> {
    let mut is_first = true;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let read = Read::take(&mut *source, PIECE as u64).read_to_end(&mut piece);
        let length = read.context(|| "reading from pg_dump".into())?;
        if length == 0 && !is_first {
            return Ok(());
        }
        send(piece).map_err(Trouble::Output)?;
        if length < PIECE {
            return Ok(());
        }
        is_first = false;
    }
}
