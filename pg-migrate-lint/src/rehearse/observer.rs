//! Looks on while statements run, and writes down what each of them took and did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use postgres::{Client, Statement};
use shared::{Error, Result};

use super::claim::{self, Claims};
use super::load::{Load, Part};
use super::probe::{self, Counts, Probe, Relation};
use super::record::{FAILED, Lock, OK, Record};
use super::watched::{self, Eye};
use crate::apply::{Opener, Refusal, Script, Sort, Step, Watcher};
use crate::lock::{Blocks, Mode};
use crate::model::Change;
use crate::name::Name;
use crate::parse::Parsed;
use crate::rules;

/// A lock that a statement took.
#[derive(Debug)]
pub struct Taken {
    /// On what.
    pub relation: Relation,
    /// How.
    pub mode: Mode,
    /// How long it was seen, where it was let go before the transaction ended.
    pub held_ms: Option<f64>,
}

/// What was seen of a statement.
#[derive(Debug, Default)]
pub struct Seen {
    /// Locks that it took on what was there before the transaction.
    pub locks: Vec<Taken>,
    /// All that the transaction holds after it on what was there before.
    pub held: Vec<(Relation, Mode)>,
    /// Relations that are another file now, with something in it or not.
    pub rewritten: Vec<Relation>,
    /// Relations of which all rows were read; none where that can't be seen.
    pub scanned: Option<Vec<Relation>>,
    /// What was done to rows; none where that can't be seen.
    pub counts: Option<Counts>,
    /// Bytes.
    pub wal: Option<i64>,
    /// How long it took, without what was done to look at it.
    pub took: Duration,
    /// Whether it was over before anybody could look.
    pub is_blind: bool,
    /// What is claimed of it, and is not so.
    pub mismatch: Option<Vec<String>>,
}

