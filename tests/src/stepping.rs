//! Kills a tool at a certain step: at each of the system calls that change what a
//! folder holds. A kill at a random moment hardly ever hits the moments that matter.
//! Or has one of its system calls refused, as by a disk that is full just then.

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

/// System calls that can be refused.
#[derive(Debug, Clone, Copy)]
pub enum Refused {
    /// To give a file its name, as by a disk that is full.
    Rename,
    /// To wait until a folder is on disk, as by a file system that knows no such thing.
    SyncFolder,
    /// To start a thread or a program, as by a limit of how many a user may have.
    Start,
}

impl Refused {
    fn calls(self) -> &'static [c_long] {
        match self {
            Self::Rename => &[
                libc::SYS_renameat,
                libc::SYS_renameat2,
                #[cfg(target_arch = "x86_64")]
                libc::SYS_rename,
            ],
            Self::SyncFolder => &[libc::SYS_fsync],
            Self::Start => &[
                libc::SYS_clone,
                libc::SYS_clone3,
                #[cfg(target_arch = "x86_64")]
                libc::SYS_fork,
                #[cfg(target_arch = "x86_64")]
                libc::SYS_vfork,
            ],
        }
    }

    /// Whether it is this call of them.
    fn means(self, pid: pid_t, arguments: [u64; 6]) -> bool {
        let file = || format!("/proc/{pid}/fd/{}", arguments[0]);
        !matches!(self, Self::SyncFolder) || std::path::Path::new(&file()).is_dir()
    }

    fn error(self) -> c_int {
        match self {
            Self::Rename => libc::ENOSPC,
            Self::SyncFolder => libc::EINVAL,
            Self::Start => libc::EAGAIN,
        }
    }
}

/// What is done to a program.
#[derive(Clone, Copy)]
enum Plot {
    Kill,
    Refuse(Refused),
}

/// What a thread was stopped for when it enters or leaves a system call.
const IN_CALL: c_int = libc::SIGTRAP | 0x80;

/// Runs the command, and kills it when it is about to take its step number `step`, from 0.
/// Opening a file counts only where it makes one. Returns the status that it ended with by
/// itself, or `None` if it was killed.
pub(crate) fn run(mut command: Command, step: usize) -> Option<c_int> {
    command.stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (status, was_killed) = plot(command, Plot::Kill, step);
    (!was_killed).then_some(status)
}

/// Runs the command, and has the kernel refuse the call number `number`, from 0, of those. Returns
/// the status that it ended with, and whether one was refused.
pub(crate) fn run_refused(command: Command, refused: Refused, number: usize) -> (c_int, bool) {
    plot(command, Plot::Refuse(refused), number)
}

fn plot(mut command: Command, plot: Plot, left: usize) -> (c_int, bool) {
    // Only its own children can be waited for by a thread of its own.
    let killer = thread::spawn(move || {
        // SAFETY: a system call only.
        unsafe {
            command.pre_exec(|| check(libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0)));
        }
        #[allow(clippy::zombie_processes)] // waited for below, by its number
        let child = command.spawn().unwrap();
        let pid = child.id().cast_signed();
        Stepper {
            pid,
            plot,
            left,
            done: false,
            refusing: None,
        }
        .watch()
    });
    killer.join().unwrap()
}

struct Stepper {
    pid: pid_t,
    plot: Plot,
    left: usize,
    done: bool,
    /// The thread that is to get an error when it leaves its call.
    refusing: Option<pid_t>,
}

impl Stepper {
    fn watch(mut self) -> (c_int, bool) {
        let mut ready = false;
        loop {
            let (pid, status) = wait();
            if libc::WIFSTOPPED(status) {
                if !ready {
                    options(self.pid);
                    ready = true;
                }
                let signal = self.stopped(pid, status);
                if !self.done || !matches!(self.plot, Plot::Kill) {
                    go_on(pid, signal);
                }
            } else if pid == self.pid {
                return (status, self.done);
            }
        }
    }

    /// The signal that the thread is to get.
    fn stopped(&mut self, pid: pid_t, status: c_int) -> c_int {
        match libc::WSTOPSIG(status) {
            IN_CALL => {
                if self.refusing == Some(pid) {
                    if let Plot::Refuse(refused) = self.plot {
                        fail_with(pid, refused.error());
                    }
                    self.refusing = None;
                } else if !self.done && self.counts(pid) {
                    self.step(pid);
                }
                0
            }
            // A new thread, or something that happened to an old one.
            libc::SIGSTOP | libc::SIGTRAP => 0,
            signal => signal,
        }
    }

    fn counts(&self, pid: pid_t) -> bool {
        match (self.plot, entered(pid)) {
            (Plot::Kill, Some((call, arguments))) => is_step(call, arguments),
            (Plot::Refuse(refused), Some((call, arguments))) => {
                refused.calls().contains(&call) && refused.means(pid, arguments)
            }
            (_, None) => false,
        }
    }

    fn step(&mut self, pid: pid_t) {
        if self.left > 0 {
            self.left -= 1;
            return;
        }
        match self.plot {
            // SAFETY: a system call without pointers.
            Plot::Kill => check(unsafe { libc::kill(self.pid, libc::SIGKILL) }.into()).unwrap(),
            Plot::Refuse(_) => {
                skip_call(pid);
                self.refusing = Some(pid);
            }
        }
        self.done = true;
    }
}

/// Has the kernel skip the call that a thread is about to make.
#[cfg(target_arch = "x86_64")]
fn skip_call(pid: pid_t) {
    change_registers(pid, |registers| registers.orig_rax = u64::MAX);
}

/// Has a thread see this error of the call that it leaves.
#[cfg(target_arch = "x86_64")]
fn fail_with(pid: pid_t, error: c_int) {
    change_registers(pid, |registers| {
        registers.rax = i64::from(-error).cast_unsigned();
    });
}

#[cfg(target_arch = "x86_64")]
fn change_registers(pid: pid_t, change: impl FnOnce(&mut libc::user_regs_struct)) {
    let mut registers = MaybeUninit::<libc::user_regs_struct>::zeroed();
    let place: *mut c_void = registers.as_mut_ptr().cast();
    // SAFETY: the kernel writes and reads a struct of this kind, of which all zeros are a value, too.
    unsafe {
        check(libc::ptrace(libc::PTRACE_GETREGS, pid, 0, place)).unwrap();
        change(registers.assume_init_mut());
        check(libc::ptrace(libc::PTRACE_SETREGS, pid, 0, place)).unwrap();
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn skip_call(_: pid_t) {
    unimplemented!("registers of this processor");
}

#[cfg(not(target_arch = "x86_64"))]
fn fail_with(_: pid_t, _: c_int) {}

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

/// The system call that a thread is about to make, and its arguments.
fn entered(pid: pid_t) -> Option<(c_long, [u64; 6])> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    let size = size_of::<libc::ptrace_syscall_info>();
    let place: *mut c_void = info.as_mut_ptr().cast();
    // SAFETY: the kernel writes at most so many bytes; all zeros are a valid value, too.
    let (info, entry) = unsafe {
        libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid, size, place);
        let info = info.assume_init();
        (info, info.u.entry)
    };
    let is_entry = info.op == libc::PTRACE_SYSCALL_INFO_ENTRY;
    is_entry.then(|| (entry.nr.cast_signed(), entry.args))
}

/// Whether it is a step to make this call.
fn is_step(call: c_long, arguments: [u64; 6]) -> bool {
    let makes = |argument: usize| arguments[argument] & libc::O_CREAT as u64 != 0;
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
