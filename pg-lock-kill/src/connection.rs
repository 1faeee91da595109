//! The session that looks and signals.

use std::time::Duration;

use shared::Result;
use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};

/// The catalogues may be locked, too.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Far more than a look takes, on a server that has no time.
const LONGEST_STATEMENT: Duration = Duration::from_secs(15);

/// Connects. A pooler will do: each statement stands by itself.
pub fn open(context: &Context) -> Result<Session> {
    let given = &context.common.connect;
    let conninfo = Conninfo::resolve(given, &Environment::of_process(), Need::Statements)?;
    let options = SessionOptions {
        read_only: true,
        lock_timeout: LONGEST_WAIT,
        statement_timeout: LONGEST_STATEMENT,
        ..SessionOptions::default()
    };
    Session::open(&conninfo, &options)
}
