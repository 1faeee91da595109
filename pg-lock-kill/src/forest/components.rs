//! Who waits for himself by way of others: the strongly connected components of the graph, by Tarjan's
//! algorithm without recursion; and what can be counted along them.

use std::time::Duration;

use super::graph::Graph;

/// The components, each after all that it leads to.
#[derive(Debug)]
pub struct Components {
    /// The nodes of each.
    pub members: Vec<Vec<usize>>,
    /// The component of each node.
    pub of: Vec<usize>,
}

/// What is behind an actor.
#[derive(Debug, Clone, Copy, Default)]
pub struct Behind {
    /// How many wait for it, directly or behind others.
    pub count: usize,
    /// The longest of their waits.
    pub longest: Option<Duration>,
}

const UNSEEN: usize = usize::MAX;

impl Components {
    /// Those of a graph.
    pub fn of(graph: &Graph) -> Self {
        let mut search = Search::new(graph);
        for node in 0..graph.arrows.len() {
            if search.number[node] == UNSEEN {
                search.visit(node);
            }
        }
        Self {
            members: search.members,
            of: search.component,
        }
    }

    /// The actors of a component.
    pub fn actors<'a>(&'a self, graph: &'a Graph, component: usize) -> impl Iterator<Item = usize> {
        let members = self.members[component].iter().copied();
        members.filter(|&node| node < graph.actors)
    }

    /// Whether two actors or more of a component wait for each other.
    pub fn is_cycle(&self, graph: &Graph, component: usize) -> bool {
        self.actors(graph, component).nth(1).is_some()
    }

    /// What is behind each actor.
    pub fn behind(&self, graph: &Graph, waits: &[Option<Duration>]) -> Vec<Behind> {
        let words = graph.actors.div_ceil(64);
        let mut reached: Vec<Vec<u64>> = Vec::with_capacity(self.members.len());
        let mut longest: Vec<Option<Duration>> = Vec::with_capacity(self.members.len());
        let mut behind = vec![Behind::default(); graph.actors];
        for (component, members) in self.members.iter().enumerate() {
            let mut set = vec![0; words];
            let mut wait = None;
            let arrows = members.iter().flat_map(|&node| &graph.arrows[node]);
            let next = arrows.map(|&to| self.of[to]).filter(|&to| to != component);
            for to in next {
                for (word, other) in set.iter_mut().zip(&reached[to]) {
                    *word |= other;
                }
                wait = wait.max(longest[to]);
            }
            let is_cycle = self.is_cycle(graph, component);
            let own: Vec<usize> = self.actors(graph, component).collect();
            let count: usize = set
                .iter()
                .map(|word: &u64| word.count_ones() as usize)
                .sum();
            let among = own.iter().filter_map(|&actor| waits[actor]).max();
            for &actor in &own {
                behind[actor] = match is_cycle {
                    false => Behind {
                        count,
                        longest: wait,
                    },
                    true => Behind {
                        count: count + own.len() - 1,
                        longest: wait.max(among),
                    },
                };
                set[actor / 64] |= 1 << (actor % 64);
            }
            reached.push(set);
            longest.push(wait.max(among));
        }
        behind
    }
}

struct Search<'a> {
    graph: &'a Graph,
    number: Vec<usize>,
    lowest: Vec<usize>,
    component: Vec<usize>,
    stack: Vec<usize>,
    members: Vec<Vec<usize>>,
    next: usize,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph) -> Self {
        let size = graph.arrows.len();
        Self {
            graph,
            number: vec![UNSEEN; size],
            lowest: vec![UNSEEN; size],
            component: vec![UNSEEN; size],
            stack: Vec::new(),
            members: Vec::new(),
            next: 0,
        }
    }

    fn visit(&mut self, start: usize) {
        // Each with the arrow to follow next.
        let mut path = vec![(start, 0)];
        self.enter(start);
        while let Some((node, arrow)) = path.last_mut() {
            let node = *node;
            match self.graph.arrows[node].get(*arrow) {
                Some(&to) => {
                    *arrow += 1;
                    if self.number[to] == UNSEEN {
                        self.enter(to);
                        path.push((to, 0));
                    } else if self.component[to] == UNSEEN {
                        self.lowest[node] = self.lowest[node].min(self.number[to]);
                    }
                }
                None => {
                    path.pop();
                    if let Some(&(before, _)) = path.last() {
                        self.lowest[before] = self.lowest[before].min(self.lowest[node]);
                    }
                    if self.lowest[node] == self.number[node] {
                        self.leave(node);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.number[node] = self.next;
        self.lowest[node] = self.next;
        self.next += 1;
        self.stack.push(node);
    }

    /// All above the node on the stack are one component with it.
    fn leave(&mut self, node: usize) {
        let start = self
            .stack
            .iter()
            .rposition(|&other| other == node)
            .unwrap_or(0);
        let members = self.stack.split_off(start);
        for &member in &members {
            self.component[member] = self.members.len();
        }
        self.members.push(members);
    }
}
