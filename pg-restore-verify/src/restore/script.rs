//! Restores a plain backup, as psql would but without forgiveness.
//!
//! Each statement goes to the server by itself and each error is kept, so that
//! one failed COPY can't make its rows be read as SQL. Commands of psql are not
//! run: nothing in a dump reaches a shell.

mod commands;
mod copies;
mod side_by_side;

use std::collections::BTreeSet;
use std::io::Read;
use std::time::Instant;

use postgres::Client;
use postgres::types::{ToSql, Type};
use shared::dump::{
    Entry, Event, InsertedRows, LargeObjectCall, QualifiedName, Script, Token, is_data,
    quote_identifier, tokens,
};
use shared::{Error, Result, signals};

use super::bounds::{Reach, dropped_subscription, is_about_subscription};
use super::loading::Copy;
use super::sessions::Sessions;
use super::target::Target;
use super::units::Unit;
use super::{Harmless, Part, Refusal, Restored, foreign, note_empty, stand_ins};
use crate::choice::{self, Chosen};
use crate::contents::Collector;
use crate::decoder::Decoder;
use crate::restriction::Restriction;
use crate::rows::Early;

/// Restores the script and notes what it holds on the way.
///
/// # Errors
/// When our side fails, never because of the backup.
pub fn restore_script<R: Read>(
    mut script: Script<R>,
    target: &mut Target,
    part: Part<'_>,
    jobs: usize,
) -> Result<Restored> {
    let decoder = target.decoder();
    // What was not chosen is left out on the way, between the rows and the constraints.
    let jobs = match part.choice.is_everything() {
        true => jobs,
        false => 1,
    };
    let began = Instant::now();
    let mut restore = Restore::new(target, Collector::new(), decoder, part, jobs)?;
    let damage = restore.run(&mut script)?;
    restore.settle()?;
    restore.end_of_data()?;
    if !restore.target.server().is_ours() {
        restore.collector.forget_database();
    }
    restore.collector.bare(script.bare());
    let mut chosen = restore.chosen.unwrap_or_default();
    let mut contents = restore.collector.finish();
    let bare = contents.bare.clone();
    let tables = bare.iter().filter(|entry| entry.kind == "TABLE DATA");
    let tables = tables.map(|entry| QualifiedName {
        schema: Some(entry.schema.clone()),
        name: entry.name.clone(),
    });
    note_empty(&mut contents, tables, restore.target)?;
    contents.held_off = restore.target.held_off(&contents, &mut restore.refusals)?;
    let reaching = restore.reaching.into_iter().flatten();
    contents.held_off.others.extend(reaching);
    contents.withheld = restore.target.withheld(&contents, &mut restore.refusals)?;
    if part.is_partial {
        chosen.note_absent(&contents.schema);
    }
    let took = began.elapsed();
    Ok(
        Restored::new(contents, chosen, restore.refusals, damage, took)
            .with_early(restore.early.flatten()),
    )
}

/// What came of a script that defines what its rows need.
pub struct Rest {
    /// What the server refused.
    pub refusals: Vec<Refusal>,
    /// Why the script is not whole.
    pub damage: Option<String>,
    /// Rows that were read back meanwhile.
    pub early: Option<Early>,
}

/// Restores the rest of a backup whose rows are there. What it holds is noted in `collector`
/// already.
///
/// # Errors
/// When our side fails, never because of the backup.
pub fn restore_rest<R: Read>(
    script: &mut Script<R>,
    target: &mut Target,
    collector: &mut Collector,
    part: Part<'_>,
    jobs: usize,
) -> Result<Rest> {
    let decoder = target.decoder();
    let noted = std::mem::replace(collector, Collector::new());
    let mut restore = Restore::new(target, noted, decoder, part, jobs)?;
    restore.is_noted = true;
    let damage = restore.run(script)?;
    restore.settle()?;
    *collector = restore.collector;
    Ok(Rest {
        refusals: restore.refusals,
        damage,
        early: restore.early.flatten(),
    })
}

struct Restore<'a> {
    client: Client,
    target: &'a mut Target,
    collector: Collector,
    refusals: Vec<Refusal>,
    decoder: Decoder,
    restriction: Restriction,
    sessions: Sessions,
    /// Statements that may run beside each other, and come before all others from here on.
    units: Vec<Unit>,
    /// Whether the columns that hold instants are known.
    typed: bool,
    /// Materialized views that are filled from elsewhere; known when the first of all is filled.
    reaching: Option<BTreeSet<QualifiedName>>,
    /// Sequences that the script sets and does not define.
    stood_in: BTreeSet<QualifiedName>,
    /// Which part is restored.
    part: Part<'a>,
    /// What that is; known when all tables are there and the first rows come.
    chosen: Option<Chosen>,
    /// Whether the rows that were not chosen have been set aside.
    whole: bool,
    /// Rows that are read back meanwhile; known when the first index is built.
    early: Option<Option<Early>>,
    /// Whether what the script holds was noted before.
    is_noted: bool,
}

