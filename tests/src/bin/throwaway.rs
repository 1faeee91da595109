//! Does with throw-away servers and child programs what tests have to see from
//! outside.
//!
//!     throwaway HOW [ARGUMENT]
//!
//! Starts a server and says in which folder, as lines on stdout, then ends by
//! HOW: `return`, `error`, `panic`, `exit`; waits for a signal, `wait` unprepared
//! and `unwind` as a tool does; or `child`, which waits with a child program of
//! its own that cares for nothing. ARGUMENT is the oldest version wanted.
//!
//! HOW can also be `run`: no server, but `sh -c ARGUMENT` as a child, waited for.

#![allow(clippy::print_stdout, clippy::panic)]

use std::env;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio, exit};
use std::time::Duration;

use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Child;
use shared::{Error, Result, signals};

const LONG: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let how = arguments.next().unwrap_or_default();
    let argument = arguments.next();
    let result = match how.as_str() {
        "run" => run(&argument.unwrap_or_default()),
        how => serve(how, argument.and_then(|major| major.parse().ok())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "throwaway: error: {error}");
            ExitCode::from(2)
        }
    }
}

fn serve(how: &str, at_least: Option<u32>) -> Result<()> {
    if how == "unwind" {
        signals::install()?;
    }
    let cluster = Cluster::start(&ClusterOptions {
        at_least,
        ..ClusterOptions::default()
    })?;
    let mut client = cluster.connect("postgres")?;
    let row = client.query_one("select current_setting('server_version')", &[])?;
    println!(
        "{}\n{}",
        cluster.socket_dir().display(),
        row.get::<_, String>(0)
    );
    match how {
        "error" => Err(Error::new("as asked")),
        "panic" => panic!("as asked"),
        "exit" => exit(3),
        "unwind" => signals::sleep(LONG),
        "child" => {
            let mut sleep = Command::new("sleep");
            sleep
                .arg("1000")
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            println!("{}", sleep.spawn()?.id());
            wait()
        }
        "wait" => wait(),
        _ => Ok(()),
    }
}

fn run(script: &str) -> Result<()> {
    signals::install()?;
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    let child = Child::spawn(command, "sh")?;
    let finished = child.wait()?;
    signals::check()?;
    finished.success_or(|| "could not run the script".to_string())?;
    Ok(())
}

fn wait() -> ! {
    loop {
        std::thread::sleep(LONG);
    }
}
