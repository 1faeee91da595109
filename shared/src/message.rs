//! Words for people, on stderr: errors, warnings, notes, and one line that says
//! how far a long job is, on a terminal.
//!
//! Every message is one physical line that begins with the program's name;
//! control characters in it are shown, never obeyed, since it may quote what a
//! server or a file contained.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Error, printable};

/// How often the progress line is rewritten at most.
const REDRAW: Duration = Duration::from_millis(100);

/// The way to stderr; clones of it write to the same place.
#[derive(Debug, Clone)]
pub struct Report {
    name: &'static str,
    quiet: bool,
    verbose: bool,
    terminal: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    warnings: usize,
    drawn: bool,
    drawn_at: Option<Instant>,
}

impl Report {
    /// For the program `name`, without `-q` or `-v`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            quiet: false,
            verbose: false,
            terminal: std::io::stderr().is_terminal(),
            state: Arc::default(),
        }
    }

    /// The same way to the same place, with `-q` and `-v` as given.
    #[must_use]
    pub fn with(&self, quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            ..self.clone()
        }
    }

    /// Says why the job could not be done.
    pub fn error(&self, error: &Error) {
        let mut text = self.line("error", error.message());
        // Details may be the last lines of what another program said.
        for detail in error.detail().unwrap_or_default().trim_end().lines() {
            text.push_str(&self.line("detail", detail));
        }
        if let Some(hint) = error.hint() {
            text.push_str(&self.line("hint", hint));
        }
        self.write(&text);
    }

    /// Warns, unless `-q`; counts either way.
    pub fn warn(&self, text: &str) {
        self.state().warnings += 1;
        if !self.quiet {
            self.write(&self.line("warning", text));
        }
    }

    /// Says what is being done, if `-v` and not `-q`.
    pub fn note(&self, text: &str) {
        if self.verbose && !self.quiet {
            self.write(&self.line("note", text));
        }
    }

    /// How many warnings there were, shown or not.
    pub fn warnings(&self) -> usize {
        self.state().warnings
    }

    /// A line that says how far the job is; gone once dropped.
    pub fn progress(&self) -> Progress {
        Progress {
            report: self.clone(),
        }
    }

    fn line(&self, word: &str, text: &str) -> String {
        format!("{}: {word}: {}\n", self.name, printable::line(text))
    }

    /// One write for the whole message, so that two tools that share a terminal
    /// do not mix their lines. What stderr refuses has nowhere else to go.
    fn write(&self, text: &str) {
        let mut state = self.state();
        let text = match state.drawn {
            true => format!("\r\x1b[K{text}"),
            false => text.to_string(),
        };
        state.drawn = false;
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line on the terminal that is rewritten in place, at most ten times a
/// second; nothing at all where stderr is no terminal, or with `-q`.
#[derive(Debug)]
pub struct Progress {
    report: Report,
}

impl Progress {
    /// Shows how far the job is. `text` is only asked for when it will be shown,
    /// so that this may be called as often as is convenient.
    pub fn show(&self, text: impl FnOnce() -> String) {
        if !self.report.terminal || self.report.quiet {
            return;
        }
        let mut state = self.report.state();
        if state.drawn_at.is_some_and(|last| last.elapsed() < REDRAW) {
            return;
        }
        state.drawn = true;
        state.drawn_at = Some(Instant::now());
        let text = printable::fit(&printable::line(&text()), self.width());
        let _ = std::io::stderr().write_all(format!("\r{text}\x1b[K").as_bytes());
    }

    /// One column is left free: a full line would wrap, and `\r` would no longer
    /// reach its beginning.
    fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        size.map_or(79, |size| {
            usize::from(size.ws_col).saturating_sub(1).max(20)
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.report.write("");
    }
}
