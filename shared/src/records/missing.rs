//! Whether we were started without a standard output, as by `>&-`.
//!
//! The standard library opens /dev/null in its place before `main` runs, and what is written there is lost without
//! an error. So it is looked before that, by the list of functions that the loader runs first.

#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

static IS_MISSING: AtomicBool = AtomicBool::new(false);

// SAFETY: what stands there is a function of the signature that is called from there.
#[used]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static FIRST: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: the call takes no pointer, and says of a number that is no open file that it is none.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    IS_MISSING.store(flags == -1, Ordering::Relaxed);
}

/// Whether there was none when the process began.
pub fn is_missing() -> bool {
    IS_MISSING.load(Ordering::Relaxed)
}
