//! `--live`: what must hold in a running database. Nothing is restored.

use std::path::Path;
use std::sync::Arc;

use shared::cli::Context;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need, SessionOptions};
use shared::{Exit, Result};

use crate::checks::{self, Origin};
use crate::cli::Options;
use crate::record::Findings;
use crate::server::{Database, Server};

/// Makes the checks on the database that `--live` names.
pub fn check(options: &Options, context: &Context) -> Result<Exit> {
    let given = ConnectArgs {
        dbname: options.live.clone(),
        ..context.common.connect.clone()
    };
    let conninfo = Conninfo::resolve(&given, &Environment::of_process(), Need::Session)?;
    let name = conninfo.database().to_string();
    let gentle = SessionOptions {
        read_only: true,
        ..Default::default()
    };
    let server = Arc::new(Server::named(conninfo, gentle)?);
    let database = Database::new(&server, &name);
    let mut findings = Findings::new(context);
    findings.begin(Path::new(&name));
    let jobs = options.jobs();
    checks::report(
        &database,
        Origin::Live,
        &options.checks,
        jobs,
        &mut findings,
    )?;
    findings.verdict("everything that was looked at holds".to_string())?;
    findings.finish()
}
