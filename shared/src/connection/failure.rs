//! Why no connection came about, in words: where to, as whom, and what was said there.

use super::conninfo::Conninfo;
use super::hosts::Host;
use super::source;
use super::startup::MARK;
use crate::error::{Context, Error};
use postgres::error::SqlState;

/// One server that did not do.
pub struct Failure {
    error: Error,
    /// No other server is to be tried.
    pub is_final: bool,
}

impl Failure {
    /// Says where and as whom, and what may help.
    pub fn of(conninfo: &Conninfo, host: &Host, error: Error, is_final: bool) -> Self {
        let error = advise(conninfo, host, error);
        let place = || {
            format!(
                "cannot connect to database \"{}\" as user \"{}\" at {}",
                conninfo.database(),
                conninfo.user(),
                host.display()
            )
        };
        let error = Err::<(), _>(error).context(place).err();
        Self {
            error: error.unwrap_or_else(|| Error::new("cannot connect")),
            is_final,
        }
    }
}

/// One error for all of them: the last, with the earlier ones as its detail.
pub fn summary(mut failures: Vec<Failure>) -> Error {
    let Some(last) = failures.pop() else {
        return Error::new("cannot connect: there is no host to try");
    };
    if failures.is_empty() {
        return last.error;
    }
    let mut lines: Vec<&str> = failures
        .iter()
        .map(|failure| failure.error.message())
        .collect();
    lines.dedup();
    let own = last.error.detail().map(str::to_string);
    let detail = lines.into_iter().map(str::to_string).chain(own);
    let detail = detail.collect::<Vec<_>>().join("\n");
    last.error.with_detail(detail)
}

/// An error with the one of an earlier attempt at the same server as its detail.
pub fn both(error: Error, earlier: Option<Error>) -> Error {
    match earlier {
        Some(earlier) if earlier.message() != error.message() && error.detail().is_none() => {
            let detail = format!("another way was tried first: {}", earlier.message());
            error.with_detail(detail)
        }
        _ => error,
    }
}

/// Whether an error forbids trying another server: the server spoke, and it was not
/// that it isn't ready yet; or it asked for something that we don't have.
pub fn is_final(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => *code != SqlState::CANNOT_CONNECT_NOW,
        None => {
            let words = error.to_string();
            ["configuration", "authentication", "TLS"]
                .iter()
                .any(|what| words.contains(what))
        }
    }
}

/// Whether a pooler, or a server that is not quite PostgreSQL, refused what we asked
/// for at the start.
pub fn refuses_options(error: &postgres::Error) -> bool {
    let said = error
        .as_db_error()
        .map(|db| db.message().to_ascii_lowercase());
    said.is_some_and(|words| {
        words.contains(MARK)
            || words.contains("startup parameter")
            || words.contains("command-line options")
            || words.contains("startup option")
    })
}

/// A connection's error in our words where `postgres` has none that help.
pub fn words(error: postgres::Error) -> Error {
    let is_closed = error.is_closed();
    let error = Error::from(error);
    let text = error.message();
    if text.contains("password missing") {
        return Error::new("no password supplied")
            .with_hint("give one by PGPASSWORD or in ~/.pgpass");
    }
    if text.contains("did not use channel binding") {
        return Error::new("channel binding required, but the server didn't offer it");
    }
    if text.contains("unsupported authentication method")
        || text.contains("unsupported SASL mechanism")
    {
        return Error::new("the server asks for a way of authentication that is not supported")
            .with_hint(
                "supported are SCRAM-SHA-256, MD5, password, client certificates, trust and peer",
            );
    }
    if is_closed || text.contains("unexpected end of file") {
        return Error::new("the server closed the connection unexpectedly");
    }
    for prefix in [
        "error connecting to server: ",
        "error performing TLS handshake: ",
        "error communicating with the server: ",
    ] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return Error::new(rest.to_string());
        }
    }
    error
}

/// Adds what may help, where the error doesn't say so itself.
fn advise(conninfo: &Conninfo, host: &Host, error: Error) -> Error {
    if error.message() == "no password supplied" {
        return match &conninfo.passfile_warning {
            Some(warning) => error.with_detail(warning.clone()),
            None => error,
        };
    }
    if error.hint().is_some() {
        return error;
    }
    if error.sqlstate() == Some("28P01") {
        return explain_password(conninfo, host, error);
    }
    match unreachable_hint(conninfo, host, error.message()) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn explain_password(conninfo: &Conninfo, host: &Host, error: Error) -> Error {
    if conninfo.encoded_password {
        return error.with_hint(
            "the URL's password was percent-decoded: a % that belongs to it must be written %25",
        );
    }
    match (conninfo.text("password"), conninfo.password(host)) {
        (None, Some(_)) => error.with_detail("the password came from the password file"),
        _ => error,
    }
}

fn unreachable_hint(conninfo: &Conninfo, host: &Host, words: &str) -> Option<&'static str> {
    let is_v6 = host.address.is_some_and(|address| address.is_ipv6());
    if is_v6 && words.contains("unreachable") {
        return Some(
            "this machine has no way to IPv6 addresses; a pooler in session mode may have an IPv4 one",
        );
    }
    if !words.contains("onnection refused") && !words.contains("No such file") {
        return None;
    }
    Some(match &host.socket {
        _ if conninfo.source() == source::NOWHERE => {
            "nothing says where the server is: give -d, or set DATABASE_URL or PGHOST"
        }
        Some(_) => "is the server running here, and is this the folder of its socket?",
        None => "is the server running on that host, and does it listen on that port?",
    })
}
