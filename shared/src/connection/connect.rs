//! From parameters to an open connection: hosts in turn, addresses in turn, the
//! ladder of encryption, each server within its deadline.

use super::attempts::{self, Encryption};
use super::conninfo::Conninfo;
use super::failure::{self, Failure};
use super::hosts::Host;
use super::startup::Startup;
use super::target::{self, Facts};
use super::{deadline, peer, tls};
use crate::error::{Error, Result};
use postgres::{Client, NoTls};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, ToSocketAddrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection, and what is known about its other end.
pub struct Opened {
    /// The client.
    pub client: Client,
    /// The server that answered.
    pub host: Host,
    /// What made its TLS, for a later cancel request.
    pub tls: Option<MakeRustlsConnect>,
    /// What the server says about itself.
    pub facts: Facts,
}

/// Opens a connection to the first server that will do.
pub fn open(conninfo: &Conninfo, startup: &Startup) -> Result<Opened> {
    let attrs = conninfo.text("target_session_attrs").unwrap_or("any");
    let passes: &[&'static str] = match attrs {
        "prefer-standby" => &["standby", "any"],
        _ => &[target::known(attrs)],
    };
    let mut failures = Vec::new();
    for pass in passes {
        match open_any(conninfo, startup, pass, &mut failures) {
            Some(opened) => return Ok(opened),
            None if failures
                .last()
                .is_some_and(|failure: &Failure| failure.is_final) =>
            {
                break;
            }
            None => {}
        }
    }
    Err(failure::summary(failures))
}

/// What is asked for where no server but a pooler's console answers.
const CONSOLE: &str = "console";

/// Opens a connection to the first that will do, and asks it nothing.
pub fn open_console(conninfo: &Conninfo, startup: &Startup) -> Result<Opened> {
    let mut failures = Vec::new();
    let opened = open_any(conninfo, startup, CONSOLE, &mut failures);
    opened.ok_or_else(|| failure::summary(failures))
}

/// One pass over all hosts.
fn open_any(
    conninfo: &Conninfo,
    startup: &Startup,
    target: &'static str,
    failures: &mut Vec<Failure>,
) -> Option<Opened> {
    for host in in_order(conninfo, conninfo.hosts.clone()) {
        for address in in_order(conninfo, addresses(conninfo, &host, failures)) {
            match open_one(conninfo, startup, &host, address, target) {
                Ok(opened) => return Some(opened),
                Err(failure) => {
                    let is_final = failure.is_final;
                    failures.push(failure);
                    if is_final {
                        return None;
                    }
                }
            }
        }
    }
    None
}

/// As they were written, or at random under `load_balance_hosts=random`.
fn in_order<T>(conninfo: &Conninfo, list: Vec<T>) -> Vec<T> {
    if conninfo.text("load_balance_hosts") != Some("random") {
        return list;
    }
    let random = RandomState::new();
    let mut keyed: Vec<(u64, T)> = list
        .into_iter()
        .enumerate()
        .map(|(i, item)| (random.hash_one(i), item))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

/// The addresses of a host; a socket has none, but is one place to go to.
fn addresses(conninfo: &Conninfo, host: &Host, failures: &mut Vec<Failure>) -> Vec<Option<IpAddr>> {
    if host.socket.is_some() || host.address.is_some() {
        return vec![host.address];
    }
    let place = (host.name.clone(), host.port);
    let found = deadline::of(conninfo)
        .and_then(|limit| deadline::within(limit, move || place.to_socket_addrs()))
        .and_then(|result| result.map_err(Error::from));
    let failed = match found {
        Ok(list) => {
            let list: Vec<_> = list.map(|address| Some(address.ip())).collect();
            if !list.is_empty() {
                return list;
            }
            Error::new("the name has no address")
        }
        Err(error) => error,
    };
    failures.push(Failure::of(conninfo, host, failed, false));
    Vec::new()
}

/// One server, within its deadline.
fn open_one(
    conninfo: &Conninfo,
    startup: &Startup,
    host: &Host,
    address: Option<IpAddr>,
    target: &'static str,
) -> std::result::Result<Opened, Failure> {
    let work = {
        let (conninfo, startup, host) = (conninfo.clone(), startup.clone(), host.clone());
        move || climb(&conninfo, &startup, &host, address, target)
    };
    let place = Host {
        address: host.address.or(address),
        ..host.clone()
    };
    let failed = |error, is_final| Failure::of(conninfo, &place, error, is_final);
    let limit = deadline::of(conninfo).map_err(|error| failed(error, true))?;
    match deadline::within(limit, work) {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(refused)) => Err(failed(refused.error, refused.is_final)),
        Err(late) => Err(failed(late, false)),
    }
}

