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
use crate::rollback::positions::Behind;
use crate::rollback::rows::{Loss, Outcome, counted};

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
                let said = Said {
                    object: Some(object.to_string()),
                    message: Some(words),
                    ..Said::ok()
                };
                self.say(migration, "left", said)?;
                continue;
            }
            is_well = false;
            if difference.is_of_order() {
                let words = format!("{object} has the same columns in another order");
                let object = Some(object.to_string());
                let said = Said {
                    object,
                    message: Some(words),
                    ..Said::ok()
                };
                self.say(migration, check, said)?;
                continue;
            }
            let words = match (&difference.expected, &difference.actual) {
                (Some(_), None) => format!("{object} does not come back"),
                (None, Some(_)) => format!("{object} stays"),
                _ => format!("{object} is not what it was"),
            };
            let said = Said {
                object: Some(object.to_string()),
                expected: difference.expected,
                actual: difference.actual,
                ..Said::failed(words)
            };
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
            let said = Said {
                object: Some(table.clone()),
                ..Said::skipped(words)
            };
            self.say(migration, "data", said)?;
        }
        let mut is_well = true;
        for loss in outcome.losses {
            is_well &= loss.is_of_way_up;
            self.loss(migration, loss)?;
        }
        for left in outcome.left {
            let words = format!(
                "{} not there before: what was put in stays, and running the migration again puts it in again",
                counted(left.count, "row")
            );
            let said = Said {
                object: Some(left.object),
                message: Some(words),
                ..Said::ok()
            };
            self.say(migration, "left", said)?;
        }
        match (outcome.rows, is_well) {
            (0, _) => {
                let words = "no rows were there before it".to_string();
                self.say(migration, "data", Said::skipped(words))
            }
            (rows, true) => {
                let count = format!("{rows} rows of {} tables", outcome.tables);
                let said = Said {
                    expected: Some(count.clone()),
                    actual: Some(count),
                    ..Said::ok()
                };
                self.say(migration, "data", said)
            }
            (_, false) => Ok(()),
        }
    }

    fn loss(&mut self, migration: &Migration, loss: Loss) -> Result<()> {
        let object = &loss.object;
        let (check, said) = match loss.is_of_way_up {
            true => {
                let words =
                    format!("the way up takes it from {object}, and the way back can't know it");
                let said = Said {
                    message: Some(words),
                    ..Said::ok()
                };
                ("loss", said)
            }
            false => {
                let words =
                    format!("the way back takes it from {object}, which the way up had left alone");
                ("data", Said::failed(words))
            }
        };
        let said = Said {
            object: Some(loss.object),
            expected: Some(loss.expected),
            actual: Some(loss.actual),
            ..said
        };
        self.say(migration, check, said)
    }

    /// Sequences that are not where they were, and views that hold nothing.
    pub fn behind(&mut self, migration: &Migration, all: Vec<Behind>) -> Result<()> {
        for behind in all {
            let (check, said) = match behind.is_fault {
                true => ("data", Said::failed(String::new())),
                false => ("loss", Said::ok()),
            };
            let said = Said {
                object: Some(behind.object),
                expected: Some(behind.expected),
                actual: Some(behind.actual),
                message: Some(behind.message),
                ..said
            };
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
            let said = Said {
                object: Some(object),
                message: Some(words),
                ..Said::ok()
            };
            self.say(ways.migration, "loss", said)?;
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
            let said = Said {
                object: Some(table),
                ..Said::skipped(words)
            };
            self.say(migration, "data", said)?;
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
}
