//! Everything that is known before a connection is tried, from all sources merged.

use super::deadline;
use super::environment::Environment;
use super::hosts::{self, Host};
use super::keywords::{self, KEYWORDS, Support};
use super::passfile::Passfile;
use super::session::Session;
use super::text::{self, Parsed, Settings};
use super::{ConnectArgs, Need, refusal, service, source};
use crate::error::{Context, Error, Result};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Resolved connection parameters. Its `Debug` output holds no secret.
#[derive(Clone)]
pub struct Conninfo {
    pub(super) settings: Settings,
    pub(super) hosts: Vec<Host>,
    pub(super) home: Option<PathBuf>,
    /// The URL's password had percent-encoded characters.
    pub(super) encoded_password: bool,
    /// A `pgbouncer=true` said that there is a pooler.
    pub(super) pooled: bool,
    /// The children run where our environment does not reach.
    pub(super) elsewhere: bool,
    /// Why a password file was not used.
    pub(super) passfile_warning: Option<String>,
    passfile: Passfile,
    schemas: Vec<String>,
    source: String,
    notes: Vec<String>,
}

impl Conninfo {
    /// Merges what is said: the command line's connection string over its flags, then
    /// the service file, the environment and libpq's defaults.
    pub fn resolve(args: &ConnectArgs, environment: &Environment, need: Need) -> Result<Self> {
        let source = source::choose(args, environment, need)?;
        source::check(&source, args)?;
        let mut parsed = Parsed::default();
        for (keyword, flag) in [
            ("host", &args.host),
            ("port", &args.port),
            ("user", &args.user),
        ] {
            if let Some(value) = flag.as_deref().filter(|value| !value.is_empty()) {
                parsed.set(keyword, value);
            }
        }
        if let Some(text) = &source.text {
            let said = text::parse(text).context(|| source.name.clone())?;
            parsed.settings.extend(said.settings);
            parsed = Parsed {
                settings: parsed.settings,
                ..said
            };
        }
        parsed.notes.splice(0..0, source.notes);
        Self::complete(parsed, source.name, environment)
    }

    /// Fills in what was not said and checks the whole.
    fn complete(mut parsed: Parsed, source: String, environment: &Environment) -> Result<Self> {
        let settings = &mut parsed.settings;
        service::apply(settings, environment)?;
        add_environment(settings, environment)?;
        add_user_and_database(settings, environment)?;
        parsed.notes.extend(refusal::check(settings)?);
        let mut conninfo = Self {
            hosts: hosts::list(settings)?,
            settings: parsed.settings,
            home: environment.home(),
            encoded_password: parsed.encoded_password,
            pooled: parsed.pooled,
            elsewhere: false,
            passfile_warning: None,
            passfile: Passfile::default(),
            schemas: parsed.schemas,
            source,
            notes: parsed.notes,
        };
        conninfo.read_passfile();
        Ok(conninfo)
    }

    fn read_passfile(&mut self) {
        if self.text("password").is_some() {
            return;
        }
        let Some(path) = self.file("passfile", ".pgpass") else {
            return;
        };
        let (passfile, warning) = Passfile::read(&path);
        self.passfile = passfile;
        self.notes.extend(warning.clone());
        self.passfile_warning = warning;
    }

    /// A server of our own on a socket in this folder, whatever the environment says.
    pub fn for_cluster(socket_dir: &Path, port: u16, user: &str, database: &str) -> Self {
        let folder = socket_dir.to_string_lossy().into_owned();
        let pairs = [
            ("user", user),
            ("dbname", database),
            ("host", folder.as_str()),
        ];
        let mut settings: Settings = pairs.map(|(k, v)| (k, v.to_string())).into();
        settings.insert("port", port.to_string());
        Self {
            settings,
            hosts: vec![Host {
                name: folder,
                address: None,
                socket: Some(socket_dir.into()),
                port,
            }],
            home: None,
            encoded_password: false,
            pooled: false,
            elsewhere: false,
            passfile_warning: None,
            passfile: Passfile::default(),
            schemas: Vec::new(),
            source: "the throw-away cluster".into(),
            notes: Vec::new(),
        }
    }