impl<'a> Restore<'a> {
    fn new(
        target: &'a mut Target,
        collector: Collector,
        decoder: Decoder,
        part: Part<'a>,
        jobs: usize,
    ) -> Result<Self> {
        Ok(Self {
            client: target.database().connect_to_restore()?,
            collector,
            refusals: Vec::new(),
            decoder,
            restriction: Restriction::default(),
            sessions: Sessions::new(target.database().clone(), jobs),
            units: Vec::new(),
            target,
            typed: false,
            reaching: None,
            stood_in: BTreeSet::new(),
            part,
            chosen: None,
            whole: false,
            early: None,
            is_noted: false,
        })
    }

    /// Runs the script; why it is not whole, if it is not.
    fn run<R: Read>(&mut self, script: &mut Script<R>) -> Result<Option<String>> {
        loop {
            signals::check()?;
            match script.next() {
                Ok(None) => return Ok(self.restriction.incomplete(script.header())),
                Err(error) => return Ok(Some(error.message().to_string())),
                Ok(Some(Event::Copy { sql, target, .. })) => {
                    self.settle()?;
                    let (sql, table) = self.begin_copy(sql, target)?;
                    let copy = Copy {
                        sql: self.is_copied(&table)?.then_some(sql.as_str()),
                        table: &table,
                    };
                    if let Some(damage) = self.copy(&copy, script)? {
                        return Ok(Some(damage));
                    }
                }
                Ok(Some(event)) => self.apply(&event)?,
            }
        }
    }

    fn apply(&mut self, event: &Event<'_>) -> Result<()> {
        match event {
            Event::Statement { sql, line, entry } => {
                let text = self.decoder.text(sql)?;
                if !self.is_noted {
                    self.collector.statement(&text, entry);
                }
                if !self.is_chosen(&text, entry)? {
                    return Ok(());
                }
                let label = match entry.kind.as_str() {
                    "" => format!("line {line}"),
                    _ => entry.label(),
                };
                if self.put_off(entry, &text, &label)? {
                    return Ok(());
                }
                self.settle()?;
                match self.reach(&text) {
                    Reach::Inside => {}
                    Reach::Database => return Ok(()),
                    beyond => {
                        self.refusals.push(beyond.refusal(label, &text));
                        return Ok(());
                    }
                }
                match self.statement(&text, entry) {
                    Err(error) if error.sqlstate().is_none() => return Err(error),
                    Err(error) => {
                        self.refuse(label, &error, &text);
                        if clears_the_way(entry, sql) && is_missing(&error) {
                            self.forgive(Harmless::NothingToDrop);
                        }
                    }
                    Ok(()) => {}
                }
            }
            Event::Command { text, line } => {
                self.settle()?;
                self.command(text, *line)?;
            }
            Event::Copy { .. } | Event::Rows(_) | Event::CopyEnd => {}
        }
        Ok(())
    }

    /// What was chosen; looked up when the rows begin.
    fn chosen(&mut self) -> Result<&Chosen> {
        let chosen = match self.chosen.take() {
            Some(chosen) => chosen,
            None => Chosen::resolve(
                &mut self.target.connect()?,
                self.part.choice,
                &self.refusals,
            )?,
        };
        Ok(self.chosen.insert(chosen))
    }

    /// Whether a statement is restored. Definitions always are.
    fn is_chosen(&mut self, sql: &str, entry: &Entry) -> Result<bool> {
        if self.part.choice.is_everything() {
            return Ok(true);
        }
        if sql.starts_with("INSERT INTO ") {
            let table = InsertedRows::parse(sql.as_bytes()).map(|rows| rows.table);
            let chosen = self.chosen()?;
            return Ok(table.is_none_or(|table| chosen.holds(&table)));
        }
        if LargeObjectCall::parse(sql.as_bytes()).is_some()
            || entry.name.starts_with("LARGE OBJECT")
        {
            return Ok(!self.chosen()?.is_part());
        }
        if self.chosen.is_some() && !entry.kind.is_empty() && !is_data(entry) {
            self.end_of_data()?;
        }
        Ok(true)
    }

    /// Whether a table's rows are restored.
    fn is_copied(&mut self, table: &QualifiedName) -> Result<bool> {
        let chosen = self.part.choice.is_everything() || self.chosen()?.holds(table);
        // The server would refuse the rows of a foreign table between its answers to the COPY.
        Ok(chosen && !self.target.holds_off(&mut self.client, table)?)
    }

    /// From here on, constraints come.
    fn end_of_data(&mut self) -> Result<()> {
        if !self.whole && !self.part.choice.is_everything() {
            self.whole = true;
            let limited = self.chosen()?.limited().to_vec();
            choice::set_aside(&mut self.target.connect()?, &limited)?;
        }
        Ok(())
    }

