//! Which of the sessions that match are to be ended, and what is to be done with each: a plan. Nothing is
//! done here.

mod vain;

use std::collections::{BTreeMap, HashSet};

use shared::time::Time;

use crate::cli::{Action, Which};
use crate::forest::{Forest, Node, Who};
use crate::outcome::Outcome;
use crate::protection::Rules;
use crate::signal::Guard;
use crate::snapshot::{Session, Snapshot};
use crate::words;

use vain::weigh;

/// A session in a certain transaction, or resting since a certain moment: what was dealt with once is not
/// dealt with again.
pub type Identity = (i32, Option<Time>, Option<Time>);

/// What is asked for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Which of those that match.
    pub which: Which,
    /// So many at most.
    pub most: usize,
    /// So many have been ended.
    pub ended: usize,
    /// What to do with them.
    pub action: Action,
    /// Who is left alone.
    pub rules: &'a Rules,
    /// Who is left alone because it can't be said whether they match, by their places in the forest, and why.
    pub doubts: &'a BTreeMap<usize, String>,
    /// Whether they were chosen by what they do, so that they must not have done anything since.
    pub by_state: bool,
    /// Whether those who wait were chosen because they do.
    pub by_wait: bool,
    /// Who is not looked at any more.
    pub settled: &'a HashSet<Identity>,
    /// Who waited before: whoever got the lock because we ended somebody is no victim, where they are
    /// chosen because they block or wait.
    pub waited: &'a HashSet<Identity>,
}

/// What is to be done, and with whom.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order in which it is done.
    pub cases: Vec<Planned>,
    /// So many more would have been chosen, but for the limit.
    pub beyond: usize,
    /// Heads that are left alone because nobody would go on.
    pub vain: Vec<Planned>,
}

/// One of them.
#[derive(Debug)]
pub struct Planned {
    /// Its place in the forest.
    pub node: usize,
    /// What is done with it.
    pub fate: Fate,
}

/// What is done with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is signalled.
    Signal(Step, Guard),
    /// It is not.
    Spared(Outcome, String),
}

/// In which steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its statement is cancelled.
    Cancel,
    /// Its session is ended.
    Terminate,
    /// The one, then the other.
    Escalate,
}

/// Chooses among the nodes that match, given in tree order.
pub fn choose(snapshot: &Snapshot, forest: &Forest, matching: &[usize], wish: &Wish<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut counted = 0;
    let open = selected(snapshot, forest, matching, wish).into_iter();
    let open = open.filter(|node| {
        let identity = identity(snapshot, forest.nodes[*node].who);
        !wish.settled.contains(&identity)
    });
    let mut open: Vec<Planned> = open
        .map(|node| Planned {
            node,
            fate: fate(snapshot, forest, node, wish),
        })
        .collect();
    if wish.which == Which::Heads {
        let weighed = weigh(snapshot, forest, open, wish.most, wish.ended);
        (open, plan.vain) = (weighed.cases, weighed.vain);
    }
    for planned in open {
        let is_signalled = matches!(planned.fate, Fate::Signal(..));
        if counted == wish.most {
            plan.beyond += usize::from(is_signalled);
            continue;
        }
        // Who can't be ended takes nobody's place.
        counted += usize::from(is_signalled);
        plan.cases.push(planned);
    }
    plan
}

/// Who somebody is, and in which transaction.
pub fn identity(snapshot: &Snapshot, who: Who) -> Identity {
    match who {
        Who::Session(place) => {
            let session = &snapshot.sessions[place];
            identity_of(session)
        }
        // Numbers of prepared transactions below zero are nobody's process.
        Who::Prepared(place) => {
            let prepared = &snapshot.prepared[place];
            (-1, Some(prepared.prepared), None)
        }
    }
}

/// Who a session is, and in which transaction, or since when in none.
pub fn identity_of(session: &Session) -> Identity {
    let moment = session.xact_start.or(session.state_change);
    (session.pid, session.backend_start, moment)
}

