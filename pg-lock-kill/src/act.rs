//! Ending sessions: look, choose, signal, look what came of it, and look again.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use shared::cli::Context;
use shared::{Error, Exit, Result, signals};

use crate::cases::{self, Case, Way};
use crate::cli::{Action, Options, Which};
use crate::forest::Forest;
use crate::lookout::{self, Lookout};
use crate::outcome::Outcome;
use crate::output::Output;
use crate::protection::Rules;
use crate::sight::Sight;
use crate::signal::Passes;
use crate::snapshot::Snapshot;
use crate::veto::Veto;
use crate::victims::{self, Fate, Identity, Plan, Planned, Wish, identity};
use crate::{chosen, watch};

/// Who was let go by one may have to wait for the next one, as behind two that share a row; it comes
/// to that a moment later.
const PATIENCE: Duration = Duration::from_millis(500);
/// So often the program of --exec is asked about new ones, before it is enough for one look.
pub const MOST_VOTES: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Ends who is chosen, as the options say.
pub fn act(options: &Options, context: &Context) -> Result<Exit> {
    let mut run = Run::new(options, context)?;
    if options.watch.every.is_some() {
        watch::watch(&mut run)?;
    } else if options.scope.reads_stdin {
        chosen::end(&mut run)?;
    } else {
        let mut source = Source::open(options, context)?;
        let sight = run.rounds(&mut source)?;
        run.say_nobody(&sight);
    }
    run.finish()
}

/// Where snapshots come from.
pub enum Source {
    /// A server; a signal ends what it does for us.
    Server {
        /// The way to its snapshots.
        lookout: Box<Lookout>,
        /// As long as it lives.
        _cancels: signals::Guard,
    },
    /// A file: the same one again and again.
    File(Box<(Snapshot, Forest)>),
}

impl Source {
    /// Connects, or reads the file.
    pub fn open(options: &Options, context: &Context) -> Result<Self> {
        Ok(match &options.scope.snapshot {
            Some(path) => Self::File(Box::new(lookout::load(path)?)),
            None => Self::of(Lookout::open(options, context)?),
        })
    }

    /// Of a server.
    pub fn of(mut lookout: Lookout) -> Self {
        Self::Server {
            _cancels: lookout.connection().cancel_on_signal(),
            lookout: Box::new(lookout),
        }
    }

    /// Looks.
    pub fn look(&mut self, options: &Options) -> Result<Sight> {
        let seen = match self {
            Self::Server { lookout, .. } => lookout.look()?,
            Self::File(seen) => <(Snapshot, Forest)>::clone(seen),
        };
        Ok(Sight::of(options, seen))
    }
}