/// Why one server did not do.
struct Refused {
    error: Error,
    is_final: bool,
}

impl Refused {
    fn of(error: postgres::Error) -> Self {
        Self {
            is_final: failure::is_final(&error),
            error: failure::words(error),
        }
    }

    fn finally(error: Error) -> Self {
        Self {
            error,
            is_final: true,
        }
    }
}

/// The ladder: on to the next attempt where that may fare better.
fn climb(
    conninfo: &Conninfo,
    startup: &Startup,
    host: &Host,
    address: Option<IpAddr>,
    target: &str,
) -> std::result::Result<Opened, Refused> {
    peer::check(conninfo, host).map_err(Refused::finally)?;
    let rungs = attempts::ladder(
        conninfo.text("sslmode").unwrap_or_default(),
        host.socket.is_some(),
    );
    let mut earlier: Option<Error> = None;
    for (index, &encryption) in rungs.iter().enumerate() {
        let last = index + 1 == rungs.len();
        match attempt(conninfo, startup, host, address, encryption) {
            Ok((client, tls)) => return settle(client, tls, startup, host, target),
            Err(Attempt::Server(error)) if !last && attempts::may_go_on(&error) => {
                earlier = Some(failure::words(error));
            }
            Err(Attempt::Files(error)) if !last => earlier = Some(error),
            Err(Attempt::Server(error)) => {
                let refused = Refused::of(error);
                return Err(Refused {
                    error: failure::both(refused.error, earlier),
                    ..refused
                });
            }
            Err(Attempt::Files(error)) => {
                return Err(Refused::finally(failure::both(error, earlier)));
            }
        }
    }
    Err(Refused::finally(Error::new("no way to connect")))
}

/// Asks the server what it is, and whether it is what was asked for.
fn settle(
    mut client: Client,
    tls: Option<MakeRustlsConnect>,
    startup: &Startup,
    host: &Host,
    target: &str,
) -> std::result::Result<Opened, Refused> {
    if target == CONSOLE {
        let facts = Facts::of_a_console();
        return Ok(Opened {
            client,
            host: host.clone(),
            tls,
            facts,
        });
    }
    let facts = target::ask(&mut client, startup).map_err(Refused::of)?;
    target::check(&facts, target).map_err(|error| Refused {
        error,
        is_final: false,
    })?;
    Ok(Opened {
        client,
        host: host.clone(),
        tls,
        facts,
    })
}

/// Why one attempt failed.
enum Attempt {
    /// The server or the way to it.
    Server(postgres::Error),
    /// Our own certificates, or our own parameters.
    Files(Error),
}

type Connected = (Client, Option<MakeRustlsConnect>);

/// One attempt, and one more without startup options where a pooler refuses those.
fn attempt(
    conninfo: &Conninfo,
    startup: &Startup,
    host: &Host,
    address: Option<IpAddr>,
    encryption: Encryption,
) -> std::result::Result<Connected, Attempt> {
    let tls = match encryption {
        Encryption::Plain => None,
        _ if host.name.is_empty() && conninfo.text("sslmode") == Some("verify-full") => {
            let words = "host name must be specified for a verified TLS connection";
            return Err(Attempt::Files(Error::usage(words)));
        }
        _ => Some(tls::connector(conninfo).map_err(Attempt::Files)?),
    };
    let connect = |ours: bool| -> std::result::Result<Client, Attempt> {
        let config = startup
            .config(conninfo, host, address, encryption, ours)
            .map_err(Attempt::Files)?;
        let client = match &tls {
            Some(tls) => config.connect(tls.clone()),
            None => config.connect(NoTls),
        };
        client.map_err(Attempt::Server)
    };
    let client = match connect(true) {
        Err(Attempt::Server(error)) if failure::refuses_options(&error) => connect(false),
        result => result,
    };
    Ok((client?, tls))
}
