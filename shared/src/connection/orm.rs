//! Parameters that ORMs and drivers put into a connection URL: understood,
//! translated, or dropped with a note, never an error.

use super::text::Parsed;
use crate::error::{Error, Result};

/// Parameters that mean something to the program they were written for and nothing to us.
const DROPPED: &[&str] = &[
    // Prisma
    "connection_limit",
    "pool_timeout",
    "socket_timeout",
    "statement_cache_size",
    "single_use_connections",
    "max_connection_lifetime",
    "max_idle_connection_lifetime",
    "sslidentity",
    // Supabase, Vercel
    "supa",
    "workaround",
    // SQLAlchemy, asyncpg, psycopg
    "async_fallback",
    "command_timeout",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "max_cached_statement_lifetime",
    "max_cacheable_statement_size",
    "prepare_threshold",
    "server_settings",
    // JDBC
    "prepareThreshold",
    "preparedStatementCacheQueries",
    "preparedStatementCacheSizeMiB",
    "preferQueryMode",
    "socketTimeout",
    "cancelSignalTimeout",
    "binaryTransfer",
    "defaultRowFetchSize",
    "reWriteBatchedInserts",
    "stringtype",
    "readOnly",
    "readOnlyMode",
    "assumeMinServerVersion",
    "hostRecheckSeconds",
    "sslfactory",
    "sslResponseTimeout",
    "autosave",
    "logUnclosedConnections",
    "loggerLevel",
    "escapeSyntaxCallMode",
    "databaseMetadataCacheFields",
    "allowEncodingChanges",
    "disableColumnSanitiser",
    "unknownLength",
    // Rails, Ecto, Django, Symfony
    "pool",
    "pool_size",
    "encoding",
    "charset",
    "prepared_statements",
    "reconnect",
    "checkout_timeout",
    "idle_timeout",
    "reaping_frequency",
    "statement_limit",
    "advisory_locks",
    "adapter",
    "min_messages",
    "variables",
    "insert_returning",
    "conn_max_age",
    "conn_health_checks",
    "serverVersion",
    "timeout",
    // node-postgres, postgres.js
    "uselibpqcompat",
    "max",
    "min",
    "idleTimeoutMillis",
    "connectionTimeoutMillis",
    "query_timeout",
    "keepAlive",
    "binary",
    "prepare",
    "max_lifetime",
    // Go: pgx, lib/pq
    "pool_max_conns",
    "pool_min_conns",
    "pool_min_idle_conns",
    "pool_max_conn_lifetime",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime_jitter",
    "pool_health_check_period",
    "default_query_exec_mode",
    "statement_cache_capacity",
    "description_cache_capacity",
    "statement_cache_mode",
    "binary_parameters",
    "disable_prepared_binary_result",
    "min_read_buffer_size",
    // sqlx
    "statement-cache-capacity",
    // Settings of the server that some drivers pass on; ours are set by ourselves
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "timezone",
    "TimeZone",
    "datestyle",
];

/// Other programs' names for libpq's parameters.
const RENAMED: &[(&str, &str)] = &[
    ("ApplicationName", "application_name"),
    ("applicationName", "application_name"),
    ("connectTimeout", "connect_timeout"),
    ("loginTimeout", "connect_timeout"),
    ("gssEncMode", "gssencmode"),
    ("channelBinding", "channel_binding"),
    ("sslNegotiation", "sslnegotiation"),
    ("ssl-mode", "sslmode"),
    ("ssl-root-cert", "sslrootcert"),
    ("ssl-ca", "sslrootcert"),
    ("ssl-cert", "sslcert"),
    ("ssl-key", "sslkey"),
];

/// A root certificate that is not there, so that `sslmode=require` verifies nothing,
/// for us and for child programs alike.
pub const NO_ROOT: &str = "/nonexistent/no-verify";

/// What can only be decided once every parameter was seen.
#[derive(Default)]
pub struct Later {
    accept: Option<String>,
    identity: bool,
    dropped: Vec<String>,
}

impl Later {
    /// Takes a parameter that is not libpq's, or that means another thing here.
    pub fn take(&mut self, parsed: &mut Parsed, name: &str, value: &str) -> Result<bool> {
        match name {
            "schema" | "currentSchema" | "search_path" | "schema_search_path" => {
                take_schema(parsed, value)
            }
            "pgbouncer" => parsed.pooled = is_true(value),
            "ssl" => take_ssl(parsed, value)?,
            "sslmode" if value == "no-verify" => no_verify(parsed),
            "sslaccept" => self.accept = Some(value.to_string()),
            "targetServerType" => take_server_type(parsed, value)?,
            "loadBalanceHosts" => parsed.put(
                "load_balance_hosts",
                if is_true(value) { "random" } else { "disable" },
            ),
            "tcpKeepAlive" => parsed.put("keepalives", if is_true(value) { "1" } else { "0" }),
            _ => return Ok(self.take_listed(parsed, name, value)),
        }
        Ok(true)
    }

    fn take_listed(&mut self, parsed: &mut Parsed, name: &str, value: &str) -> bool {
        if let Some((_, libpq)) = RENAMED.iter().find(|(theirs, _)| *theirs == name) {
            parsed
                .notes
                .push(format!("\"{name}\" is read as \"{libpq}\""));
            return parsed.set(libpq, value);
        }
        self.identity |= name == "sslidentity";
        let known = DROPPED.contains(&name);
        if known {
            self.dropped.push(format!("\"{name}\""));
        }
        known
    }

