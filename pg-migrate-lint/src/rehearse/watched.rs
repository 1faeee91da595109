//! A statement that refuses a transaction, watched by another session while it runs.
//!
//! A short one would be over before anybody looks. So a lock that it has to wait for is held by a third session until
//! it was seen to wait: what it holds then, and what it waits for, is what it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::types::Type;
use shared::Result;

use super::observer::milliseconds;
use super::probe::{self, Probe, Relation};
use super::seen::{Seen, Taken};
use crate::apply::{Opener, Refusal, Step};
use crate::lock::Mode;
use crate::model::{Action, Change};
use crate::name::Name;
use crate::parse::Parsed;

/// So long between two looks.
const BETWEEN: Duration = Duration::from_micros(500);

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is held so that a statement waits.
#[derive(Debug)]
pub struct Brake {
    name: Name,
    is_index: bool,
    mode: Mode,
}

/// What a statement has to wait for, in the order in which it comes to it.
pub fn brakes(parsed: &Parsed) -> Vec<Brake> {
    let Parsed::Changes(changes) = parsed else {
        return Vec::new();
    };
    let brake = |name: &Name, is_index, mode| Brake {
        name: name.clone(),
        is_index,
        mode,
    };
    let writes = Mode::RowExclusive;
    changes
        .iter()
        .flat_map(|change| match change {
            Change::CreateIndex(index) => vec![brake(&index.table, false, writes)],
            Change::Drop(drop) => drop
                .names
                .iter()
                .map(|name| brake(name, true, writes))
                .collect(),
            Change::Reindex {
                kind,
                name: Some(name),
                ..
            } => vec![brake(
                name,
                *kind == crate::model::ReindexKind::Index,
                writes,
            )],
            Change::Alter(alter) => match &alter.action {
                Action::Detach { child, .. } => vec![
                    brake(&alter.table, false, writes),
                    brake(child, false, writes),
                ],
                _ => Vec::new(),
            },
            Change::Vacuum { tables, .. } => tables
                .iter()
                .map(|table| brake(table, false, Mode::ShareUpdateExclusive))
                .collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// What was seen of a lock.
#[derive(Debug)]
struct Glimpse {
    relation: Relation,
    first: Instant,
    last: Instant,
}

/// The sessions beside the one that runs.
pub struct Eye<'a> {
    open: Opener<'a>,
    client: Option<Client>,
}

impl<'a> Eye<'a> {
    /// Opened when first needed.
    pub fn new(open: Opener<'a>) -> Self {
        Self { open, client: None }
    }

    /// The session that looks.
    ///
    /// # Errors
    /// Where the server can't be reached.
    pub fn client(&mut self) -> Result<&mut Client> {
        // A migration may have ended it.
        let is_gone = |client: &mut Client| client.is_valid(PATIENCE).is_err();
        if self.client.as_mut().is_some_and(is_gone) {
            self.client = None;
        }
        match &mut self.client {
            Some(client) => Ok(client),
            empty => Ok(empty.insert(own(&mut self.open)?)),
        }
    }

    /// The table that a name means, as SQL names it; none where there is no such table.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn table(&mut self, name: &Name) -> Result<Option<String>> {
        let sql = include_str!("../../sql/rehearse_table.sql");
        let name = name.to_string();
        let rows = self.client()?.query_typed(sql, &[(&name, Type::TEXT)])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let found = Name::of(row.try_get("schema")?, row.try_get("name")?);
        Ok(Some(found.to_string()))
    }

    /// Another session.
    pub fn another(&mut self) -> Option<Client> {
        own(&mut self.open).ok()
    }

    /// Runs a statement in a session of this pid, and says what it took.
    pub fn watch(
        &mut self,
        client: &mut Client,
        pid: i32,
        step: &Step,
        brakes: &[Brake],
    ) -> Result<(Option<Refusal>, Seen, Probe)> {
        self.client()?;
        let mut held = Vec::new();
        for brake in brakes {
            held.extend(self.pull(brake));
        }
        let eye = self.client()?;
        let before = Probe::relations(eye)?;
        let mut glimpses: BTreeMap<(u32, Mode), Glimpse> = BTreeMap::new();
        let mut waited = Duration::ZERO;
        let began = Instant::now();
        let refusal = thread::scope(|scope| {
            let run = scope.spawn(|| step.send(client));
            while !run.is_finished() {
                look(eye, pid, &mut glimpses);
                if let Some((_, other)) = held.first()
                    && is_waiting(eye, pid, *other)
                {
                    look(eye, pid, &mut glimpses);
                    // What it held back is over with it.
                    drop(held.remove(0));
                    waited = began.elapsed();
                }
                thread::sleep(BETWEEN);
            }
            run.join().ok().flatten()
        });
        let took = began.elapsed().saturating_sub(waited);
        drop(held);
        let after = Probe::relations(eye).unwrap_or_default();
        Ok((refusal, seen(glimpses, &before, &after, took), before))
    }

    /// Holds what a statement has to wait for, if our role may; and the pid of who holds it.
    fn pull(&mut self, brake: &Brake) -> Option<(Client, i32)> {
        let table = match brake.is_index {
            false => brake.name.to_string(),
            true => {
                let sql = "select pg_catalog.format('%I.%I', nspname, relname) from pg_catalog.pg_index \
                    join pg_catalog.pg_class c on c.oid = indrelid join pg_catalog.pg_namespace n on n.oid = relnamespace \
                    where indexrelid = pg_catalog.to_regclass($1)";
                let name = brake.name.to_string();
                let eye = self.client.as_mut()?;
                let row = eye.query_typed_opt(sql, &[(&name, Type::TEXT)]).ok()??;
                row.try_get(0).ok()?
            }
        };
        let mut other = own(&mut self.open).ok()?;
        let mode = match brake.mode {
            Mode::RowExclusive => "ROW EXCLUSIVE",
            _ => "SHARE UPDATE EXCLUSIVE",
        };
        let sql =
            format!("BEGIN; SET LOCAL lock_timeout = '1s'; LOCK TABLE ONLY {table} IN {mode} MODE");
        other.batch_execute(&sql).ok()?;
        let row = other
            .query_typed_one("select pg_catalog.pg_backend_pid()", &[])
            .ok()?;
        Some((other, row.try_get(0).ok()?))
    }
}

/// A session of our own.
fn own(open: &mut Opener) -> Result<Client> {
    let mut client = open()?.client;
    client.batch_execute(include_str!("../../sql/rehearse_session.sql"))?;
    Ok(client)
}

/// What it holds or waits for. A look that fails sees nothing; another follows.
fn look(eye: &mut Client, pid: i32, glimpses: &mut BTreeMap<(u32, Mode), Glimpse>) {
    let sql = include_str!("../../sql/rehearse_watch.sql");
    let rows = eye.query_typed(sql, &[(&pid, Type::INT4)]);
    let now = Instant::now();
    for row in rows.unwrap_or_default() {
        let glimpse = || -> std::result::Result<_, postgres::Error> {
            let number: u32 = row.try_get("relation")?;
            let kind: &str = row.try_get("kind")?;
            let relation = Relation {
                schema: row.try_get("schema")?,
                name: row.try_get("name")?,
                kind: kind.chars().next().unwrap_or('?'),
                file: 0,
                is_filled: None,
                counts: probe::Counts::default(),
            };
            Ok((number, row.try_get::<_, String>("mode")?, relation))
        };
        let Ok((number, name, relation)) = glimpse() else {
            continue;
        };
        let Some(mode) = probe::mode(&name) else {
            continue;
        };
        if relation.is_index() && mode == Mode::AccessExclusive && !is_used(eye, number) {
            continue;
        }
        let known = glimpses.entry((number, mode)).or_insert(Glimpse {
            relation,
            first: now,
            last: now,
        });
        known.last = now;
    }
}

/// Whether anybody else can have a use for an index: what CONCURRENTLY leaves of one is marked as dead before it is
/// locked and dropped, and keeps nobody waiting.
fn is_used(eye: &mut Client, number: u32) -> bool {
    let sql = "select indislive from pg_catalog.pg_index where indexrelid = $1";
    let row = eye.query_typed_opt(sql, &[(&number, Type::OID)]);
    let live = row.ok().flatten().map(|row| row.try_get(0));
    live.is_some_and(|live| live.unwrap_or(true))
}

fn is_waiting(eye: &mut Client, pid: i32, other: i32) -> bool {
    let sql = include_str!("../../sql/rehearse_waits.sql");
    let row = eye.query_typed_one(sql, &[(&pid, Type::INT4), (&other, Type::INT4)]);
    row.and_then(|row| row.try_get(0)).unwrap_or_default()
}

fn seen(
    glimpses: BTreeMap<(u32, Mode), Glimpse>,
    before: &Probe,
    after: &Probe,
    took: Duration,
) -> Seen {
    let there: BTreeSet<u32> = before.relations.keys().copied().collect();
    let mut seen = Seen {
        wal: Some((after.wal - before.wal).max(0)),
        took,
        is_blind: glimpses.is_empty(),
        ..Seen::default()
    };
    for ((_, mode), glimpse) in glimpses
        .into_iter()
        .filter(|((number, _), _)| there.contains(number))
    {
        seen.held.push((glimpse.relation.clone(), mode));
        let held = glimpse.last.duration_since(glimpse.first);
        seen.locks.push(Taken {
            relation: glimpse.relation,
            mode,
            held_ms: Some(milliseconds(held)),
        });
    }
    for (number, old) in &before.relations {
        let now = match after.relations.get(number) {
            None if old.is_index() => {
                // REINDEX CONCURRENTLY gives its name to another one.
                let mut all = after.relations.values();
                all.find(|now| now.name == old.name && now.schema == old.schema)
            }
            now => now,
        };
        if now.is_some_and(|now| now.file != old.file) {
            seen.rewritten.push(old.clone());
        }
    }
    seen
}
