//! Standard output, unbuffered: the writer of records buffers, and decides when
//! a reader has to see what is there.

use std::io::{self, IsTerminal, Write};

/// Where records go.
#[derive(Debug)]
pub struct Stdout(());

impl Stdout {
    /// The process's standard output.
    pub fn open() -> Self {
        Self(())
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
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
        let columns = size.map_or(0, |size| usize::from(size.ws_col));
        Some(if columns == 0 { 80 } else { columns })
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