/// One run of the tool, which may look and act many times.
pub struct Run<'a> {
    /// What was asked for.
    pub options: &'a Options,
    /// Where to say it.
    pub context: &'a Context,
    /// Who is left alone.
    pub rules: Rules,
    veto: Option<Veto>,
    output: Output,
    /// Who was dealt with.
    settled: HashSet<Identity>,
    /// Who was seen waiting, and when last.
    waited: HashMap<Identity, Instant>,
    /// Whom the user's program let pass.
    approved: HashSet<Identity>,
    /// How many were signalled, or would have been.
    ended: usize,
    /// Whether one is still there that was to end.
    is_left: bool,
    /// Whether anything was told of anybody.
    has_told: bool,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, context: &'a Context) -> Result<Self> {
        let veto = options.manner.exec.as_deref().map(Veto::of).transpose()?;
        Ok(Self {
            options,
            context,
            rules: Rules::of(options)?,
            veto,
            output: Output::open(context),
            settled: HashSet::new(),
            waited: HashMap::new(),
            approved: HashSet::new(),
            ended: 0,
            is_left: false,
            has_told: false,
        })
    }

    fn finish(self) -> Result<Exit> {
        self.output.finish()?;
        Ok(match self.is_left {
            true => Exit::Found,
            false => Exit::Ok,
        })
    }

    /// Whether this one was dealt with.
    pub fn is_settled(&self, identity: &Identity) -> bool {
        self.settled.contains(identity)
    }

    /// How many more may be ended.
    pub fn remaining(&self) -> usize {
        self.options.victims.most.saturating_sub(self.ended)
    }

    /// Who is to be left alone, and what is to be done with the others.
    pub fn wish<'b>(&'b self, which: Which, waited: &'b HashSet<Identity>) -> Wish<'b> {
        Wish {
            which,
            most: self.remaining(),
            action: self.options.action,
            rules: &self.rules,
            by_state: self.options.filters.ask_of_state(),
            by_wait: self.options.filters.ask_of_wait(),
            settled: &self.settled,
            waited,
        }
    }

    /// Chooses and ends, again and again as long as there are heads; what was seen last.
    pub fn rounds(&mut self, source: &mut Source) -> Result<Sight> {
        let which = self.options.which();
        let (mut is_first, mut votes) = (true, 0);
        let mut until = Instant::now();
        loop {
            let sight = source.look(self.options)?;
            let waited = self.who_waited(&sight);
            let wish = self.wish(which, &waited);
            let mut plan = victims::choose(&sight.snapshot, &sight.forest, &sight.matching, &wish);
            self.say_beyond(&plan, is_first);
            is_first = false;
            if which == Which::Heads && !self.options.manner.dry_run {
                one_round(&sight, &mut plan);
            }
            let mut cases = self.cases(&sight, plan.cases);
            self.check_share(&sight, &cases)?;
            if self.put_to_the_vote(&mut cases)? {
                votes += 1;
                if votes > MOST_VOTES {
                    self.say_undecided();
                    return Ok(sight);
                }
                continue;
            }
            if cases.is_empty() {
                if sight.may_wait_again(&waited) && Instant::now() < until {
                    signals::sleep(BETWEEN_LOOKS)?;
                    continue;
                }
                return Ok(sight);
            }
            self.show_trees(&sight, &cases)?;
            let before = self.ended;
            self.settle(source, cases)?;
            // Where the first heads can't be ended, or were not what they seemed to be, the next
            // ones are not what was asked for.
            let is_done = which != Which::Heads || self.options.manner.dry_run;
            if is_done || self.remaining() == 0 || self.ended == before {
                return Ok(sight);
            }
            until = Instant::now() + PATIENCE;
        }
    }

    /// Who was seen waiting so lately that it can't be what others have waited for: it got the lock
    /// since. Without `--blocking-for` that is said of the whole run.
    fn who_waited(&mut self, sight: &Sight) -> HashSet<Identity> {
        let now = Instant::now();
        let seen = sight.waiting().into_iter().map(|identity| (identity, now));
        self.waited.extend(seen);
        let lately = self.options.filters.blocking_for();
        let waited = self
            .waited
            .iter()
            .filter(|(_, last)| lately.is_none_or(|lately| now.duration_since(**last) < lately));
        // Members of a circle wait, and are what others wait for.
        let circles = sight.forest.nodes.iter().filter(|node| node.in_cycle);
        let circles: HashSet<Identity> = circles
            .map(|node| identity(&sight.snapshot, node.who))
            .collect();
        let waited = waited.map(|(identity, _)| *identity);
        waited
            .filter(|identity| !circles.contains(identity))
            .collect()
    }

    /// The program of `--exec` was asked again and again, and always about others.
    pub fn say_undecided(&self) {
        self.context
            .warn("nobody was ended: each time --exec had decided, others were in the way");
    }

    fn say_beyond(&self, plan: &Plan, is_first: bool) {
        if plan.beyond > 0 && (is_first || plan.cases.is_empty()) {
            let most = self.options.victims.most;
            let beyond = plan.beyond;
            let is_victim = |planned: &Planned| matches!(planned.fate, Fate::Signal(..));
            self.context.warn(match plan.cases.iter().any(is_victim) {
                false if !plan.cases.is_empty() => format!(
                    "{beyond} more match and are left alone: nobody is ended in the place of the worst, \
                     which can't be; filters or a larger --max come to them"
                ),
                _ => format!("{beyond} more match and are left alone: --max {most}"),
            });
        }
    }

    /// Where some wait and nobody was chosen, as with a name that is misspelt: silence would look as if it
    /// was done. Who asks for long waits, or many, expects that most often there are none.
    fn say_nobody(&self, sight: &Sight) {
        let nodes = &sight.forest.nodes;
        let waiting = nodes.iter().filter(|node| node.wait.is_some()).count();
        if self.has_told || waiting == 0 || self.options.scope.sessions {
            return;
        }
        let heads = nodes.iter().filter(|node| node.depth == 0).count();
        let matching = sight.matching.iter();
        let matching = matching.filter(|place| nodes[**place].wait.is_some());
        let hint = match matching.count() {
            0 => String::new(),
            many => format!("; {many} that match wait themselves: --victims all"),
        };
        let words =
            format!("nobody was chosen, and {waiting} wait: of {heads} heads none matches{hint}");
        match self.options.filters.ask_how_much() {
            true => self.context.note(words),
            false => self.context.warn(words),
        }
    }

    fn cases(&self, sight: &Sight, planned: Vec<Planned>) -> Vec<Case> {
        let cases = planned.into_iter().map(|planned| {
            let record = sight.record(planned.node, &self.rules);
            let identity = identity(&sight.snapshot, sight.forest.nodes[planned.node].who);
            Case::new(Some(planned.node), identity, record, planned.fate)
        });
        cases.collect()
    }

    /// Refuses to end more than the share of sessions that was allowed.
    pub fn check_share(&self, sight: &Sight, cases: &[Case]) -> Result<()> {
        let Some(percent) = self.options.victims.most_percent else {
            return Ok(());
        };
        let own = sight.snapshot.own_pid;
        let sessions = sight.snapshot.sessions.iter();
        let sessions = sessions
            .filter(|session| session.backend_type == "client backend" && session.pid != own)
            .count();
        let victims = cases.iter().filter(|case| case.is_victim()).count() + self.ended;
        if victims as f64 * 100.0 <= percent * sessions as f64 {
            return Ok(());
        }
        Err(Error::new(format!(
            "{victims} of {sessions} sessions would be ended, which is more than {percent}%"
        ))
        .with_hint("nobody was ended: narrow the filters, or raise --max-percent"))
    }

    /// Asks the user's program about those it was not asked about yet; whether there were any: that
    /// takes time, so that one has to look again.
    pub fn put_to_the_vote(&mut self, cases: &mut [Case]) -> Result<bool> {
        let Some(veto) = self.veto.as_ref().filter(|_| !self.options.manner.dry_run) else {
            return Ok(false);
        };
        let mut spared = Vec::new();
        let mut was_asked = false;
        for case in cases.iter_mut().filter(|case| case.is_victim()) {
            if self.approved.contains(&case.identity) {
                continue;
            }
            was_asked = true;
            match veto.ask(&case.announced())? {
                None => drop(self.approved.insert(case.identity)),
                Some(why) => {
                    case.spare(Outcome::Vetoed, why);
                    spared.push(case.identity);
                }
            }
        }
        for case in cases.iter().filter(|case| spared.contains(&case.identity)) {
            self.tell(case)?;
        }
        self.settled.extend(spared);
        Ok(was_asked)
    }

    /// In a loop: the trees of the victims, as they were before anybody was signalled.
    fn show_trees(&mut self, sight: &Sight, cases: &[Case]) -> Result<()> {
        let victims = cases.iter().filter(|case| case.is_victim());
        let nodes: Vec<usize> = victims.filter_map(|case| case.node).collect();
        if self.options.watch.every.is_none() || nodes.is_empty() {
            return Ok(());
        }
        for place in sight.trees_of(&nodes) {
            let record = sight.record(place, &self.rules);
            self.output.write(&record)?;
        }
        self.output.flush()
    }

    /// Does what was planned, and tells how it came out.
    pub fn settle(&mut self, source: &mut Source, mut cases: Vec<Case>) -> Result<()> {
        let done = self.carry_out(source, &mut cases);
        let settled = cases.iter().filter(|case| case.is_settled());
        self.settled.extend(settled.map(|case| case.identity));
        // What was done is told even if a signal tells us to stop.
        let told = signals::clean_up(|| {
            cases.iter().try_for_each(|case| self.tell(case))?;
            self.output.flush()
        });
        done.and(told)
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
            Source::Server { lookout, .. } => {
                let connection = lookout.connection();
                cases::check_rights(connection, cases)
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

    fn tell(&mut self, case: &Case) -> Result<()> {
        let Some((record, outcome)) = case.told() else {
            return Ok(());
        };
        self.is_left |= case.is_left(outcome);
        self.has_told = true;
        self.output.write(&record)
    }
}

/// What can be done at once: heads whose trees have nothing to do with each other. Of those that
/// block the same sessions, one, because its end may be enough.
fn one_round(sight: &Sight, plan: &mut Plan) {
    let is_alone = |planned: &Planned| {
        sight.forest.nodes[planned.node].frees > 0 || matches!(planned.fate, Fate::Spared(..))
    };
    let is_victim = |planned: &Planned| matches!(planned.fate, Fate::Signal(..));
    let some = plan
        .cases
        .iter()
        .any(|planned| is_victim(planned) && is_alone(planned));
    let mut first = true;
    plan.cases.retain(|planned| {
        let stays = is_alone(planned) || (!some && first);
        first &= !(is_victim(planned) && stays);
        stays
    });
}
