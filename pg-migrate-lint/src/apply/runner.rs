//! The session that scripts are run in.

use std::time::Duration;

use postgres::{Client, SimpleQueryMessage};
use shared::{Context as _, Error, Result, signals};

use super::connection::Connection;
use super::failure::{Failure, Refusal};
use super::limit::Limit;
use super::script::Script;
use super::step::{Sort, Step};
use super::template;
use crate::layout::Layout;
use crate::session::Wrapping;

/// Opens a session as a runner would: with the role's own search path and without timeouts.
pub type Opener<'a> = Box<dyn FnMut() -> Result<Connection> + 'a>;

/// Who looks on while scripts are run. What it does in the session must leave no trace there, and must not run in a
/// transaction that has failed.
pub trait Watcher {
    /// A session was opened, the first one or another, or is as new again.
    ///
    /// # Errors
    /// Ends the run: it could not be done.
    fn opened(&mut self, _client: &mut Client) -> Result<()> {
        Ok(())
    }

    /// A transaction has begun, by the runner or by the script.
    ///
    /// # Errors
    /// Ends the run: it could not be done.
    fn begun(&mut self, _client: &mut Client, _next: &Step) -> Result<()> {
        Ok(())
    }

    /// Runs a statement. `is_alone` says that no transaction is open. The server's refusal is `Some`.
    ///
    /// # Errors
    /// Ends the run: it could not be done.
    fn run(
        &mut self,
        client: &mut Client,
        script: &Script,
        step: &Step,
        _is_alone: bool,
    ) -> Result<Option<Refusal>> {
        let _ = script;
        Ok(step.send(client))
    }

    /// The runner's COMMIT was refused, or there is none, so that nothing of the transaction is kept.
    fn refused_commit(&mut self, _error: &Error) {}

    /// The transaction has ended, by the script or by the runner; `is_kept` where it was committed.
    ///
    /// # Errors
    /// Ends the run: it could not be done.
    fn ended(&mut self, _is_kept: bool) -> Result<()> {
        Ok(())
    }
}

/// Nobody.
#[cfg_attr(not(test), allow(dead_code))]
#[derive(Debug, Default)]
pub struct Unwatched;

impl Watcher for Unwatched {}

/// Which transaction is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// None.
    None,
    /// The runner's, with BEGIN.
    Runner,
    /// The one that the server makes of a string of several statements.
    Implicit,
    /// The script's own.
    Script,
}

/// Runs scripts in a session.
pub struct Runner<'a> {
    open: Opener<'a>,
    limit: Duration,
    session: Option<(Connection, signals::Guard)>,
    transaction: Open,
}

impl<'a> Runner<'a> {
    /// Sessions are opened when they are needed. No statement may take longer than the limit; zero is for ever.
    pub fn new(open: Opener<'a>, limit: Duration) -> Self {
        Self {
            open,
            limit,
            session: None,
            transaction: Open::None,
        }
    }

