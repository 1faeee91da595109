//! Text made by several threads, and used in its order.

use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::{Error, Result};

/// How many things a thread makes text of at a time.
pub(super) const SHARE: usize = 512;
const MOST_THREADS: usize = 4;

/// Calls `make` with each share of `all`, on several threads, and `take` with how many there were
/// and what was made, in their order. The first error ends it.
pub(super) fn in_turn<T: Sync>(
    all: &[T],
    make: impl Fn(&[T]) -> Result<Vec<u8>> + Sync,
    mut take: impl FnMut(usize, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(MOST_THREADS);
    thread::scope(|scope| {
        let make = &make;
        let start = |first: usize| {
            let (sender, receiver) = sync_channel(2);
            scope.spawn(move || {
                let shares = all.chunks(SHARE).skip(first).step_by(threads);
                // Who takes them went away: nobody wants the rest.
                let _ = shares.map(make).try_for_each(|made| sender.send(made));
            });
            receiver
        };
        let makers: Vec<_> = (0..threads).map(start).collect();
        for (share, maker) in all.chunks(SHARE).zip(makers.iter().cycle()) {
            let made = maker.recv();
            take(share.len(), made.map_err(|_| Error::new("a thread died"))??)?;
        }
        Ok(())
    })
}
