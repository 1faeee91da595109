//! Choosing and ending, again and again: whoever goes on by itself once others are gone is not ended.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use shared::{Result, signals};

use crate::act::Source;
use crate::cases::Case;
use crate::cli::Which;
use crate::forest::{Node, Ways};
use crate::run::{MOST_VOTES, Run};
use crate::sight::Sight;
use crate::victims::{self, Fate, Identity, Plan, Planned, identity};

/// Who was let go by one may have to wait for the next one, as behind two that share a row; it comes
/// to that a moment later.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// From one look to the next.
pub const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The same while nothing is to be done soon.
const BETWEEN_GLANCES: Duration = Duration::from_millis(100);

/// What is to be done after one look.
struct Round {
    /// With whom.
    cases: Vec<Case>,
    /// Whether it is too early to do it with some.
    is_early: bool,
    /// And with these, if they wait still when those are gone.
    later: Vec<Case>,
    /// So many more would be in them, but for the limit.
    beyond: usize,
    /// Heads whose end would free nobody.
    vain: Vec<Case>,
    /// Who waited not long ago.
    waited: HashSet<Identity>,
}

impl Run<'_> {
    /// Chooses and ends, as long as there are heads, or such as wait still; what was seen last.
    pub fn rounds(&mut self, source: &mut Source) -> Result<Sight> {
        self.ask_again();
        let mut votes = 0;
        let mut until = Instant::now();
        let mut in_vain = None;
        loop {
            let sight = source.look(self.options)?;
            self.say_unsure(&sight);
            let mut round = self.round(&sight);
            self.tell_departed(&sight, &round.cases)?;
            self.say_doubts(&sight, &round.cases);
            self.check_share(&sight, round.cases.iter().chain(&round.later))?;
            if self.put_to_the_vote(&mut round.cases)? {
                votes += 1;
                if votes > MOST_VOTES {
                    self.say_undecided();
                    return Ok(sight);
                }
                continue;
            }
            if round.cases.is_empty() && round.is_early && self.options.watch.every.is_none() {
                signals::sleep(BETWEEN_GLANCES)?;
                continue;
            }
            if round.cases.is_empty() && !round.vain.is_empty() {
                // Who reads for a moment only holds the same for no longer.
                let since = *in_vain.get_or_insert_with(Instant::now);
                if since.elapsed() < PATIENCE && !self.options.manner.dry_run {
                    signals::sleep(BETWEEN_LOOKS)?;
                    continue;
                }
                self.leave_vain(round.vain)?;
                return Ok(sight);
            }
            in_vain = None;
            if round.cases.is_empty() {
                if sight.may_wait_again(&round.waited) && Instant::now() < until {
                    signals::sleep(BETWEEN_LOOKS)?;
                    continue;
                }
                self.say_who_is_next(&sight, &round.waited);
                return Ok(sight);
            }
            self.say_cheaper(&sight, &round.cases);
            self.show_trees(&sight, &round.cases)?;
            let beyond = round.beyond;
            if self.end(source, round)? {
                self.say_beyond(beyond);
                return Ok(sight);
            }
            until = Instant::now() + PATIENCE;
        }
    }

    /// Who is chosen of those who are seen.
    fn round(&mut self, sight: &Sight) -> Round {
        let which = self.options.which();
        let waited = self.who_waited(sight);
        let mut wish = self.wish(which, &waited, &sight.matching.doubts);
        let is_dry = self.options.manner.dry_run;
        // Those who are put off leave their places to others, look by look.
        let puts_off = which != Which::Heads && self.options.by_wait();
        if is_dry && puts_off {
            wish.most = usize::MAX;
        }
        let mut plan = victims::choose(
            &sight.snapshot,
            &sight.forest,
            &sight.matching.places,
            &wish,
        );
        if which == Which::Heads && !is_dry {
            one_round(sight, &mut plan);
        }
        let vain = self.cases(sight, plan.vain);
        let mut cases = self.cases(sight, plan.cases);
        let mut later = match puts_off {
            true => put_off(sight, &mut cases, |identity| waited.contains(identity)),
            false => Vec::new(),
        };
        if is_dry {
            let words = "if it waits still when those before it are gone";
            later.iter_mut().for_each(|case| case.proviso = Some(words));
            cases.append(&mut later);
            plan.beyond += cut(&mut cases, self.remaining());
        }
        let is_early = !is_dry && self.suspicion.hold(sight, &mut cases, Instant::now());
        Round {
            cases,
            is_early,
            later,
            vain,
            beyond: plan.beyond,
            waited,
        }
    }

    /// Says of these that their end would free nobody; in a loop once, because the next look may find them
    /// without the others.
    fn leave_vain(&mut self, cases: Vec<Case>) -> Result<()> {
        let is_loop = self.options.watch.every.is_some();
        for case in cases {
            let is_new = self.in_vain.insert(case.identity);
            if is_new && let Fate::Spared(_, words) = &case.fate {
                let pid = case.record.pid;
                self.context.warn(format!("{pid} is left alone: {words}"));
            }
            if !is_loop {
                self.tell(&case)?;
            }
        }
        Ok(())
    }

    /// Ends these; whether that is all.
    fn end(&mut self, source: &mut Source, round: Round) -> Result<bool> {
        let (ended, settled) = (self.ended(), self.settled());
        self.settle(source, round.cases)?;
        if self.options.manner.dry_run || self.remaining() == 0 {
            return Ok(true);
        }
        Ok(match self.options.which() {
            // Where the first heads were not what they seemed to be, the next ones are not what
            // was asked for.
            Which::Heads => self.ended() == ended,
            // Whoever turned out not to be what was seen leaves a place to the next.
            _ => {
                let is_all = round.later.is_empty() && round.beyond == 0;
                is_all || self.settled() == settled
            }
        })
    }

    /// Who was seen waiting so lately that it can't be what others have waited for: it got the lock
    /// since. Without `--blocking-for` that is said of the whole run.
    fn who_waited(&mut self, sight: &Sight) -> HashSet<Identity> {
        let now = Instant::now();
        self.remember_waiting(sight, now);
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

    fn cases(&self, sight: &Sight, planned: Vec<Planned>) -> Vec<Case> {
        let cases = planned.into_iter().map(|planned| {
            let record = sight.record(planned.node, &self.rules);
            let identity = identity(&sight.snapshot, sight.forest.nodes[planned.node].who);
            Case::new(Some(planned.node), identity, record, planned.fate)
        });
        cases.collect()
    }
}

