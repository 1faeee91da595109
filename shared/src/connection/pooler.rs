//! Whether something between us and the server lends its server processes out for
//! one transaction at a time. Nothing here changes a setting.

use super::connect;
use super::conninfo::Conninfo;
use super::hosts::Host;
use super::startup::Startup;
use super::target::Facts;
use crate::error::{Error, Result};
use postgres::Client;

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
const ROUNDS: usize = 3;

/// The server process was not started for us: in which mode does the pooler work?
pub fn recognise(
    conninfo: &Conninfo,
    startup: &Startup,
    client: &mut Client,
    facts: &Facts,
) -> Result<Pooling> {
    if let Some(hint) = hint(conninfo) {
        return Ok(Pooling::Transaction(hint));
    }
    let Ok(second) = connect::open(conninfo, startup) else {
        return Ok(Pooling::Transaction(
            "a second connection, to tell its mode, was refused".into(),
        ));
    };
    let mut second = second.client;
    for _ in 0..ROUNDS {
        match compare(client, &mut second, facts.pid) {
            Ok(None) => {}
            Ok(Some(how)) => return Ok(Pooling::Transaction(how.into())),
            Err(error) if is_statement_mode(&error) => {
                return Ok(Pooling::Statement("it allows no transaction".into()));
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

fn is_statement_mode(error: &postgres::Error) -> bool {
    error
        .as_db_error()
        .is_some_and(|db| db.message().contains("statement pooling"))
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
