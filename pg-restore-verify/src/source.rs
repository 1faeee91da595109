//! A backup as the stream of its SQL script.

use std::fs::File;
use std::io::{self, Read};
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use flate2::read::MultiGzDecoder;
use shared::dump::{self, Block, Event, Script};
use shared::programs::{Child, Program};
use shared::{Context, Result, signals};

use crate::archive::{Archive, Kind};
use crate::contents::Collector;
use crate::decoder::Decoder;

const CHUNK_BYTES: usize = 256 << 10;
const CHUNKS_AHEAD: usize = 4;

/// Reads a plain backup's script; a gzipped one is decompressed on a thread of its own.
pub fn plain(archive: &Archive) -> Result<Script<Box<dyn Read + Send>>> {
    let file = File::open(&archive.path).context(|| archive.path.display().to_string())?;
    let input: Box<dyn Read + Send> = match archive.kind {
        Kind::PlainGzip => Box::new(Ahead::new(MultiGzDecoder::new(
            io::BufReader::with_capacity(CHUNK_BYTES, file),
        ))),
        Kind::Plain | Kind::Custom => Box::new(file),
    };
    Ok(Script::new(input))
}

/// The script that pg_restore makes of an archive.
pub struct Converted {
    script: Script<ChildStdout>,
    child: Child,
}

impl Converted {
    /// Starts pg_restore on the archive, with `options` that select a part of it.
    pub fn start(pg_restore: &Program, archive: &Archive, options: &[&str]) -> Result<Self> {
        let mut command = pg_restore.command();
        command
            .args(options)
            .arg("--file=-")
            .arg("--")
            .arg(&archive.path)
            .stdout(Stdio::piped());
        let mut child = Child::spawn(command, "pg_restore")?;
        let script = Script::new(child.stdout()?);
        Ok(Self { script, child })
    }

    /// Reads all of it into `collector`; why pg_restore could not, if it could not.
    pub fn collect(mut self, decoder: &mut Decoder, collector: &mut Collector) -> Damage {
        let read = collect(&mut self.script, decoder, collector);
        drop(self.script);
        let ended = self.child.wait()?;
        signals::check()?;
        ended.not_killed()?;
        // What pg_restore says of the damage is better than what its output shows.
        let ended = ended.success_or(|| "the archive can't be read".to_string());
        Ok(ended.and(read).err().map(|error| error.in_one_line()))
    }
}

/// What is wrong with a backup, if anything is; an error is trouble of our own.
pub type Damage = Result<Option<String>>;

/// Reads an archive's data into `collector`: by ourselves, which is twice as fast,
/// or by pg_restore where only that can.
pub fn collect_data(
    pg_restore: &Program,
    archive: &Archive,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Damage {
    let file = File::open(&archive.path).context(|| archive.path.display().to_string())?;
    let read = match dump::Archive::open(file) {
        Ok(None) => {
            let script = Converted::start(pg_restore, archive, &["--data-only"])?;
            return script.collect(decoder, collector);
        }
        Ok(Some(data)) => collect_blocks(data, decoder, collector),
        Err(error) => Err(error),
    };
    signals::check()?;
    Ok(read.err().map(|error| error.in_one_line()))
}

fn collect_blocks(
    data: dump::Archive<File>,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    for entry in data.of_kind("SEQUENCE SET") {
        let mut script = Script::new(entry.definition.as_slice());
        collect(&mut script, decoder, collector)?;
    }
    let mut buffer = vec![0; CHUNK_BYTES];
    data.blocks(|block| match block {
        Block::Rows(script) => collect(&mut Script::new(script), decoder, collector),
        Block::LargeObject(oid, mut bytes) => loop {
            signals::check()?;
            let length = bytes.read(&mut buffer)?;
            collector.large_object(oid, &buffer[..length]);
            if length == 0 {
                return Ok(());
            }
        },
    })
}

/// Reads a whole script into `collector`.
pub fn collect<R: Read>(
    script: &mut Script<R>,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    while let Some(event) = script.next()? {
        signals::check()?;
        match event {
            Event::Statement { sql, entry, .. } => collector.statement(&decoder.text(sql)?, entry),
            Event::Copy { sql, target, .. } => collector.begin_copy(decoder.copy(sql, target)?),
            Event::Rows(lines) => collector.rows(lines),
            Event::CopyEnd => collector.end_copy(),
            Event::Command { .. } => {}
        }
    }
    Ok(())
}

/// Reads ahead on a thread.
struct Ahead {
    chunks: Receiver<io::Result<Vec<u8>>>,
    current: Vec<u8>,
    position: usize,
}

impl Ahead {
    fn new(mut input: impl Read + Send + 'static) -> Self {
        let (send, chunks) = sync_channel(CHUNKS_AHEAD);
        thread::spawn(move || {
            loop {
                let chunk = read_chunk(&mut input);
                let last = !matches!(&chunk, Ok(bytes) if !bytes.is_empty());
                if send.send(chunk).is_err() || last {
                    break;
                }
            }
        });
        Self {
            chunks,
            current: Vec::new(),
            position: 0,
        }
    }
}

/// The next bytes, empty at the end; what was read before an error is handed on first.
fn read_chunk(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match input.read(&mut chunk) {
            Ok(length) => {
                chunk.truncate(length);
                return Ok(chunk);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.current.len() {
            // A thread that is gone has handed on its last chunk, which was empty.
            self.current = self.chunks.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
            self.position = 0;
        }
        let rest = &self.current[self.position..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        Ok(length)
    }
}