/// What became of a statement: what the server said against it, and what was seen.
type Outcome = (Option<Refusal>, Option<Seen>);

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
    records: Vec<Record>,
    /// The records of the transaction that is open, and when the statement of each began.
    open: Vec<(usize, Instant)>,
    transaction: usize,
    is_open: bool,
    file: String,
    /// Who reads and writes meanwhile, if that is asked for.
    load: Option<Load>,
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
            records: Vec::new(),
            open: Vec::new(),
            transaction: 0,
            is_open: false,
            file: String::new(),
            load: None,
        }
    }

    /// The tables that are touched are read and written meanwhile.
    pub fn load(&mut self) {
        self.load = Some(Load::default());
    }

    /// Begins to read and write what these scripts touch. How many tables there was no room for.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn expect(&mut self, scripts: &[Script]) -> Result<usize> {
        let Some(load) = &mut self.load else {
            return Ok(0);
        };
        let steps = scripts.iter().flat_map(|script| &script.steps);
        let touched: BTreeSet<Name> = steps.flat_map(|step| self.claims.touched(step)).collect();
        let mut left_out = 0;
        for name in touched {
            if let Some(table) = self.eye.table(&name)? {
                left_out += usize::from(!load.add(&table, || self.eye.another()));
            }
        }
        Ok(left_out)
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
        self.open.clear();
        std::mem::take(&mut self.records)
    }

    /// In the transaction that is open.
    fn within(&mut self, client: &mut Client, step: &Step) -> Result<Outcome> {
        if self.there.is_none() {
            self.there = Some(Probe::relations(client)?);
        }
        let after = match self.after.take() {
            Some(after) => after,
            None => client.prepare(Probe::AFTER)?,
        };
        if self.within.is_none() {
            let before = Probe::after(client, &after)?;
            self.within = Some(Within {
                before,
                counted: probe::counted(client)?,
            });
        }
        let (Some(there), Some(within)) = (&self.there, &mut self.within) else {
            return Ok((step.send(client), None));
        };
        let began = Instant::now();
        if let Some(refusal) = step.send(client) {
            return Ok((Some(refusal), None));
        }
        let took = began.elapsed();
        let now = match forgets(step) {
            true => {
                let again = client.prepare(Probe::AFTER)?;
                Probe::after(client, &again)?
            }
            false => Probe::after(client, &after)?,
        };
        let mut seen = compare(there, within, &now);
        seen.took = took;
        self.claims.is_utc = within.before.is_utc;
        let claim = self.claims.learn(step);
        self.is_learnt = true;
        seen.mismatch = claim::mismatch(&claim, &seen, there);
        within.follow(now);
        if !forgets(step) {
            self.after = Some(after);
        }
        Ok((None, Some(seen)))
    }

    /// What the transaction has made is there from now on.
    fn keep(&mut self) {
        let Some(within) = self.within.take() else {
            return;
        };
        if let Some(there) = &mut self.there {
            for (number, mode) in &within.before.locks {
                let is_gone = !within.before.relations.contains_key(number);
                if is_gone && *mode == Mode::AccessExclusive {
                    there.relations.remove(number);
                }
            }
            there.relations.extend(within.before.relations);
        }
    }

    /// In a transaction of its own, so that what it holds can be looked at before it ends.
    fn wrapped(&mut self, client: &mut Client, step: &Step) -> Result<Outcome> {
        if let Err(error) = client.batch_execute("BEGIN") {
            return Ok((Some(Refusal::of(error, client)), None));
        }
        self.within = None;
        let (refusal, mut seen) = self.within(client, step)?;
        if let Some(refusal) = refusal {
            self.within = None;
            // Nothing is left of it, also where that fails: then the session has ended.
            let _ = client.batch_execute("ROLLBACK");
            let refuses = matches!(refusal.error.sqlstate(), Some("25001" | "2D000" | "25P01"));
            return match refuses {
                true => self.watched(client, step),
                false => Ok((Some(refusal), None)),
            };
        }
        let began = Instant::now();
        let ended = client.batch_execute("COMMIT");
        if let Some(seen) = &mut seen {
            seen.took += began.elapsed();
        }
        match ended {
            Ok(()) => {
                self.keep();
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
        if refusal.is_some() {
            return Ok((refusal, None));
        }
        let claim = self.claims.learn(step);
        self.is_learnt = true;
        seen.mismatch = claim::mismatch(&claim, &seen, &before);
        Ok((None, Some(seen)))
    }

    fn write(
        &mut self,
        script: &Script,
        step: &Step,
        began: Instant,
        refusal: Option<&Refusal>,
        seen: Option<&Seen>,
    ) {
        let lines = script.source.lines();
        let start = lines.position(step.place.start);
        let end = lines.position(step.place.end);
        let mut record = Record {
            file: script.source.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            statement: crate::record::cut(&step.text),
            state: OK.to_string(),
            duration_ms: milliseconds(began),
            transaction: self.is_open.then_some(self.transaction),
            ..Record::default()
        };
        if let Some(refusal) = refusal {
            record.state = FAILED.to_string();
            record.sqlstate = refusal.error.sqlstate().map(str::to_string);
            record.message = Some(refusal.error.in_one_line());
        }
        if let Some(seen) = seen {
            fill(&mut record, seen);
        }
        self.open.push((self.records.len(), began));
        self.records.push(record);
    }

    fn look(
        &mut self,
        client: &mut Client,
        script: &Script,
        step: &Step,
        is_alone: bool,
    ) -> Result<Option<Refusal>> {
        let began = Instant::now();
        let is_quiet = step.sort != Sort::Plain || step.rows.is_some() && is_alone;
        let (refusal, mut seen) = match (is_quiet, is_alone) {
            (true, _) => (step.send(client), None),
            (false, false) => self.within(client, step)?,
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
        self.write(script, step, began, refusal.as_ref(), seen.as_ref());
        if !self.is_open {
            self.settle();
        }
        Ok(refusal)
    }

    /// The locks of the transaction are let go.
    fn settle(&mut self) {
        let now = Instant::now();
        for (number, began) in self.open.drain(..) {
            let Some(record) = self.records.get_mut(number) else {
                continue;
            };
            let held = milliseconds_of(now.duration_since(began));
            let locks = record.locks.iter_mut().flatten();
            for lock in locks.filter(|lock| lock.kept) {
                lock.held_ms = Some(held);
            }
            if let Some(load) = &self.load {
                let tables = record.locks.iter().flatten();
                let tables: Vec<&str> = tables.map(|lock| lock.relation.as_str()).collect();
                let waited = |part| load.waited(&tables, part, began, now).map(milliseconds_of);
                record.blocked_reads_ms = waited(Part::Reader);
                record.blocked_writes_ms = waited(Part::Writer);
            }
        }
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
        self.is_open = false;
        Ok(())
    }

    fn begun(&mut self, _client: &mut Client, _next: &Step) -> Result<()> {
        self.transaction += 1;
        self.is_open = true;
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
        let refusal = match self.is_recording {
            true => self.look(client, script, step, is_alone)?,
            false => {
                self.there = None;
                self.after = None;
                step.send(client)
            }
        };
        if refusal.is_none() && !self.is_learnt {
            self.claims.learn(step);
        }
        Ok(refusal)
    }

    fn ended(&mut self, is_kept: bool) -> Result<()> {
        self.settle();
        self.is_open = false;
        match is_kept {
            true => self.keep(),
            false => self.within = None,
        }
        Ok(())
    }

    fn refused_commit(&mut self, error: &Error) {
        if let Some(record) = self.records.last() {
            let mut commit = Record {
                statement: "COMMIT".to_string(),
                state: FAILED.to_string(),
                sqlstate: error.sqlstate().map(str::to_string),
                message: Some(error.in_one_line()),
                ..record.clone()
            };
            commit.duration_ms = 0.0;
            commit.locks = None;
            commit.blocks = None;
            commit.mismatch = None;
            self.records.push(commit);
        }
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

/// What is another thing than when the transaction began.
struct Within {
    /// What it held before the statement, and the relations that it has locked so far.
    before: Probe,
    /// What the session had counted before.
    counted: BTreeMap<u32, Counts>,
}

impl Within {
    fn follow(&mut self, now: Probe) {
        for (number, relation) in &now.relations {
            self.counted.insert(*number, relation.counts);
        }
        self.before = now;
    }
}

/// Whether the session has forgotten what it had prepared.
fn forgets(step: &Step) -> bool {
    let text = step.text.to_ascii_lowercase();
    text.contains("discard") || text.contains("deallocate")
}

fn compare(there: &Probe, within: &Within, after: &Probe) -> Seen {
    let before = &within.before;
    let mut seen = Seen {
        scanned: Some(Vec::new()),
        wal: Some((after.wal - before.wal).max(0)),
        ..Seen::default()
    };
    // As it was called before the statement, and what is in it now.
    let of = |number: &u32| {
        let known = there.relations.get(number)?;
        let known = before.relations.get(number).unwrap_or(known);
        let now = after.relations.get(number);
        Some(Relation {
            is_filled: now.and_then(|now| now.is_filled),
            ..known.clone()
        })
    };
    for (number, mode) in &after.locks {
        let Some(relation) = of(number) else {
            continue;
        };
        if !before.locks.contains(&(*number, *mode)) {
            seen.locks.push(Taken {
                relation: relation.clone(),
                mode: *mode,
                held_ms: None,
            });
        }
        seen.held.push((relation, *mode));
    }
    let mut all = Counts::default();
    for (number, now) in &after.relations {
        let counted = within.counted.get(number).copied().unwrap_or_default();
        let counts = now.counts.since(counted);
        if !now.is_index() {
            all.inserted += counts.inserted;
            all.updated += counts.updated;
            all.deleted += counts.deleted;
        }
        let Some(relation) = of(number) else {
            continue;
        };
        let is_other = relation.file != now.file;
        if is_other {
            seen.rewritten.push(relation.clone());
        }
        // A table that was emptied is looked through for its new indexes; of one that was empty there is nothing to read.
        let was_empty = relation.is_filled == Some(false) && !is_other;
        if counts.scans > 0 && (counts.read > 0 || was_empty) && !now.is_index() {
            seen.scanned.get_or_insert_default().push(relation);
        }
    }
    seen.counts = Some(all);
    seen
}

fn fill(record: &mut Record, seen: &Seen) {
    let names = |all: &[Relation]| all.iter().map(Relation::shown).collect::<Vec<_>>();
    let is_shown = |taken: &&Taken| !taken.relation.is_index() || taken.mode > Mode::RowExclusive;
    let lock = |taken: &Taken| Lock {
        relation: taken.relation.shown(),
        mode: taken.mode.name().to_string(),
        blocks: taken.mode.blocks().name().to_string(),
        kept: taken.held_ms.is_none(),
        held_ms: taken.held_ms,
    };
    let is_strongest = |taken: &&Taken| {
        let mut others = seen.locks.iter();
        !others.any(|other| is_same(&other.relation, &taken.relation) && other.mode > taken.mode)
    };
    let locks = seen.locks.iter().filter(is_shown).filter(is_strongest);
    let blocks = seen.held.iter().map(|(_, mode)| mode.blocks()).max();
    record.blocks = Some(blocks.unwrap_or(Blocks::None).name().to_string());
    record.locks = Some(locks.map(lock).collect());
    if seen.is_blind {
        (record.blocks, record.locks) = (None, None);
    }
    let filled = |relation: &&Relation| relation.is_filled != Some(false);
    let rewritten: Vec<Relation> = seen.rewritten.iter().filter(filled).cloned().collect();
    record.rewritten = Some(names(&rewritten));
    record.scanned = seen.scanned.as_deref().map(names);
    record.rows_inserted = seen.counts.map(|counts| counts.inserted);
    record.rows_updated = seen.counts.map(|counts| counts.updated);
    record.rows_deleted = seen.counts.map(|counts| counts.deleted);
    record.wal_bytes = seen.wal;
    record.mismatch.clone_from(&seen.mismatch);
    record.duration_ms = milliseconds_of(seen.took);
}

fn is_same(one: &Relation, other: &Relation) -> bool {
    one.name == other.name && one.schema == other.schema
}

fn milliseconds(since: Instant) -> f64 {
    milliseconds_of(since.elapsed())
}

/// For a record.
pub fn milliseconds_of(time: Duration) -> f64 {
    // Far below 2^53.
    #[allow(clippy::cast_precision_loss)]
    let microseconds = time.as_micros() as f64;
    microseconds / 1000.0
}
