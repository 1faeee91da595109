//! What a server knows of the tables that findings name: how great they are, how much is written to them, and how
//! long a statement takes that goes through their rows.
//!
//! Nothing is written: each question is one statement in a read-only transaction of its own. Tables are asked for
//! together, and each once.

mod ask;
mod measured;
mod queue;
mod rate;
mod subject;
mod words;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use postgres::error::SqlState;
use shared::cli;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};
use shared::{Context as _, Error, Result, signals};

use crate::cli::Options;
use crate::effects::Version;
use crate::finding::{Finding, Severity};
use crate::run::names_server;
use crate::search_path;
use ask::Answer;
pub use measured::Measured;
pub use queue::Queue;
pub use rate::Rates;
pub use subject::Subject;
use subject::Table;

/// So long a table is waited for, to be measured.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server, and what it has said.
pub struct Sizes {
    session: Session,
    _cancels: signals::Guard,
    /// Where names without a schema are looked for.
    path: Vec<String>,
    known: HashMap<Table, Answer>,
    rates: Rates,
    small: Option<i64>,
}

impl Sizes {
    /// Connects, if the command line names a server.
    pub fn of(options: &Options, context: &cli::Context) -> Result<Option<Self>> {
        let connect = &context.common.connect;
        if names_server(context).is_none() {
            return match options.needs_server() {
                Some(flag) => Err(Error::usage(format!(
                    "{flag} needs -d: a server's tables are measured"
                ))),
                None => Ok(None),
            };
        }
        let environment = Environment::of_process();
        let conninfo = Conninfo::resolve(connect, &environment, Need::Statements)?;
        conninfo.notes().iter().for_each(|note| context.note(note));
        let gentle = SessionOptions {
            read_only: true,
            lock_timeout: PATIENCE,
            resets_search_path: true,
            ..SessionOptions::default()
        };
        let mut session = Session::open(&conninfo, &gentle)?;
        let mut transaction = session.transaction()?;
        let path = search_path::of(&mut transaction)?;
        transaction.rollback()?;
        Ok(Some(Self {
            _cancels: session.cancel_on_signal(),
            session,
            path,
            known: HashMap::new(),
            rates: options.rates,
            small: options.small_table(),
        }))
    }

    /// The version of the server.
    pub fn version(&self) -> Version {
        let number = self.session.server_version_num();
        Version {
            major: number / 10_000,
            minor: Some(number % 10_000),
        }
    }

    /// Asks for what these findings are about and is not known yet.
    fn ask<'a>(&mut self, findings: impl Iterator<Item = &'a Finding>) -> Result<()> {
        let subjects = findings.filter_map(|finding| finding.subject.as_deref());
        let tables =
            subjects.flat_map(|subject| std::iter::once(&subject.table).chain(&subject.worked));
        let new = tables.filter(|table| !self.known.contains_key(table));
        let new: Vec<Table> = new.collect::<HashSet<_>>().into_iter().cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        let what = || "could not ask how great the tables are".to_string();
        let rows = {
            let mut transaction = self.session.transaction()?;
            let rows = ask::ask(&mut transaction, &self.path, &new, true);
            transaction.rollback()?;
            rows
        };
        let rows = match rows {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                let mut transaction = self.session.transaction()?;
                let rows = ask::ask(&mut transaction, &self.path, &new, false).context(what)?;
                transaction.rollback()?;
                rows
            }
            rows => rows.context(what)?,
        };
        for (table, row) in new.into_iter().zip(&rows) {
            self.known.insert(table, ask::answer(row)?);
        }
        Ok(())
    }

    /// Says of a finding what is known of its tables, and how bad it is by that.
    fn tell(&self, finding: &mut Finding) {
        let Some(subject) = finding.subject.take() else {
            return;
        };
        let Some(answer) = self.known.get(&subject.table) else {
            return;
        };
        let mut said = words::of(&subject, answer);
        let mut measured = Measured::default();
        if let Answer::Found(size) = answer {
            measured = Measured::of(size);
            // It is no longer a guess that the table is there.
            finding.assumed = None;
        }
        let worked = self.worked(&subject);
        let seconds = subject.task.zip(worked.as_ref()).and_then(|(task, sizes)| {
            let each = sizes.iter().map(|size| self.rates.seconds(task, size));
            each.sum::<Option<f64>>()
        });
        if let Some(seconds) = seconds.filter(|_| !subject.worked.is_empty()) {
            measured = measured.takes(seconds);
            said.push_str(&format!("; {}", words::time(&subject, seconds)));
        }
        if let (Some(small), Some(sizes)) = (self.small, worked)
            && subject.grows
            && sizes.iter().all(|size| size.is_below(small))
        {
            finding.severity = Severity::Info;
            finding.is_lowered = true;
            said.push_str(&format!("; {}", words::lowered(&subject, small)));
        }
        let database = self.session.database();
        finding
            .message
            .push_str(&format!(" (database {database:?}: {said})"));
        finding.measured = Some(Box::new(measured));
    }

    /// The sizes of the tables whose rows the statement goes through, if all are known.
    fn worked(&self, subject: &Subject) -> Option<Vec<ask::Size>> {
        let sizes = subject
            .worked
            .iter()
            .map(|table| match self.known.get(table) {
                Some(Answer::Found(size)) => Some(*size),
                _ => None,
            });
        sizes.collect()
    }
}
