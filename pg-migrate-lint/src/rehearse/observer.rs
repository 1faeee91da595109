//! Looks on while statements run, and has written down what each of them took and did.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, Statement};
use shared::{Error, Result};

use super::claim::{self, Claims};
use super::ledger::Ledger;
use super::load::Load;
use super::probe::{self, Probe};
use super::reach::{Census, Guard};
use super::record::Record;
use super::seen::{Seen, Within, compare};
use super::watched::{self, Eye};
use crate::apply::{Opener, Refusal, Script, Sort, Step, Watcher};
use crate::lock::Mode;
use crate::model::Change;
use crate::name::Name;
use crate::parse::Parsed;
use crate::rules;

/// What became of a statement: what the server said against it, and what was seen.
type Outcome = (Option<Refusal>, Option<Seen>);

/// From this major version on a session can be told to hand on what it has counted.
const HANDS_ON: u32 = 15;

/// Before we look at something in a migration's transaction.
const SHELTER: &str = include_str!("../../sql/shelter.sql");
/// After that.
const UNSHELTER: &str = include_str!("../../sql/unshelter.sql");

/// Looks on.
pub struct Observer<'a> {
    eye: Eye<'a>,
    claims: Claims,
    /// Whether the claims know the statement that has just run.
    is_learnt: bool,
    pid: i32,
    is_recording: bool,
    /// What was there when the transaction began, as far as that is known.
    there: Option<Probe>,
    /// What is another thing since the transaction began, once it was asked.
    within: Option<Within>,
    /// What is asked after each statement, as the session has prepared it.
    after: Option<Statement>,
    /// Whether the session has nothing counted that it will not have handed on when the next transaction begins.
    is_handed_on: bool,
    ledger: Ledger,
    file: String,
    /// Tables that are to be read and written as soon as they are there.
    awaited: BTreeSet<Name>,
    /// Who looks after what is beyond the database, where only that may be spoilt.
    guard: Option<Guard>,
}

impl<'a> Observer<'a> {
    /// Nothing is written down yet. `has_gaps`: of what is run not all is seen.
    pub fn new(eye: Opener<'a>, has_gaps: bool) -> Self {
        Self {
            eye: Eye::new(eye),
            claims: Claims::new(has_gaps),
            is_learnt: false,
            pid: 0,
            is_recording: false,
            there: None,
            within: None,
            after: None,
            is_handed_on: false,
            ledger: Ledger::default(),
            file: String::new(),
            awaited: BTreeSet::new(),
            guard: None,
        }
    }

    /// The tables that are touched are read and written meanwhile.
    pub fn load(&mut self) {
        self.ledger.load = Some(Load::default());
    }

    /// What reaches beyond the database is taken back.
    pub fn guard(&mut self, guard: Guard) {
        self.guard = Some(guard);
    }

