//! What a session says about itself when it begins, and what it asks for.

use super::attempts::Encryption;
use super::conninfo::Conninfo;
use super::hosts::Host;
use super::session::SessionOptions;
use super::{refusal, tls};
use crate::error::Result;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};

/// A setting that only a server process started for this very session has: where
/// it is missing, something between us and the server lends out its own sessions.
pub const MARK: &str = "pg_tools.session";

/// What is said at the start, apart from where.
#[derive(Clone)]
pub struct Startup {
    /// The name that pg_stat_activity shows.
    pub application_name: String,
    /// The value of [`MARK`].
    pub mark: String,
    /// Settings by name, in the order in which they are made.
    pub settings: Vec<(&'static str, String)>,
    /// Settings that have to wait until the server was judged.
    late: Vec<(&'static str, String)>,
    /// The user's own `options`.
    options: Option<String>,
}

impl Startup {
    /// `application_name` is the user's where one was given, else the tool's.
    pub fn new(conninfo: &Conninfo, options: &SessionOptions) -> Self {
        let said = |keyword| conninfo.settings.get(keyword);
        let name = said("application_name").or(said("fallback_application_name"));
        let name = name.unwrap_or(&options.application_name);
        let (settings, late) = settings(conninfo, options);
        Self {
            application_name: name.clone(),
            mark: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            settings,
            late,
            options: conninfo.text("options").map(str::to_string),
        }
    }

    /// SQL for the settings that could not be made at the start.
    pub fn late_settings(&self) -> String {
        statements(&self.late, false)
    }

    /// SQL for all settings, for the session.
    pub fn session_settings(&self) -> String {
        statements(&self.settings, false) + &statements(&self.late, false)
    }

    /// SQL for all settings, for a transaction that has begun.
    pub fn transaction_settings(&self) -> String {
        statements(&self.settings, true) + &statements(&self.late, true)
    }

    /// The startup packet's options: ours, then the user's, which win.
    fn options(&self) -> String {
        let marked = std::iter::once((MARK, &self.mark));
        let named = self.settings.iter().map(|(name, value)| (*name, value));
        let mut all: Vec<String> = marked
            .chain(named)
            .map(|(name, value)| format!("-c {name}={}", escape(value)))
            .collect();
        all.extend(self.options.clone());
        all.join(" ")
    }

    /// The configuration of one attempt. `ours` says whether our options are sent.
    pub fn config(
        &self,
        conninfo: &Conninfo,
        host: &Host,
        address: Option<IpAddr>,
        encryption: Encryption,
        ours: bool,
    ) -> Result<postgres::Config> {
        let mut config = postgres::Config::new();
        config.user(conninfo.user()).dbname(conninfo.database());
        config
            .port(host.port)
            .application_name(&self.application_name);
        set_place(&mut config, host, address);
        if let Some(password) = conninfo.password(host) {
            config.password(password);
        }
        if ours {
            config.options(&self.options());
        } else if let Some(options) = &self.options {
            config.options(options);
        }
        set_encryption(&mut config, conninfo, encryption);
        set_keepalives(&mut config, conninfo)?;
        Ok(config)
    }
}

/// Where to; a name that goes with an address is what a certificate has to be for.
fn set_place(config: &mut postgres::Config, host: &Host, address: Option<IpAddr>) {
    match (&host.socket, address) {
        (Some(folder), _) => {
            config.host_path(socket_path(folder));
        }
        (None, Some(address)) => {
            let own = address.to_string();
            let name = if host.name.is_empty() {
                &own
            } else {
                &host.name
            };
            config.host(name).hostaddr(address);
        }
        (None, None) => {
            config.host(&host.name);
        }
    }
}

/// An abstract socket's name begins with a zero byte where libpq writes `@`.
pub fn socket_path(folder: &Path) -> PathBuf {
    match folder.to_str().and_then(|text| text.strip_prefix('@')) {
        Some(name) => PathBuf::from(format!("\0{name}")),
        None => folder.to_path_buf(),
    }
}

type Settings = Vec<(&'static str, String)>;

/// Our settings, and those that must not be made before the server was judged: a
/// session that we made read-only ourselves says nothing about its server.
fn settings(conninfo: &Conninfo, options: &SessionOptions) -> (Settings, Settings) {
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    let schemas = conninfo
        .schemas()
        .iter()
        .map(|schema| format!("\"{}\"", schema.replace('"', "\"\"")));
    let mut settings = vec![
        ("lock_timeout", milliseconds(options.lock_timeout)),
        ("statement_timeout", milliseconds(options.statement_timeout)),
        // As all our statements are written, whatever a database or role is set to.
        ("standard_conforming_strings", "on".into()),
    ];
    let more = options.settings.iter();
    settings.extend(more.map(|(name, value)| (*name, (*value).to_string())));
    let mut late = Vec::new();
    let search_path = ("search_path", schemas.collect::<Vec<_>>().join(","));
    // What a session was started with is what RESET goes back to.
    match options.resets_search_path {
        true => late.push(search_path),
        false => settings.push(search_path),
    }
    let more = options.late_settings.iter();
    late.extend(more.map(|(name, value)| (*name, (*value).to_string())));
    if options.read_only {
        let judged = matches!(
            conninfo.text("target_session_attrs"),
            Some("read-write" | "read-only")
        );
        let list = if judged { &mut late } else { &mut settings };
        list.push(("default_transaction_read_only", "on".into()));
    }
    (settings, late)
}

fn statements(settings: &[(&str, String)], local: bool) -> String {
    let statements = settings.iter().map(|(name, value)| {
        let name = match *name {
            "default_transaction_read_only" if local => "transaction_read_only",
            name => name,
        };
        let value = value.replace('\'', "''");
        format!("select pg_catalog.set_config('{name}', '{value}', {local});")
    });
    statements.collect()
}

/// A value among the startup packet's options, which blanks separate.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if c == '\\' || c.is_ascii_whitespace() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn set_encryption(config: &mut postgres::Config, conninfo: &Conninfo, encryption: Encryption) {
    config.ssl_mode(match encryption {
        Encryption::Plain => SslMode::Disable,
        Encryption::IfOffered => SslMode::Prefer,
        Encryption::Required => SslMode::Require,
    });
    if tls::is_direct(conninfo) && encryption == Encryption::Required {
        config.ssl_negotiation(SslNegotiation::Direct);
    }
    config.channel_binding(match conninfo.text("channel_binding") {
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        _ => ChannelBinding::Prefer,
    });
}

fn set_keepalives(config: &mut postgres::Config, conninfo: &Conninfo) -> Result<()> {
    let number = |keyword| -> Result<Option<u32>> {
        let number = refusal::number(&conninfo.settings, keyword)?;
        Ok(number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|&number| number > 0))
    };
    config.keepalives(refusal::number(&conninfo.settings, "keepalives")? != Some(0));
    if let Some(seconds) = number("keepalives_idle")? {
        config.keepalives_idle(Duration::from_secs(seconds.into()));
    }
    if let Some(seconds) = number("keepalives_interval")? {
        config.keepalives_interval(Duration::from_secs(seconds.into()));
    }
    if let Some(count) = number("keepalives_count")? {
        config.keepalives_retries(count);
    }
    if let Some(milliseconds) = number("tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(milliseconds.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{ConnectArgs, Environment, Need};

    #[test]
    fn an_idle_session_shows_signs_of_life_as_often_as_somebody_said() {
        let conninfo = |parameters: &str| {
            let args = ConnectArgs {
                dbname: Some(format!("host=h {parameters}")),
                ..ConnectArgs::default()
            };
            Conninfo::resolve(&args, &Environment::default(), Need::Session).unwrap()
        };
        for (parameters, seconds) in [("", 60), ("keepalives_idle=7", 7)] {
            let conninfo = conninfo(parameters).with_signs_of_life(60);
            let mut config = postgres::Config::new();
            set_keepalives(&mut config, &conninfo).unwrap();
            assert_eq!(config.get_keepalives_idle(), Duration::from_secs(seconds));
        }
    }

    fn config(parameters: &str) -> postgres::Config {
        let args = ConnectArgs {
            dbname: Some(format!("postgresql://u@127.0.0.1/db?{parameters}")),
            ..ConnectArgs::default()
        };
        let conninfo = Conninfo::resolve(&args, &Environment::default(), Need::Session).unwrap();
        let startup = Startup::new(&conninfo, &SessionOptions::default());
        let host = &conninfo.hosts[0];
        let config = startup.config(&conninfo, host, None, Encryption::Plain, true);
        config.unwrap()
    }

    #[test]
    fn a_dead_server_is_noticed_as_soon_as_was_asked_for() {
        let config = config(
            "keepalives_idle=30&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=4500",
        );
        assert!(config.get_keepalives());
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(30));
        assert_eq!(
            config.get_keepalives_interval(),
            Some(Duration::from_secs(5))
        );
        assert_eq!(config.get_keepalives_retries(), Some(3));
        let milliseconds = config.get_tcp_user_timeout().map(Duration::as_millis);
        assert_eq!(milliseconds, Some(4500));
    }

    #[test]
    fn what_zero_means_is_left_to_the_system() {
        let config = config("keepalives=0&keepalives_count=0&tcp_user_timeout=0");
        assert!(!config.get_keepalives());
        assert_eq!(config.get_keepalives_retries(), None);
        assert_eq!(config.get_tcp_user_timeout(), None);
    }
}
