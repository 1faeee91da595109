//! From the queues to the forest.

use std::cmp::Reverse;
use std::time::Duration;

use super::actors::Actors;
use super::components::{Behind, Components};
use super::graph::Graph;
use super::holders::{self, Front, Others};
use super::parents::{self, Blocker, Known, Rank};
use super::queues::{Queue, queues};
use super::replay::Replay;
use super::{Forest, Node, Wait, Who, cheaper, dominators, waits};
use crate::snapshot::{Mode, Snapshot, Tag};

/// What is known of each actor, while the forest grows.
struct Growth<'a> {
    snapshot: &'a Snapshot,
    actors: Actors<'a>,
    waits: Vec<Option<Wait>>,
    holds: Vec<Option<(Tag, Mode)>>,
    rows: Vec<Option<Tag>>,
    circles: Vec<Option<usize>>,
    blockers: Vec<Option<Blocker>>,
    behind: Vec<Behind>,
    freed: Vec<usize>,
    others: Vec<Others>,
    fronts: Vec<Front>,
    replay: Option<Replay>,
}

pub fn forest(snapshot: &Snapshot) -> Forest {
    let count = snapshot.sessions.len() + snapshot.prepared.len();
    let actors = Actors::of(snapshot);
    let queues = queues(snapshot, &actors);
    let safe_snapshots = beside_locks(snapshot, &actors);
    let graph = graph_of(&queues, &safe_snapshots, count);
    let components = Components::of(&graph);
    let circles: Vec<_> = (0..count)
        .map(|actor| Some(components.of[actor]).filter(|&of| components.is_cycle(&graph, of)))
        .collect();
    let waits = waits::waits(snapshot, &queues, &actors, count);
    let durations: Vec<Option<Duration>> = waits
        .iter()
        .map(|wait| wait.as_ref().and_then(|wait| wait.since))
        .collect();
    let holds = waits::holds(&queues, count);
    let mut growth = Growth {
        snapshot,
        rows: waits::rows(snapshot, &queues, &actors, &waits, &holds),
        holds,
        behind: components.behind(&graph, &durations),
        freed: Vec::new(),
        others: Vec::new(),
        fronts: Vec::new(),
        replay: Replay::of(snapshot),
        blockers: vec![None; count],
        actors,
        waits,
        circles,
    };
    growth.choose_parents(&queues, &safe_snapshots);
    let parents = growth.cut_circles();
    growth.count_freed(graph, &parents);
    growth.fronts = holders::fronts(&queues, &growth.waits, &growth.freed);
    let mut forest = growth.plant(&parents);
    cheaper::mark(&mut forest, snapshot);
    forest
}

/// Who waits for whom.
pub fn graph(snapshot: &Snapshot, actors: &Actors<'_>) -> Graph {
    let count = snapshot.sessions.len() + snapshot.prepared.len();
    let queues = queues(snapshot, actors);
    graph_of(&queues, &beside_locks(snapshot, actors), count)
}

