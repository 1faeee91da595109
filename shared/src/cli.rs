//! The command line: a tool's table of flags is the one place that says what
//! they are, and parser, `--help`, man page and completions follow it.

pub mod check;
pub mod common;
pub mod completion;
pub mod context;
pub mod flag;
pub mod help;
pub mod man;
pub mod parse;
pub mod suggest;
pub mod tool;
pub mod value;

pub use check::{check_fields, check_table};
pub use common::Common;
pub use context::Context;
pub use flag::Flag;
pub use parse::{Options, Parsed, format_meant, parse};
pub use tool::{Kinds, Terms, Tool};
pub use value::Value;

use crate::Error;

/// The widest that a line of `--help` may be, so that it fits any terminal.
pub const HELP_WIDTH: usize = 79;

/// The error of [`Options::set`] for a flag that it has no arm for: a mistake in
/// the tool that [`check_table`] finds.
pub fn unhandled(flag: &str) -> Error {
    Error::usage(format!("--{flag} is in the table, but nothing takes it"))
}