    /// Runs scripts one after the other, as one deployment: those of [`Wrapping::All`] that follow one another share a
    /// transaction, which is committed at the latest behind the last. Stops where a statement fails, and takes back the
    /// transaction that it was in, as every framework does; the next call goes on in a session that has none open.
    ///
    /// # Errors
    /// Where nothing can be said of the scripts: the server can't be reached, or a signal came.
    pub fn run(
        &mut self,
        scripts: &[Script],
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Failure>> {
        for (number, script) in scripts.iter().enumerate() {
            let outcome = self.script(script, watcher)?;
            let goes_on = |next: &&Script| next.wrapping == Wrapping::All;
            let next = scripts.get(number + 1).filter(goes_on);
            let failure = match outcome {
                Some(failure) => Some(failure),
                None if script.wrapping == Wrapping::All && next.is_some() => None,
                None => self.finish(script, watcher)?,
            };
            if failure.is_some() {
                self.abandon(watcher)?;
                return Ok(failure);
            }
        }
        Ok(None)
    }

    fn script(&mut self, script: &Script, watcher: &mut dyn Watcher) -> Result<Option<Failure>> {
        self.prepare(script.layout, watcher)?;
        for (number, step) in script.steps.iter().enumerate() {
            signals::check()?;
            let refusal = self.step(script, number, step, watcher)?;
            if let Some(refusal) = refusal {
                signals::check()?;
                return Ok(Some(Failure::of(script, number, step, refusal)));
            }
        }
        Ok(None)
    }

    /// What frameworks do to their session before a file.
    fn prepare(&mut self, layout: Layout, watcher: &mut dyn Watcher) -> Result<()> {
        let Some((connection, _)) = &mut self.session else {
            return Ok(());
        };
        if self.transaction != Open::None {
            return Ok(());
        }
        let client = &mut connection.client;
        match layout {
            // psql is started for each file: its session is as new.
            layout if template::is_run_by_psql(layout) => match make_as_new(client)? {
                true => Ok(()),
                false => {
                    client.batch_execute("DISCARD ALL")?;
                    watcher.opened(client)
                }
            },
            // Source: supabase/cli pkg/migration/apply.go, flyway's PostgreSQLConnection.
            Layout::Supabase | Layout::Flyway => Ok(client.batch_execute("RESET ALL")?),
            _ => Ok(()),
        }
    }

    fn step(
        &mut self,
        script: &Script,
        number: usize,
        step: &Step,
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Refusal>> {
        if self.transaction == Open::None && step.sort != Sort::Begin {
            let begins = match script.wrapping {
                // The rest of a file that has ended the runner's transaction is in none.
                Wrapping::File | Wrapping::All => number == 0,
                Wrapping::Implicit => script.steps.len() > 1,
                Wrapping::None => false,
            };
            if begins && let Some(refusal) = self.begin(script.wrapping, step, watcher)? {
                return Ok(Some(refusal));
            }
        }
        if self.transaction == Open::Implicit && step.sort == Sort::Within {
            // In a string there is no block to have a savepoint in: the server says so outside of ours as well.
            self.abandon(watcher)?;
        }
        let is_alone = self.transaction == Open::None;
        let limit = self.limit;
        let connection = self.connection(watcher)?;
        let bound = Limit::start(limit, connection);
        let refusal = watcher.run(&mut connection.client, script, step, is_alone)?;
        let is_over = bound.is_over();
        drop(bound);
        if let Some(mut refusal) = refusal {
            if is_over {
                let ended: Result<()> = Err(refusal.error);
                let words = || format!("it did not end within {} s", limit.as_secs_f64());
                refusal.error = ended
                    .context(words)
                    .err()
                    .unwrap_or_else(Error::interrupted);
            }
            return Ok(Some(refusal));
        }
        self.note(step, watcher)?;
        Ok(None)
    }

    /// What a statement has made of the transaction.
    fn note(&mut self, step: &Step, watcher: &mut dyn Watcher) -> Result<()> {
        match step.sort {
            Sort::Begin if self.transaction == Open::None => {
                self.transaction = Open::Script;
                let connection = self.connection(watcher)?;
                watcher.begun(&mut connection.client, step)?;
            }
            Sort::Begin if self.transaction == Open::Implicit => self.transaction = Open::Script,
            Sort::End { is_kept, chain } => {
                let was_open = self.transaction != Open::None;
                if !chain {
                    self.transaction = Open::None;
                }
                if was_open {
                    watcher.ended(is_kept)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(
        &mut self,
        wrapping: Wrapping,
        next: &Step,
        watcher: &mut dyn Watcher,
    ) -> Result<Option<Refusal>> {
        let connection = self.connection(watcher)?;
        if let Err(error) = connection.client.batch_execute("BEGIN") {
            return Ok(Some(Refusal::of(error, &connection.client)));
        }
        watcher.begun(&mut connection.client, next)?;
        self.transaction = match wrapping {
            Wrapping::Implicit => Open::Implicit,
            Wrapping::None | Wrapping::File | Wrapping::All => Open::Runner,
        };
        Ok(None)
    }

    /// Behind the last statement: the runner commits. What the script itself began and did not end is lost with the
    /// session, which nobody means, unless the runner believes that it is its own.
    fn finish(&mut self, script: &Script, watcher: &mut dyn Watcher) -> Result<Option<Failure>> {
        let commits = matches!(script.wrapping, Wrapping::File | Wrapping::All);
        match self.transaction {
            Open::None => Ok(None),
            Open::Script if !commits => {
                let failure = Failure::of_begin(script);
                watcher.refused_commit(&failure.error);
                Ok(Some(failure))
            }
            Open::Script | Open::Runner | Open::Implicit => {
                let limit = self.limit;
                let connection = self.connection(watcher)?;
                let bound = Limit::start(limit, connection);
                let ended = connection.client.batch_execute("COMMIT");
                drop(bound);
                if let Err(error) = ended {
                    let refusal = Refusal::of(error, &connection.client);
                    watcher.refused_commit(&refusal.error);
                    return Ok(Some(Failure::of_commit(script, refusal)));
                }
                watcher.ended(true)?;
                self.transaction = Open::None;
                Ok(None)
            }
        }
    }

    /// Takes back what is open, and lets go of a session that has ended.
    fn abandon(&mut self, watcher: &mut dyn Watcher) -> Result<()> {
        let was_open = std::mem::replace(&mut self.transaction, Open::None) != Open::None;
        let Some((connection, _)) = &mut self.session else {
            return Ok(());
        };
        let is_gone =
            connection.client.is_closed() || connection.client.batch_execute("ROLLBACK").is_err();
        if is_gone {
            self.session = None;
        } else if was_open {
            watcher.ended(false)?;
        }
        Ok(())
    }

    fn connection(&mut self, watcher: &mut dyn Watcher) -> Result<&mut Connection> {
        if self.session.is_none() {
            let mut connection = (self.open)()?;
            watcher.opened(&mut connection.client)?;
            let cancel = connection.canceller();
            let guard = signals::on_signal(move |_| cancel());
            self.session = Some((connection, guard));
        }
        match &mut self.session {
            Some((connection, _)) => Ok(connection),
            None => Err(Error::new("no session is open")),
        }
    }
}

/// Takes from a session what it has got from scripts; whether that is all of it.
fn make_as_new(client: &mut Client) -> Result<bool> {
    let answers = client.simple_query(include_str!("../../sql/as_new.sql"))?;
    let mut answers = answers.iter().rev();
    let last = answers.find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(last == Some("f"))
}
