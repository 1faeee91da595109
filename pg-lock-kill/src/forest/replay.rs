//! Replay on a standby that waits for queries to end, where that is no lock. For whom it waits the server does not
//! say: it can be guessed at best.

use std::collections::BTreeSet;

use crate::snapshot::{Session, Snapshot};

/// Such a wait.
#[derive(Debug)]
pub struct Replay {
    /// Who waits: the place of its session.
    pub startup: usize,
    /// For what.
    pub words: &'static str,
    /// Who it most likely waits for: those with the oldest snapshot. Nobody where that is not to be guessed.
    pub suspects: Vec<usize>,
    /// Others whose snapshots may be in its way, too.
    pub others: Vec<usize>,
}

impl Replay {
    /// Of a snapshot, if there is one.
    ///
    /// Rows that the primary has removed may only go once no snapshot that was taken in their database, and is
    /// old enough, sees them (standby.c, `ResolveRecoveryConflictWithSnapshot`; procarray.c,
    /// `GetConflictingVirtualXIDs`). Neither which database nor how old is to be seen. If all are of one database, the
    /// oldest is in the way if any is; of sessions in several it is nobody's place to choose.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let mut sessions = snapshot.sessions.iter().enumerate();
        let (startup, (words, is_in_one_database)) =
            sessions.find_map(|(place, session)| Some((place, awaited(session)?)))?;
        let held: Vec<(usize, u32)> = (snapshot.sessions.iter().enumerate())
            .filter(|(_, session)| {
                session.pid != snapshot.own_pid
                    && session.database_oid.is_some()
                    && session.backend_type != "parallel worker"
            })
            .filter_map(|(place, session)| Some((place, session.backend_xmin?)))
            .collect();
        let databases = held.iter();
        let databases = databases.map(|(place, _)| snapshot.sessions[*place].database_oid);
        let databases: BTreeSet<Option<u32>> = databases.collect();
        // Numbers of transactions go round.
        let oldest = held.iter().map(|(_, xmin)| *xmin);
        let oldest = oldest.reduce(|a, b| match a.wrapping_sub(b).cast_signed() <= 0 {
            true => a,
            false => b,
        });
        let is_to_guess = !is_in_one_database || databases.len() == 1;
        let (suspects, others): (Vec<_>, Vec<_>) =
            (held.into_iter()).partition(|(_, xmin)| is_to_guess && Some(*xmin) == oldest);
        let places = |some: Vec<(usize, u32)>| some.into_iter().map(|(place, _)| place).collect();
        Some(Self {
            startup,
            words,
            suspects: places(suspects),
            others: places(others),
        })
    }
}

/// What replay waits for, and whether only for sessions of one database.
fn awaited(session: &Session) -> Option<(&'static str, bool)> {
    if session.backend_type != "startup" {
        return None;
    }
    match session.wait_event.as_deref()? {
        "RecoveryConflictSnapshot" => Some((
            "rows that the primary removed, and a snapshot here sees",
            true,
        )),
        "RecoveryConflictTablespace" => Some(("a tablespace that the primary dropped", false)),
        _ => None,
    }
}
