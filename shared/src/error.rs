//! Errors as a user reads them: what failed, on what, what to do about it.
//!
//! The rules: a message names the thing (file, host, relation) and keeps the
//! words of whoever refused it (the server, the kernel); `detail` is what else
//! is known; `hint` is what to do. None of them ever holds a secret. An error is
//! printed once, by [`crate::main`], and ends the program with status 2.

use std::fmt;
use std::io;

/// The result of everything that can fail for a reason a user has to read.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the job could not be done.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    sqlstate: Option<String>,
}

/// What sort of trouble it is, for the few callers that act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line or the input makes no sense.
    Usage,
    /// Anything that was tried and did not work.
    Failure,
    /// The same for want of something here, which says nothing about what was worked on.
    Machine,
    /// Whoever read our stdout went away: end quietly.
    BrokenPipe,
    /// A signal asked us to stop: clean up and die by it.
    Interrupted,
}

impl Error {
    /// Something was tried and did not work.
    pub fn new(message: impl Into<String>) -> Self {
        Self::of(Kind::Failure, message)
    }

    /// The command line or the input makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::of(Kind::Usage, message)
    }

    /// A signal arrived while we waited for something.
    pub fn interrupted() -> Self {
        Self::of(Kind::Interrupted, "interrupted")
    }

    /// Our stdout could not be written. Only here is a broken pipe the quiet end
    /// of a tool: the pipe to a child that died is a failure like any other.
    pub fn output(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::of(Kind::BrokenPipe, io_words(&error)),
            _ => Self::from(error).prefixed("could not write to standard output"),
        }
    }

    fn of(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: None,
            hint: None,
            sqlstate: None,
        }
    }

    /// Adds what else is known about the failure.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as trouble of this machine, which says nothing about what was worked on.
    #[must_use]
    pub fn of_machine(mut self) -> Self {
        if matches!(self.kind, Kind::Usage | Kind::Failure) {
            self.kind = Kind::Machine;
        }
        self
    }

    /// What sort of trouble it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Message and detail in one line, for a record.
    pub fn in_one_line(&self) -> String {
        let words = [Some(self.message.as_str()), self.detail.as_deref()];
        let words = words.into_iter().flatten();
        let words = words.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
        words.collect::<Vec<_>>().join(": ")
    }

    /// What else is known.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The five characters of the server's error code, where a server refused.
    pub fn sqlstate(&self) -> Option<&str> {
        self.sqlstate.as_deref()
    }

    fn prefixed(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(detail) = &self.detail {
            write!(f, "\ndetail: {detail}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::new(io_words(&error))
    }
}

/// The kernel's words without Rust's "(os error 2)".
fn io_words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            return Self::new(causes(&error));
        };
        let mut converted = Self::new(format!("{}: {}", db.severity(), db.message()));
        converted.sqlstate = Some(db.code().code().to_string());
        converted.detail = db.detail().map(str::to_string);
        converted.hint = db.hint().map(str::to_string);
        converted
    }
}

/// The message of an error and of what caused it: `postgres` prints only the outermost.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = match cause.downcast_ref::<io::Error>() {
            Some(io) => io_words(io),
            None => cause.to_string(),
        };
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

/// Says what was being done when something failed.
pub trait Context<T> {
    /// Puts `what` and a colon before the message.
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.into().prefixed(&what()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_stdout_ends_a_tool_quietly() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Error::output(broken()).kind(), Kind::BrokenPipe);
        let child: Result<()> = Err(broken()).context(|| "writing to pg_restore".to_string());
        let child = child.unwrap_err();
        assert_eq!(child.kind(), Kind::Failure);
        assert_eq!(child.message(), "writing to pg_restore: broken pipe");
    }
}
