//! What must hold in a database, whether it was restored or is live.
//!
//! Each kind of check asks the catalogue what there is to look at and makes a job of each object;
//! all jobs are done side by side. Nothing is changed in the database.

mod btrees;
mod check_constraints;
mod collations;
mod expectations;
mod foreign_keys;
mod indexes;
mod job;
mod materialized_views;
mod outcome;
mod sequence_columns;
mod session;
mod unique_keys;

use std::time::Duration;

use shared::{Result, signals};

use crate::cli;
use crate::contents::Contents;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::server::Database;

pub use expectations::Expectation;
use job::Done;
use outcome::{Outcome, Seen};

/// How the database came to be, which decides whose fault it is when something does not hold.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// Restored from a logical backup that holds this.
    Restored(&'a Contents),
    /// Recovered from a physical backup, faults and all.
    Recovered,
    /// In use, and none of ours.
    Live,
}

impl Origin<'_> {
    /// The search path that the backup gives to its database, where it did not do so yet.
    fn search_path(&self) -> Option<&str> {
        match self {
            Self::Restored(contents) => contents.database.search_path(),
            Self::Recovered | Self::Live => None,
        }
    }

    /// Whether the database is in use by others.
    fn is_live(self) -> bool {
        matches!(self, Self::Live)
    }
}

/// Every kind of check, in the order of the records: what it is called, and what it counts.
const KINDS: &[(&str, &str)] = &[
    (materialized_views::CHECK, "materialized view"),
    (foreign_keys::CHECK, "foreign key"),
    (check_constraints::CHECK, "constraint"),
    (unique_keys::CHECK, "unique key"),
    (indexes::CHECK, "index"),
    (btrees::CHECK, "B-tree"),
    (sequence_columns::CHECK, "column"),
    (collations::CHECK, "collation"),
    (expectations::CHECK, "check"),
];

/// Makes the checks of `database` on so many connections and writes what they find. Returns in
/// words what the verdict says of them: of a live database what holds, of a restored one what it
/// adds to its own: the faults that came with the data, and what nobody could look at.
pub fn report(
    database: &Database,
    origin: Origin<'_>,
    checks: &cli::Checks,
    jobs: usize,
    findings: &mut Findings<'_>,
) -> Result<String> {
    let mut planning = session::planning(database, origin)?;
    let client = &mut planning.client;
    let amcheck = btrees::Amcheck::find(client, database, origin)?;
    let mut seen: Vec<Done> = Vec::new();
    if let Origin::Restored(contents) = origin {
        seen.push(materialized_views::look(client, contents)?);
    }
    seen.push(indexes::look(client, origin)?);
    seen.push(collations::look(client, database, origin)?);
    let mut plan = Vec::new();
    let planned = [
        (foreign_keys::CHECK, foreign_keys::plan(client, origin)),
        (
            check_constraints::CHECK,
            check_constraints::plan(client, origin),
        ),
        (unique_keys::CHECK, unique_keys::plan(client, origin)),
        (
            sequence_columns::CHECK,
            sequence_columns::plan(client, origin),
        ),
    ];
    for (check, jobs) in planned {
        match jobs {
            Ok(jobs) => plan.extend(jobs),
            Err(error) => seen.push(Done::of_none(check, error)?),
        }
    }
    let shared = !database.server().is_ours();
    plan.extend(expectations::plan(&checks.own, origin, shared));
    match btrees::plan(client, origin, &amcheck, checks.deep)? {
        Ok(planned) => plan.extend(planned),
        Err(unseen) => seen.push(unseen),
    }
    drop(planning);
    let looked = job::run(plan, database, origin, &amcheck, jobs).map(|done| seen.extend(done));
    signals::check()?;
    let role = database.server().user();
    for object in seen.iter_mut().flat_map(|done| &mut done.seen) {
        object.outcome = object.outcome.clone().seen_by(role);
    }
    let mut summary = Summary::default();
    for kind in KINDS {
        summary.add(*kind, &seen, origin, findings)?;
    }
    // What was found before it ended is so nevertheless.
    looked?;
    summary.close(origin, findings)
}

/// What is said beside the verdict.
#[derive(Default)]
struct Summary {
    held: Vec<String>,
    inherited: Vec<String>,
    unseen: Vec<String>,
    lacking: Vec<String>,
}

impl Summary {
    /// Writes the findings of one kind.
    fn add(
        &mut self,
        (check, noun): (&str, &str),
        seen: &[Done],
        origin: Origin<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        let of_kind = || seen.iter().filter(|done| done.check == check);
        let mut failed = false;
        let mut held = 0;
        for object in of_kind().flat_map(|done| &done.seen) {
            if object.outcome == Outcome::Holds {
                held += 1;
                continue;
            }
            let finding = object.finding(check, origin, findings);
            failed |= finding.status == Status::Failed;
            self.note(object, check, finding.status);
            findings.add(finding)?;
        }
        if held > 0 && !failed {
            let count = counted(held, noun);
            let took: Duration = of_kind().map(|done| done.took).sum();
            let finding = findings.check(check, Status::Ok).compared(&count, &count);
            findings.add(finding.took(took))?;
            self.held.push(count);
        }
        Ok(())
    }

    fn note(&mut self, seen: &Seen, check: &str, status: Status) {
        match &seen.outcome {
            Outcome::Inherited(why) if status == Status::Skipped => {
                self.inherited.push(format!("{}: {why}", seen.object));
            }
            Outcome::Unseen(why) | Outcome::Hidden(why) => {
                self.unseen.push(format!("{check} {}: {why}", seen.object))
            }
            Outcome::Lacking(why) => {
                self.lacking.push(format!("{check} {}: {why}", seen.object));
            }
            _ => {}
        }
    }

    /// What the verdict says of all of it. What could not be seen is never taken for sound; where
    /// all that a server lacks is amcheck, the rows are proved nevertheless, and the words say so.
    fn close(mut self, origin: Origin<'_>, findings: &mut Findings<'_>) -> Result<String> {
        if origin.is_live() {
            self.unseen.append(&mut self.lacking);
            if let Some(unseen) = in_short(&self.unseen) {
                findings.unprovable(&unseen);
            }
            return Ok(self.held.join(", "));
        }
        if let Some(unseen) = in_short(&self.unseen) {
            findings.unprovable(&format!(
                "restored, and not all could be looked at: {unseen}"
            ));
        }
        let faults =
            in_short(&self.inherited).map(|faults| format!("; as in the source, {faults}"));
        let lacking = in_short(&self.lacking).map(|what| format!("; not looked at: {what}"));
        Ok(faults.unwrap_or_default() + &lacking.unwrap_or_default())
    }
}

/// The first, and how many more.
fn in_short(words: &[String]) -> Option<String> {
    match words {
        [] => None,
        [one] => Some(one.clone()),
        [first, rest @ ..] => Some(format!("{first} (and {} more)", rest.len())),
    }
}
