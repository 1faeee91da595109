//! gzip on several threads: each MiB becomes a member of its own, the members follow each other.
//!
//! Every reader of gzip takes that for one file (gunzip, zcat, Python); the cost
//! is 0.06 % of the size. Memory is bounded by the number of threads. Bytes and
//! order of the output depend on the input and the level alone.

use std::io::{self, Write};
use std::mem;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use flate2::Compression;
use flate2::write::GzEncoder;

const MEMBER: usize = 1 << 20;
/// More would wait for pg_dump: one connection delivers less than four cores compress.
const MOST_THREADS: usize = 8;

/// Compresses what is written to it into an output.
///
/// Chunk number n goes to thread n modulo their number and comes back from there, so
/// results need no sorting, and a thread that is ahead waits.
pub struct Gzip<W> {
    chunk: Vec<u8>,
    compressors: Vec<SyncSender<Vec<u8>>>,
    sent: usize,
    collector: JoinHandle<io::Result<W>>,
}

impl<W: Write + Send + 'static> Gzip<W> {
    /// Starts the threads. Levels are gzip's, 1 to 9.
    pub fn new(output: W, level: u32) -> io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        Self::with_threads(output, level, threads.min(MOST_THREADS))
    }

    fn with_threads(output: W, level: u32, threads: usize) -> io::Result<Self> {
        let mut compressors = Vec::with_capacity(threads);
        let mut members = Vec::with_capacity(threads);
        for _ in 0..threads {
            let (to_compressor, chunks) = sync_channel(1);
            let (to_collector, compressed) = sync_channel(1);
            thread::Builder::new().spawn(move || compress_all(&chunks, &to_collector, level))?;
            compressors.push(to_compressor);
            members.push(compressed);
        }
        let collector = thread::Builder::new().spawn(move || collect(&members, output))?;
        Ok(Self {
            chunk: Vec::with_capacity(MEMBER),
            compressors,
            sent: 0,
            collector,
        })
    }

    /// Compresses what is left and hands the output back, with everything written to it.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.chunk.is_empty() || self.sent == 0 {
            // If this can't be sent, the collector has the reason.
            let _ = self.send();
        }
        drop(self.compressors);
        join(self.collector)
    }
}

impl<W> Gzip<W> {
    fn send(&mut self) -> io::Result<()> {
        let chunk = mem::replace(&mut self.chunk, Vec::with_capacity(MEMBER));
        let compressor = &self.compressors[self.sent % self.compressors.len()];
        self.sent += 1;
        compressor
            .send(chunk)
            .map_err(|_| io::Error::other("the output was closed"))
    }
}

impl<W> Write for Gzip<W> {
    /// Fails without the reason when the output failed; `finish` tells it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(MEMBER - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        if self.chunk.len() == MEMBER {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Member = io::Result<Vec<u8>>;

fn compress_all(chunks: &Receiver<Vec<u8>>, collector: &SyncSender<Member>, level: u32) {
    for chunk in chunks {
        if collector.send(compress(&chunk, level)).is_err() {
            return;
        }
    }
}

fn compress(chunk: &[u8], level: u32) -> Member {
    let output = Vec::with_capacity(chunk.len() / 2);
    let mut encoder = GzEncoder::new(output, Compression::new(level));
    encoder.write_all(chunk)?;
    encoder.finish()
}

/// Takes the members in turn; the first thread that has no more ends the stream.
fn collect<W: Write>(members: &[Receiver<Member>], mut output: W) -> io::Result<W> {
    for compressor in members.iter().cycle() {
        match compressor.recv() {
            Ok(member) => output.write_all(&member?)?,
            Err(_) => break,
        }
    }
    output.flush()?;
    Ok(output)
}

fn join<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("a thread of the compressor died")))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;

    use super::*;

    /// Text that compresses, different in each MiB.
    fn text(bytes: usize) -> Vec<u8> {
        let lines =
            (0u64..).map(|n| format!("{n}\t{:x}\tsome text\n", n.wrapping_mul(0x9E37_79B9)));
        lines.flat_map(String::into_bytes).take(bytes).collect()
    }

    fn gzip(input: &[u8], threads: usize, piece: usize) -> Vec<u8> {
        let mut gzip = Gzip::with_threads(Vec::new(), 6, threads).unwrap();
        for piece in input.chunks(piece) {
            gzip.write_all(piece).unwrap();
        }
        gzip.finish().unwrap()
    }

    fn gunzip(compressed: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        MultiGzDecoder::new(compressed)
            .read_to_end(&mut output)
            .unwrap();
        output
    }

    #[test]
    fn what_goes_in_comes_out_whatever_its_length() {
        for length in [
            0,
            1,
            MEMBER - 1,
            MEMBER,
            MEMBER + 1,
            2 * MEMBER,
            7 * MEMBER + 123,
        ] {
            let input = text(length);
            for threads in [1, 2, 5] {
                let compressed = gzip(&input, threads, 65_536);
                assert!(
                    gunzip(&compressed) == input,
                    "{length} bytes, {threads} threads"
                );
            }
        }
    }

    #[test]
    fn the_output_depends_on_the_input_alone() {
        let input = text(3 * MEMBER + 5);
        let expected = gzip(&input, 1, input.len());
        for (threads, piece) in [(2, 4096), (3, 1 << 21), (8, 77_777)] {
            assert!(
                gzip(&input, threads, piece) == expected,
                "{threads} threads, {piece} bytes"
            );
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
        let input = text(20 * MEMBER);
        for room in [0, 500_000] {
            let mut gzip = Gzip::with_threads(Full(room), 6, 2).unwrap();
            let written = gzip.write_all(&input);
            assert!(
                written.is_err(),
                "it must not swallow 20 MiB for a closed output"
            );
            let error = gzip.finish().err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
    }
}
