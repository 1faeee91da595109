//! A backup as the stream of its SQL script.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use shared::dump::{self, Block, Compression, Content, Event, Files, Part, Script, Toc};
use shared::programs::{Child, Program};
use shared::{Context, Error, Result, signals};

use crate::archive::{Archive, Kind};
use crate::contents::{Collector, Contents};
use crate::decoder::Decoder;
use crate::threads::{lock, on_threads};

const CHUNK_BYTES: usize = 256 << 10;
const CHUNKS_AHEAD: usize = 4;

/// Reads a plain backup's script; a compressed one is decompressed on a thread of its own.
pub fn plain(archive: &Archive) -> Result<Script<Box<dyn Read + Send>>> {
    let named = || archive.path.display().to_string();
    let file = File::open(&archive.path).context(named)?;
    let (Kind::Plain(compression) | Kind::Globals(compression)) = archive.kind else {
        return Err(Error::new(format!("{} is no script", named())));
    };
    let input: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(file),
        _ => {
            let file = BufReader::with_capacity(CHUNK_BYTES, file);
            let unpacked = compression.unpack(file).context(named)?;
            Box::new(Ahead::new(unpacked).context(|| "starting a thread".to_string())?)
        }
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
        Self::start_with(pg_restore.command(), archive, options)
    }

    /// The same of the entries in a list, as `--use-list` takes it.
    pub fn start_listed(
        pg_restore: &Program,
        archive: &Archive,
        options: &[&str],
        list: &str,
    ) -> Result<Self> {
        let mut command = pg_restore.command();
        command.stdin(Stdio::piped()).arg("--use-list=/dev/stdin");
        let mut started = Self::start_with(command, archive, options)?;
        // It reads all of it before it writes; one that ended already says why.
        let _ = started.child.stdin()?.write_all(list.as_bytes());
        Ok(started)
    }

    /// The script.
    pub fn script(&mut self) -> &mut Script<ChildStdout> {
        &mut self.script
    }

    fn start_with(mut command: Command, archive: &Archive, options: &[&str]) -> Result<Self> {
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
    pub fn collect(self, decoder: &mut Decoder, collector: &mut Collector) -> Damage {
        self.each(|event| collect_event(event, decoder, collector))
    }

    /// Hands on one event of it after the other; why pg_restore could not, if it could not.
    pub fn each(mut self, mut take: impl FnMut(Event<'_>) -> Result<()>) -> Damage {
        let read = each(&mut self.script, &mut take);
        self.end(read)
    }

    /// What is wrong with it, if anything is, when it was read to its end like this.
    pub fn end(self, read: Result<()>) -> Damage {
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
/// or by pg_restore where only that can; files of a folder on `jobs` threads.
pub fn collect_data(
    pg_restore: &Program,
    archive: &Archive,
    jobs: usize,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Damage {
    match data(archive)? {
        Ok(Some(data)) => collect_own(data, jobs, decoder, collector),
        Ok(None) => {
            let script = Converted::start(pg_restore, archive, &["--data-only"])?;
            script.collect(decoder, collector)
        }
        Err(error) => Ok(Some(error.in_one_line())),
    }
}

/// Reads the data of an archive by ourselves.
pub fn collect_own(
    data: Data,
    jobs: usize,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Damage {
    let read = match data {
        Data::Blocks(data) => collect_blocks(*data, decoder, collector),
        Data::Files(files) => collect_files(&files, jobs, decoder, collector),
    };
    signals::check()?;
    Ok(read.err().map(|error| error.in_one_line()))
}

/// The data of an archive.
pub enum Data {
    /// In one file.
    Blocks(Box<dump::Archive<File>>),
    /// In a folder or a tar file.
    Files(Files),
}

impl Data {
    /// The table of contents.
    pub fn toc(&self) -> &Toc {
        match self {
            Self::Blocks(archive) => archive.toc(),
            Self::Files(files) => files.toc(),
        }
    }
}

/// Reads an archive's table of contents; `None` if only pg_restore can. What is wrong with it is
/// the inner error.
pub fn data(archive: &Archive) -> Result<Result<Option<Data>>> {
    if archive.kind != Kind::Custom {
        let files = Files::open(&archive.path).and_then(|files| {
            // What is missing is told before pg_restore stumbles over it.
            files.as_ref().map(Files::parts).transpose()?;
            Ok(files)
        });
        return Ok(files.map(|files| files.map(Data::Files)));
    }
    let file = File::open(&archive.path).context(|| archive.path.display().to_string())?;
    let archive = dump::Archive::open(file);
    Ok(archive.map(|archive| archive.map(|archive| Data::Blocks(Box::new(archive)))))
}

fn collect_blocks(
    data: dump::Archive<File>,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    collect_sequences(data.toc(), decoder, collector)?;
    data.blocks(|block| match block {
        Block::Rows(script) => collect(&mut Script::new(script), decoder, collector),
        Block::LargeObject(oid, bytes) => collect_large_object(oid, bytes, collector),
    })
}

/// The positions of sequences, which are no data to the format.
pub fn collect_sequences(
    toc: &Toc,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    // How their names are to be read comes first.
    for kind in ["STDSTRINGS", "SEQUENCE SET"] {
        let entries = toc.entries().map(|(_, entry)| entry);
        for entry in entries.filter(|entry| entry.kind == kind) {
            let mut script = Script::new(entry.definition.as_slice());
            collect(&mut script, decoder, collector)?;
        }
    }
    Ok(())
}

/// One large object's bytes.
pub fn collect_large_object(
    oid: u32,
    mut bytes: impl Read,
    collector: &mut Collector,
) -> Result<()> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        signals::check()?;
        let length = bytes.read(&mut buffer)?;
        collector.large_object(oid, &buffer[..length]);
        if length == 0 {
            return Ok(());
        }
    }
}

fn collect_files(
    files: &Files,
    jobs: usize,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    collect_sequences(files.toc(), decoder, collector)?;
    let mut parts = files.parts()?;
    // The largest first, so that all threads end at about the same time.
    parts.sort_by_key(|part| part.bytes);
    let threads = jobs.clamp(1, parts.len().max(1));
    let workers = (0..threads).map(|_| (decoder.another(), collector.another()));
    let (workers, parts) = (Mutex::new(workers.collect::<Vec<_>>()), Mutex::new(parts));
    let found: Mutex<Vec<Contents>> = Mutex::default();
    on_threads(threads, || {
        let worker = lock(&workers).pop();
        let Some((mut decoder, mut collector)) = worker else {
            return Ok(());
        };
        let next = || lock(&parts).pop();
        while let Some(part) = next() {
            if let Err(error) = collect_part(files, &part, &mut decoder, &mut collector) {
                // Whatever else is wrong with it, it is damaged.
                lock(&parts).clear();
                return Err(error);
            }
        }
        lock(&found).push(collector.finish());
        Ok(())
    })?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_iter().for_each(|part| collector.absorb(part));
    Ok(())
}

/// What is in one file of an archive.
pub fn collect_part(
    files: &Files,
    part: &Part,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    let bytes = files.read(part)?;
    match &part.content {
        Content::LargeObject(oid) => collect_large_object(*oid, bytes, collector)
            .map_err(|error| Error::new(format!("large object {oid}: {}", error.message()))),
        Content::Rows { label, copy } => {
            let mut script = Script::new(copy.as_slice().chain(bytes));
            collect(&mut script, decoder, collector)
                .map_err(|error| Error::new(format!("{label}: {}", error.message())))
        }
    }
}

/// Reads a whole script into `collector`.
pub fn collect<R: Read>(
    script: &mut Script<R>,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    each(script, &mut |event| {
        collect_event(event, decoder, collector)
    })
}

/// Hands on one event of a script after the other.
pub fn each<R: Read>(
    script: &mut Script<R>,
    take: &mut impl FnMut(Event<'_>) -> Result<()>,
) -> Result<()> {
    while let Some(event) = script.next()? {
        signals::check()?;
        take(event)?;
    }
    Ok(())
}

/// Notes one event of a script.
pub fn collect_event(
    event: Event<'_>,
    decoder: &mut Decoder,
    collector: &mut Collector,
) -> Result<()> {
    match event {
        Event::Statement { sql, entry, .. } => collector.statement(&decoder.text(sql)?, entry),
        Event::Copy { sql, target, .. } => collector.begin_copy(decoder.copy(sql, target)?),
        Event::Rows(lines) => collector.rows(lines),
        Event::CopyEnd => collector.end_copy(),
        Event::Command { .. } => {}
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
    fn new(mut input: impl Read + Send + 'static) -> io::Result<Self> {
        let (send, chunks) = sync_channel(CHUNKS_AHEAD);
        thread::Builder::new().spawn(move || {
            loop {
                let chunk = read_chunk(&mut input);
                let last = !matches!(&chunk, Ok(bytes) if !bytes.is_empty());
                if send.send(chunk).is_err() || last {
                    break;
                }
            }
        })?;
        Ok(Self {
            chunks,
            current: Vec::new(),
            position: 0,
        })
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
