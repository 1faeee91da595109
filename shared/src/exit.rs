//! How a tool that did its job ends.

use std::process::ExitCode;

/// The end of a job; one that could not be done at all ends with an error, which is status 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well: status 0.
    Ok,
    /// Something was found that needs attention: status 1.
    Found,
    /// Part of the job could not be done, and it was said why: status 2.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Ok => Self::SUCCESS,
            Exit::Found => Self::from(1),
            Exit::Incomplete => Self::from(2),
        }
    }
}