fn graph_of(queues: &[Queue<'_>], beside: &[(usize, usize)], count: usize) -> Graph {
    let mut graph = Graph::new(count);
    graph.add_queues(queues);
    for &(blocker, waiter) in beside {
        graph.add(blocker, waiter);
    }
    graph
}

/// Blockers and waiters of what is no lock.
fn beside_locks(snapshot: &Snapshot, actors: &Actors<'_>) -> Vec<(usize, usize)> {
    let mut pairs = safe_snapshots(snapshot, actors);
    if let Some(replay) = Replay::of(snapshot) {
        let suspects = replay.suspects.iter();
        pairs.extend(suspects.map(|suspect| (*suspect, replay.startup)));
    }
    pairs.extend(waits::pins(snapshot, actors));
    pairs
}

/// Blockers and waiters.
fn safe_snapshots(snapshot: &Snapshot, actors: &Actors<'_>) -> Vec<(usize, usize)> {
    let pairs = snapshot.safe_snapshots.iter().flat_map(|one| {
        let waiter = actors.of_pid(one.pid);
        let prepared = one.prepared.iter().map(|own| actors.of_prepared(own));
        let blockers = one.blockers.iter().map(|&pid| actors.of_pid(pid));
        let all = blockers.chain(prepared);
        all.map(move |blocker| Some((blocker?, waiter?)))
    });
    pairs
        .flatten()
        .filter(|(blocker, waiter)| blocker != waiter)
        .collect()
}

impl Growth<'_> {
    fn choose_parents(&mut self, queues: &[Queue<'_>], safe_snapshots: &[(usize, usize)]) {
        let ranks: Vec<Rank> = (0..self.waits.len())
            .map(|actor| self.rank(actor))
            .collect();
        let known = Known {
            ranks: &ranks,
            circles: &self.circles,
        };
        for queue in queues {
            parents::choose(queue, &known, &mut self.blockers);
        }
        for &(blocker, waiter) in safe_snapshots {
            let known = self.blockers[waiter];
            if known.is_none_or(|known| ranks[blocker] < ranks[known.actor]) {
                self.blockers[waiter] = Some(Blocker {
                    actor: blocker,
                    is_soft: false,
                });
            }
        }
        self.others = holders::others(queues, &self.blockers, &ranks);
        if let Some(replay) = &self.replay {
            let drawn = self.blockers[replay.startup].map(|blocker| blocker.actor);
            let others = replay.suspects.iter().copied();
            let others: Vec<usize> = others.filter(|other| Some(*other) != drawn).collect();
            self.others[replay.startup] = Others::of(others);
        }
        for (wait, blocker) in self.waits.iter_mut().zip(&self.blockers) {
            if let (Some(wait), Some(blocker)) = (wait, blocker) {
                wait.is_soft = blocker.is_soft;
            }
        }
    }

    fn rank(&self, actor: usize) -> Rank {
        let began = match self.actors.who(actor) {
            Who::Session(place) => self.snapshot.sessions[place].xact_start,
            Who::Prepared(place) => Some(self.snapshot.prepared[place].prepared),
        };
        let began = began.map_or(i128::MAX, |began| began.unix_timestamp_nanos());
        (self.waits[actor].is_some(), began, actor)
    }

    /// Below whom each is drawn: a circle is cut open at the one who has waited longest, who stands
    /// at the head of a tree then.
    fn cut_circles(&self) -> Vec<Option<usize>> {
        let mut parents: Vec<Option<usize>> = self
            .blockers
            .iter()
            .map(|blocker| blocker.map(|blocker| blocker.actor))
            .collect();
        let mut seen = vec![usize::MAX; parents.len()];
        for start in 0..parents.len() {
            let mut path = Vec::new();
            let mut next = Some(start);
            while let Some(actor) = next.filter(|&actor| seen[actor] == usize::MAX) {
                seen[actor] = start;
                path.push(actor);
                next = parents[actor];
            }
            let again = next.filter(|&actor| seen[actor] == start);
            let circle = again.and_then(|again| path.iter().position(|&actor| actor == again));
            if let Some(circle) = circle {
                let waited = |&&actor: &&usize| (self.since(actor), Reverse(actor));
                if let Some(&longest) = path[circle..].iter().max_by_key(waited) {
                    parents[longest] = None;
                }
            }
        }
        parents
    }

    fn since(&self, actor: usize) -> Option<Duration> {
        self.waits[actor].as_ref().and_then(|wait| wait.since)
    }

    fn count_freed(&mut self, mut graph: Graph, parents: &[Option<usize>]) {
        let mut heads: Vec<usize> = (0..parents.len())
            .filter(|&actor| parents[actor].is_none() && self.is_in(actor))
            .collect();
        if let Some(replay) = self.replay.as_ref().filter(|one| !one.others.is_empty()) {
            // One of the others may be in its way as well.
            heads.push(graph.arrows.len());
            graph.arrows.push(vec![replay.startup]);
        }
        self.freed = dominators::freed(&graph, &heads, &self.circles);
        // To end one of a circle cuts it, but not another one that it is not in.
        for actor in (0..parents.len()).filter(|&actor| self.circles[actor].is_some()) {
            self.freed[actor] = dominators::freed_in_turn(&graph, actor);
        }
    }

    /// Whether it blocks or waits.
    fn is_in(&self, actor: usize) -> bool {
        self.waits[actor].is_some() || self.behind[actor].count > 0
    }

    /// In tree order: those with the most behind them first, then those who have waited longest, then the
    /// oldest transactions.
    fn plant(mut self, parents: &[Option<usize>]) -> Forest {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
        let mut heads = Vec::new();
        for actor in (0..parents.len()).filter(|&actor| self.is_in(actor)) {
            match parents[actor] {
                Some(parent) => children[parent].push(actor),
                None => heads.push(actor),
            }
        }
        let order = |actor: &usize| {
            let behind = self.behind[*actor];
            (
                Reverse(behind.count),
                Reverse(self.since(*actor).max(behind.longest)),
                self.rank(*actor),
            )
        };
        heads.sort_by_key(order);
        children
            .iter_mut()
            .for_each(|children| children.sort_by_key(order));
        let mut nodes = Vec::new();
        let mut places = vec![usize::MAX; parents.len()];
        let mut stack: Vec<(usize, Option<usize>, usize)> = heads
            .into_iter()
            .rev()
            .map(|head| (head, None, 0))
            .collect();
        while let Some((actor, parent, depth)) = stack.pop() {
            places[actor] = nodes.len();
            let below = children[actor].iter().rev();
            stack.extend(below.map(|&child| (child, Some(nodes.len()), depth + 1)));
            nodes.push((actor, parent, depth));
        }
        let nodes = nodes.into_iter().map(|(actor, parent, depth)| Node {
            who: self.actors.who(actor),
            depth,
            parent,
            blocker: self.blockers[actor].map(|blocker| places[blocker.actor]),
            wait: self.waits[actor].take(),
            holds: self.holds[actor].take(),
            others: {
                let Others { count, named } = std::mem::take(&mut self.others[actor]);
                (
                    count,
                    named.into_iter().map(|actor| places[actor]).collect(),
                )
            },
            front: self.fronts[actor].waiter.map(|waiter| places[waiter]),
            keeps_waiting: self.fronts[actor].longest,
            row: self.rows[actor].take(),
            blocking: self.behind[actor].count,
            frees: self.freed[actor],
            longest_wait: self.behind[actor].longest,
            in_cycle: self.circles[actor].is_some(),
            is_suspect: (self.replay.as_ref()).is_some_and(|one| one.suspects.contains(&actor)),
            cheaper: None,
        });
        Forest {
            nodes: nodes.collect(),
        }
    }
}

pub fn with_others(mut forest: Forest, snapshot: &Snapshot) -> Forest {
    let mut others: Vec<usize> = (0..snapshot.sessions.len()).collect();
    others.retain(|&place| {
        let session = &snapshot.sessions[place];
        let is_in = forest
            .nodes
            .iter()
            .any(|node| node.who == Who::Session(place));
        session.backend_type == "client backend" && session.pid != snapshot.own_pid && !is_in
    });
    others.sort_by_key(|&place| {
        let session = &snapshot.sessions[place];
        (
            session.xact_start.is_none(),
            session.xact_start,
            session.state_change,
            session.pid,
        )
    });
    forest.nodes.extend(others.into_iter().map(|place| Node {
        who: Who::Session(place),
        depth: 0,
        parent: None,
        blocker: None,
        wait: None,
        holds: None,
        others: (0, Vec::new()),
        front: None,
        keeps_waiting: None,
        row: None,
        blocking: 0,
        frees: 0,
        longest_wait: None,
        in_cycle: false,
        is_suspect: false,
        cheaper: None,
    }));
    forest
}
