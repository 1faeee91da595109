//! Kills a tool at a certain step: at each of the system calls that change what a
//! folder holds. A kill at a random moment hardly ever hits the moments that matter.

#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

use libc::{c_int, c_long, c_void, pid_t};

/// The calls that count as steps.
const STEPS: &[c_long] = &[
    libc::SYS_openat,
    libc::SYS_mkdirat,
    libc::SYS_fsync,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
];

/// What a thread was stopped for when it enters or leaves a system call.
const IN_CALL: c_int = libc::SIGTRAP | 0x80;

/// Runs the command, and kills it when it is about to take its step number `step`, from 0.
/// Opening a file counts only where it makes one. Returns the status that it ended with by
/// itself, or `None` if it was killed.
pub(crate) fn run(mut command: Command, step: usize) -> Option<c_int> {
    // Only its own children can be waited for by a thread of its own.
    let killer = thread::spawn(move || {
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // SAFETY: a system call only.
        unsafe {
            command.pre_exec(|| check(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0)));
        }
        #[allow(clippy::zombie_processes)] // waited for below, by its number
        let child = command.spawn().unwrap();
        let pid = child.id().cast_signed();
        Stepper {
            pid,
            left: step,
            killed: false,
        }
        .watch()
    });
    killer.join().unwrap()
}

struct Stepper {
    pid: pid_t,
    left: usize,
    killed: bool,
}

impl Stepper {
    fn watch(mut self) -> Option<c_int> {
        let mut ready = false;
        loop {
            let (pid, status) = wait();
            if libc::WIFSTOPPED(status) {
                if !ready {
                    options(self.pid);
                    ready = true;
                }
                let signal = self.stopped(pid, status);
                if !self.killed {
                    go_on(pid, signal);
                }
            } else if pid == self.pid {
                return (!self.killed).then_some(status);
            }
        }
    }

    /// The signal that the thread is to get.
    fn stopped(&mut self, pid: pid_t, status: c_int) -> c_int {
        match libc::WSTOPSIG(status) {
            IN_CALL => {
                if is_step(pid) && !self.killed {
                    self.step();
                }
                0
            }
            // A new thread, or something that happened to an old one.
            libc::SIGSTOP | libc::SIGTRAP => 0,
            signal => signal,
        }
    }

    fn step(&mut self) {
        if self.left == 0 {
            // SAFETY: a system call without pointers.
            check(unsafe { libc::kill(self.pid, libc::SIGKILL) }.into()).unwrap();
            self.killed = true;
        }
        self.left = self.left.saturating_sub(1);
    }
}

fn wait() -> (pid_t, c_int) {
    let mut status = 0;
    // SAFETY: the kernel writes one number to where it may.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD) };
    check(pid.into()).unwrap();
    (pid, status)
}

fn options(pid: pid_t) {
    let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
    // SAFETY: a system call without pointers.
    check(unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, options) }).unwrap();
}

fn go_on(pid: pid_t, signal: c_int) {
    // SAFETY: a system call without pointers. A thread that is gone needs not go on.
    unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid, 0, signal) };
}

/// Whether a thread is about to take a step.
fn is_step(pid: pid_t) -> bool {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    let size = size_of::<libc::ptrace_syscall_info>();
    let place: *mut c_void = info.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most so many bytes; all zeros are a valid value, too.
    let (info, entry) = unsafe {
        libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid, size, place);
        let info = info.assume_init();
        (info, info.u.entry)
    };
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return false;
    }
    let call = entry.nr.cast_signed();
    let makes = |argument: usize| entry.args[argument] & libc::O_CREAT as u64 != 0;
    let counts = match call {
        libc::SYS_openat => makes(2),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => makes(1),
        _ => true,
    };
    counts && STEPS.contains(&call)
}

fn check(result: c_long) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