    /// What the command line alone says, for programs that run where our environment does not
    /// reach: in a container, in a pod, on another host. Everything but a password goes to them by
    /// their arguments, and what is not said they find there.
    pub fn elsewhere(args: &ConnectArgs) -> Result<Self> {
        let said = text::parse(args.dbname.as_deref().unwrap_or_default());
        let mut parsed = said.context(|| args.dbname_flag().into())?;
        for (keyword, flag) in [
            ("host", &args.host),
            ("port", &args.port),
            ("user", &args.user),
        ] {
            if let Some(value) = flag.as_deref().filter(|value| !value.is_empty()) {
                parsed.settings.entry(keyword).or_insert(value.into());
            }
        }
        let is_secret = |name: &&&str| keywords::is_secret(name) && **name != "password";
        if let Some(name) = parsed.settings.keys().find(is_secret) {
            return Err(Error::usage(format!(
                "{name} is secret, and can't be given to a program that runs elsewhere"
            )));
        }
        Ok(Self {
            hosts: hosts::list(&parsed.settings)?,
            settings: parsed.settings,
            home: None,
            encoded_password: parsed.encoded_password,
            pooled: parsed.pooled,
            elsewhere: true,
            passfile_warning: None,
            passfile: Passfile::default(),
            schemas: parsed.schemas,
            source: "the command line".into(),
            notes: parsed.notes,
        })
    }

    /// The same server and user, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.settings.insert("dbname", name.to_string());
        other
    }

    /// The same, where an idle session shows a sign of life after so many seconds, unless the user
    /// said how many: what lies between forgets a session that is silent for some minutes.
    #[must_use]
    pub fn with_signs_of_life(&self, seconds: u32) -> Self {
        let mut other = self.clone();
        if self.text("keepalives_idle").is_none_or(str::is_empty) {
            let seconds = seconds.to_string();
            other.settings.insert("keepalives_idle", seconds);
        }
        other
    }

    /// The same, where one server is waited for no longer than so, unless the user said how long
    /// (`connect_timeout`); zero leaves it at the usual.
    #[must_use]
    pub fn with_patience(&self, limit: Duration) -> Self {
        let mut other = self.clone();
        let is_open = self.text("connect_timeout").is_none_or(str::is_empty);
        if is_open && !limit.is_zero() && limit < deadline::USUAL {
            let seconds = limit.as_secs_f64().ceil();
            other
                .settings
                .insert("connect_timeout", seconds.to_string());
        }
        other
    }

    /// The same, with the server that the session reached as the only one: of several hosts, or
    /// of a primary and its standbys, a child must not choose another.
    #[must_use]
    pub fn at(&self, session: &Session) -> Self {
        let mut other = self.clone();
        if self.hosts.len() > 1 {
            let host = session.reached();
            let address = host.address.map(|address| address.to_string());
            other.settings.insert("host", host.name.clone());
            other
                .settings
                .insert("hostaddr", address.unwrap_or_default());
            other.settings.insert("port", host.port.to_string());
            other.hosts = vec![host.clone()];
        }
        other
    }

    /// Whether both lead to the same server, or to the same choice of servers.
    pub fn same_server(&self, other: &Self) -> bool {
        self.hosts == other.hosts
    }

    /// Where the server is, as far as somebody said so: no user, no secret.
    pub fn place(&self) -> [&str; 4] {
        ["service", "hostaddr", "host", "port"].map(|key| self.text(key).unwrap_or_default())
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        self.text("dbname").unwrap_or_default()
    }

    /// The role's name.
    pub fn user(&self) -> &str {
        self.text("user").unwrap_or_default()
    }

    /// What the user wants sessions to be called.
    pub fn application_name(&self) -> Option<&str> {
        self.text("application_name")
    }

    /// How long one server is waited for (`connect_timeout`); `None` is for ever.
    pub fn patience(&self) -> Result<Option<Duration>> {
        deadline::of(self)
    }

    /// Where the parameters come from: `-d`, `DATABASE_URL`, `PGHOST`, "libpq's defaults".
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether libpq's own programs, started where we are, find the same: not what a variable of other programs
    /// says, such as DATABASE_URL.
    pub fn is_known_to_libpq(&self) -> bool {
        let source = self.source.as_str();
        source != source::POOLED && !source::DIRECT.contains(&source)
    }

    /// What was dropped, translated or passed over, a sentence each, without secrets.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The first schema of the search path that a URL asked for.
    pub fn schema(&self) -> Option<&str> {
        self.schemas.first().map(String::as_str)
    }

    /// The search path that a URL asked for; empty where none did.
    pub fn schemas(&self) -> &[String] {
        &self.schemas
    }

    /// The value of a keyword, its default where nobody said one; `None` for an empty one.
    pub(super) fn text(&self, keyword: &str) -> Option<&str> {
        let said = self.settings.get(keyword).map(String::as_str);
        let value = said.or_else(|| keywords::find(keyword)?.default)?;
        (!value.is_empty()).then_some(value)
    }

    /// The path of a file, by its keyword or in its usual place under the home folder.
    pub(super) fn file(&self, keyword: &str, usual: &str) -> Option<PathBuf> {
        match self.text(keyword) {
            Some(path) => Some(PathBuf::from(path)),
            None => self.home.as_ref().map(|home| home.join(usual)),
        }
    }

    /// The password for this server: the one that was said, else the password file's.
    pub(super) fn password(&self, host: &Host) -> Option<String> {
        if let Some(password) = self.text("password") {
            return Some(password.to_string());
        }
        let name = host.passfile_name();
        self.passfile
            .find(&name, host.port, self.database(), self.user())
    }
}

