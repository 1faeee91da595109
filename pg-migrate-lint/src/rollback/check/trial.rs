//! One migration up, down and up again, in a database of its own.

use shared::dump::Schema;
use shared::{Error, Result};

use super::verdict::Said;
use super::{Checker, Ways};
use crate::rollback::globals::Globals;
use crate::rollback::large_objects::LargeObjects;
use crate::rollback::positions::Positions;
use crate::rollback::rows::Rows;
use crate::rollback::seed;

/// A subscription is the database's as a whole, and comes into no copy of it.
pub const DEFINITIONS: &[&str] = &["--no-subscriptions"];

/// What a trial has shown.
pub struct Trial {
    /// The definitions that it made.
    pub up: Option<Schema>,
    /// Whether what comes after it can be tried.
    pub goes_on: bool,
}

/// What a database holds beside its definitions.
struct Held {
    rows: Rows,
    positions: Positions,
    globals: Globals,
    large_objects: LargeObjects,
}

impl Checker<'_> {
    fn held(&self, database: &str) -> Result<Held> {
        let client = &mut self.site.client(database)?;
        Ok(Held {
            globals: Globals::of(client)?,
            large_objects: LargeObjects::of(client)?,
            positions: Positions::of(client)?,
            rows: Rows::of(client)?,
        })
    }

    /// Tries it in a copy of a database.
    pub fn trial(&mut self, ways: &Ways, main: &str, before: &Schema) -> Result<Trial> {
        let mut trial = self.site.copy(main)?;
        let unfilled = seed::fill(&mut self.site.client(&trial)?)?;
        let mut held = self.held(&trial)?;
        let mut failure = self.site.run(&trial, &ways.up, self.context)?;
        if let Some(refused) = failure.take_if(|_| !held.rows.is_empty()) {
            // Rows of ours may be what it does not bear.
            self.site.remove(&trial, self.context);
            trial = self.site.copy(main)?;
            held = self.held(&trial)?;
            failure = self.site.run(&trial, &ways.up, self.context)?;
            if failure.is_none() {
                let words = Error::from(refused).in_one_line();
                let words = format!(
                    "it does not bear the rows that were put in to see what becomes of them: {words}"
                );
                self.say(ways.migration, "data", Said::skipped(words))?;
            }
        } else {
            self.unfilled(ways.migration, unfilled.into_iter())?;
        }
        if let Some(failure) = failure {
            self.say(ways.migration, "up", Said::of_failure(failure))?;
            self.site.remove(&trial, self.context);
            return Ok(Trial {
                up: None,
                goes_on: false,
            });
        }
        self.say(ways.migration, "up", Said::ok())?;
        let up = self.site.whole_schema(&trial, DEFINITIONS)?;
        let held_up = self.held(&trial)?;
        match self.site.run(&trial, &ways.down, self.context)? {
            Some(failure) => self.say(ways.migration, "down", Said::of_failure(failure))?,
            None => {
                self.say(ways.migration, "down", Said::ok())?;
                let back = self.site.whole_schema(&trial, DEFINITIONS)?;
                let held_back = self.held(&trial)?;
                let mut others = before.differences(&back);
                let made = self.site.roles();
                others.extend(held.globals.differences(&held_back.globals, made));
                self.differences(ways.migration, "schema", others)?;
                let mut rows = held.rows.compare(&held_up.rows, &held_back.rows);
                let large_objects = &held.large_objects;
                rows.left
                    .extend(large_objects.left(&held_back.large_objects));
                self.rows(ways.migration, rows)?;
                let mut behind = (held.positions).behind(&held_up.positions, &held_back.positions);
                behind
                    .extend(large_objects.behind(&held_up.large_objects, &held_back.large_objects));
                self.behind(ways.migration, behind)?;
                self.losses(ways)?;
                self.up_again(ways, &trial, &up)?;
            }
        }
        self.site.remove(&trial, self.context);
        Ok(Trial {
            up: Some(up),
            goes_on: true,
        })
    }

    fn up_again(&mut self, ways: &Ways, trial: &str, up: &Schema) -> Result<()> {
        match self.site.run(trial, &ways.up, self.context)? {
            Some(failure) => self.say(ways.migration, "up_again", Said::of_failure(failure)),
            None => {
                let again = self.site.whole_schema(trial, DEFINITIONS)?;
                self.differences(ways.migration, "up_again", up.differences(&again))
            }
        }
    }
}
