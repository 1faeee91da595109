//! `--live`: what must hold in a running database. Nothing is restored.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use shared::cli::Context;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, SessionOptions};
use shared::dump::quote_identifier;
use shared::{Exit, Result};

use crate::checks::{self, Origin};
use crate::cli::Options;
use crate::record::Findings;
use crate::server::{Database, ONE_PROCESS, Server};

/// Somebody may wait for a lock behind us.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// What a statement sees, no vacuum takes away.
const LONGEST_STATEMENT: Duration = Duration::from_secs(300);

/// Makes the checks on the database that `--live` names.
pub fn check(options: &Options, context: &Context) -> Result<Exit> {
    let given = ConnectArgs {
        dbname: options.live.clone(),
        flag: Some("--live"),
        ..context.common.connect.clone()
    };
    let conninfo = Conninfo::resolve(&given, &Environment::of_process(), Need::Session)?;
    let name = conninfo.database().to_string();
    let gentle = SessionOptions {
        read_only: true,
        lock_timeout: LONGEST_WAIT,
        statement_timeout: LONGEST_STATEMENT,
        // Functions in the indexes and constraints of a table count on it.
        resets_search_path: true,
        settings: &ONE_PROCESS,
        ..Default::default()
    };
    let server = Arc::new(Server::named(conninfo, gentle)?);
    let database = Database::new(&server, &name);
    let mut findings = Findings::new(context);
    findings.begin(Path::new(&name));
    if let Some(role) = server.superuser()? {
        findings.warn_once(runs_as_superuser("--live", role));
    }
    let (origin, jobs) = (Origin::Live, options.jobs());
    // That it ends meanwhile, or does not let us in any more, is no fault of what it holds.
    findings.on_shared_server(true);
    match checks::report(&database, origin, &options.checks, jobs, &mut findings) {
        Ok(held) => drop(findings.verdict(match held.as_str() {
            "" => "there is nothing to look at".to_string(),
            held => format!("all is well with {held}"),
        })?),
        Err(error) => findings.not_tried(error)?,
    }
    findings.finish()
}

/// What somebody should know who looks at a live database with every right.
pub fn runs_as_superuser(flag: &str, role: &str) -> String {
    let role = quote_identifier(role);
    format!(
        "{flag} reads as the superuser {role}, and so do functions that the database's owners put into \
         indexes and views: a role with pg_read_all_data alone (14 and later) is enough"
    )
}
