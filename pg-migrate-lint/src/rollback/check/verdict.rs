//! What a trial has shown, told.

use shared::dump::Difference;
use shared::{Error, Result};

use super::{Checker, Ways};
use crate::apply::Failure;
use crate::catalogue::Catalogue;
use crate::layout::Migration;
use crate::loss;
use crate::parse::Parsed;
use crate::rollback::checked::Checked;
use crate::rollback::globals;
use crate::rollback::large_objects::LARGE_OBJECTS;
use crate::rollback::positions::Behind;
use crate::rollback::rows::{Loss, Outcome, Taken, counted};

impl Checker<'_> {
    /// What is not as it was before.
    pub fn differences(
        &mut self,
        migration: &Migration,
        check: &str,
        found: Vec<Difference>,
    ) -> Result<()> {
        let mut is_well = true;
        for difference in found {
            let object = difference.object.trim_end();
            if globals::is_shared(object) && difference.expected.is_none() {
                let words = format!("{object} stays, of which other databases may make use");
                self.say(migration, "left", Said::noted(words).of(object))?;
                continue;
            }
            is_well = false;
            if difference.is_of_order() {
                let words = format!("{object} has the same columns in another order");
                self.say(migration, check, Said::noted(words).of(object))?;
                continue;
            }
            let words = match (&difference.expected, &difference.actual) {
                (Some(_), None) => format!("{object} does not come back"),
                (None, Some(_)) => format!("{object} stays"),
                _ => format!("{object} is not what it was"),
            };
            let said = Said::failed(words).of(object);
            let said = said.compared(difference.expected, difference.actual);
            self.say(migration, check, said)?;
        }
        match is_well {
            true => self.say(migration, check, Said::ok()),
            false => Ok(()),
        }
    }

    /// What became of the rows.
    pub fn rows(&mut self, migration: &Migration, outcome: Outcome) -> Result<()> {
        for table in &outcome.too_great {
            let words = format!("{table} has too many rows to compare them");
            self.say(migration, "data", Said::skipped(words).of(table))?;
        }
        let mut is_well = true;
        for loss in outcome.losses {
            is_well &= !loss.is_fault();
            self.loss(migration, loss)?;
        }
        for left in outcome.left {
            let what = match left.object == LARGE_OBJECTS {
                true => "large object",
                false => "row",
            };
            let words = format!(
                "{} not there before: what was put in stays, and running the migration again puts it in again",
                counted(left.count, what)
            );
            self.say(migration, "left", Said::noted(words).of(left.object))?;
        }
        match (outcome.rows, is_well) {
            (0, _) => {
                let words = "no rows were there before it".to_string();
                self.say(migration, "data", Said::skipped(words))
            }
            (rows, true) => {
                let count = format!("{rows} rows of {} tables", outcome.tables);
                let said = Said::ok().compared(Some(count.clone()), Some(count));
                self.say(migration, "data", said)
            }
            (_, false) => Ok(()),
        }
    }

    fn loss(&mut self, migration: &Migration, loss: Loss) -> Result<()> {
        let object = &loss.object;
        let words = match (loss.taken, loss.is_known) {
            (Taken::ByWayBack, _) => {
                format!("the way back takes it from {object}, which the way up had left alone")
            }
            (_, false) => {
                format!("the way up takes it from {object}, and the way back can't know it")
            }
            (Taken::ByWayUp, true) => {
                format!(
                    "the way up takes it from {object}, and the way back makes something else of it"
                )
            }
            (Taken::WithRow, true) => {
                format!("rows that the way up takes come back, with other values of {object}")
            }
        };
        let (check, said) = match loss.is_fault() {
            true => ("data", Said::failed(words)),
            false => ("loss", Said::noted(words)),
        };
        let said = said.of(loss.object);
        let said = said.compared(Some(loss.expected), Some(loss.actual));
        self.say(migration, check, said)
    }

    /// Sequences that are not where they were, and views that hold nothing.
    pub fn behind(&mut self, migration: &Migration, all: Vec<Behind>) -> Result<()> {
        for behind in all {
            let (check, said) = match behind.is_fault {
                true => ("data", Said::failed(behind.message)),
                false => ("loss", Said::noted(behind.message)),
            };
            let said = said.of(behind.object);
            let said = said.compared(Some(behind.expected), Some(behind.actual));
            self.say(migration, check, said)?;
        }
        Ok(())
    }

    /// What the way back drops or empties, whatever was in it.
    pub fn losses(&mut self, ways: &Ways) -> Result<()> {
        let catalogue = Catalogue::default();
        let steps = ways.down.iter().flat_map(|script| &script.steps);
        let mut lost: Vec<String> = Vec::new();
        for step in steps {
            if let Parsed::Changes(changes) = &step.parsed {
                let more = changes
                    .iter()
                    .flat_map(|change| loss::of(change, &catalogue));
                lost.extend(more);
            }
        }
        lost.dedup();
        for object in lost {
            let words = format!("what is in it by then is lost: {object}");
            self.say(ways.migration, "loss", Said::noted(words).of(object))?;
        }
        Ok(())
    }

    /// Tables into which no row could be put.
    pub fn unfilled(
        &mut self,
        migration: &Migration,
        refused: impl Iterator<Item = (String, String)>,
    ) -> Result<()> {
        for (table, words) in refused {
            if !self.unfilled.insert(table.clone()) {
                continue;
            }
            let words =
                format!("no row could be put into {table}, so that none can be missed: {words}");
            self.say(migration, "data", Said::skipped(words).of(table))?;
        }
        Ok(())
    }

    /// A way that can't be tried.
    pub fn unread(&mut self, migration: &Migration, check: &str, error: &Error) -> Result<()> {
        self.is_incomplete = true;
        self.say(migration, check, Said::skipped(error.in_one_line()))
    }

    /// Writes a record.
    pub fn say(&mut self, migration: &Migration, check: &str, said: Said) -> Result<()> {
        self.has_failed |= said.status == FAILED;
        let way_back = migration.down.first().map(|part| &part.path);
        let file = match check {
            "down" | "schema" | "data" | "loss" | "left" => way_back.unwrap_or(&migration.path),
            _ => &migration.path,
        };
        self.writer.write(&Checked {
            file: file.display().to_string(),
            version: migration.version.clone(),
            check: check.to_string(),
            status: said.status.to_string(),
            object: said.object,
            expected: said.expected,
            actual: said.actual,
            message: said.message,
        })
    }
}

