//! An open session with its safeguards in force.

use super::connect::{self, Opened};
use super::conninfo::Conninfo;
use super::hosts::Host;
use super::pooler::{self, Pooling};
use super::startup::Startup;
use super::target::Facts;
use crate::error::{Context, Result};
use crate::signals;
use postgres::{CancelToken, Client, NoTls, Transaction};
use std::thread;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What a tool asks of its session.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The name in pg_stat_activity where the user gave none.
    pub application_name: String,
    /// Nothing can be written (signalling functions still work).
    pub read_only: bool,
    /// How long a lock is waited for; zero is for ever.
    pub lock_timeout: Duration,
    /// How long a statement may take; zero is for ever.
    pub statement_timeout: Duration,
    /// `RESET search_path` gives the role's own search path, the one that names without a schema
    /// are looked for in by psql and pg_dump. Costs a round trip.
    pub resets_search_path: bool,
    /// Further settings of the server's, by name.
    pub settings: &'static [(&'static str, &'static str)],
    /// Such as are made by SET once the session is there: what it began with stays to be seen, as
    /// `reset_val` in pg_settings. Cost a round trip.
    pub late_settings: &'static [(&'static str, &'static str)],
}

impl Default for SessionOptions {
    fn default() -> Self {
        let program = std::env::args_os().next().map(std::path::PathBuf::from);
        let name = program.as_deref().and_then(|path| path.file_name());
        Self {
            application_name: name
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            read_only: false,
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            resets_search_path: false,
            settings: &[],
            late_settings: &[],
        }
    }
}

/// An open session.
pub struct Session {
    client: Client,
    host: Host,
    tls: Option<MakeRustlsConnect>,
    facts: Facts,
    pooling: Pooling,
    startup: Startup,
    is_read_only: bool,
    database: String,
    user: String,
}

impl Session {
    /// Connects, with `search_path` empty unless the URL asked for a schema, and with
    /// the timeouts in force from the first statement on. Behind a pooler in
    /// transaction mode they are in force in [`Session::transaction`] alone, because
    /// what a session sets there stays behind for the next one.
    pub fn open(conninfo: &Conninfo, options: &SessionOptions) -> Result<Self> {
        let startup = Startup::new(conninfo, options);
        let Opened {
            client,
            host,
            tls,
            facts,
        } = connect::open(conninfo, &startup)?;
        let mut session = Self {
            client,
            host,
            tls,
            facts,
            pooling: Pooling::None,
            startup,
            is_read_only: options.read_only,
            database: conninfo.database().to_string(),
            user: conninfo.user().to_string(),
        };
        if !session.facts.is_ours {
            session.pooling = pooler::recognise(conninfo, &session.startup)?;
        }
        session.settle()?;
        Ok(session)
    }

    /// Makes the settings that the start could not.
    fn settle(&mut self) -> Result<()> {
        let settings = match self.pooling {
            Pooling::None => self.startup.late_settings(),
            Pooling::Session => self.startup.session_settings(),
            Pooling::Transaction(_) | Pooling::Statement(_) => return Ok(()),
        };
        match settings.is_empty() {
            true => Ok(()),
            false => self
                .client
                .batch_execute(&settings)
                .context(|| "cannot set up the session".into()),
        }
    }

    /// The connection. Use `query_typed`: it needs one round trip and no prepared
    /// statement, which a pooler might lose.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The connection alone, with the session's settings in force.
    pub fn into_client(self) -> Client {
        self.client
    }

    /// A transaction with the session's settings in force, behind any pooler but one in
    /// statement mode. Of a session that can only read it can write nothing either, whatever the
    /// user's own `options` say.
    pub fn transaction(&mut self) -> Result<Transaction<'_>> {
        let pooled = matches!(self.pooling, Pooling::Transaction(_));
        let settings = self.startup.transaction_settings();
        let mut transaction = match self.is_read_only {
            true => self.client.build_transaction().read_only(true).start()?,
            false => self.client.transaction()?,
        };
        if pooled {
            transaction
                .batch_execute(&settings)
                .context(|| "cannot set up the transaction".into())?;
        }
        Ok(transaction)
    }

    /// Refuses to go on behind a pooler that gives each transaction another server
    /// process: locks, settings and snapshots would be lost, or be left to strangers.
    pub fn require_session(&mut self) -> Result<()> {
        pooler::refuse(&self.pooling, &self.host)
    }

    /// Whether a pooler in transaction or statement mode is in between.
    pub fn is_pooled(&self) -> bool {
        matches!(
            self.pooling,
            Pooling::Transaction(_) | Pooling::Statement(_)
        )
    }

    /// The server's version: 150018 for 15.18.
    pub fn server_version_num(&self) -> u32 {
        self.facts.version_num
    }

    /// Whether the server is a standby.
    pub fn in_recovery(&self) -> bool {
        self.facts.in_recovery
    }

    /// The host as it was written, the folder of the socket where it is one.
    pub fn host(&self) -> String {
        self.host.shown()
    }

    /// The server that answered.
    pub(super) fn reached(&self) -> &Host {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.host.port
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The role's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// What ends the statement that runs at the moment, from any thread.
    pub fn canceller(&self) -> Canceller {
        Canceller {
            token: self.client.cancel_token(),
            tls: self.tls.clone(),
        }
    }

    /// Ends the running statement when a signal asks us to stop, as long as the guard lives.
    pub fn cancel_on_signal(&self) -> signals::Guard {
        let canceller = self.canceller();
        signals::on_signal(move |_| {
            canceller.clone().cancel_beside();
        })
    }
}

/// Ends the statement that a session runs at the moment.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    /// The same without waiting for it, unless there can be no thread.
    pub fn cancel_beside(self) {
        let spare = self.clone();
        let started = thread::Builder::new().spawn(move || self.cancel());
        if started.is_err() {
            let _ = spare.cancel();
        }
    }

    /// Asks the server to end it. The statement fails with SQLSTATE 57014, if the
    /// request arrives before its end.
    pub fn cancel(&self) -> Result<()> {
        let sent = match &self.tls {
            Some(tls) => self.token.cancel_query(tls.clone()),
            None => self.token.cancel_query(NoTls),
        };
        sent.context(|| "cannot cancel the running statement".into())
    }
}
