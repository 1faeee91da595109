//! What the five tools share: the command line, records in and out, connecting,
//! the throw-away cluster, child programs, signals, units, and the backup on disk.

pub mod cluster;
pub mod error;
pub mod programs;

pub use error::{Context, Error, Result};