    /// Begins to read and write what these scripts touch, and goes on with what they make. How many tables there was no
    /// room for.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn expect(&mut self, scripts: &[Script]) -> Result<usize> {
        if self.ledger.load.is_none() {
            return Ok(0);
        }
        let steps = scripts.iter().flat_map(|script| &script.steps);
        self.awaited = steps.flat_map(|step| self.claims.touched(step)).collect();
        self.find()
    }

    /// Begins to read and write the awaited tables that are there by now.
    fn find(&mut self) -> Result<usize> {
        let Some(load) = &mut self.ledger.load else {
            return Ok(0);
        };
        let mut left_out = 0;
        for name in std::mem::take(&mut self.awaited) {
            match self.eye.table(&name)? {
                Some(table) => left_out += usize::from(!load.add(&table, || self.eye.another())),
                None => drop(self.awaited.insert(name)),
            }
        }
        Ok(left_out)
    }

    /// Locked tables that nobody read and wrote although that was asked for, since this was asked last.
    pub fn unmeasured(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.ledger.unmeasured)
    }

    /// Whether what is run from now on is written down.
    pub fn record(&mut self, is_asked: bool) {
        self.is_recording = is_asked;
    }

    /// Knows a script as if it had been run.
    pub fn know(&mut self, script: &Script) {
        for step in &script.steps {
            self.claims.learn(step);
        }
    }

    /// What was written down since this was asked last.
    pub fn take(&mut self) -> Vec<Record> {
        self.ledger.take()
    }

    /// In the transaction that is open, or in one that is begun for it.
    fn within(&mut self, client: &mut Client, step: &Step, begins: bool) -> Result<Outcome> {
        if begins {
            self.within = None;
            if let Err(error) = client.batch_execute("BEGIN") {
                return Ok((Some(Refusal::of(error, client)), None));
            }
        }
        if self.within.is_none() || self.there.is_none() {
            sheltered(client, |client| self.look_before(client))?;
        }
        let (Some(there), Some(within)) = (&self.there, &mut self.within) else {
            return Ok((step.send(client), None));
        };
        let began = Instant::now();
        if let Some(refusal) = step.send(client) {
            self.is_handed_on = false;
            return Ok((Some(refusal), None));
        }
        let took = began.elapsed();
        let (eye, guard, after) = (&mut self.eye, self.guard.as_ref(), &mut self.after);
        let looked = sheltered(client, |client| {
            if let Some(guard) = guard {
                let mut other = || Census::within(eye.client()?);
                if let Some(error) = guard.trespass(client, &mut other)? {
                    return Ok(Err(error));
                }
            }
            look_after(client, after).map(Ok)
        })?;
        let now = match looked {
            Ok(now) => now,
            Err(error) => return Ok((Some(Refusal::of_ours(error)), None)),
        };
        let mut seen = compare(there, within, &now);
        seen.took = took;
        self.claims.is_utc = within.before.is_utc;
        let claim = self.claims.learn(step);
        self.is_learnt = true;
        seen.mismatch = claim::mismatch(&claim, &seen, there);
        within.follow(now);
        Ok((None, Some(seen)))
    }

    /// What there is before the first statement of a transaction.
    fn look_before(&mut self, client: &mut Client) -> Result<()> {
        if self.there.is_none() {
            self.there = Some(Probe::relations(client)?);
        }
        if self.within.is_none() {
            let hands_on = self.claims.version >= HANDS_ON;
            let before = Probe::start(client, hands_on)?;
            let counted = match self.is_handed_on {
                true => Default::default(),
                false => probe::counted(client)?,
            };
            self.is_handed_on = hands_on;
            self.within = Some(Within { before, counted });
        }
        Ok(())
    }

    /// What the transaction has made is there from now on.
    fn keep(&mut self) -> Result<()> {
        if let Some(within) = self.within.take()
            && let Some(there) = &mut self.there
        {
            for (number, mode) in &within.before.locks {
                let is_gone = !within.before.relations.contains_key(number);
                if is_gone && *mode == Mode::AccessExclusive {
                    there.relations.remove(number);
                }
            }
            there.relations.extend(within.before.relations);
        }
        if !self.awaited.is_empty() {
            self.find()?;
        }
        Ok(())
    }

    /// In a transaction of its own, so that what it holds can be looked at before it ends.
    fn wrapped(&mut self, client: &mut Client, step: &Step) -> Result<Outcome> {
        let (refusal, mut seen) = self.within(client, step, true)?;
        if let Some(refusal) = refusal {
            self.within = None;
            // Nothing is left of it, also where that fails: then the session has ended.
            let _ = client.batch_execute("ROLLBACK");
            return match refusal.error.sqlstate() {
                Some("25001" | "25P01") => self.watched(client, step),
                // Code that ends the transaction that it is run in.
                Some("2D000") => self.sampled(client, step),
                _ => Ok((Some(refusal), None)),
            };
        }
        let began = Instant::now();
        let ended = client.batch_execute("COMMIT");
        if let Some(seen) = &mut seen {
            seen.took += began.elapsed();
        }
        match ended {
            Ok(()) => {
                self.keep()?;
                Ok((None, seen))
            }
            Err(error) => Ok((Some(Refusal::of(error, client)), None)),
        }
    }

    /// By itself, watched from the other session.
    fn watched(&mut self, client: &mut Client, step: &Step) -> Result<Outcome> {
        let brakes = watched::brakes(&step.parsed);
        let (refusal, mut seen, before) = self.eye.watch(client, self.pid, step, &brakes)?;
        self.there = None;
        self.is_handed_on = false;
        if refusal.is_some() {
            return Ok((refusal, None));
        }
        let claim = self.claims.learn(step);
        self.is_learnt = true;
        seen.mismatch = claim::mismatch(&claim, &seen, &before);
        if !self.awaited.is_empty() {
            self.find()?;
        }
        Ok((None, Some(seen)))
    }

    /// By itself, where what it holds from one moment to the next is not known beforehand.
    fn sampled(&mut self, client: &mut Client, step: &Step) -> Result<Outcome> {
        let (refusal, mut seen) = self.watched(client, step)?;
        if let Some(seen) = &mut seen {
            seen.is_sampled = true;
        }
        Ok((refusal, seen))
    }

    fn look(
        &mut self,
        client: &mut Client,
        script: &Script,
        step: &Step,
        is_alone: bool,
    ) -> Result<Option<Refusal>> {
        let began = Instant::now();
        let is_quiet = step.sort != Sort::Plain;
        let (refusal, mut seen) = match (is_quiet, is_alone) {
            (true, _) => (step.send(client), None),
            (false, false) => self.within(client, step, false)?,
            (false, true) if refuses_transaction(&step.parsed) => self.watched(client, step)?,
            (false, true) => self.wrapped(client, step)?,
        };
        if is_quiet && refusal.is_none() {
            let took = began.elapsed();
            seen = Some(Seen {
                took,
                ..Seen::default()
            });
        }
        if self.is_recording {
            self.ledger
                .write(script, step, began, refusal.as_ref(), seen.as_ref());
        }
        Ok(refusal)
    }
}

