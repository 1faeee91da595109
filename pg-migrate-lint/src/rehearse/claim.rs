//! What is claimed of a statement without a server, held against what was seen of it.

use super::probe::{Probe, Relation};
use super::seen::Seen;
use crate::apply::Step;
use crate::catalogue::{Catalogue, Moment};
use crate::effects::{self, Impact, Server};
use crate::lock::{Mode, Work};
use crate::model::{Action, Change, ConstraintKind};
use crate::name::Name;
use crate::parse::Parsed;

/// The catalogue that the claims are made from.
#[derive(Debug)]
pub struct Claims {
    catalogue: Catalogue,
    /// The server's major version.
    pub version: u32,
    /// Whether the session's `TimeZone` is UTC.
    pub is_utc: bool,
    file: usize,
    statement: usize,
}

/// What is claimed of a statement.
#[derive(Debug, Default)]
pub struct Claim {
    impact: Impact,
    /// Whether all that it takes is claimed.
    is_whole: bool,
    /// Tables that get a foreign key: whether the other one is read, the planner decides.
    referencing: Vec<Name>,
}

impl Claims {
    /// Of an empty database. `has_gaps`: of what is run not all is seen.
    pub fn new(has_gaps: bool) -> Self {
        let mut catalogue = Catalogue::default();
        if has_gaps {
            catalogue.doubt();
        }
        Self {
            catalogue,
            version: 0,
            is_utc: false,
            file: 0,
            statement: 0,
        }
    }

    /// A file begins.
    pub fn start_file(&mut self) {
        self.file += 1;
        self.catalogue.reset_path();
    }

    /// The relations that a statement would take locks on, by all that is known before it.
    pub fn touched(&self, step: &Step) -> Vec<Name> {
        let Parsed::Changes(changes) = &step.parsed else {
            return Vec::new();
        };
        let impacts = changes
            .iter()
            .map(|change| effects::of(change, &self.catalogue, self.server()));
        let locks = impacts.flat_map(|impact| impact.locks);
        locks.map(|(name, _)| name).collect()
    }

    fn server(&self) -> Server {
        Server {
            version: self.version,
            minor: None,
            is_utc: self.is_utc,
        }
    }

    /// What is claimed of a statement, which is known from then on.
    pub fn learn(&mut self, step: &Step) -> Claim {
        let Parsed::Changes(changes) = &step.parsed else {
            self.catalogue.doubt();
            return Claim::default();
        };
        self.statement += 1;
        let server = self.server();
        let mut claim = Claim {
            is_whole: changes.iter().all(is_definition),
            ..Claim::default()
        };
        for change in changes {
            let impact = effects::of(change, &self.catalogue, server);
            let is_known = |name: &Name| self.catalogue.relation(name).is_some();
            claim.is_whole &= impact.locks.iter().all(|(name, _)| is_known(name));
            for (name, mode) in impact.locks {
                claim.impact.lock(name, mode);
            }
            for (name, work) in impact.work {
                claim.impact.does(name, work);
            }
            if let Change::Alter(alter) = change
                && let Action::AddConstraint(constraint) = &alter.action
                && matches!(constraint.kind, ConstraintKind::Foreign { .. })
            {
                claim.referencing.push(self.catalogue.resolve(&alter.table));
            }
            match change {
                Change::Do(_) | Change::Unseen => self.catalogue.doubt(),
                _ => {}
            }
            self.catalogue
                .apply(change, Moment::new(self.file, self.statement));
        }
        claim
    }
}

/// Whether what it takes follows from what it says: no code of others runs, and no row decides.
fn is_definition(change: &Change) -> bool {
    matches!(
        change,
        // Without a name the server says which.
        Change::Vacuum { tables, .. } if !tables.is_empty()
    ) || matches!(
        change,
        Change::Alter(_)
            | Change::CreateIndex(_)
            | Change::CreateTable(_)
            | Change::Drop(_)
            | Change::Rename(_)
            | Change::SetSchema { .. }
            | Change::Truncate { .. }
            | Change::Cluster { table: Some(_), .. }
            | Change::Reindex { name: Some(_), .. }
            | Change::CreateTrigger { .. }
            | Change::Policy(_)
            | Change::AddEnumValue { .. }
            | Change::RenameEnumValue { .. }
            | Change::AlterDomain { .. }
    )
}

