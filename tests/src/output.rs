//! What a tool did.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::Value;

/// How a tool ended and what it wrote.
pub struct Output {
    /// What was run, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout, with replacement characters if it isn't UTF-8.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    /// What it wrote to stdout.
    pub bytes: Vec<u8>,
}

impl Output {
    /// The exit status, unless a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Fails, with everything that was said, unless this was the exit status.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(
            self.code() == Some(code),
            "expected exit status {code}\n{self:?}"
        );
        self
    }

    /// Fails unless stderr holds the text.
    #[track_caller]
    pub fn expect_error(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "expected on stderr: {text}\n{self:?}"
        );
        self
    }

    /// Fails unless nothing was written to stdout.
    #[track_caller]
    pub fn expect_no_output(self) -> Self {
        assert!(
            self.bytes.is_empty(),
            "expected nothing on stdout\n{self:?}"
        );
        self
    }

    /// The records that were written as JSON Lines.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(value) => value,
            Err(error) => panic!("{error} in: {line}\n{self:?}"),
        };
        self.stdout.lines().map(parse).collect()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "command: {}\nended: {}", self.command, self.status)?;
        writeln!(f, "--- stdout\n{}", self.stdout)?;
        write!(f, "--- stderr\n{}", self.stderr)
    }
}
