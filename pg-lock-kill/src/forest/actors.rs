//! Who can block and wait: sessions, each parallel group as one, and prepared transactions.

use std::collections::HashMap;

use super::Who;
use crate::snapshot::{Lock, Snapshot};

/// Each has a number: sessions first, in the snapshot's order, prepared transactions then.
#[derive(Debug)]
pub struct Actors<'a> {
    sessions: usize,
    by_pid: HashMap<i32, usize>,
    by_virtual_transaction: HashMap<&'a str, usize>,
}

impl<'a> Actors<'a> {
    /// All of a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let own: HashMap<i32, usize> = (snapshot.sessions.iter().enumerate())
            // A process that began after the locks were asked for holds none of them: it has the
            // number of one that is gone.
            .filter(|(_, session)| {
                session.backend_start <= Some(snapshot.taken_at)
                    || snapshot.elders.contains(&session.pid)
            })
            .map(|(number, session)| (session.pid, number))
            .collect();
        let mut by_pid = own.clone();
        for session in &snapshot.sessions {
            // An apply worker has a leader, too, but waits for itself.
            let leader = session
                .leader_pid
                .filter(|_| session.backend_type == "parallel worker");
            if let Some(&leader) = leader.and_then(|pid| own.get(&pid)) {
                by_pid.insert(session.pid, leader);
            }
        }
        Self {
            sessions: snapshot.sessions.len(),
            by_pid,
            by_virtual_transaction: prepared(snapshot),
        }
    }

    /// Whose lock this is; nobody's any more if its holder was gone a moment later.
    pub fn of_lock(&self, lock: &Lock) -> Option<usize> {
        match lock.pid {
            Some(pid) => self.of_pid(pid),
            None => self.of_prepared(&lock.virtual_transaction),
        }
    }

    /// The prepared transaction that has this virtual one.
    pub fn of_prepared(&self, virtual_transaction: &str) -> Option<usize> {
        self.by_virtual_transaction
            .get(virtual_transaction)
            .copied()
    }

    /// The session of a process.
    pub fn of_pid(&self, pid: i32) -> Option<usize> {
        self.by_pid.get(&pid).copied()
    }

    /// Who that is.
    pub fn who(&self, actor: usize) -> Who {
        match actor.checked_sub(self.sessions) {
            None => Who::Session(actor),
            Some(prepared) => Who::Prepared(prepared),
        }
    }
}

/// A prepared transaction's locks have no process; which it is, the lock on its own number says.
fn prepared(snapshot: &Snapshot) -> HashMap<&str, usize> {
    let numbers: HashMap<u32, usize> = (snapshot.prepared.iter().enumerate())
        .map(|(number, prepared)| (prepared.transaction, snapshot.sessions.len() + number))
        .collect();
    let own = |lock: &&Lock| lock.pid.is_none() && lock.granted && lock.tag.kind == "transactionid";
    (snapshot.locks.iter().filter(own))
        .filter_map(|lock| {
            let number = numbers.get(&lock.tag.transaction_id?)?;
            Some((lock.virtual_transaction.as_str(), *number))
        })
        .collect()
}