/// What was claimed and not seen, or seen and not claimed, of relations that were there before.
pub fn mismatch(claim: &Claim, seen: &Seen, there: &Probe) -> Option<Vec<String>> {
    let mut words = Vec::new();
    if seen.is_blind {
        return None;
    }
    locks(claim, seen, there, &mut words);
    work(claim, seen, &mut words);
    (!words.is_empty()).then_some(words)
}

/// The strongest lock on a relation that the transaction holds.
fn held(seen: &Seen, name: &Name) -> Option<Mode> {
    let own = seen
        .held
        .iter()
        .filter(|(relation, _)| is_it(name, relation));
    own.map(|(_, mode)| *mode).max()
}

fn locks(claim: &Claim, seen: &Seen, there: &Probe, words: &mut Vec<String>) {
    for (name, mode) in &claim.impact.locks {
        let mut all = there.relations.values();
        let is_there = all.any(|relation| is_table(relation) && is_it(name, relation));
        if !is_there || *mode < Mode::RowExclusive {
            continue;
        }
        let held = held(seen, name);
        if held.is_none_or(|held| held < *mode) {
            let held = held.map_or("no lock", Mode::name);
            words.push(format!("{name}: {} was claimed, {held} seen", mode.name()));
        }
    }
    if !claim.is_whole {
        return;
    }
    let strong = seen
        .locks
        .iter()
        .filter(|taken| is_table(&taken.relation) && taken.mode >= Mode::RowExclusive);
    for taken in strong {
        let mut claimed = claim.impact.locks.iter();
        let claimed = claimed.find(|(name, _)| is_it(name, &taken.relation));
        if claimed.is_none_or(|(_, mode)| *mode < taken.mode) {
            let claimed = claimed.map_or("no lock", |(_, mode)| mode.name());
            let (name, mode) = (taken.relation.shown(), taken.mode.name());
            words.push(format!("{name}: {claimed} was claimed, {mode} seen"));
        }
    }
}

fn work(claim: &Claim, seen: &Seen, words: &mut Vec<String>) {
    let find = |all: &[Relation], name: &Name| all.iter().any(|own| is_it(name, own));
    for (name, work) in &claim.impact.work {
        let full = |(relation, _): &&(Relation, Mode)| {
            is_it(name, relation)
                && relation.is_filled == Some(true)
                && matches!(relation.kind, 'r' | 'm')
        };
        if seen.held.iter().find(full).is_none() {
            continue;
        }
        let is_rewritten = find(&seen.rewritten, name);
        let is_scanned = seen.scanned.as_ref().map(|all| find(all, name));
        let is_other =
            !claim.referencing.is_empty() && !claim.referencing.iter().any(|own| own == name);
        match work {
            Work::Rewrite if !is_rewritten => {
                words.push(format!("{name}: a rewrite was claimed, none seen"));
            }
            Work::Scan if is_scanned == Some(false) && !is_rewritten && !is_other => {
                words.push(format!("{name}: a scan was claimed, none seen"));
            }
            _ => {}
        }
    }
    if !claim.is_whole {
        return;
    }
    let claimed = |relation: &Relation| {
        let mut all = claim.impact.work.iter();
        let found = all.find(|(name, _)| is_it(name, relation));
        found.map_or(Work::None, |(_, work)| *work)
    };
    let is_full = |relation: &&Relation| is_table(relation) && relation.is_filled == Some(true);
    for relation in seen.rewritten.iter().filter(is_full) {
        if claimed(relation) < Work::Rewrite {
            words.push(format!(
                "{}: a rewrite was seen, none claimed",
                relation.shown()
            ));
        }
    }
    for relation in seen.scanned.iter().flatten().filter(is_full) {
        if claimed(relation) < Work::Scan {
            words.push(format!(
                "{}: a scan was seen, none claimed",
                relation.shown()
            ));
        }
    }
}

/// What claims are made of: tables, and what is like one.
fn is_table(relation: &Relation) -> bool {
    matches!(relation.kind, 'r' | 'p' | 'm' | 'v')
}

/// Whether a name may mean it: one without a schema may mean any.
fn is_it(name: &Name, relation: &Relation) -> bool {
    name.name == relation.name
        && name
            .schema
            .as_ref()
            .is_none_or(|schema| *schema == relation.schema)
}