const FAILED: &str = "failed";

/// What a check says.
#[derive(Debug, Default)]
pub struct Said {
    status: &'static str,
    object: Option<String>,
    expected: Option<String>,
    actual: Option<String>,
    message: Option<String>,
}

impl Said {
    /// All is well.
    pub fn ok() -> Self {
        Self {
            status: "ok",
            ..Self::default()
        }
    }

    /// All is well, and there is something to be said of it.
    fn noted(words: String) -> Self {
        Self {
            message: Some(words),
            ..Self::ok()
        }
    }

    /// It is not.
    pub fn failed(words: String) -> Self {
        Self {
            status: FAILED,
            message: Some(words),
            ..Self::default()
        }
    }

    /// It could not be looked at.
    pub fn skipped(words: String) -> Self {
        Self {
            status: "skipped",
            message: Some(words),
            ..Self::default()
        }
    }

    /// The server has refused it.
    pub fn of_failure(failure: Failure) -> Self {
        Self::failed(Error::from(failure).in_one_line())
    }

    /// The same, of an object.
    fn of(self, object: impl Into<String>) -> Self {
        Self {
            object: Some(object.into()),
            ..self
        }
    }

    /// The same, with what was there and what is there.
    fn compared(self, expected: Option<String>, actual: Option<String>) -> Self {
        Self {
            expected,
            actual,
            ..self
        }
    }
}
