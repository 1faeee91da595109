//! Text made by several threads, and used in its order.

use std::num::NonZero;
use std::ops::Range;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::{Error, Result};

/// How many things a thread makes text of at a time.
pub(super) const SHARE: usize = 128;
const MOST_THREADS: usize = 4;

/// Calls `make` with each share of so many things, on several threads, and `take` with how many there
/// were and what was made, in their order. The first error ends it.
pub(super) fn in_turn(
    count: usize,
    make: impl Fn(Range<usize>) -> Result<Vec<u8>> + Sync,
    mut take: impl FnMut(usize, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let share = |number: usize| number * SHARE..count.min((number + 1) * SHARE);
    let shares = 0..count.div_ceil(SHARE);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(MOST_THREADS);
    thread::scope(|scope| {
        let make = &make;
        let start = |first: usize| {
            let shares = shares.clone();
            let (sender, receiver) = sync_channel(4);
            let started = thread::Builder::new().spawn_scoped(scope, move || {
                let shares = shares.skip(first).step_by(threads).map(share);
                // Who takes them went away: nobody wants the rest.
                let _ = shares.map(make).try_for_each(|made| sender.send(made));
            });
            started.ok().map(|_| receiver)
        };
        let makers: Vec<_> = (0..threads).map(start).collect();
        for (share, maker) in shares.clone().map(share).zip(makers.iter().cycle()) {
            let made = match maker {
                Some(maker) => maker.recv().map_err(|_| Error::new("a thread died"))?,
                // One that could not be started: who takes does its work.
                None => make(share.clone()),
            };
            take(share.len(), made?)?;
        }
        Ok(())
    })
}
