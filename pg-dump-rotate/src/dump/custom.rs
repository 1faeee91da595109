//! An archive of custom format, compressed by us as it streams by.
//!
//! pg_dump writes it uncompressed. Its head gets the method that we compress by, its
//! table of contents stays as it is, and each block of data is rewritten.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use shared::dump::{BlockKind, Blocks, Packing, Storage, Toc};
use shared::{Context, Error};

use super::counter::Counter;
use super::packer::{Joiner, Packer, push_int};
use super::piece::{Filler, Piece, Subject};
use super::source::Source;
use super::{Copied, Dump, Head, Outcome, Trouble};
use crate::compression::Compression;
use crate::output::Output;
use crate::pool::{self, Pool};

/// How much is read from the pipe at once.
const READ_BYTES: usize = 256 << 10;

/// Copies an archive.
pub fn copy(source: &mut Source, output: Output, dump: &Dump<'_>) -> Outcome<Copied> {
    let compression = dump.compression;
    let mut input = BufReader::with_capacity(READ_BYTES, source);
    let mut recorder = Recorder::new(&mut input);
    let toc = Toc::read(&mut recorder)?;
    let mut start = recorder.bytes;
    let is_plain = |toc: &Toc| toc.storage == Storage::Custom && toc.packing == Some(Packing::None);
    let head = toc.as_ref().map(Head::of).unwrap_or_default();
    let Some(toc) = toc.filter(is_plain) else {
        return match dump.pg_restore {
            Some(_) => pass_through(&start, input, output, head),
            None => Err(Error::new(
                "its archive is of a kind that is not known here, and there is no pg_restore to \
                 read it",
            )
            .into()),
        };
    };
    let (packing, level) = compression.packing();
    if !toc.can_say(packing) {
        return Err(Error::new(format!(
            "an archive by this pg_dump can't be compressed with {compression}"
        ))
        .into());
    }
    toc.say(&mut start, packing, level);
    let toc = Arc::new(toc);
    let counter = match dump.digest {
        true => Some(Counter::start(Arc::clone(&toc))?),
        false => None,
    };
    let blocks = Blocks::new(Arc::clone(&toc), input);
    let output = rewrite(&start, blocks, counter.as_ref(), output, compression)?;
    let tally = counter.map(Counter::finish).transpose()?;
    Ok(Copied {
        output,
        compression,
        tally,
        head,
        warning: None,
    })
}

/// What we don't know, we don't touch.
fn pass_through(
    start: &[u8],
    mut input: impl Read,
    mut output: Output,
    head: Head,
) -> Outcome<Copied> {
    let mut buffer = vec![0; READ_BYTES];
    output.put(start.to_vec())?;
    loop {
        match input.read(&mut buffer).context(|| "pg_dump".into())? {
            0 => break,
            length => output.put(buffer[..length].to_vec())?,
        }
    }
    Ok(Copied {
        output,
        compression: Compression::None,
        tally: None,
        head,
        warning: Some(
            "this pg_dump writes archives of a kind that is not known here, or compresses them \
             unasked: its archive is kept as it is, and its rows are not counted"
                .into(),
        ),
    })
}

fn rewrite(
    start: &[u8],
    blocks: Blocks<BufReader<&mut Source>>,
    counter: Option<&Counter>,
    output: Output,
    compression: Compression,
) -> Outcome<Output> {
    let int_bytes = blocks.toc().int_bytes;
    let packers: io::Result<Vec<Packer>> = (0..pool::threads())
        .map(|_| Packer::new(compression, int_bytes))
        .collect();
    let workers = packers?
        .into_iter()
        .map(|mut packer| move |piece: Arc<Piece>| packer.pack(&piece))
        .collect();
    let mut joiner = Joiner::default();
    let mut pool = Pool::start(workers, output, move |packed, output: &mut Output| {
        output.put(joiner.join(packed))
    })?;
    let filler = Filler::new(|piece: Arc<Piece>| {
        if let Some(counter) = counter {
            counter.send(&piece);
        }
        pool.send(piece).map_err(Trouble::Output)
    });
    let sent = fill(start, blocks, filler);
    Trouble::join(sent, pool.finish())
}

fn fill(
    start: &[u8],
    mut blocks: Blocks<BufReader<&mut Source>>,
    mut filler: Filler<'_>,
) -> Outcome<()> {
    let int_bytes = blocks.toc().int_bytes;
    let frame_of = |number: u32| {
        let mut bytes = Vec::new();
        push_int(&mut bytes, u64::from(number), int_bytes);
        bytes
    };
    filler.frame(start)?;
    while let Some((kind, id)) = blocks.next_block()? {
        let number = u32::try_from(id).map_err(|_| Error::new("an entry has no number"))?;
        filler.frame(&[kind.byte()])?;
        filler.frame(&frame_of(number))?;
        let entry = blocks.toc().entry_of(id);
        let label = entry.map(|entry| entry.label.clone()).unwrap_or_default();
        blocks.input().get_mut().table().set(&label);
        match kind {
            BlockKind::Data => content(&mut blocks, Subject::Entry(id), &mut filler)?,
            BlockKind::LargeObjects => {
                while let Some(oid) = blocks.next_large_object()? {
                    filler.frame(&frame_of(oid))?;
                    content(&mut blocks, Subject::LargeObject(oid), &mut filler)?;
                }
                filler.frame(&frame_of(0))?;
            }
        }
    }
    filler.finish()
}

fn content(
    blocks: &mut Blocks<BufReader<&mut Source>>,
    subject: Subject,
    filler: &mut Filler<'_>,
) -> Outcome<()> {
    filler.begin(subject);
    let mut chunks = blocks.content();
    loop {
        match chunks.read(filler.room()?) {
            Ok(0) => break,
            Ok(length) => filler.put(length),
            Err(error) => return Err(Trouble::Input(error.into())),
        }
    }
    filler.end();
    Ok(())
}

/// Keeps what is read through it.
struct Recorder<'a, R> {
    input: &'a mut R,
    bytes: Vec<u8>,
}

impl<'a, R: Read> Recorder<'a, R> {
    fn new(input: &'a mut R) -> Self {
        Self {
            input,
            bytes: Vec::new(),
        }
    }
}

impl<R: Read> Read for Recorder<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        self.bytes.extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}
