//! Opens a session as a tool does, runs one query and prints its one value.
//!
//!     session QUERY [CONNINFO]
//!
//! A signal ends the query on the server, then us.

#![allow(clippy::print_stdout, missing_docs)]

use std::env;
use std::io::Write;
use std::process::ExitCode;

use shared::connection::{ConnectArgs, Conninfo, Environment, Need, Session, SessionOptions};
use shared::{Result, signals};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "session: error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    signals::install()?;
    let mut arguments = env::args().skip(1);
    let query = arguments.next().unwrap_or_default();
    let args = ConnectArgs {
        dbname: arguments.next(),
        ..ConnectArgs::default()
    };
    let conninfo = Conninfo::resolve(&args, &Environment::of_process(), Need::Session)?;
    let mut session = Session::open(&conninfo, &SessionOptions::default())?;
    let _guard = session.cancel_on_signal();
    let row = session.client().query_typed_one(&query, &[])?;
    println!("{}", row.try_get::<_, String>(0)?);
    Ok(())
}
