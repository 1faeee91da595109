//! What was seen at one moment: the snapshot, the forest that it makes, and who of it matches.

use std::collections::HashSet;

use shared::{Error, Result};

use crate::cli::Options;
use crate::filters::Matching;
use crate::forest::{Forest, Node, Who};
use crate::protection::Rules;
use crate::record::Record;
use crate::snapshot::Snapshot;
use crate::victims::{Identity, identity, identity_of};

/// What was seen.
#[derive(Debug)]
pub struct Sight {
    /// What the server said.
    pub snapshot: Snapshot,
    /// Who waits for whom.
    pub forest: Forest,
    /// Who matches the filters.
    pub matching: Matching,
}

impl Sight {
    /// Of a snapshot and what it makes; with all sessions in it where the options ask for them, or name some.
    pub fn of(options: &Options, (snapshot, mut forest): (Snapshot, Forest)) -> Self {
        let scope = &options.scope;
        if scope.sessions || scope.reads_stdin {
            forest = forest.with_others(&snapshot);
        }
        let matching = options.filters.matching(&forest, &snapshot);
        Self {
            snapshot,
            forest,
            matching,
        }
    }

    /// An error where it can't be said who matches: some that do would be passed over.
    pub fn check_sure(&self) -> Result<()> {
        let Some(first) = self.matching.unnamed.first() else {
            return Ok(());
        };
        let node = &self.forest.nodes[*first];
        let database = self.record(*first, &Rules::default()).database;
        let (pid, many) = (node.who.pid(&self.snapshot), self.matching.unnamed.len());
        let database = database.map_or_else(
            || "its database, whose name could not be had either,".to_string(),
            |database| format!("the database {database:?}"),
        );
        Err(Error::new(format!(
            "what {pid} locks in {database} has no name that could be had, and so it is with {many} \
             of those that the other filters let pass: whether --relation means them is not known"
        ))
        .with_hint("connect to that database by -d, or let the role do so: GRANT CONNECT ON DATABASE"))
    }

    /// What is to be said of this place of the forest.
    pub fn record(&self, place: usize, rules: &Rules) -> Record {
        let (forest, snapshot) = (&self.forest, &self.snapshot);
        let doubts = &self.matching.doubts;
        let node = &forest.nodes[place];
        let protected = match node.who {
            Who::Session(place) => rules.why(snapshot, &snapshot.sessions[place]),
            Who::Prepared(_) => None,
        };
        let record = Record::of(node, forest, snapshot);
        // One that is never ended is no way out.
        let is_way_out = node
            .cheaper
            .filter(|place| !doubts.contains_key(place))
            .is_some_and(|place| match forest.nodes[place].who {
                Who::Session(place) => rules.why(snapshot, &snapshot.sessions[place]).is_none(),
                Who::Prepared(_) => false,
            });
        Record {
            protected: protected.or_else(|| doubts.get(&place).cloned()),
            cheaper_pid: record.cheaper_pid.filter(|_| is_way_out),
            ..record
        }
    }

    /// Whether it is what repeats on a standby what the primary did: nobody ends that.
    pub fn is_replay(&self, node: &Node) -> bool {
        match node.who {
            Who::Session(place) => self.snapshot.sessions[place].backend_type == "startup",
            Who::Prepared(_) => false,
        }
    }

    /// The place of this process in the forest, if it is there.
    pub fn place_of(&self, pid: i32) -> Option<usize> {
        let mut nodes = self.forest.nodes.iter();
        nodes.position(|node| match node.who {
            Who::Session(place) => self.snapshot.sessions[place].pid == pid,
            Who::Prepared(_) => false,
        })
    }

    /// Who waits.
    pub fn waiting(&self) -> HashSet<Identity> {
        let nodes = self.forest.nodes.iter();
        let waiting = nodes.filter(|node| node.wait.is_some());
        waiting
            .map(|node| identity(&self.snapshot, node.who))
            .collect()
    }

    /// Whether one of those who waited is at what it was at, and does not wait at the moment.
    pub fn may_wait_again(&self, waited: &HashSet<Identity>) -> bool {
        let waiting = self.waiting();
        self.snapshot.sessions.iter().any(|session| {
            let identity = identity_of(session);
            session.state.as_deref() == Some("active")
                && waited.contains(&identity)
                && !waiting.contains(&identity)
        })
    }

    /// The places of those in the same trees as these, in the forest's order.
    pub fn trees_of(&self, places: &[usize]) -> Vec<usize> {
        let heads: HashSet<usize> = places
            .iter()
            .map(|place| self.forest.head_of(*place))
            .collect();
        (0..self.forest.nodes.len())
            .filter(|place| heads.contains(&self.forest.head_of(*place)))
            .collect()
    }
}
