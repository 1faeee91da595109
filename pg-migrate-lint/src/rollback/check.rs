//! `--check-rollback`: each migration up, down, and up again on a throw-away server.
//!
//! Each trial is in a database of its own, a copy of what the migrations before it have made, in which empty tables
//! get a few rows. What the trial leaves behind is thrown away with it.

use std::collections::HashSet;

use shared::cli::Context;
use shared::dump::{Difference, Schema};
use shared::records::{Stdout, Writer};
use shared::{Error, Exit, Result};

use super::checked::{Checked, TELLING};
use super::rows::Rows;
use super::seed;
use crate::apply::{Failure, Script};
use crate::catalogue::Catalogue;
use crate::cli::Options;
use crate::layout::{Kind, Migration, Project, versions};
use crate::parse::Parsed;
use crate::site::Site;
use crate::{asked, history, loss, run};

/// Checks the ways back of all that was named.
pub fn check(options: &Options, context: &Context) -> Result<Exit> {
    history::refuse_formats(context)?;
    if let Some(flag) = run::names_server(context) {
        let error = Error::usage(format!("{flag} is not for --check-rollback"));
        return Err(error.with_hint(
            "it runs on a throw-away server of its own; --pg-version says of which version",
        ));
    }
    let projects = asked::projects(options, context)?;
    history::tell(&projects, context);
    let mut checker = Checker {
        options,
        context,
        site: Site::start(options.wanted_major(), context)?,
        writer: context.records().telling(TELLING),
        has_failed: false,
        is_incomplete: false,
        unfilled: HashSet::new(),
    };
    for project in &projects {
        checker.project(project)?;
    }
    checker.writer.finish()?;
    Ok(match (checker.has_failed, checker.is_incomplete) {
        (true, _) => Exit::Found,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Ok,
    })
}

struct Checker<'a> {
    options: &'a Options,
    context: &'a Context,
    site: Site,
    writer: Writer<Checked, Stdout>,
    has_failed: bool,
    is_incomplete: bool,
    /// Tables into which no row could be put, which is said once.
    unfilled: HashSet<String>,
}

/// What a trial has shown.
struct Trial {
    /// The definitions that it made.
    up: Option<Schema>,
    /// Whether what comes after it can be tried.
    goes_on: bool,
}

/// A migration and what is run of it.
struct Ways<'a> {
    migration: &'a Migration,
    up: Vec<Script>,
    down: Vec<Script>,
}