fn add_environment(settings: &mut Settings, environment: &Environment) -> Result<()> {
    for keyword in KEYWORDS {
        let said = settings.contains_key(keyword.name);
        if let Some(variable) = keyword.variable
            && !said
            && let Some(value) = environment.get(variable)?
        {
            settings.insert(keyword.name, value.to_string());
        }
    }
    let requires = environment
        .get("PGREQUIRESSL")?
        .is_some_and(|value| value.starts_with('1'));
    if requires {
        settings
            .entry("sslmode")
            .or_insert_with(|| "require".into());
    }
    if settings
        .get("sslrootcert")
        .is_some_and(|root| root == "system")
    {
        settings
            .entry("sslmode")
            .or_insert_with(|| "verify-full".into());
    }
    Ok(())
}

fn add_user_and_database(settings: &mut Settings, environment: &Environment) -> Result<()> {
    let user = match settings.get("user").filter(|user| !user.is_empty()) {
        Some(user) => user.clone(),
        None => environment.os_user().ok_or_else(|| {
            Error::usage("no user name is given and the system knows none for us")
                .with_hint("give one with -U")
        })?,
    };
    if settings.get("dbname").is_none_or(String::is_empty) {
        settings.insert("dbname", user.clone());
    }
    settings.insert("user", user);
    Ok(())
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_secret = |name: &str| {
            keywords::is_secret(name)
                || keywords::find(name).is_some_and(|k| k.support == Support::Secret)
        };
        let shown = self.settings.iter().map(|(&name, value)| {
            (
                name,
                if is_secret(name) {
                    "…"
                } else {
                    value.as_str()
                },
            )
        });
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(dbname: Option<&str>, variables: &[(&str, &str)]) -> Conninfo {
        let environment = Environment::of(variables.iter().copied()).with_user("os");
        let args = ConnectArgs {
            dbname: dbname.map(str::to_string),
            ..ConnectArgs::default()
        };
        Conninfo::resolve(&args, &environment, Need::Session).unwrap()
    }

    #[test]
    fn sources_in_their_order() {
        let url = ("DATABASE_URL", "postgresql://h/pooled");
        let direct = ("DIRECT_URL", "postgresql://h/direct");
        assert_eq!(resolve(None, &[url, direct]).database(), "direct");
        assert_eq!(resolve(None, &[url]).source(), "DATABASE_URL");
        assert!(!resolve(None, &[url]).is_known_to_libpq());
        assert!(!resolve(None, &[url, direct]).is_known_to_libpq());
        assert!(resolve(Some("d"), &[url]).is_known_to_libpq());
        let libpq = resolve(None, &[url, ("PGHOST", "x")]);
        assert_eq!((libpq.source(), libpq.database()), ("PGHOST", "os"));
        assert!(libpq.notes()[0].contains("DATABASE_URL"));
        assert_eq!(resolve(Some("d"), &[url]).database(), "d");
        assert_eq!(resolve(None, &[]).source(), "libpq's defaults");
    }

    #[test]
    fn a_variable_must_hold_a_connection_string() {
        for text in ["file:./dev.db?x=1", "sqlite3:x", "app"] {
            let environment = Environment::of([("DATABASE_URL", text)]);
            let error = Conninfo::resolve(&ConnectArgs::default(), &environment, Need::Session);
            assert!(
                error.unwrap_err().message().contains("DATABASE_URL"),
                "{text}"
            );
        }
        assert_eq!(
            resolve(None, &[("DATABASE_URL", "host=h dbname=d")]).database(),
            "d"
        );
    }

    #[test]
    fn nothing_secret_is_shown() {
        let conninfo = resolve(Some("postgresql://u:s3cret@h/db?sslpassword=s3cret"), &[]);
        assert!(!format!("{conninfo:?}").contains("s3cret"));
        assert!(format!("{conninfo:?}").contains("db"));
    }

    #[test]
    fn a_flag_keeps_urls_out() {
        let environment =
            Environment::of([("DATABASE_URL", "postgresql://prod/db")]).with_user("os");
        let args = ConnectArgs {
            host: Some("h".into()),
            ..ConnectArgs::default()
        };
        let conninfo = Conninfo::resolve(&args, &environment, Need::Session).unwrap();
        assert_eq!((conninfo.database(), conninfo.source()), ("os", "-h"));
    }
}
