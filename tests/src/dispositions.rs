//! What a command makes of signals is up to it, not to who runs the tests: under
//! `nohup` or in the background of a script some are ignored, which children inherit.

#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Has the command begin with the default action of the signals that tests send.
pub(crate) fn reset(command: &mut Command) {
    // SAFETY: system calls only; nothing is allocated, no lock is taken.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}
