//! The session that a file is run in: its transactions, its timeouts, the locks that it holds.

use std::collections::HashSet;

use crate::catalogue::Catalogue;
use crate::dropped::Dropped;
use crate::effects::Impact;
use crate::lock::{Mode, Work};
use crate::model::{Action, Alter, Change, ConstraintKind, Insert, Kind, Setting, Transaction};
use crate::name::Name;

/// How whoever runs a file puts it into transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrapping {
    /// Each statement by itself, but for those between BEGIN and COMMIT.
    #[default]
    None,
    /// The file is one transaction.
    File,
    /// The file is sent as one string: several statements are one transaction, one is by itself.
    Implicit,
    /// All that is pending is one transaction.
    All,
}

/// A timeout as it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timeout {
    /// By nobody here.
    #[default]
    Unset,
    /// To nothing: no limit.
    Off,
    /// To so many milliseconds.
    Milliseconds(u64),
    /// To something that is not known here.
    Unknown,
}

impl Timeout {
    /// By the text of the setting.
    fn of(value: Option<&str>) -> Self {
        let Some(value) = value else {
            return Self::Unset;
        };
        let value = value.trim();
        let digits = value
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(value.len());
        let Ok(number) = value[..digits].parse::<f64>() else {
            return Self::Unknown;
        };
        let unit = match value[digits..].trim() {
            "" | "ms" => 1.0,
            "us" => 0.001,
            "s" => 1e3,
            "min" => 6e4,
            "h" => 3.6e6,
            "d" => 8.64e7,
            _ => return Self::Unknown,
        };
        match number * unit {
            0.0 => Self::Off,
            // Far below 2^53.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            milliseconds => Self::Milliseconds(milliseconds.ceil() as u64),
        }
    }

    /// Whether it ends a wait at some time.
    pub fn ends(self) -> bool {
        matches!(self, Self::Milliseconds(_) | Self::Unknown)
    }
}

/// The settings that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// `lock_timeout`
    pub lock_timeout: Timeout,
    /// `statement_timeout`
    pub statement_timeout: Timeout,
    /// `transaction_timeout`
    pub transaction_timeout: Timeout,
    /// `idle_in_transaction_session_timeout`
    pub idle_timeout: Timeout,
    /// `TimeZone` is UTC.
    pub is_utc: bool,
}

/// Where a transaction came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// BEGIN.
    Explicit,
    /// Whoever runs the file.
    Runner,
}

/// A lock that is held until the transaction ends.
#[derive(Debug, Clone)]
pub struct Held {
    /// On what.
    pub table: Name,
    /// How.
    pub mode: Mode,
    /// What it reads, where it is a view: who waits for one of these waits for it as well.
    pub reads: Vec<Name>,
}

/// The session.
#[derive(Debug, Default)]
pub struct Session {
    /// How the file is run.
    pub wrapping: Wrapping,
    /// The transaction that is open.
    pub open: Option<Origin>,
    /// Which transaction of the run it is.
    pub transaction: usize,
    /// What is set.
    pub settings: Settings,
    /// As it was before the transaction.
    before: Settings,
    /// What SET LOCAL hides.
    session: Settings,
    /// Locks on what others use.
    pub held: Vec<Held>,
    /// Columns of tables into which the file wrote numbers of its own, or those of a query.
    pub numbered: HashSet<(Name, String)>,
    /// Tables whose rows a statement of the file copied.
    pub copied: Vec<Name>,
    /// Those of them that nobody could write to meanwhile.
    pub locked_copies: Vec<Name>,
    /// What the file gave another name: nobody writes to it by that.
    pub renamed: Vec<Name>,
    /// Values of enums that this transaction added.
    pub new_values: Vec<(Name, String)>,
    /// Constraints that this transaction added as NOT VALID.
    pub not_valid: Vec<(Name, String)>,
    /// Tables whose rows the file changed.
    pub changed: Vec<Name>,
    /// Whether code that is run now may not end its transaction, because that is not its own.
    pub is_atomic: bool,
    /// Keys and indexes that the file dropped.
    pub dropped: Vec<Dropped>,
    /// Subscriptions that the file parted from their slots.
    pub slotless: Vec<String>,
    /// Whether COMMIT or ROLLBACK stood in the file.
    pub has_ended: bool,
    /// Tables of which rows that the transaction has changed wait to be looked up, for the constraint of that name.
    pub waiting: Vec<(Name, String)>,
    /// Whether SET CONSTRAINTS has them looked up at once.
    checks_now: bool,
    /// Whether BEGIN stood in the file.
    pub has_begun: bool,
    /// Whether a rule spoke of timeouts in the file.
    pub warned_of_timeout: bool,
    /// Tables that ALTER TABLE of the file went through.
    pub passes: HashSet<(Name, Work)>,
}