impl Watcher for Observer<'_> {
    fn opened(&mut self, client: &mut Client) -> Result<()> {
        let sql = "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_version_num')::int4";
        let row = client.query_typed_one(sql, &[])?;
        self.pid = row.try_get(0)?;
        let version: i32 = row.try_get(1)?;
        self.claims.version = u32::try_from(version / 10_000).unwrap_or_default();
        (self.within, self.after) = (None, None);
        self.is_handed_on = false;
        self.ledger.close();
        Ok(())
    }

    fn begun(&mut self, _client: &mut Client, _next: &Step) -> Result<()> {
        self.ledger.begin();
        self.within = None;
        Ok(())
    }

    fn run(
        &mut self,
        client: &mut Client,
        script: &Script,
        step: &Step,
        is_alone: bool,
    ) -> Result<Option<Refusal>> {
        if self.file != script.source.path {
            self.file.clone_from(&script.source.path);
            self.claims.start_file();
        }
        self.is_learnt = false;
        let refusal = match self.is_recording || self.guard.is_some() {
            true => self.look(client, script, step, is_alone)?,
            false => {
                self.there = None;
                self.after = None;
                self.is_handed_on = false;
                step.send(client)
            }
        };
        if refusal.is_none() && !self.is_learnt {
            self.claims.learn(step);
        }
        Ok(refusal)
    }

    fn ended(&mut self, is_kept: bool) -> Result<()> {
        self.ledger.end();
        match is_kept {
            true => self.keep(),
            false => {
                self.within = None;
                Ok(())
            }
        }
    }

    fn refused_commit(&mut self, error: &Error) {
        self.ledger.refuse_commit(error);
    }
}

/// Whether the server lets it be run in no transaction, or only in one that others began.
fn refuses_transaction(parsed: &Parsed) -> bool {
    let Parsed::Changes(changes) = parsed else {
        return false;
    };
    changes.iter().any(|change| {
        rules::refuses_transaction(change).is_some() || matches!(change, Change::Lock { .. })
    })
}

/// Looks at something in the migration's transaction, whatever it has set for its session.
fn sheltered<T>(client: &mut Client, look: impl FnOnce(&mut Client) -> Result<T>) -> Result<T> {
    client.batch_execute(SHELTER)?;
    let seen = look(client)?;
    client.batch_execute(UNSHELTER)?;
    Ok(seen)
}

/// What the transaction holds after a statement, by what the session has prepared for that.
fn look_after(client: &mut Client, prepared: &mut Option<Statement>) -> Result<Probe> {
    if let Some(known) = prepared {
        match client.query(known, &[]) {
            Ok(rows) => return Probe::of(Ok(rows)),
            // DISCARD and DEALLOCATE take away what is prepared.
            Err(error) if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) => {
                client.batch_execute(UNSHELTER)?;
                client.batch_execute(SHELTER)?;
            }
            failed => return Probe::of(failed),
        }
    }
    let again = prepared.insert(client.prepare(Probe::AFTER)?);
    Probe::of(client.query(again, &[]))
}

/// For a record.
pub fn milliseconds(time: Duration) -> f64 {
    // Far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let microseconds = time.as_micros() as f64;
    microseconds / 1000.0
}
