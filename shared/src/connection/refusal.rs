//! Values that no connection can be made of, and parameters that ask for what we
//! can't give: each is refused by its name, before anything is tried.

use super::keywords::{KEYWORDS, Support};
use super::text::Settings;
use crate::error::{Error, Result};

const CHOICES: &[(&str, &[&str])] = &[
    ("channel_binding", &["disable", "prefer", "require"]),
    (
        "sslmode",
        &[
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ],
    ),
    ("sslnegotiation", &["postgres", "direct"]),
    ("sslcertmode", &["disable", "allow", "require"]),
    ("gssencmode", &["disable", "prefer", "require"]),
    (
        "target_session_attrs",
        &[
            "any",
            "read-write",
            "read-only",
            "primary",
            "standby",
            "prefer-standby",
        ],
    ),
    ("load_balance_hosts", &["disable", "random"]),
    ("ssl_min_protocol_version", TLS_VERSIONS),
    ("ssl_max_protocol_version", TLS_VERSIONS),
    ("min_protocol_version", &["", "3.0", "3.2", "latest"]),
    ("max_protocol_version", &["", "3.0", "3.2", "latest"]),
];

const TLS_VERSIONS: &[&str] = &["", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

const NUMBERS: &[&str] = &[
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// Refuses what can't be obeyed; returns what is accepted without an effect.
pub fn check(settings: &Settings) -> Result<Vec<String>> {
    check_choices(settings)?;
    check_numbers(settings)?;
    check_unsupported(settings)?;
    check_tls(settings)?;
    Ok(idle(settings))
}

fn check_choices(settings: &Settings) -> Result<()> {
    for (keyword, choices) in CHOICES {
        if let Some(value) = settings.get(keyword)
            && !choices.contains(&value.as_str())
        {
            let known: Vec<&str> = choices
                .iter()
                .filter(|choice| !choice.is_empty())
                .copied()
                .collect();
            return Err(
                Error::usage(format!("invalid {keyword} value: \"{value}\""))
                    .with_hint(format!("it can be {}", known.join(", "))),
            );
        }
    }
    Ok(())
}

fn check_numbers(settings: &Settings) -> Result<()> {
    for keyword in NUMBERS {
        number(settings, keyword)?;
    }
    Ok(())
}

/// A whole number as C's strtol reads it, blanks around it allowed; empty is none.
pub fn number(settings: &Settings, keyword: &str) -> Result<Option<i32>> {
    match settings.get(keyword).map(|text| text.trim()) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| {
            Error::usage(format!(
                "invalid integer value \"{text}\" for connection option \"{keyword}\""
            ))
        }),
    }
}

fn check_unsupported(settings: &Settings) -> Result<()> {
    let said = |keyword: &str| {
        settings
            .get(keyword)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    for keyword in KEYWORDS
        .iter()
        .filter(|keyword| keyword.support == Support::Refused)
    {
        if said(keyword.name).is_some() {
            return Err(unsupported(
                keyword.name,
                "remove it to connect without that safeguard",
            ));
        }
    }
    if said("gssencmode") == Some("require") {
        return Err(unsupported(
            "gssencmode=require",
            "use TLS: gssencmode=disable sslmode=verify-full",
        ));
    }
    if said("sslcertmode") == Some("require") {
        return Err(unsupported(
            "sslcertmode=require",
            "leave it out: the server can demand a certificate in its pg_hba.conf",
        ));
    }
    if said("min_protocol_version").is_some_and(|version| version != "3.0") {
        return Err(unsupported(
            "min_protocol_version above 3.0",
            "leave it out",
        ));
    }
    match said("replication") {
        None | Some("off" | "false" | "no" | "0") => Ok(()),
        Some(_) => Err(unsupported("replication", "leave it out")),
    }
}

fn unsupported(what: &str, hint: &str) -> Error {
    Error::usage(format!("connection parameter not supported: {what}")).with_hint(hint)
}

fn check_tls(settings: &Settings) -> Result<()> {
    let said = |keyword: &str| {
        settings
            .get(keyword)
            .map(String::as_str)
            .unwrap_or_default()
    };
    let mode = match settings.get("sslmode") {
        Some(mode) => mode.as_str(),
        None => "prefer",
    };
    let weak = matches!(mode, "disable" | "allow" | "prefer");
    if said("sslrootcert") == "system" && mode != "verify-full" {
        return Err(Error::usage(format!(
            "weak sslmode \"{mode}\" may not be used with sslrootcert=system"
        ))
        .with_hint("use sslmode=verify-full"));
    }
    if said("sslnegotiation") == "direct" && weak {
        return Err(Error::usage(format!(
            "weak sslmode \"{mode}\" may not be used with sslnegotiation=direct"
        ))
        .with_hint("use sslmode=require, verify-ca or verify-full"));
    }
    let (min, max) = (
        said("ssl_min_protocol_version"),
        said("ssl_max_protocol_version"),
    );
    if matches!(max, "TLSv1" | "TLSv1.1") {
        return Err(unsupported(
            &format!("ssl_max_protocol_version={max}"),
            "TLS before 1.2 is broken; use TLSv1.2",
        ));
    }
    if min == "TLSv1.3" && max == "TLSv1.2" {
        return Err(Error::usage(
            "ssl_min_protocol_version is above ssl_max_protocol_version",
        ));
    }
    Ok(())
}

/// A note for each parameter that changes nothing here.
fn idle(settings: &Settings) -> Vec<String> {
    let notes = KEYWORDS.iter().filter_map(|keyword| match keyword.support {
        Support::Idle(why) if settings.contains_key(keyword.name) => {
            Some(format!("\"{}\" has no effect: {why}", keyword.name))
        }
        _ => None,
    });
    notes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_pairs(pairs: &[(&'static str, &str)]) -> Result<Vec<String>> {
        check(&pairs.iter().map(|(k, v)| (*k, (*v).to_string())).collect())
    }

    #[test]
    fn what_can_not_be_given_is_refused_by_name() {
        for (keyword, value) in [
            ("gssencmode", "require"),
            ("require_auth", "scram-sha-256"),
            ("sslcrldir", "/x"),
            ("sslcertmode", "require"),
            ("replication", "database"),
            ("min_protocol_version", "3.2"),
            ("ssl_max_protocol_version", "TLSv1"),
            ("sslmode", "no"),
            ("connect_timeout", "soon"),
        ] {
            let error = check_pairs(&[(keyword, value)]).unwrap_err();
            assert!(error.message().contains(keyword), "{error}");
        }
    }

    #[test]
    fn what_changes_nothing_is_noted() {
        assert!(check_pairs(&[("krbsrvname", "x")]).unwrap()[0].contains("krbsrvname"));
        assert!(
            check_pairs(&[("sslmode", "verify-full"), ("connect_timeout", " 5 ")])
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn weak_modes_that_would_be_no_safeguard() {
        assert!(check_pairs(&[("sslrootcert", "system"), ("sslmode", "require")]).is_err());
        assert!(check_pairs(&[("sslnegotiation", "direct")]).is_err());
        assert!(check_pairs(&[("sslnegotiation", "direct"), ("sslmode", "require")]).is_ok());
    }
}
