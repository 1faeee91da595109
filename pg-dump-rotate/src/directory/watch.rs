//! Hears of files that appear in a folder, and of those that are written to their end.
//!
//! Only Linux tells of that. Elsewhere, or where it has no more watches to give, nothing
//! is heard, and all files are read when pg_dump has ended.

use std::io::PipeReader;
use std::path::Path;

#[cfg(target_os = "linux")]
pub use linux::watch;

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

    /// Begins to listen. What is returned tells of each file until the pipe's other end is
    /// closed, or until so much happened that some of it was lost.
    pub fn watch(folder: &Path) -> Option<impl FnOnce(&PipeReader, &dyn Fn(&str, Heard)) + use<>> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let what = WatchFlags::CREATE | WatchFlags::CLOSE_WRITE;
        inotify::add_watch(&inotify, folder, what).ok()?;
        Some(move |end: &PipeReader, tell: &dyn Fn(&str, Heard)| listen(&inotify, end, tell))
    }

    fn listen(inotify: &OwnedFd, end: &PipeReader, tell: &dyn Fn(&str, Heard)) {
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().and_then(|name| name.to_str().ok());
                    match (name, event.events()) {
                        (Some(name), events) if events.contains(ReadFlags::CLOSE_WRITE) => {
                            tell(name, Heard::Closed);
                        }
                        (Some(name), _) => tell(name, Heard::Appeared),
                        (None, _) => {}
                    }
                }
                Err(Errno::WOULDBLOCK) => {
                    if has_ended(inotify, end) {
                        return;
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for more; true when there is none to wait for.
    fn has_ended(inotify: &OwnedFd, end: &PipeReader) -> bool {
        let mut fds = [
            PollFd::new(inotify, PollFlags::IN),
            PollFd::new(end, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => !fds[1].revents().is_empty(),
            Err(error) => error != Errno::INTR,
        }
    }
}

/// Nothing is heard.
#[cfg(not(target_os = "linux"))]
pub fn watch(_folder: &Path) -> Option<fn(&PipeReader, &dyn Fn(&str, Heard))> {
    None
}
