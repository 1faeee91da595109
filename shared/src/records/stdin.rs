//! Standard input; a signal ends the wait for whoever writes it.

use std::io::{self, Read};

use crate::signals;

/// Where records come from, unbuffered.
#[derive(Debug)]
pub struct Stdin(());

impl Stdin {
    /// The process's standard input.
    pub fn open() -> Self {
        Self(())
    }
}

impl Read for Stdin {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        signals::wait_readable(io::stdin())?;
        Ok(rustix::io::read(io::stdin(), into)?)
    }
}
