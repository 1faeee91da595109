//! Hears of files that appear in a folder, and of those that are written to their end.
//!
//! Only Linux tells of that. Elsewhere, or where it has no more watches to give, nothing
//! is heard, and all files are read when pg_dump has ended.

use std::io::PipeReader;
use std::path::Path;

#[cfg(target_os = "linux")]
pub use linux::Watch;

/// What happened to a file.
pub enum Heard {
    Appeared,
    Closed,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::mem::MaybeUninit;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fd::OwnedFd;
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    use super::{Heard, Path, PipeReader};

    const BUFFER: usize = 64 * 1024;

    /// What has been heard since it was begun.
    pub struct Watch(OwnedFd);

    impl Watch {
        /// Begins to listen.
        pub fn begin(folder: &Path) -> Option<Self> {
            let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
            let what = WatchFlags::CREATE | WatchFlags::CLOSE_WRITE;
            inotify::add_watch(&inotify, folder, what).ok()?;
            Some(Self(inotify))
        }

        /// Tells of each file until the other end of the pipe is closed. When too much happens
        /// at once, some of it is not told.
        pub fn listen(&self, end: &PipeReader, tell: impl Fn(&str, Heard)) {
            let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
            let mut reader = Reader::new(&self.0, &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => {
                        let name = event.file_name().and_then(|name| name.to_str().ok());
                        let closed = event.events().contains(ReadFlags::CLOSE_WRITE);
                        match (name, closed) {
                            (Some(name), true) => tell(name, Heard::Closed),
                            (Some(name), false) => tell(name, Heard::Appeared),
                            (None, _) => {}
                        }
                    }
                    Err(Errno::WOULDBLOCK) if self.is_over(end) => return,
                    Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        }

        /// Waits for more; true when there is none to wait for.
        fn is_over(&self, end: &PipeReader) -> bool {
            let mut fds = [
                PollFd::new(&self.0, PollFlags::IN),
                PollFd::new(end, PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Ok(_) => !fds[1].revents().is_empty(),
                Err(error) => error != Errno::INTR,
            }
        }
    }
}

/// Hears nothing.
#[cfg(not(target_os = "linux"))]
pub struct Watch;

#[cfg(not(target_os = "linux"))]
impl Watch {
    /// There is nothing to listen to.
    pub fn begin(_folder: &Path) -> Option<Self> {
        None
    }

    /// Tells nothing.
    pub fn listen(&self, _end: &PipeReader, _tell: impl Fn(&str, Heard)) {}
}
