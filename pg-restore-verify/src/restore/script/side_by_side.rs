//! Statements of a script that run beside each other, while rows are read back.

use shared::Result;
use shared::dump::Entry;

use super::Restore;
use crate::restore::batch;
use crate::restore::target::Target;
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
                true => {
                    leave_wal(self.target)?;
                    Early::of(self.target, contents)?
                }
                false => None,
            }),
        };
        let most = self.sessions.most().max(1);
        // The script's own session waits otherwise.
        let others = self.sessions.open(units.len().min(most) - 1)?;
        let mut sessions = vec![&mut self.client];
        sessions.extend(others);
        if self.target.server().is_ours() {
            // A core that the last of the sessions would leave idle helps it to sort.
            let help = format!(
                "SET max_parallel_workers = {0}; SET max_parallel_maintenance_workers = {0}",
                most - 1
            );
            for session in &mut sessions {
                session.batch_execute(&help)?;
            }
        }
        if early.is_some() && units.iter().any(|unit| bytes_of(unit) >= LARGE_BYTES) {
            for session in &mut sessions {
                session.batch_execute(SORT_LARGE)?;
            }
        }
        let refused = batch::run(units, sessions, most, bytes_of, early.as_mut())?;
        self.refusals.extend(refused);
        self.sessions.rest();
        Ok(())
    }
}

/// Rows that came on several connections left WAL. It goes before what sorting needs of the disk
/// comes: the two are never there together.
fn leave_wal(target: &Target) -> Result<()> {
    Ok(target.connect()?.batch_execute("CHECKPOINT")?)
}