impl Session {
    /// At the start of a file with so many statements.
    pub fn start(&mut self, wrapping: Wrapping, statements: usize) {
        let goes_on =
            wrapping == Wrapping::All && self.wrapping == Wrapping::All && self.open.is_some();
        self.wrapping = wrapping;
        self.has_ended = false;
        self.has_begun = false;
        self.warned_of_timeout = false;
        self.passes.clear();
        self.copied.clear();
        self.locked_copies.clear();
        self.renamed.clear();
        self.numbered.clear();
        self.changed.clear();
        self.slotless.clear();
        self.dropped.clear();
        if goes_on {
            return;
        }
        self.settings = Settings::default();
        self.session = Settings::default();
        self.end();
        self.open = match wrapping {
            Wrapping::None => None,
            Wrapping::Implicit if statements < 2 => None,
            Wrapping::File | Wrapping::All | Wrapping::Implicit => Some(Origin::Runner),
        };
    }

    /// Whether the next statement is in a transaction of more than one.
    pub fn is_in_transaction(&self) -> bool {
        self.open.is_some()
    }

    /// What a change leaves behind. Nobody waits for the tables that are gone with it.
    pub fn apply(
        &mut self,
        change: &Change,
        impact: &Impact,
        catalogue: &Catalogue,
        gone: &[Name],
    ) {
        match change {
            Change::Transaction(transaction) => return self.transaction(*transaction),
            Change::Set(setting) => self.set(setting),
            Change::Query(query) => query.settings.iter().for_each(|setting| self.set(setting)),
            Change::Insert(insert) => {
                self.insert(insert, catalogue);
                self.defer(&insert.table, None, catalogue);
            }
            Change::Update(write) => {
                self.changed.push(catalogue.resolve(&write.table));
                self.defer(&write.table, Some(&write.columns), catalogue);
            }
            Change::CheckNow => {
                self.waiting.clear();
                self.checks_now = true;
            }
            Change::ForgetSlot(subscription) => self.slotless.push(subscription.clone()),
            Change::CreateTableAs(table) if table.kind == Kind::Table && !table.no_data => {
                self.copy(&table.query.relations, catalogue);
            }
            Change::AddEnumValue { name, value, .. }
                if catalogue
                    .enum_(name)
                    .is_none_or(|known| !known.values.contains(value)) =>
            {
                self.new_values.push((catalogue.place(name), value.clone()));
            }
            Change::Alter(Alter {
                table,
                action: Action::AddConstraint(constraint),
                ..
            }) if !constraint.validated => {
                if let Some(name) = &constraint.name {
                    self.not_valid
                        .push((catalogue.resolve(table), name.clone()));
                }
            }
            _ => {}
        }
        for (table, mode) in &impact.locks {
            if gone.contains(table) {
                continue;
            }
            let is_seen = catalogue
                .relation(table)
                .is_none_or(|table| !table.is_temporary);
            if is_seen && *mode > Mode::ShareUpdateExclusive {
                let view = catalogue.relation(table);
                let reads = view.map_or(&[][..], |view| &view.reads);
                self.hold(table, *mode, reads);
            }
        }
        if let Change::Rename(rename) = change
            && rename.part.is_none()
        {
            self.rename(&catalogue.resolve(&rename.name), &rename.to);
        }
    }

    /// A lock stays on what it was taken on, whatever that is called.
    fn rename(&mut self, old: &Name, to: &str) {
        let held = self.held.iter_mut().map(|held| &mut held.table);
        let others = self.copied.iter_mut().chain(&mut self.changed);
        let names = held.chain(others).filter(|name| *name == old);
        names.for_each(|name| *name = old.beside(to));
        self.renamed.push(old.beside(to));
    }

    fn insert(&mut self, insert: &Insert, catalogue: &Catalogue) {
        if insert.from_query {
            self.copy(&insert.query.relations, catalogue);
        }
        let table = catalogue.resolve(&insert.table);
        if insert.on_conflict {
            self.changed.push(table.clone());
        }
        for column in insert.numbered() {
            self.numbered.insert((table.clone(), column.clone()));
        }
    }

