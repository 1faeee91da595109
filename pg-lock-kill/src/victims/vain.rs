//! Heads whose end alone frees nobody, because others hold the same: to end one of several readers in front of an
//! `ALTER TABLE` loses its work, and all wait on.

use crate::forest::{Forest, Ways, Who};
use crate::outcome::Outcome;
use crate::snapshot::Snapshot;

use super::{Fate, Planned};

/// So many are named.
const NAMED: usize = 3;

/// The heads in the order in which their ends help.
#[derive(Debug, Default)]
pub struct Weighed {
    /// First those whose end frees somebody, then those who do so together, as many as may be ended.
    pub cases: Vec<Planned>,
    /// Those whose end would be in vain, and why.
    pub vain: Vec<Planned>,
}

/// Weighs heads of which so many may be ended, when so many have been.
pub fn weigh(
    snapshot: &Snapshot,
    forest: &Forest,
    planned: Vec<Planned>,
    most: usize,
    ended: usize,
) -> Weighed {
    let (mut open, cases): (Vec<Planned>, Vec<Planned>) =
        (planned.into_iter()).partition(|one| is_doubtful(forest, one));
    let mut weighed = Weighed {
        cases,
        vain: Vec::new(),
    };
    if open.is_empty() {
        return weighed;
    }
    let together = Together {
        forest,
        ways: Ways::of(forest, snapshot),
    };
    // Who can't be ended at once keeps none of the others from it.
    let mut left = open.iter().map(|one| one.node).collect::<Vec<_>>();
    while let Some(group) = together.least(&left) {
        left.retain(|node| !group.contains(node));
        let some: Vec<_> = open
            .extract_if(.., |one| group.contains(&one.node))
            .collect();
        match group.len() <= most {
            true => weighed.cases.extend(some),
            false => weighed.vain.extend(some.into_iter().map(|one| {
                let words = too_many(snapshot, forest, &one, &group, ended);
                spared(one, words)
            })),
        }
    }
    let words = "its end would free nobody, nor would that of all who match: others hold the same";
    weighed
        .vain
        .extend(open.into_iter().map(|one| spared(one, words.to_string())));
    weighed
}

/// Of a guess, and in a circle, whom it frees is known otherwise.
fn is_doubtful(forest: &Forest, planned: &Planned) -> bool {
    let node = &forest.nodes[planned.node];
    let is_victim = matches!(planned.fate, Fate::Signal(..));
    is_victim && node.frees == 0 && !node.in_cycle && !node.is_suspect
}

fn spared(planned: Planned, words: String) -> Planned {
    Planned {
        fate: Fate::Spared(Outcome::NotApplicable, words),
        ..planned
    }
}

fn too_many(
    snapshot: &Snapshot,
    forest: &Forest,
    one: &Planned,
    group: &[usize],
    ended: usize,
) -> String {
    let pid = |node: usize| match forest.nodes[node].who {
        Who::Session(place) => snapshot.sessions[place].pid.to_string(),
        Who::Prepared(_) => "a prepared transaction".to_string(),
    };
    let others = group.iter().filter(|node| **node != one.node);
    let mut names: Vec<String> = others.take(NAMED).map(|node| pid(*node)).collect();
    if let Some(more) = (group.len() - 1)
        .checked_sub(NAMED)
        .filter(|more| *more > 0)
    {
        names.push(format!("{more} more"));
    }
    let cheaper = forest.nodes[one.node].cheaper.map(pid);
    let cheaper = cheaper.map(|pid| format!(", or end {pid}, which stands in front of the others"));
    format!(
        "its end alone would free nobody, for that of {} is needed, too: --max {}{}",
        names.join(" and "),
        ended + group.len(),
        cheaper.unwrap_or_default()
    )
}

struct Together<'a> {
    forest: &'a Forest,
    ways: Ways<'a>,
}

impl Together<'_> {
    /// Some of these whose ends together free somebody, and would not if any were left out; the first ones.
    fn least(&self, nodes: &[usize]) -> Option<Vec<usize>> {
        let mut group = nodes.to_vec();
        if !self.frees(&group) {
            return None;
        }
        for node in nodes.iter().rev() {
            let without: Vec<usize> = group.iter().copied().filter(|one| one != node).collect();
            if self.frees(&without) {
                group = without;
            }
        }
        Some(group)
    }

    fn frees(&self, gone: &[usize]) -> bool {
        let waits = self.ways.waits_without(gone);
        let nodes = self.forest.nodes.iter().zip(waits);
        let mut freed = nodes.map(|(node, waits)| node.wait.is_some() && !waits);
        freed.any(|is_freed| is_freed)
    }
}
