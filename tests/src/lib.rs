//! What the end-to-end tests stand on: servers and databases, tools run as a
//! user would run them, obstacles to put in their way, and a look at what they
//! leave behind.
//!
//! A test takes a [`Database`] of its own on the server that all tests of its
//! process share, or a [`shared::cluster::Cluster`] of its own where it looks at
//! the whole server.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr
)]

mod binary;
mod command;
mod database;
mod dispositions;
mod leftovers;
mod obstacle;
mod output;
mod page;
mod running;
mod sample;
mod script;
mod server;
mod standby;
#[cfg(target_os = "linux")]
mod stepping;
mod versions;

pub use binary::binary;
pub use command::{ToolCommand, pipe, program, tool};
pub use database::Database;
pub use leftovers::{
    eventually, files_in, processes_of, processes_with, shared_memory_exists, shared_memory_of,
};
pub use obstacle::{SilentListener, StallingProxy, another_user, private_folder};
pub use output::Output;
pub use page::{Block, Page};
pub use running::Running;
pub use sample::sample_files;
pub use script::write_script;
pub use server::{cluster, start, tcp_cluster};
pub use standby::{Standby, primary};
#[cfg(target_os = "linux")]
pub use stepping::Refused;
pub use versions::{knows_zstd, version, versions};
