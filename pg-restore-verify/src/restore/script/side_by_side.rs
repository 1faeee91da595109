//! Statements of a script that run beside each other, while rows are read back.

use shared::Result;
use shared::dump::Entry;

use super::Restore;
use crate::restore::batch;
use crate::restore::units::Unit;
use crate::rows::Early;

/// Statements that are put off at most.
const MOST_UNITS: usize = 1000;

/// Sorted with little memory, the keys of such a table would be merged more than once.
const LARGE_BYTES: u64 = 4 << 30;
const SORT_LARGE: &str = "SET maintenance_work_mem = '256MB'";

impl Restore<'_> {
    /// Keeps a statement for a batch, if it may run beside others.
    pub(super) fn put_off(&mut self, entry: &Entry, sql: &str, label: &str) -> Result<bool> {
        if self.sessions.most() < 2 {
            return Ok(false);
        }
        if let Some(last) = self.units.last_mut()
            && last.goes_on(entry, sql, label)
        {
            return Ok(true);
        }
        let Some(unit) = Unit::of(entry, sql, label) else {
            return Ok(false);
        };
        let last = self.units.last();
        if self.units.len() == MOST_UNITS || last.is_some_and(|last| !last.is_like(&unit)) {
            self.settle()?;
        }
        self.units.push(unit);
        Ok(true)
    }

    /// Runs what was put off, to its end.
    pub(super) fn settle(&mut self) -> Result<()> {
        let units = std::mem::take(&mut self.units);
        if units.is_empty() {
            return Ok(());
        }
        let contents = self.collector.contents();
        self.target.provide(&contents.needs)?;
        let bytes_of = |unit: &Unit| {
            contents
                .tables
                .get(&unit.table)
                .map_or(0, |data| data.bytes)
        };
        let early = match &mut self.early {
            Some(early) => early,
            none => none.insert(match self.target.server().is_ours() {
                true => Early::of(self.target, contents)?,
                false => None,
            }),
        };
        let sessions = match self.sessions.open(units.len())? {
            [] => std::slice::from_mut(&mut self.client),
            sessions => sessions,
        };
        if early.is_some() && units.iter().any(|unit| bytes_of(unit) >= LARGE_BYTES) {
            for session in &mut *sessions {
                session.batch_execute(SORT_LARGE)?;
            }
        }
        let refused = batch::run(units, sessions, bytes_of, early.as_mut())?;
        self.refusals.extend(refused);
        self.sessions.rest();
        Ok(())
    }
}
