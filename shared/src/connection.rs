//! Connecting to a server.

mod args;

pub use args::ConnectArgs;
