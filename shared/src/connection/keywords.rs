//! The keywords of a connection string, as libpq 18 knows them: what each is
//! called, which variable says it, what it is when nobody says it, and what
//! becomes of it here.

/// A connection parameter of libpq.
#[derive(Debug)]
pub struct Keyword {
    /// Its name in a connection string.
    pub name: &'static str,
    /// The environment variable that says it.
    pub variable: Option<&'static str>,
    /// What it is when nobody says it.
    pub default: Option<&'static str>,
    /// What becomes of it.
    pub support: Support,
}

/// What becomes of a parameter.
#[derive(Debug, PartialEq, Eq)]
pub enum Support {
    /// It is obeyed, or refused where its value can't be.
    Obeyed,
    /// It is obeyed and must never be shown.
    Secret,
    /// It is accepted without an effect, for the reason given.
    Idle(&'static str),
    /// It asks for a safeguard that we can't give: refused when set.
    Refused,
}

use Support::{Idle, Obeyed, Refused, Secret};

const fn keyword(
    name: &'static str,
    variable: &'static str,
    default: &'static str,
    support: Support,
) -> Keyword {
    Keyword {
        name,
        variable: if variable.is_empty() {
            None
        } else {
            Some(variable)
        },
        default: if default.is_empty() {
            None
        } else {
            Some(default)
        },
        support,
    }
}

const NO_GSS: Support = Idle("there is no Kerberos here");
const NO_OAUTH: Support = Idle("there is no OAuth here");

/// Every keyword, in libpq's order.
pub const KEYWORDS: &[Keyword] = &[
    keyword("service", "PGSERVICE", "", Obeyed),
    keyword("servicefile", "PGSERVICEFILE", "", Obeyed),
    keyword("user", "PGUSER", "", Obeyed),
    keyword("password", "PGPASSWORD", "", Secret),
    keyword("passfile", "PGPASSFILE", "", Obeyed),
    keyword("channel_binding", "PGCHANNELBINDING", "prefer", Obeyed),
    keyword("connect_timeout", "PGCONNECT_TIMEOUT", "", Obeyed),
    keyword("dbname", "PGDATABASE", "", Obeyed),
    keyword("host", "PGHOST", "", Obeyed),
    keyword("hostaddr", "PGHOSTADDR", "", Obeyed),
    keyword("port", "PGPORT", "5432", Obeyed),
    keyword(
        "client_encoding",
        "PGCLIENTENCODING",
        "",
        Idle("we speak UTF-8; child programs get it"),
    ),
    keyword("options", "PGOPTIONS", "", Obeyed),
    keyword("application_name", "PGAPPNAME", "", Obeyed),
    keyword("fallback_application_name", "", "", Obeyed),
    keyword("keepalives", "", "1", Obeyed),
    keyword("keepalives_idle", "", "", Obeyed),
    keyword("keepalives_interval", "", "", Obeyed),
    keyword("keepalives_count", "", "", Obeyed),
    keyword("tcp_user_timeout", "", "", Obeyed),
    keyword("sslmode", "PGSSLMODE", "prefer", Obeyed),
    keyword("sslnegotiation", "PGSSLNEGOTIATION", "postgres", Obeyed),
    keyword(
        "sslcompression",
        "PGSSLCOMPRESSION",
        "0",
        Idle("TLS compression is gone from TLS"),
    ),
    keyword("sslcert", "PGSSLCERT", "", Obeyed),
    keyword("sslkey", "PGSSLKEY", "", Obeyed),
    keyword("sslcertmode", "PGSSLCERTMODE", "allow", Obeyed),
    keyword("sslpassword", "", "", Secret),
    keyword("sslrootcert", "PGSSLROOTCERT", "", Obeyed),
    keyword("sslcrl", "PGSSLCRL", "", Obeyed),
    keyword("sslcrldir", "PGSSLCRLDIR", "", Refused),
    keyword("sslsni", "PGSSLSNI", "1", Obeyed),
    keyword("sslkeylogfile", "", "", Idle("TLS keys are never logged")),
    keyword(
        "ssl_min_protocol_version",
        "PGSSLMINPROTOCOLVERSION",
        "TLSv1.2",
        Obeyed,
    ),
    keyword(
        "ssl_max_protocol_version",
        "PGSSLMAXPROTOCOLVERSION",
        "",
        Obeyed,
    ),
    keyword("min_protocol_version", "PGMINPROTOCOLVERSION", "", Obeyed),
    keyword("max_protocol_version", "PGMAXPROTOCOLVERSION", "", Obeyed),
    keyword("requirepeer", "PGREQUIREPEER", "", Obeyed),
    keyword("require_auth", "PGREQUIREAUTH", "", Refused),
    keyword("gssencmode", "PGGSSENCMODE", "prefer", Obeyed),
    keyword("krbsrvname", "PGKRBSRVNAME", "", NO_GSS),
    keyword("gsslib", "PGGSSLIB", "", NO_GSS),
    keyword("gssdelegation", "PGGSSDELEGATION", "", NO_GSS),
    keyword("replication", "", "", Obeyed),
    keyword(
        "target_session_attrs",
        "PGTARGETSESSIONATTRS",
        "any",
        Obeyed,
    ),
    keyword(
        "load_balance_hosts",
        "PGLOADBALANCEHOSTS",
        "disable",
        Obeyed,
    ),
    keyword("scram_client_key", "", "", Refused),
    keyword("scram_server_key", "", "", Refused),
    keyword("oauth_issuer", "", "", NO_OAUTH),
    keyword("oauth_client_id", "", "", NO_OAUTH),
    keyword("oauth_client_secret", "", "", NO_OAUTH),
    keyword("oauth_scope", "", "", NO_OAUTH),
];

/// The keyword of that name.
pub fn find(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// Whether what follows this keyword in a connection string must not be shown.
pub fn is_secret(name: &str) -> bool {
    name.contains("password") || name.contains("secret") || name.starts_with("scram_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variables_are_unique() {
        for (index, one) in KEYWORDS.iter().enumerate() {
            for other in &KEYWORDS[index + 1..] {
                assert_ne!(one.name, other.name);
                assert!(one.variable.is_none() || one.variable != other.variable);
            }
        }
    }

    #[test]
    fn every_secret_of_the_table_is_known_as_one() {
        for keyword in KEYWORDS.iter().filter(|k| k.support == Secret) {
            assert!(is_secret(keyword.name), "{}", keyword.name);
        }
    }
}