impl Checker<'_> {
    fn project(&mut self, project: &Project) -> Result<()> {
        let last = project.migrations.iter().rposition(|one| one.asked);
        let runs = |one: &&Migration| matches!(one.kind, Kind::Versioned | Kind::Repeatable);
        let all = project
            .migrations
            .iter()
            .take(last.map_or(0, |last| last + 1));
        let migrations: Vec<&Migration> = all.filter(runs).collect();
        let mut main = self.site.create()?;
        let mut known: Option<Schema> = None;
        let mut behind: Vec<Vec<Script>> = Vec::new();
        for (number, migration) in migrations.iter().enumerate() {
            let up = match Script::up(project.layout, migration, self.options) {
                Ok(up) => up,
                Err(error) => {
                    self.unread(migration, "up", &error)?;
                    return self.rest(&migrations[number + 1..]);
                }
            };
            let is_asked = migration.asked && migration.kind == Kind::Versioned;
            let down = match Script::down(project.layout, migration, self.options) {
                Ok(down) if is_asked => down,
                Ok(_) => Vec::new(),
                Err(error) => {
                    self.unread(migration, "down", &error)?;
                    Vec::new()
                }
            };
            if is_asked && migration.down.is_empty() {
                let words = format!("{} has no way back", versions::name_of(&migration.path));
                self.say(migration, "down", Said::skipped(words))?;
            }
            let ways = Ways {
                migration,
                up,
                down,
            };
            let is_tried = !ways.down.is_empty();
            let trial = match is_tried {
                true => {
                    let before = match known.take() {
                        Some(known) => known,
                        None => self.site.schema(&main, &[])?,
                    };
                    self.trial(&ways, &main, &before)?
                }
                false => Trial {
                    up: None,
                    goes_on: true,
                },
            };
            if !trial.goes_on {
                return self.rest(&migrations[number + 1..]);
            }
            known = trial.up;
            let mut failure = self.site.run(&main, &ways.up, self.context)?;
            behind.push(ways.up);
            if failure.is_some() && is_tried {
                // What a trial does to the server as a whole, such as a role, is in the way.
                self.site = Site::start(self.options.wanted_major(), self.context)?;
                (main, failure) = self.again(&behind)?;
            }
            if let Some(failure) = failure {
                self.say(migration, "up", Said::of_failure(failure))?;
                return self.rest(&migrations[number + 1..]);
            }
        }
        self.site.remove(&main)
    }

    /// All that was run, on a server that knows nothing of it.
    fn again(&mut self, behind: &[Vec<Script>]) -> Result<(String, Option<Failure>)> {
        let main = self.site.create()?;
        for scripts in behind {
            let failure = self.site.run(&main, scripts, self.context)?;
            if failure.is_some() {
                return Ok((main, failure));
            }
        }
        Ok((main, None))
    }

    /// What comes after one that can't be run.
    fn rest(&mut self, migrations: &[&Migration]) -> Result<()> {
        let asked = |one: &&&Migration| one.asked && !one.down.is_empty();
        for migration in migrations.iter().filter(asked) {
            let words = "a migration before it could not be run".to_string();
            self.say(migration, "up", Said::skipped(words))?;
            self.is_incomplete = true;
        }
        Ok(())
    }

    fn trial(&mut self, ways: &Ways, main: &str, before: &Schema) -> Result<Trial> {
        let mut trial = self.site.copy(main)?;
        let unfilled = seed::fill(&mut self.site.client(&trial)?)?;
        let mut rows = Rows::of(&mut self.site.client(&trial)?)?;
        let mut failure = self.site.run(&trial, &ways.up, self.context)?;
        if let Some(refused) = failure.take_if(|_| rows.count().0 > 0) {
            // Rows of ours may be what it does not bear.
            self.site.remove(&trial)?;
            trial = self.site.copy(main)?;
            rows = Rows::of(&mut self.site.client(&trial)?)?;
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
            self.site.remove(&trial)?;
            return Ok(Trial {
                up: None,
                goes_on: false,
            });
        }
        self.say(ways.migration, "up", Said::ok())?;
        let up = self.site.schema(&trial, &[])?;
        let rows_up = Rows::of(&mut self.site.client(&trial)?)?;
        match self.site.run(&trial, &ways.down, self.context)? {
            Some(failure) => self.say(ways.migration, "down", Said::of_failure(failure))?,
            None => {
                self.say(ways.migration, "down", Said::ok())?;
                let back = self.site.schema(&trial, &[])?;
                self.differences(ways.migration, "schema", &before.differences(&back))?;
                let rows_back = Rows::of(&mut self.site.client(&trial)?)?;
                self.rows(ways.migration, &rows, &rows_up, &rows_back)?;
                self.losses(ways)?;
                self.up_again(ways, &trial, &up)?;
            }
        }
        self.site.remove(&trial)?;
        Ok(Trial {
            up: Some(up),
            goes_on: true,
        })
    }

    fn up_again(&mut self, ways: &Ways, trial: &str, up: &Schema) -> Result<()> {
        match self.site.run(trial, &ways.up, self.context)? {
            Some(failure) => self.say(ways.migration, "up_again", Said::of_failure(failure)),
            None => {
                let again = self.site.schema(trial, &[])?;
                self.differences(ways.migration, "up_again", &up.differences(&again))
            }
        }
    }

    /// What is not as it was before.
    fn differences(
        &mut self,
        migration: &Migration,
        check: &str,
        found: &[Difference],
    ) -> Result<()> {
        for difference in found {
            let object = difference.object.trim_end();
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
                expected: difference.expected.clone(),
                actual: difference.actual.clone(),
                ..Said::failed(words)
            };
            self.say(migration, check, said)?;
        }
        match found.is_empty() {
            true => self.say(migration, check, Said::ok()),
            false => Ok(()),
        }
    }

    fn rows(&mut self, migration: &Migration, before: &Rows, up: &Rows, back: &Rows) -> Result<()> {
        for table in before.too_great() {
            let words = format!("{table} has too many rows to compare them");
            self.say(migration, "data", Said::skipped(words))?;
        }
        let losses = before.losses(up, back);
        let mut is_well = true;
        for loss in losses {
            let words = match loss.is_of_way_up {
                true => format!(
                    "the way up takes it from {}, and the way back can't know it",
                    loss.object
                ),
                false => format!(
                    "the way back takes it from {}, which the way up had left alone",
                    loss.object
                ),
            };
            let (check, said) = match loss.is_of_way_up {
                true => (
                    "loss",
                    Said {
                        message: Some(words),
                        ..Said::ok()
                    },
                ),
                false => ("data", Said::failed(words)),
            };
            is_well &= loss.is_of_way_up;
            let said = Said {
                object: Some(loss.object),
                expected: Some(loss.expected),
                actual: Some(loss.actual),
                ..said
            };
            self.say(migration, check, said)?;
        }
        match (before.count(), is_well) {
            ((0, _), _) => self.say(
                migration,
                "data",
                Said::skipped("no rows were there before it".to_string()),
            ),
            ((rows, tables), true) => {
                let count = format!("{rows} rows of {tables} tables");
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

    /// What the way back drops or empties, whatever was in it.
    fn losses(&mut self, ways: &Ways) -> Result<()> {
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

    fn unfilled(
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

    fn unread(&mut self, migration: &Migration, check: &str, error: &Error) -> Result<()> {
        self.is_incomplete = true;
        self.say(migration, check, Said::skipped(error.in_one_line()))
    }

    fn say(&mut self, migration: &Migration, check: &str, said: Said) -> Result<()> {
        self.has_failed |= said.status == FAILED;
        let way_back = migration.down.first().map(|part| &part.path);
        let file = match check {
            "down" | "schema" | "data" | "loss" => way_back.unwrap_or(&migration.path),
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
struct Said {
    status: &'static str,
    object: Option<String>,
    expected: Option<String>,
    actual: Option<String>,
    message: Option<String>,
}

impl Said {
    fn ok() -> Self {
        Self {
            status: "ok",
            ..Self::default()
        }
    }

    fn failed(words: String) -> Self {
        Self {
            status: FAILED,
            message: Some(words),
            ..Self::default()
        }
    }

    fn skipped(words: String) -> Self {
        Self {
            status: "skipped",
            message: Some(words),
            ..Self::default()
        }
    }

    fn of_failure(failure: Failure) -> Self {
        Self::failed(Error::from(failure).in_one_line())
    }
}