fn selected(
    snapshot: &Snapshot,
    forest: &Forest,
    matching: &[usize],
    wish: &Wish<'_>,
) -> Vec<usize> {
    let start = |place: &usize| match forest.nodes[*place].who {
        Who::Session(session) => snapshot.sessions[session].xact_start,
        Who::Prepared(place) => Some(snapshot.prepared[place].prepared),
    };
    // Who may be meant is not who is left by itself.
    let is_left = |place: &usize| match wish.which {
        Which::AllButOldest => !wish.doubts.contains_key(place),
        _ => true,
    };
    let with_start = matching
        .iter()
        .filter(|place| is_left(place))
        .filter_map(|place| Some((start(place)?, *place)));
    let oldest = with_start
        .min_by_key(|(start, _)| *start)
        .map(|(_, place)| place);
    let all = matching.iter().copied().filter(|place| {
        let node = &forest.nodes[*place];
        let waited = || wish.waited.contains(&identity(snapshot, node.who));
        let by_tree = wish.by_wait || wish.which == Which::Heads;
        !(by_tree && node.wait.is_none() && waited())
    });
    match wish.which {
        Which::All => all.collect(),
        Which::Waiters => all
            .filter(|place| forest.nodes[*place].wait.is_some())
            .collect(),
        Which::Oldest => oldest.into_iter().collect(),
        // Whom to leave is not known where nobody is in a transaction.
        Which::AllButOldest => match oldest {
            Some(oldest) => all.filter(|place| *place != oldest).collect(),
            None => Vec::new(),
        },
        Which::Heads => all.filter(|place| forest.nodes[*place].is_head()).collect(),
    }
}

fn fate(snapshot: &Snapshot, forest: &Forest, node: usize, wish: &Wish<'_>) -> Fate {
    if let Some(why) = wish.doubts.get(&node) {
        return Fate::Spared(Outcome::Protected, why.clone());
    }
    let node = &forest.nodes[node];
    match node.who {
        Who::Prepared(place) => {
            let database = &snapshot.prepared[place].database;
            let words = format!(
                "a prepared transaction has no session: the remedy ends it, in the database {database}"
            );
            Fate::Spared(Outcome::NotApplicable, words)
        }
        Who::Session(place) => {
            fate_of_session(snapshot, &snapshot.sessions[place], Some(node), wish)
        }
    }
}

/// What is done with a session, which has this place in the forest.
pub fn fate_of_session(
    snapshot: &Snapshot,
    session: &Session,
    node: Option<&Node>,
    wish: &Wish<'_>,
) -> Fate {
    if session.backend_type == "startup" {
        let words = "the standby repeats what the primary did: end that on the primary";
        return Fate::Spared(Outcome::NotApplicable, words.into());
    }
    if let Some(why) = wish.rules.why(snapshot, session) {
        return Fate::Spared(Outcome::Protected, why);
    }
    if session.waits_for_standby() {
        return Fate::Spared(Outcome::NotApplicable, words::COMMITTED.into());
    }
    if is_later(snapshot, session) {
        let words = "it began what it is at after the locks were looked at: they are not known to be its own";
        return Fate::Spared(Outcome::Changed, words.into());
    }
    let guard = Guard::of(session, wish.by_state);
    let state = session.state.as_deref().unwrap_or_default();
    // An autovacuum worker is always at work.
    let runs = matches!(state, "active" | "fastpath function call")
        || session.backend_type == "autovacuum worker";
    let planned = match wish.action {
        Action::None | Action::Terminate => guard.map(|guard| (Step::Terminate, guard)),
        Action::Escalate(_) if !runs => guard.map(|guard| (Step::Terminate, guard)),
        Action::Cancel if !runs => {
            return Fate::Spared(Outcome::NotApplicable, useless(state));
        }
        Action::Escalate(_) => with_statement(guard, session, Step::Escalate),
        Action::Cancel => with_statement(guard, session, Step::Cancel),
    };
    match planned {
        Ok((step, guard)) => {
            let waits = node.is_some_and(|node| node.wait.is_some())
                && wish.by_wait
                && !has_workers(snapshot, session);
            Fate::Signal(step, Guard { waits, ..guard })
        }
        Err(why) => Fate::Spared(Outcome::NotApplicable, why),
    }
}

/// Of a parallel group another one than its leader may be who waits.
fn has_workers(snapshot: &Snapshot, leader: &Session) -> bool {
    let mut others = snapshot.sessions.iter();
    others.any(|other| other.pid != leader.pid && other.leader_pid == Some(leader.pid))
}

/// Whether it began its transaction, or came to rest, after the clock was read, which is before the
/// locks are: whatever its process held then, another transaction of it may have held.
fn is_later(snapshot: &Snapshot, session: &Session) -> bool {
    let moment = session.xact_start.or(session.state_change);
    moment.is_some_and(|moment| moment > snapshot.taken_at)
}

fn with_statement(
    guard: Result<Guard, String>,
    session: &Session,
    step: Step,
) -> Result<(Step, Guard), String> {
    Ok((step, guard?.with_statement(session)?))
}

fn useless(state: &str) -> String {
    let state = if state.is_empty() {
        "not active"
    } else {
        state
    };
    format!("it is {state} and runs no statement that could be cancelled: --terminate ends it")
}

#[cfg(test)]
mod tests;
