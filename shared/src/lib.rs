//! What the five tools share: the command line, records in and out, connecting,
//! the throw-away cluster, child programs, signals, units, and the backup on disk.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod backup;
pub mod cli;
pub mod cluster;
pub mod connection;
pub mod dump;
mod entry;
pub mod error;
mod exit;
pub mod message;
pub mod printable;
pub mod programs;
#[cfg(any(test, fuzzing))]
#[allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // what is wrong there is a find
pub mod readers;
pub mod records;
pub mod secrets;
pub mod signals;
pub mod time;
pub mod units;

pub use entry::main;
pub use error::{Context, Error, Result};
pub use exit::Exit;
