//! Connections that were refused.

use super::entry::Entry;
use super::severity::Severity;

/// Why, by what the message has. The first that fits.
const REASONS: [(&[u8], &str); 21] = [
    (b" authentication failed for user", "authentication failed"),
    (b"no pg_hba.conf entry for", "no pg_hba.conf entry"),
    (b"pg_hba.conf rejects", "rejected by pg_hba.conf"),
    (b"sorry, too many clients already", "too many clients"),
    (
        b"remaining connection slots are reserved",
        "only reserved connections left",
    ),
    (b"too many connections for", "limit of role or database"),
    (
        b"number of requested standby connections exceeds",
        "too many standbys",
    ),
    (b"all replication slots are in use", "too many standbys"),
    (
        b"the database system is starting up",
        "server is starting up",
    ),
    (
        b"the database system is shutting down",
        "server is shutting down",
    ),
    (
        b"the database system is in recovery mode",
        "server is in recovery",
    ),
    (
        b"the database system is not accepting connections",
        "server accepts no connections",
    ),
    (
        b"the database system is not yet accepting connections",
        "server accepts no connections",
    ),
    (b"is not permitted to log in", "role may not log in"),
    (
        b"is not currently accepting connections",
        "database accepts no connections",
    ),
    (b"permission denied for database", "no CONNECT privilege"),
    (
        b"canceling authentication due to timeout",
        "authentication took too long",
    ),
    (
        b"requires a valid client certificate",
        "no client certificate",
    ),
    (b"unsupported frontend protocol", "unknown protocol"),
    (b"invalid length of startup packet", "no PostgreSQL client"),
    (b"could not accept SSL connection", "TLS failed"),
];

/// Why a connection was refused; nothing if the entry is of something else.
pub fn reason(entry: &Entry<'_>) -> Option<&'static str> {
    let message = entry.message;
    let is_of = |mark: &[u8]| memchr::memmem::find(message, mark).is_some();
    if entry.severity != Severity::Fatal {
        // The server has no session yet in which it could be an error.
        let before_any = |(mark, _): &&(&[u8], &str)| {
            (message.starts_with(b"could not accept SSL")
                || message.starts_with(b"invalid length of"))
                && is_of(mark)
        };
        return REASONS.iter().find(before_any).map(|(_, reason)| *reason);
    }
    if let Some((_, reason)) = REASONS.iter().find(|(mark, _)| is_of(mark)) {
        return Some(reason);
    }
    let is_missing = message.ends_with(b"\" does not exist");
    match entry.sqlstate {
        _ if is_missing && message.starts_with(b"database \"") => Some("database does not exist"),
        _ if is_missing && message.starts_with(b"role \"") => Some("role does not exist"),
        b"28000" | b"28P01" => Some("authentication failed"),
        b"53300" => Some("too many clients"),
        _ => None,
    }
}
