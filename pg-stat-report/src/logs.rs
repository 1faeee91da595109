//! What a server's log tells: errors, slow statements, failed connections, deadlocks, waits,
//! checkpoints, temporary files, autovacuum. In the stderr format with any log_line_prefix, csvlog
//! or jsonlog, compressed or not; read once, in a room that does not grow with it.

mod buffer;
mod class;
mod clock;
mod csvlog;
mod entry;
mod grammar;
mod groups;
mod guess;
mod jsonlog;
mod locks;
mod numbers;
mod prefix;
mod refusals;
mod report;
mod row;
mod severity;
mod shape;
mod statements;
mod stderr;
mod sums;
mod tally;

use std::io::{BufRead, BufReader, Read};

use shared::dump::Compression;
use shared::{Context, Error, Result};

pub use guess::Format;
pub use prefix::Prefix;
pub use row::Row;
pub use tally::RAISED;

use buffer::Lines;
use tally::Tally;

/// The longest line or report that is read whole.
const LONGEST: usize = 16 << 20;
const PIECE: usize = 256 << 10;

/// How to read a log. What is not given is seen by its looks.
#[derive(Debug, Default)]
pub struct Options {
    /// `--log-format`
    pub format: Option<Format>,
    /// `--log-line-prefix`
    pub prefix: Option<Prefix>,
}

/// The records of the log that `input` brings, at most `limit` of each kind.
///
/// # Errors
/// When it can't be read or decompressed, or is no log of PostgreSQL's.
pub fn report(
    input: impl Read + Send,
    options: &Options,
    limit: Option<usize>,
) -> Result<Vec<Row>> {
    let mut input = BufReader::with_capacity(PIECE, input);
    let compression = Compression::of(input.fill_buf().context(unreadable)?);
    let unpacked = compression.unpack(input).context(unreadable)?;
    let mut lines = Lines::new(unpacked, LONGEST);
    let head = lines.peek().context(unreadable)?;
    let format = options.format.unwrap_or_else(|| guess::format(head));
    let guessed = guess::prefix(head);
    let mut tally = Tally::default();
    let read = match format {
        Format::Csv => csvlog::read(&mut lines, &mut tally),
        Format::Json => jsonlog::read(&mut lines, &mut tally),
        Format::Stderr => {
            let guessed = guessed.as_ref().map(|(_, prefix)| prefix);
            stderr::read(&mut lines, options.prefix.as_ref().or(guessed), &mut tally)
        }
    };
    read.context(unreadable)?;
    if tally.all.count == 0 && tally.skipped > 0 {
        return Err(no_log(&tally, format));
    }
    Ok(report::rows(tally, format, limit))
}

fn unreadable() -> String {
    "the log could not be read".into()
}

fn no_log(tally: &Tally, format: Format) -> Error {
    let lines = tally.skipped;
    Error::new(format!("{lines} lines, and not one entry of PostgreSQL's log in the {} format", format.as_str()))
        .with_detail(format!("the first line: {}", tally.first_skipped))
        .with_hint("say what it is with --log-format and --log-line-prefix; the messages must be in English (lc_messages)")
}