    /// Rows that are new, or have other values in these columns, are looked up at the end of the transaction.
    fn defer(&mut self, table: &Name, columns: Option<&[String]>, catalogue: &Catalogue) {
        let Some(relation) = catalogue.relation(table).filter(|_| !self.checks_now) else {
            return;
        };
        let is_set = |own: &[String]| {
            columns.is_none_or(|columns| own.iter().any(|column| columns.contains(column)))
        };
        let mut constraints = relation.constraints.iter();
        let deferred = constraints.find(|constraint| match &constraint.kind {
            ConstraintKind::Foreign { columns, .. } => constraint.is_deferred && is_set(columns),
            _ => false,
        });
        if let Some(constraint) = deferred {
            let name = constraint.name.clone();
            self.waiting.push((catalogue.resolve(table), name));
        }
    }

    fn copy(&mut self, tables: &[Name], catalogue: &Catalogue) {
        for table in tables {
            let table = catalogue.resolve(table);
            let mut held = self.held.iter();
            if held.any(|held| held.table == table && held.mode >= Mode::Share) {
                self.locked_copies.push(table.clone());
            }
            self.copied.push(table);
        }
    }

    fn hold(&mut self, table: &Name, mode: Mode, reads: &[Name]) {
        match self.held.iter_mut().find(|held| held.table == *table) {
            Some(held) if held.mode >= mode => {}
            Some(held) => held.mode = mode,
            None => self.held.push(Held {
                table: table.clone(),
                mode,
                reads: reads.to_vec(),
            }),
        }
    }

    /// After a statement: one that is by itself is its own transaction.
    pub fn end_statement(&mut self) {
        if self.open.is_none() {
            self.end();
        }
    }

    /// Code that is run for itself has ended its transaction, and begun another.
    pub fn end_within(&mut self) {
        if !self.is_atomic {
            self.end();
        }
    }

    fn end(&mut self) {
        self.transaction += 1;
        self.held.clear();
        self.waiting.clear();
        self.checks_now = false;
        self.new_values.clear();
        self.not_valid.clear();
        self.settings = self.session;
        self.before = self.session;
    }

    fn transaction(&mut self, transaction: Transaction) {
        match transaction {
            Transaction::Begin => {
                self.has_begun = true;
                if self.open.is_none() {
                    self.end();
                    self.open = Some(Origin::Explicit);
                }
            }
            Transaction::Commit(chain) => self.close(chain),
            Transaction::Rollback(chain) => {
                self.session = self.before;
                self.close(chain);
            }
            // The session goes on without it, and its locks stay.
            Transaction::Prepare => self.close(false),
            Transaction::Other => {}
        }
    }

    fn close(&mut self, chain: bool) {
        self.has_ended = true;
        self.end();
        self.open = match (chain, self.wrapping) {
            (true, _) => self.open,
            // The rest of the string is a transaction again.
            (false, Wrapping::Implicit) => Some(Origin::Runner),
            (false, _) => None,
        };
    }

    fn set(&mut self, setting: &Setting) {
        if setting.local && self.open.is_none() {
            return;
        }
        let timeout = Timeout::of(setting.value.as_deref());
        let is_utc = setting.value.as_deref().is_some_and(|zone| {
            matches!(
                zone.to_ascii_uppercase().as_str(),
                "UTC" | "ETC/UTC" | "GMT" | "0" | "ZULU" | "UCT"
            )
        });
        let change = |settings: &mut Settings| match setting.name.as_str() {
            "lock_timeout" => settings.lock_timeout = timeout,
            "statement_timeout" => settings.statement_timeout = timeout,
            "transaction_timeout" => settings.transaction_timeout = timeout,
            "idle_in_transaction_session_timeout" => settings.idle_timeout = timeout,
            "timezone" => settings.is_utc = is_utc,
            "all" => *settings = Settings::default(),
            _ => {}
        };
        change(&mut self.settings);
        if !setting.local {
            change(&mut self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_server_reads_them() {
        assert_eq!(Timeout::of(Some("2s")), Timeout::Milliseconds(2000));
        assert_eq!(Timeout::of(Some(" 0 ")), Timeout::Off);
        assert_eq!(Timeout::of(Some("1.5min")), Timeout::Milliseconds(90_000));
        assert_eq!(Timeout::of(Some("500")), Timeout::Milliseconds(500));
        assert_eq!(Timeout::of(Some("_wait")), Timeout::Unknown);
        assert_eq!(Timeout::of(None), Timeout::Unset);
    }
}
