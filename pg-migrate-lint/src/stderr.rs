//! Standard error while the grammar is at work.
//!
//! libpg_query puts a pipe in the place of file descriptor 2 each time it parses, and the old one back. Of
//! several threads that do so, one may put back another's pipe: so ours is kept aside and put back in the end.

use std::os::fd::OwnedFd;

/// Standard error as it was; put back on drop.
#[derive(Debug)]
pub struct Kept(Option<OwnedFd>);

impl Kept {
    /// Keeps it.
    pub fn aside() -> Self {
        Self(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3).ok())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(stderr) = &self.0 {
            // Where that fails there is no place to say so.
            let _ = rustix::stdio::dup2_stderr(stderr);
        }
    }
}
