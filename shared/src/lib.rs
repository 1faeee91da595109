//! What the five tools share: the command line, records in and out, connecting,
//! the throw-away cluster, child programs, signals, units, and the backup on disk.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod backup;
pub mod error;

pub use error::{Context, Error, Result};
