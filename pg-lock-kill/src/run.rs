//! One run: what was dealt with so far, and how it came out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Instant;

use shared::cli::Context;
use shared::{Error, Exit, Result, signals};

use crate::act::Source;
use crate::ballot::Ballot;
use crate::cases::{self, Case, Way};
use crate::claim::Own;
use crate::cli::{Action, Options, Which};
use crate::output::Output;
use crate::protection::Rules;
use crate::sight::Sight;
use crate::signal::Passes;
use crate::snapshot;
use crate::suspicion::Suspicion;
use crate::veto::Veto;
use crate::victims::{Identity, Wish};

/// So often the program of --exec is asked about new ones, before it is enough for one look.
pub const MOST_VOTES: usize = 5;

/// One run of the tool, which may look and act many times.
pub struct Run<'a> {
    /// What was asked for.
    pub options: &'a Options,
    /// Where to say it.
    pub context: &'a Context,
    /// Who is left alone.
    pub rules: Rules,
    /// The user's program.
    pub veto: Option<Veto>,
    /// What it said.
    pub ballot: Ballot,
    output: Output,
    /// Who was dealt with.
    pub settled: HashSet<Identity>,
    /// Who was seen waiting, and when last.
    pub waited: HashMap<Identity, Instant>,
    /// How many were signalled, or would have been.
    ended: usize,
    /// Who is still there though it was to end.
    left: HashSet<Identity>,
    /// Whether anything was told of anybody.
    has_told: bool,
    /// Whether some waited still when the watch that was to last until nobody does was over.
    pub is_unclear: bool,
    /// In a loop, our session as it was last known.
    pub own: Option<Own>,
    /// Whether it was looked at least once.
    pub has_looked: bool,
    /// Of whom it was said that their end would free nobody.
    pub in_vain: HashSet<Identity>,
    /// Whom replay seems to wait for.
    pub suspicion: Suspicion,
    /// Whether it was said that some can't be judged.
    pub is_unsure: bool,
    /// Of whom it was said that it is not known whether they match.
    pub doubted: HashSet<Identity>,
    /// In a loop, where what was seen before the first signal is kept.
    evidence: Option<PathBuf>,
}

impl<'a> Run<'a> {
    /// Nothing was done yet.
    pub fn new(options: &'a Options, context: &'a Context) -> Result<Self> {
        let veto = options.manner.exec.as_deref().map(Veto::of).transpose()?;
        Ok(Self {
            options,
            context,
            rules: Rules::of(options)?,
            veto,
            ballot: Ballot::default(),
            output: Output::open(options, context),
            settled: HashSet::new(),
            waited: HashMap::new(),
            ended: 0,
            left: HashSet::new(),
            has_told: false,
            is_unclear: false,
            own: None,
            has_looked: false,
            in_vain: HashSet::new(),
            suspicion: Suspicion::default(),
            is_unsure: false,
            doubted: HashSet::new(),
            evidence: options.watch.every.and(options.scope.save.clone()),
        })
    }

    /// Completes what is told; the status.
    pub fn finish(self) -> Result<Exit> {
        self.output.finish()?;
        Ok(match self.left.is_empty() && !self.is_unclear {
            true => Exit::Ok,
            false => Exit::Found,
        })
    }

    /// How many were dealt with.
    pub fn settled(&self) -> usize {
        self.settled.len()
    }

    /// How many were signalled, or would have been.
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// Whether anything was told of anybody.
    pub fn has_told(&self) -> bool {
        self.has_told
    }

    /// Keeps in mind who waits.
    pub fn remember_waiting(&mut self, sight: &Sight, now: Instant) {
        let waiting = sight.waiting().into_iter();
        self.waited.extend(waiting.map(|identity| (identity, now)));
    }

    /// How many more may be ended.
    pub fn remaining(&self) -> usize {
        self.options.victims.most.saturating_sub(self.ended)
    }

