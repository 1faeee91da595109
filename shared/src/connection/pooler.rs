//! Whether something between us and the server lends its server processes out for
//! one transaction at a time. Nothing here changes a setting.

use super::conninfo::Conninfo;
use super::hosts::Host;
use super::startup::Startup;
use super::{connect, deadline};
use crate::error::{Error, Kind, Result};
use postgres::Client;
use std::time::Duration;

/// What is in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pooling {
    /// Nothing: the server process was started for us.
    None,
    /// A pooler that keeps one server process for us until we go.
    Session,
    /// A pooler that gives each transaction another one; how we know.
    Transaction(String),
    /// A pooler that doesn't even allow transactions; how we know.
    Statement(String),
}

/// How often two connections are compared.
const ROUNDS: usize = 8;

/// How long the comparison may take: a pool without a free server process hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server process was not started for us: in which mode does the pooler work?
pub fn recognise(conninfo: &Conninfo, startup: &Startup) -> Result<Pooling> {
    if let Some(hint) = hint(conninfo) {
        return Ok(Pooling::Transaction(hint));
    }
    let (conninfo, startup) = (conninfo.clone(), startup.clone());
    match deadline::within(Some(PATIENCE), move || watch(&conninfo, &startup)) {
        Ok(pooling) => pooling,
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        Err(_) => Ok(Pooling::Transaction(
            "a pool without a free server process".into(),
        )),
    }
}

/// Opens two connections and looks whether they share.
fn watch(conninfo: &Conninfo, startup: &Startup) -> Result<Pooling> {
    let first = connect::open(conninfo, startup)?;
    let second = connect::open(conninfo, startup)?;
    let (mut client, mut second) = (first.client, second.client);
    for _ in 0..ROUNDS {
        match compare(&mut client, &mut second, first.facts.pid) {
            Ok(None) => {}
            Ok(Some(how)) => return Ok(Pooling::Transaction(how.into())),
            Err(error) if forbids_transactions(&error) => {
                return Ok(Pooling::Statement(
                    "it hangs up on who begins a transaction".into(),
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Pooling::Session)
}

/// What the parameters say about a pooler in transaction mode.
fn hint(conninfo: &Conninfo) -> Option<String> {
    if conninfo.pooled {
        return Some("the URL says pgbouncer=true".into());
    }
    let known = conninfo.hosts.iter().find_map(|host| match host.port {
        6543 => Some("port 6543 is Supabase's pooler in transaction mode"),
        _ if host.name.contains("-pooler.") => Some("the host's name says \"-pooler\""),
        _ => None,
    });
    known.map(str::to_string)
}

/// The second connection takes a server process for a transaction. If it is the one
/// that answered us before, we share; if another one answers us now, so we do.
fn compare(
    client: &mut Client,
    second: &mut Client,
    first_pid: i32,
) -> std::result::Result<Option<&'static str>, postgres::Error> {
    let mut transaction = second.transaction()?;
    let theirs = pid(transaction.query_typed_one(PID, &[])?)?;
    if theirs == first_pid {
        return Ok(Some("two connections share one server process"));
    }
    let ours = pid(client.query_typed_one(PID, &[])?)?;
    transaction.rollback()?;
    Ok((ours != first_pid).then_some("the server process changes between statements"))
}

const PID: &str = include_str!("sql/pid.sql");

fn pid(row: postgres::Row) -> std::result::Result<i32, postgres::Error> {
    row.try_get(0)
}

/// PgBouncer says so and hangs up, and only the latter may arrive.
fn forbids_transactions(error: &postgres::Error) -> bool {
    let said = error
        .as_db_error()
        .is_some_and(|db| db.message().contains("statement pooling"));
    said || error.is_closed()
}

/// The remedy, where the mode does not do.
pub fn refuse(pooling: &Pooling, host: &Host) -> Result<()> {
    let (mode, how) = match pooling {
        Pooling::None | Pooling::Session => return Ok(()),
        Pooling::Transaction(how) => ("transaction", how),
        Pooling::Statement(how) => ("statement", how),
    };
    Err(Error::new(format!("a connection pooler in {mode} mode answers at {}, but this needs a session of its own", host.display()))
        .with_detail(format!("it is known by this: {how}"))
        .with_hint("connect to the server itself: set DIRECT_URL to its own address, or use the port of the server or of the session pooler (often 5432)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{ConnectArgs, Environment, Need};

    fn hinted(url: &str) -> bool {
        let args = ConnectArgs {
            dbname: Some(url.into()),
            ..ConnectArgs::default()
        };
        let environment = Environment::default().with_user("os");
        let conninfo = Conninfo::resolve(&args, &environment, Need::Statements).unwrap();
        hint(&conninfo).is_some()
    }

    #[test]
    fn what_the_parameters_say() {
        assert!(hinted("postgresql://u@aws-0.pooler.supabase.com:6543/db"));
        assert!(hinted("postgresql://u@ep-x-pooler.eu.aws.neon.tech/db"));
        assert!(hinted("postgresql://u@h/db?pgbouncer=true"));
        assert!(!hinted("postgresql://u@aws-0.pooler.supabase.com:5432/db"));
        assert!(!hinted("postgresql://u@h/db?pgbouncer=false"));
    }
}
