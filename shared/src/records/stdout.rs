//! Standard output, unbuffered: the writer of records buffers, and decides when
//! a reader has to see what is there. A signal ends the wait for a slow reader.

use std::io::{self, IsTerminal, Write};

use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use super::missing::is_missing;
use crate::signals;

/// So much a pipe takes at once or not at all.
const PIECE: usize = 4096;

/// Where records go.
#[derive(Debug)]
pub struct Stdout {
    /// It takes everything at once: nobody reads it meanwhile.
    is_file: bool,
}

impl Stdout {
    /// The process's standard output.
    pub fn open() -> Self {
        let found = fstat(io::stdout());
        let kind = found.map(|found| FileType::from_raw_mode(found.st_mode));
        Self {
            is_file: kind == Ok(FileType::RegularFile),
        }
    }

    /// Whether a person sees it.
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// The terminal's columns; nothing where it is no terminal.
    pub fn width(&self) -> Option<usize> {
        if !self.is_terminal() {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(io::stdout());
        let columns = size.map_or(0, |size| usize::from(size.ws_col));
        Some(if columns == 0 { 80 } else { columns })
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if is_missing() {
            return Err(Errno::BADF.into());
        }
        if self.is_file {
            return Ok(rustix::io::write(io::stdout(), bytes)?);
        }
        let piece = &bytes[..bytes.len().min(PIECE)];
        loop {
            signals::wait_writable(io::stdout())?;
            match rustix::io::write(io::stdout(), piece) {
                // Another process has made the pipe that we share non-blocking.
                Err(Errno::AGAIN) => {}
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