/// Leaves so many victims; how many more there were. Who can't be ended takes nobody's place.
fn cut(cases: &mut Vec<Case>, most: usize) -> usize {
    let mut victims = 0;
    cases.retain(|case| {
        victims += usize::from(case.is_victim());
        !case.is_victim() || victims <= most
    });
    victims.saturating_sub(most)
}

/// Takes those out that would go on if the others of them were gone; or wait only for such as got what they
/// waited for a moment ago.
pub fn put_off(
    sight: &Sight,
    cases: &mut Vec<Case>,
    waited: impl Fn(&Identity) -> bool,
) -> Vec<Case> {
    let ways = Ways::of(&sight.forest, &sight.snapshot);
    let goes_on = |node: &Node| node.wait.is_none() && waited(&identity(&sight.snapshot, node.who));
    let nodes = &sight.forest.nodes;
    let mut gone: Vec<usize> = (0..nodes.len())
        .filter(|place| goes_on(&nodes[*place]))
        .collect();
    let mut waits = ways.waits_without(&gone);
    let mut can_wait = |case: &mut Case| {
        let Some(node) = case.node.filter(|_| case.is_victim()) else {
            return false;
        };
        if nodes[node].wait.is_some() && !waits[node] {
            return true;
        }
        gone.push(node);
        waits = ways.waits_without(&gone);
        false
    };
    cases.extract_if(.., |case| can_wait(case)).collect()
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
