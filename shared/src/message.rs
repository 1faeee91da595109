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
/// What stands between jobs that share the line, and the least that one is worth showing in.
const BETWEEN: &str = " | ";
const NARROWEST: usize = 24;

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
    /// What the jobs that are under way have to say of themselves.
    jobs: Vec<Job>,
    jobs_so_far: usize,
}

#[derive(Debug)]
struct Job {
    number: usize,
    line: String,
    shown_at: Instant,
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

    /// Says what the result stands on, unless `-q`.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            self.write(&self.line("note", text));
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

    /// A line that says how far a job is; gone once dropped. Jobs that are under way side by side
    /// share the line.
    pub fn progress(&self) -> Progress {
        let mut state = self.state();
        state.jobs_so_far += 1;
        Progress {
            report: self.clone(),
            number: state.jobs_so_far,
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
    /// Of the job.
    number: usize,
}

impl Progress {
    /// Shows how far the job is. `text` is only asked for when it will be shown,
    /// so that this may be called as often as is convenient.
    pub fn show(&self, text: impl FnOnce() -> String) {
        if !self.report.terminal || self.report.quiet {
            return;
        }
        let mut state = self.report.state();
        let is_this = |job: &&mut Job| job.number == self.number;
        match state.jobs.iter_mut().find(is_this) {
            Some(job) if job.shown_at.elapsed() < REDRAW => return,
            Some(job) => {
                job.line = printable::line(&text());
                job.shown_at = Instant::now();
            }
            None => state.jobs.push(Job {
                number: self.number,
                line: printable::line(&text()),
                shown_at: Instant::now(),
            }),
        }
        state.drawn = true;
        let lines: Vec<&str> = state.jobs.iter().map(|job| &*job.line).collect();
        let line = side_by_side(&lines, self.width());
        let _ = std::io::stderr().write_all(format!("\r{line}\x1b[K").as_bytes());
    }

    /// One column is left free: a full line would wrap, and `\r` would no longer
    /// reach its beginning.
    fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stderr());
        let columns = size.map_or(0, |size| usize::from(size.ws_col));
        let columns = if columns == 0 { 80 } else { columns };
        columns.saturating_sub(1).max(20)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let is_other = |job: &Job| job.number != self.number;
        self.report.state().jobs.retain(is_other);
        self.report.write("");
    }
}

/// One line of several, each with as much of it as the others; of those for which too little is left
/// their number.
fn side_by_side(lines: &[&str], width: usize) -> String {
    let most = ((width + BETWEEN.len()) / (NARROWEST + BETWEEN.len())).max(1);
    let shown = &lines[..lines.len().min(most)];
    let more = match lines.len() - shown.len() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let gaps = BETWEEN.len() * shown.len().saturating_sub(1);
    let room = width.saturating_sub(gaps + more.len());
    let each = room / shown.len().max(1);
    let shown = shown.iter().map(|line| printable::fit(line, each));
    let shown: Vec<String> = shown.collect();
    printable::fit(&format!("{}{more}", shown.join(BETWEEN)), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_share_the_line_as_far_as_there_is_room() {
        let [one, other] = [
            "app: 1.0 MB of orders",
            "shop: 200 MB of a table with a long name",
        ];
        assert_eq!(side_by_side(&[one], 79), one);
        assert_eq!(side_by_side(&[one, other], 99), format!("{one} | {other}"));
        assert_eq!(
            side_by_side(&[one, other], 60),
            "app: 1.0 MB of orders | shop: 200 MB of a table wit…"
        );
        assert_eq!(side_by_side(&[one, other, one], 40), format!("{one} +2"));
        assert_eq!(printable::width(&side_by_side(&[other; 9], 20)), 20);
        assert_eq!(side_by_side(&[], 79), "");
    }
}
