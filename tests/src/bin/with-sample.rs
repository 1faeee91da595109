//! Runs a command beside a throw-away server with the sample database `app`.
//!
//!     with-sample COMMAND [ARGUMENT]...
//!
//! The command meets the server by libpq's variables, and the tools on its PATH.
//! Its status is ours.

#![allow(clippy::expect_used, clippy::panic)]

use std::env;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use shared::cluster::ClusterOptions;
use shared::programs::set_environment;
use tests::{Database, start};

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let program = words.next().expect("with-sample COMMAND [ARGUMENT]...");
    let cluster = start(&ClusterOptions::default());
    let database = Database::named(&cluster, "app");
    database.load_sample();
    let mut command = Command::new(program);
    command.args(words);
    set_environment(&mut command, cluster.environment());
    command.env("PATH", path_with_tools());
    let status = command.status().expect("the command can be run");
    let signal = status.signal().map_or(1, |signal| 128 + signal);
    ExitCode::from(u8::try_from(status.code().unwrap_or(signal)).unwrap_or(1))
}

/// PATH, with the folder in which Cargo puts the tools and us first.
fn path_with_tools() -> OsString {
    let program = env::current_exe().expect("our own path");
    let tools = program.parent().map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = tools.into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).expect("no folder's name has a colon")
}
