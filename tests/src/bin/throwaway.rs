//! Starts a throw-away server, says where it is, and ends in the way asked for.
//!
//!     throwaway HOW [AT_LEAST]
//!
//! HOW is `return`, `error`, `panic`, `exit`, or `wait` (until a signal ends us).

#![allow(clippy::print_stdout, clippy::panic, missing_docs)]

use std::env;
use std::io::Write;
use std::process::{ExitCode, exit};
use std::time::Duration;

use shared::cluster::{Cluster, ClusterOptions};
use shared::{Error, Result};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "throwaway: error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let how = arguments.next().unwrap_or_default();
    let options = ClusterOptions {
        at_least: arguments.next().and_then(|major| major.parse().ok()),
        ..ClusterOptions::default()
    };
    let cluster = Cluster::start(&options)?;
    println!("{}", cluster.socket_dir().display());
    let mut client = cluster.connect("postgres")?;
    let row = client.query_one("select current_setting('server_version_num')", &[])?;
    println!("{}", row.get::<_, String>(0));
    match how.as_str() {
        "error" => Err(Error::new("as asked")),
        "panic" => panic!("as asked"),
        "exit" => exit(3),
        "wait" => loop {
            std::thread::sleep(Duration::from_secs(3600));
        },
        _ => Ok(()),
    }
}
