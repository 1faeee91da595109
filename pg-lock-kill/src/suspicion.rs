//! On whom it is only a guess that replay waits: nobody is ended for it before it has waited for long enough, at one
//! place and with the same one in its way.
//!
//! The startup process looks once a second at most whether those whom it waits for are gone (standby.c,
//! `WaitExceedsMaxStandbyDelay`). Until then it says that it waits, and whoever has the next older snapshot
//! seems to be in its way.

use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::sight::Sight;
use crate::victims::Identity;

/// More than the second for which it may sleep.
const ASLEEP: Duration = Duration::from_secs(2);

/// Who is suspected, and since when.
#[derive(Debug, Default)]
pub struct Suspicion(Option<Seen>);

#[derive(Debug)]
struct Seen {
    who: Identity,
    replayed: Option<String>,
    since: Instant,
}

impl Suspicion {
    /// Takes those out of whom it is not known for long enough, and all but the first: its end may be what the
    /// others were to be ended for. Whether some were.
    pub fn hold(&mut self, sight: &Sight, cases: &mut Vec<Case>, now: Instant) -> bool {
        let is_suspect = |case: &Case| {
            let node = case.node.filter(|_| case.is_victim());
            node.is_some_and(|node| sight.forest.nodes[node].is_suspect)
        };
        let Some(first) = cases.iter().find(|case| is_suspect(case)) else {
            return false;
        };
        let (who, replayed) = (first.identity, &sight.snapshot.replayed);
        let known = self.0.as_ref();
        let known = known.filter(|known| known.who == who && known.replayed == *replayed);
        let since = known.map_or(now, |known| known.since);
        let is_ripe = now.duration_since(since) >= ASLEEP;
        cases.retain(|case| !is_suspect(case) || (is_ripe && case.identity == who));
        self.0 = Some(Seen {
            who,
            replayed: replayed.clone(),
            since,
        });
        !is_ripe
    }
}
