//! What the five tools share: the command line, records in and out, connecting,
//! the throw-away cluster, child programs, signals, units, and the backup on disk.

pub mod connection;
pub mod error;

pub use error::{Context, Error, Result};
