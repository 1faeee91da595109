//! Work on the pieces of a stream, on several threads, with the results in the stream's order.
//!
//! Memory is bounded: each thread has a piece in its hands, one before it and one
//! behind it. What comes out depends on the pieces alone, not on the threads.

use std::io;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// More would wait for pg_dump: one connection delivers less than four cores compress.
const MOST_THREADS: usize = 8;

/// Threads that turn pieces into what is written to an output.
///
/// Piece number n goes to thread n modulo their number and comes back from there, so
/// results need no sorting, and a thread that is ahead waits.
pub struct Pool<P, W> {
    workers: Vec<SyncSender<P>>,
    sent: usize,
    /// Hands back how many results it wrote, too.
    collector: JoinHandle<io::Result<(W, usize)>>,
}

/// As many threads as there are cores, within reason.
pub fn threads() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST_THREADS)
}

impl<P: Send + 'static, W: Send + 'static> Pool<P, W> {
    /// Starts a thread for each of `workers`, and one on which `collect` writes the results.
    pub fn start<R, F, C>(workers: Vec<F>, output: W, collect: C) -> io::Result<Self>
    where
        R: Send + 'static,
        F: FnMut(P) -> io::Result<R> + Send + 'static,
        C: FnMut(R, &mut W) -> io::Result<()> + Send + 'static,
    {
        let mut senders = Vec::with_capacity(workers.len());
        let mut results = Vec::with_capacity(workers.len());
        for work in workers {
            let (to_worker, pieces) = sync_channel(1);
            let (to_collector, worked) = sync_channel(1);
            thread::Builder::new().spawn(move || work_off(&pieces, &to_collector, work))?;
            senders.push(to_worker);
            results.push(worked);
        }
        let collector = thread::Builder::new().spawn(move || gather(&results, output, collect))?;
        Ok(Self {
            workers: senders,
            sent: 0,
            collector,
        })
    }

    /// Hands a piece in. Fails without the reason when the output failed; `finish` tells it.
    pub fn send(&mut self, piece: P) -> io::Result<()> {
        let worker = &self.workers[self.sent % self.workers.len()];
        self.sent += 1;
        worker
            .send(piece)
            .map_err(|_| io::Error::other("the output was closed"))
    }

    /// Waits for the last piece and hands the output back, with everything written to it.
    ///
    /// # Errors
    /// When a piece was not written: also one whose thread died of it.
    pub fn finish(self) -> io::Result<W> {
        drop(self.workers);
        match join(self.collector)? {
            (output, written) if written == self.sent => Ok(output),
            _ => Err(died()),
        }
    }
}

fn work_off<P, R>(
    pieces: &Receiver<P>,
    collector: &SyncSender<io::Result<R>>,
    mut work: impl FnMut(P) -> io::Result<R>,
) {
    for piece in pieces {
        if collector.send(work(piece)).is_err() {
            return;
        }
    }
}

/// Takes the results in turn; the first thread that has no more ends the stream, or has died:
/// only who sent the pieces knows how many there are.
fn gather<R, W>(
    results: &[Receiver<io::Result<R>>],
    mut output: W,
    mut collect: impl FnMut(R, &mut W) -> io::Result<()>,
) -> io::Result<(W, usize)> {
    let mut written = 0;
    for worker in results.iter().cycle() {
        match worker.recv() {
            Ok(result) => collect(result?, &mut output)?,
            Err(_) => break,
        }
        written += 1;
    }
    Ok((output, written))
}

/// What a thread came to.
pub fn join<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(died()))
}

fn died() -> io::Error {
    io::Error::other("a thread died")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn start<W: Write + Send + 'static>(threads: usize, output: W) -> Pool<Vec<u8>, W> {
        let workers = (0..threads).map(|_| |piece| Ok(piece)).collect();
        Pool::start(workers, output, |piece: Vec<u8>, output: &mut W| {
            output.write_all(&piece)
        })
        .unwrap()
    }

    #[test]
    fn the_order_is_that_of_the_pieces() {
        let expected: Vec<u8> = (0..200).collect();
        for threads in [1, 2, 5] {
            for pieces in [1, 3, 200] {
                let mut pool = start(threads, Vec::new());
                for piece in expected.chunks(200_usize.div_ceil(pieces)) {
                    pool.send(piece.to_vec()).unwrap();
                }
                assert_eq!(pool.finish().unwrap(), expected, "{threads}, {pieces}");
            }
        }
    }

    /// An output that takes some bytes and then has no more room.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_in_the_end() {
        for room in [0, 50] {
            let mut pool = start(2, Full(room));
            let refused = (0..100).any(|_| pool.send(vec![0; 10]).is_err());
            assert!(
                refused,
                "it must not swallow everything for a closed output"
            );
            let error = pool.finish().err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn a_thread_that_dies_of_a_piece_is_no_end_of_the_stream() {
        for threads in [1, 2, 5] {
            for (pieces, dies_of) in [(1, 0), (7, 6), (7, 0), (10, 9), (10, 5)] {
                let dying = move |piece: usize| {
                    assert_ne!(piece, dies_of, "a thread is meant to die");
                    Ok(piece)
                };
                let workers = vec![dying; threads];
                let mut pool = Pool::start(workers, Vec::new(), |piece, output: &mut Vec<u8>| {
                    output.write_all(&[piece as u8])
                })
                .unwrap();
                let sent = (0..pieces).all(|piece| pool.send(piece).is_ok());
                let finished = pool.finish();
                assert!(finished.is_err(), "{threads} threads, {sent}: {finished:?}");
            }
        }
    }
}
