//! Children that end when we end, even when we are killed outright.
//!
//! The one place with `unsafe`: the standard library has no safe way to run
//! code in the child before the program starts. That code makes three system
//! calls, allocates nothing and takes no lock, as it must between fork and exec.

#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

type Request = (Command, SyncSender<io::Result<Child>>);

/// Starts the command in a session of its own, so that it and what it starts
/// can be ended together, a terminal's Ctrl-C reaches us alone, and a question
/// for a password fails, as it would in cron, where it would otherwise hang.
///
/// On Linux the kernel sends SIGTERM to the child when the *thread* that started
/// it ends, so all children are started by one thread that lasts as long as we do.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    static STARTER: Mutex<Option<Sender<Request>>> = Mutex::new(None);
    let (reply, answer) = sync_channel(1);
    let mut starter = STARTER.lock().unwrap_or_else(PoisonError::into_inner);
    let starter = match &mut *starter {
        Some(starter) => starter,
        none => {
            let (sender, requests) = channel();
            thread::Builder::new().spawn(move || start_all(&requests))?;
            none.insert(sender)
        }
    };
    let gone = || io::Error::other("the thread that starts programs is gone");
    starter.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn start_all(requests: &Receiver<Request>) {
    while let Ok((mut command, reply)) = requests.recv() {
        bind(&mut command);
        // Whoever asked waits for the answer.
        let _ = reply.send(command.spawn());
    }
}

fn bind(command: &mut Command) {
    let parent = rustix::process::getpid();
    // SAFETY: system calls only; nothing is allocated, no lock is taken.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            #[cfg(target_os = "linux")]
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
            // We may have died before the line above.
            match rustix::process::getppid() {
                Some(current) if current == parent => Ok(()),
                _ => Err(io::ErrorKind::Interrupted.into()),
            }
        });
    }
}