    /// Who is to be left alone, and what is to be done with the others.
    pub fn wish<'b>(
        &'b self,
        which: Which,
        waited: &'b HashSet<Identity>,
        doubts: &'b BTreeMap<usize, String>,
    ) -> Wish<'b> {
        Wish {
            which,
            most: self.remaining(),
            ended: self.ended,
            action: self.options.action,
            rules: &self.rules,
            doubts,
            by_state: self.options.filters.ask_of_state(),
            by_wait: self.options.by_wait(),
            settled: &self.settled,
            waited,
        }
    }

    /// Refuses to end more than the share of sessions that was allowed.
    pub fn check_share<'b>(
        &self,
        sight: &Sight,
        cases: impl Iterator<Item = &'b Case>,
    ) -> Result<()> {
        let Some(percent) = self.options.victims.most_percent else {
            return Ok(());
        };
        let own = sight.snapshot.own_pid;
        let sessions = sight.snapshot.sessions.iter();
        let sessions = sessions
            .filter(|session| session.backend_type == "client backend" && session.pid != own)
            .count();
        let victims = cases.filter(|case| case.is_victim()).count() + self.ended;
        if victims as f64 * 100.0 <= percent * sessions as f64 {
            return Ok(());
        }
        Err(Error::new(format!(
            "{victims} of {sessions} sessions would be ended, which is more than {percent}%"
        ))
        .with_hint(match self.ended {
            0 => "nobody was ended: narrow the filters, or raise --max-percent".to_string(),
            ended => format!("no more than the {ended} that were ended: raise --max-percent"),
        }))
    }

    /// In a loop: the trees of the victims, as they were before anybody was signalled, and before the first
    /// time all of it in the file.
    pub fn show_trees(&mut self, sight: &Sight, cases: &[Case]) -> Result<()> {
        let victims = cases.iter().filter(|case| case.is_victim());
        let nodes: Vec<usize> = victims.filter_map(|case| case.node).collect();
        if self.options.watch.every.is_none() || nodes.is_empty() {
            return Ok(());
        }
        if let Some(path) = self.evidence.take() {
            snapshot::save(&sight.snapshot, &path)?;
        }
        for place in sight.trees_of(&nodes) {
            let record = sight.record(place, &self.rules);
            self.output.write(&record)?;
        }
        self.output.flush()
    }

    /// Does what was planned, and tells how it came out.
    pub fn settle(&mut self, source: &mut Source, mut cases: Vec<Case>) -> Result<()> {
        self.note_victims(&cases);
        let done = self.carry_out(source, &mut cases);
        let settled = cases.iter().filter(|case| case.is_settled());
        self.settled.extend(settled.map(|case| case.identity));
        // What was done is told even if a signal tells us to stop.
        let told = signals::clean_up(|| {
            cases.iter().try_for_each(|case| self.tell(case))?;
            self.output.flush()
        });
        done.and(told.map_err(|error| with_results(error, &cases)))
    }

    fn carry_out(&mut self, source: &mut Source, cases: &mut [Case]) -> Result<()> {
        let escalates_after = match self.options.action {
            Action::Escalate(after) => Some(after),
            _ => None,
        };
        let victims = &self.options.victims;
        let passes = Passes {
            superusers: victims.include_superusers,
            autovacuum: victims.include_autovacuum,
        };
        let way = Way::of(&self.options.manner, escalates_after, passes);
        let done = match source {
            Source::Server(lookout) => {
                let connection = lookout.connection();
                cases::check_rights(connection, cases, self.ended == 0)
                    .and_then(|()| cases::carry_out(connection, cases, &way))
            }
            Source::File(_) => {
                cases::rehearse(cases);
                Ok(())
            }
        };
        self.ended += cases.iter().filter(|case| case.was_chosen()).count();
        done
    }

    /// Tells how it came out for one, if it did.
    pub fn tell(&mut self, case: &Case) -> Result<()> {
        let Some((record, outcome)) = case.told() else {
            return Ok(());
        };
        match case.is_left(outcome) {
            true => self.left.insert(case.identity),
            // One that was spared at first may have been ended then.
            false => self.left.remove(&case.identity),
        };
        self.has_told = true;
        self.note_outcome(&record);
        self.output.write(&record)
    }
}

/// Records that could not be written were about somebody all the same.
fn with_results(error: Error, cases: &[Case]) -> Error {
    let results = cases.iter().filter_map(|case| {
        let (record, _) = case.told()?;
        Some(format!("{}: {}", record.pid, record.result?))
    });
    let results: Vec<String> = results.collect();
    match results.is_empty() {
        true => error,
        false => error.with_detail(format!("what came of it: {}", results.join(", "))),
    }
}
