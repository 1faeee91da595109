//! SIGINT, SIGTERM, SIGHUP and SIGQUIT: the job ends early, everything that was begun is
//! cleaned up by unwinding, and then the process dies by the signal that came.
//!
//! The first signal sets a flag and runs the callbacks; whoever waits for
//! something looks at the flag. A second one, more than a second later, is a user
//! who has waited long enough: it kills at once.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::{emulate_default_handler, signal_name};

use crate::{Error, Result};

/// `timeout` and some terminals send the same signal twice in a moment.
const SAME: Duration = Duration::from_secs(1);

type Callback = Box<dyn Fn(i32) + Send>;

struct State {
    received: Option<i32>,
    /// Why the job is given up, though no signal came.
    given_up: Option<String>,
    next_id: u64,
    callbacks: Vec<(u64, Callback)>,
}

static STATE: Mutex<State> = Mutex::new(State {
    received: None,
    given_up: None,
    next_id: 0,
    callbacks: Vec::new(),
});
static ARRIVED: Condvar = Condvar::new();

/// The end of a pipe whose other end is closed when a signal arrives.
static HANGS_UP: OnceLock<OwnedFd> = OnceLock::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts to listen; [`crate::main`] does it before anything else. A signal that
/// our parent had us ignore (`nohup`) stays ignored.
pub fn install() -> Result<()> {
    let wanted = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
        .into_iter()
        .filter(|signal| !ignored(*signal));
    let mut signals = Signals::new(wanted)?;
    ignore(libc::SIGXFSZ);
    let (hangs_up, line) = pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from)?;
    let _ = HANGS_UP.set(hangs_up);
    std::thread::Builder::new()
        .name("signals".to_string())
        .spawn(move || listen(&mut signals, line))?;
    Ok(())
}

fn listen(signals: &mut Signals, line: OwnedFd) {
    let mut line = Some(line);
    let mut first: Option<Instant> = None;
    for signal in signals.forever() {
        match first {
            None => {
                first = Some(Instant::now());
                arrived(signal);
                drop(line.take());
            }
            Some(since) if since.elapsed() > SAME => die(signal),
            Some(_) => {}
        }
    }
}

fn arrived(signal: i32) {
    let mut state = state();
    state.received = Some(signal);
    for (_, callback) in &state.callbacks {
        callback(signal);
    }
    ARRIVED.notify_all();
}

/// Has those signals ignored that tell a job to clean up, in a process that is there to do that.
pub fn ignore_all() {
    [SIGINT, SIGTERM, SIGHUP].into_iter().for_each(ignore);
}

/// Has the signal ignored, by those we start as well: too large a file is an error of the write then.
#[allow(unsafe_code)]
fn ignore(signal: i32) {
    // SAFETY: no handler of ours is installed, and the signal is a valid one.
    unsafe {
        libc::signal(signal, libc::SIG_IGN);
    }
}

/// Whether the signal was ignored when we were started.
#[allow(unsafe_code)]
fn ignored(signal: i32) -> bool {
    // SAFETY: `sigaction` with no new action only fills the structure it is given,
    // for which all zeros is a valid value.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

/// The signal that asked us to stop, if one did.
pub fn received() -> Option<i32> {
    state().received
}

/// An error once a signal has asked us to stop: for loops that could go on.
pub fn check() -> Result<()> {
    if CLEANS_UP.get() {
        return Ok(());
    }
    let state = state();
    match (state.received, &state.given_up) {
        (Some(_), _) => Err(Error::interrupted()),
        (None, Some(why)) => Err(Error::new(why)),
        (None, None) => Ok(()),
    }
}

/// Gives a job up as if a signal had come, but for this reason, and until [`resume`]: children and
/// servers are ended, waits come to an end, and [`check`] fails.
pub fn give_up(why: &str) {
    let mut state = state();
    if state.received.is_some() || state.given_up.is_some() {
        return;
    }
    state.given_up = Some(why.to_string());
    for (_, callback) in &state.callbacks {
        callback(SIGTERM);
    }
    ARRIVED.notify_all();
}

/// Why the job is being given up, if it is.
pub fn given_up() -> Option<String> {
    state().given_up.clone()
}

/// Another job can begin.
pub fn resume() {
    state().given_up = None;
}

thread_local! {
    static CLEANS_UP: Cell<bool> = const { Cell::new(false) };
}

/// Cleans up, for which this thread may have to connect, say, after a signal has come.
pub fn clean_up<T>(work: impl FnOnce() -> T) -> T {
    let before = CLEANS_UP.replace(true);
    let done = work();
    CLEANS_UP.set(before);
    done
}

/// Waits; an error as soon as a signal asks us to stop.
pub fn sleep(time: Duration) -> Result<()> {
    let waited = ARRIVED.wait_timeout_while(state(), time, |state| {
        state.received.is_none() && state.given_up.is_none()
    });
    drop(waited.unwrap_or_else(PoisonError::into_inner));
    check()
}

/// Waits until `file` can be read from; an error as soon as a signal asks us to
/// stop. (A plain `read` would go on after the signal.)
pub fn wait_readable(file: impl AsFd) -> io::Result<()> {
    wait_for(file.as_fd(), PollFlags::IN)
}

/// Waits until at least 4096 bytes can be written to `file` without waiting, or
/// until writing would fail; an error as soon as a signal asks us to stop.
pub fn wait_writable(file: impl AsFd) -> io::Result<()> {
    wait_for(file.as_fd(), PollFlags::OUT)
}

fn wait_for(file: BorrowedFd<'_>, what: PollFlags) -> io::Result<()> {
    // Who cleans up after a signal may still have to say something.
    let Some(hangs_up) = HANGS_UP.get().filter(|_| !CLEANS_UP.get()) else {
        return Ok(());
    };
    loop {
        let mut fds = [
            PollFd::new(&file, what),
            PollFd::new(hangs_up, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) if !fds[1].revents().is_empty() => {
                return Err(io::Error::other("interrupted"));
            }
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Has `callback` run on the signal's arrival, on another thread: to end a child,
/// to cancel a query, whatever makes the main thread stop waiting. Runs at once
/// if the signal is here already. It must be quick, and must not register or drop
/// another one; dropping the guard waits for it to end.
pub fn on_signal(callback: impl Fn(i32) + Send + Sync + 'static) -> Guard {
    let mut state = state();
    if let Some(signal) = state.received.or(state.given_up.as_ref().map(|_| SIGTERM)) {
        callback(signal);
    }
    state.next_id += 1;
    let id = state.next_id;
    state.callbacks.push((id, Box::new(callback)));
    Guard { id }
}

/// Keeps a callback registered.
#[derive(Debug)]
#[must_use = "the callback is forgotten once this is dropped"]
pub struct Guard {
    id: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let callback = {
            let mut state = state();
            let index = state.callbacks.iter().position(|(id, _)| *id == self.id);
            index.map(|index| state.callbacks.swap_remove(index))
        };
        drop(callback);
    }
}

/// `SIGINT` and so on.
pub fn name(signal: i32) -> &'static str {
    signal_name(signal).unwrap_or("a signal")
}

/// Ends the process as the signal would have done, without any more clean-up.
pub(crate) fn die(signal: i32) {
    let _ = emulate_default_handler(signal);
}
