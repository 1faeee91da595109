//! `--check-rollback`: each migration up, down, and up again on a throw-away server.
//!
//! Each trial is in a database of its own, a copy of what the migrations before it have made, in which empty tables
//! get a few rows. What the trial leaves behind is thrown away with it.

mod trial;
mod verdict;

use std::collections::HashSet;

use shared::cli::Context;
use shared::dump::Schema;
use shared::message::Progress;
use shared::records::{Stdout, Writer};
use shared::{Error, Exit, Result, signals};

use super::checked::{Checked, TELLING};
use crate::apply::{Failure, Script, refuse_outside};
use crate::cli::Options;
use crate::layout::{Kind, Migration, Project, versions};
use crate::site::Site;
use crate::{asked, history, run};
use trial::Trial;
use verdict::Said;

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
        site: Site::start(options.wanted_major(), options, context)?,
        writer: context.records().telling(TELLING),
        progress: context.progress(),
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
    progress: Progress,
    has_failed: bool,
    is_incomplete: bool,
    /// Tables into which no row could be put, which is said once.
    unfilled: HashSet<String>,
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
            self.progress.show(|| {
                let name = versions::name_of(&migration.path);
                format!("{name}: migration {} of {}", number + 1, migrations.len())
            });
            let up = Script::up(project.layout, migration, self.options);
            let up = match up.and_then(within) {
                Ok(up) => up,
                Err(error) => {
                    self.unread(migration, "up", &error)?;
                    return self.rest(&migrations[number + 1..]);
                }
            };
            let is_asked = migration.asked && migration.kind == Kind::Versioned;
            let down = Script::down(project.layout, migration, self.options);
            let down = match down.and_then(within) {
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
                true => self.tried(&ways, &mut main, known.take(), &behind)?,
                false => Trial {
                    up: None,
                    goes_on: true,
                },
            };
            if !trial.goes_on {
                return self.rest(&migrations[number + 1..]);
            }
            known = trial.up;
            let ran = self.site.run(&main, &ways.up, self.context);
            behind.push(ways.up);
            let said = match ran {
                Ok(Some(_)) if is_tried => {
                    // What a trial does to the server as a whole, such as a role, is in the way.
                    let failure;
                    (main, failure) = self.anew(&behind)?;
                    failure.map(Said::of_failure)
                }
                Ok(failure) => failure.map(Said::of_failure),
                Err(error) => Some(self.hindered(&error)?),
            };
            if let Some(said) = said {
                self.say(migration, "up", said)?;
                return self.rest(&migrations[number + 1..]);
            }
        }
        self.site.remove(&main, self.context);
        Ok(())
    }

    /// Tries one. Where that can't be done, that is said of this one, and another server takes the place of the one that
    /// it has spoilt.
    fn tried(
        &mut self,
        ways: &Ways,
        main: &mut String,
        known: Option<Schema>,
        behind: &[Vec<Script>],
    ) -> Result<Trial> {
        let before = match known {
            Some(known) => Ok(known),
            None => self.site.whole_schema(main, trial::DEFINITIONS),
        };
        match before.and_then(|before| self.trial(ways, main, &before)) {
            Ok(trial) => Ok(trial),
            Err(error) => {
                let said = self.hindered(&error)?;
                self.say(ways.migration, "up", said)?;
                let failure;
                (*main, failure) = self.anew(behind)?;
                Ok(Trial {
                    up: None,
                    goes_on: failure.is_none(),
                })
            }
        }
    }

    /// What is said where something could not be done.
    fn hindered(&mut self, error: &Error) -> Result<Said> {
        signals::check()?;
        self.is_incomplete = true;
        let words = format!("it could not be tried: {}", error.in_one_line());
        Ok(Said::skipped(words))
    }

    /// All that was run, on a server that knows nothing of it.
    fn anew(&mut self, behind: &[Vec<Script>]) -> Result<(String, Option<Failure>)> {
        let major = self.options.wanted_major();
        self.site = Site::start(major, self.options, self.context)?;
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
}

/// Scripts that stay within the server.
fn within(scripts: Vec<Script>) -> Result<Vec<Script>> {
    refuse_outside(&scripts)?;
    Ok(scripts)
}
