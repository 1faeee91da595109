//! How a tool that did its job ends.

use std::process::ExitCode;

/// The end of a job that could be done; any error is status 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well: status 0.
    Ok,
    /// Something was found that needs attention: status 1.
    Found,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Ok => Self::SUCCESS,
            Exit::Found => Self::from(1),
        }
    }
}