    /// What a statement is about, where that matters.
    fn reach(&self, sql: &str) -> Reach {
        // One that is dropped is parted from its publisher before that.
        if dropped_subscription(sql).is_some() {
            return Reach::Inside;
        }
        let on_own = self.target.server().is_ours();
        match (on_own, is_about_subscription(sql)) {
            (true, false) => Reach::Inside,
            _ => Reach::of(sql),
        }
    }

    /// Sees to it that the slot of a subscription, which is at its publisher, stays when it is
    /// dropped.
    fn part_from_publisher(&mut self, subscription: &str) -> Result<()> {
        let is_there = include_str!("../../sql/subscription.sql");
        let named = [(&subscription as &(dyn ToSql + Sync), Type::TEXT)];
        if self.client.query_typed(is_there, &named)?.is_empty() {
            return Ok(());
        }
        let name = quote_identifier(subscription);
        let part = format!(
            "ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} SET (slot_name = NONE)"
        );
        Ok(self.client.batch_execute(&part)?)
    }

    fn refuse(&mut self, object: String, error: &Error, statement: &str) {
        let refusal = Refusal::new(object, error.message(), statement);
        self.refusals.push(refusal.with_code(error.sqlstate()));
    }

    /// The last refusal takes nothing away.
    fn forgive(&mut self, why: Harmless) {
        if let Some(last) = self.refusals.last_mut() {
            last.harmless = Some(why);
        }
    }

    fn statement(&mut self, sql: &str, entry: &Entry) -> Result<()> {
        // What we send is UTF-8.
        if sql.starts_with("SET client_encoding") {
            return Ok(());
        }
        if sql.starts_with("CREATE DATABASE ") {
            self.clear_way(sql)?;
        }
        if !self.defines() && sql.starts_with("ALTER TABLE ") {
            // `--disable-triggers`, for a table that comes with its rows.
            return Ok(());
        }
        self.stand_in()?;
        if self.part.is_partial
            && self.chosen.is_none()
            && !matches!(entry.schema.as_str(), "" | "-")
        {
            stand_ins::schema(&mut self.client, &entry.schema)?;
        }
        self.target.provide(&self.collector.contents().needs)?;
        self.sessions.note(sql);
        if sql.starts_with("REFRESH ") && self.reaches_elsewhere(sql)? {
            return Ok(());
        }
        if let Some(subscription) = dropped_subscription(sql) {
            self.part_from_publisher(&subscription)?;
        }
        match sql.starts_with("CREATE DATABASE ") {
            true => self.client.batch_execute(&self.target.creatable(sql))?,
            false => self.client.batch_execute(sql)?,
        }
        match foreign::may_bring_wrapper(sql) {
            true => self.target.hold_off_foreign(),
            false => Ok(()),
        }
    }

    /// Whether a materialized view would be filled from elsewhere.
    fn reaches_elsewhere(&mut self, refresh: &str) -> Result<bool> {
        let views = match self.reaching.take() {
            Some(views) => views,
            None => foreign::reaching_views(&mut self.target.connect()?)?,
        };
        let views = self.reaching.insert(views);
        Ok(shared::dump::subject(refresh).is_some_and(|view| views.contains(&view)))
    }

    /// Whether the script has any definitions, which come before all rows.
    fn defines(&self) -> bool {
        self.collector.contents().schema.count() > 0
    }

    /// Creates the sequences that are set and not defined.
    fn stand_in(&mut self) -> Result<()> {
        let sequences = &self.collector.contents().sequences;
        if self.defines() || sequences.len() == self.stood_in.len() {
            return Ok(());
        }
        for name in sequences.keys() {
            if !self.stood_in.contains(name) {
                stand_ins::sequence(&mut self.client, name)?;
                self.stood_in.insert(name.clone());
            }
        }
        Ok(())
    }

    /// The database that a dump creates may stand in the cluster from the start.
    fn clear_way(&mut self, sql: &str) -> Result<()> {
        let name = tokens(sql.as_bytes()).get(2).and_then(Token::identifier);
        if name.as_deref() == Some("postgres") {
            self.client
                .batch_execute("DROP DATABASE IF EXISTS postgres")?;
        }
        Ok(())
    }
}

/// Whether something was not there: a database, schema, relation, column, function or another object.
fn is_missing(error: &Error) -> bool {
    let codes = ["3D000", "3F000", "42P01", "42703", "42883", "42704"];
    error.sqlstate().is_some_and(|code| codes.contains(&code))
}

/// A dump made with `--clean` first drops what an empty database does not have.
fn clears_the_way(entry: &Entry, sql: &[u8]) -> bool {
    let clears = [
        "DROP ",
        "ALTER ",
        "SELECT pg_catalog.lo_unlink(",
        // In place of one that must not depend on anything while that is dropped.
        "CREATE OR REPLACE VIEW ",
    ];
    entry.kind.is_empty() && clears.iter().any(|start| sql.starts_with(start.as_bytes()))
}