    /// Settles what was left open.
    pub fn finish(mut self, parsed: &mut Parsed) {
        self.settle_prisma(parsed);
        if !self.dropped.is_empty() {
            parsed.notes.push(format!(
                "parameters that are not PostgreSQL's were dropped: {}",
                self.dropped.join(", ")
            ));
        }
    }

    /// Prisma's `sslcert` is the authority's certificate, and only `sslaccept=strict` looks at it.
    fn settle_prisma(&mut self, parsed: &mut Parsed) {
        if self.accept.is_none() && !self.identity {
            return;
        }
        let authority = parsed.settings.remove("sslcert");
        let plain = parsed
            .settings
            .get("sslmode")
            .is_some_and(|mode| mode == "disable");
        if self.accept.as_deref() != Some("strict") || plain {
            self.dropped
                .extend(authority.map(|_| "\"sslcert\"".to_string()));
            self.dropped
                .extend(self.accept.take().map(|_| "\"sslaccept\"".to_string()));
            return;
        }
        parsed.set("sslmode", "verify-full");
        parsed.set("sslrootcert", authority.unwrap_or_else(|| "system".into()));
        parsed
            .notes
            .push("\"sslaccept=strict\" is read as \"sslmode=verify-full\"".into());
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1" | "on" | "yes")
}

fn take_schema(parsed: &mut Parsed, value: &str) {
    let names = value
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_string());
    parsed.schemas = names.filter(|name| !name.is_empty()).collect();
}

/// `ssl=true` is libpq's own; the other values are asyncpg's and node-postgres's.
fn take_ssl(parsed: &mut Parsed, value: &str) -> Result<()> {
    let verifies = parsed
        .settings
        .get("sslmode")
        .is_some_and(|mode| mode.starts_with("verify"));
    match value {
        "no-verify" => no_verify(parsed),
        "allow" | "prefer" | "verify-ca" | "verify-full" => parsed.put("sslmode", value),
        "false" | "0" | "disable" | "off" => parsed.put("sslmode", "disable"),
        "require" | "" => parsed.put("sslmode", "require"),
        _ if is_true(value) && verifies => {}
        _ if is_true(value) => parsed.put("sslmode", "require"),
        _ => {
            return Err(Error::usage(format!(
                "invalid value for \"ssl\" in the URL: \"{value}\""
            )));
        }
    }
    Ok(())
}

fn no_verify(parsed: &mut Parsed) {
    parsed.put("sslmode", "require");
    parsed.set("sslrootcert", NO_ROOT);
    parsed
        .notes
        .push("\"no-verify\" is read as \"sslmode=require\" without a root certificate".into());
}

fn take_server_type(parsed: &mut Parsed, value: &str) -> Result<()> {
    let attrs = match value {
        "any" | "preferPrimary" => "any",
        "primary" | "master" => "primary",
        "secondary" | "slave" => "standby",
        "preferSecondary" | "preferSlave" => "prefer-standby",
        _ => {
            return Err(Error::usage(format!(
                "invalid value for \"targetServerType\" in the URL: \"{value}\""
            )));
        }
    };
    parsed.set("target_session_attrs", attrs);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{keywords, uri};

    fn parse(query: &str) -> Parsed {
        uri::parse(&format!("postgresql://h/db?{query}"))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn no_name_is_libpqs() {
        let renamed = RENAMED.iter().map(|(theirs, _)| theirs);
        for name in DROPPED.iter().chain(renamed) {
            assert!(keywords::find(name).is_none(), "{name}");
        }
        for (_, ours) in RENAMED {
            assert!(keywords::find(ours).is_some(), "{ours}");
        }
    }

    #[test]
    fn prisma() {
        let parsed = parse(
            "schema=app&connection_limit=5&pgbouncer=true&sslaccept=accept_invalid_certs&sslcert=ca.pem",
        );
        assert_eq!(parsed.schemas, ["app"]);
        assert!(parsed.pooled);
        assert!(!parsed.settings.contains_key("sslcert"));
        assert!(
            parsed
                .notes
                .iter()
                .any(|note| note.contains("\"connection_limit\""))
        );
        let strict = parse("sslaccept=strict&sslcert=ca.pem");
        assert_eq!(strict.settings["sslmode"], "verify-full");
        assert_eq!(strict.settings["sslrootcert"], "ca.pem");
    }

    #[test]
    fn ssl_never_weakens_verification() {
        assert_eq!(
            parse("sslmode=verify-full&ssl=true").settings["sslmode"],
            "verify-full"
        );
        assert_eq!(
            parse("sslmode=disable&ssl=true").settings["sslmode"],
            "require"
        );
        assert_eq!(parse("ssl=no-verify").settings["sslrootcert"], NO_ROOT);
    }

    #[test]
    fn jdbc() {
        let parsed = parse(
            "ApplicationName=x&currentSchema=a,b&targetServerType=preferSlave&loadBalanceHosts=true",
        );
        assert_eq!(parsed.settings["application_name"], "x");
        assert_eq!(parsed.schemas, ["a", "b"]);
        assert_eq!(parsed.settings["target_session_attrs"], "prefer-standby");
        assert_eq!(parsed.settings["load_balance_hosts"], "random");
    }
}
