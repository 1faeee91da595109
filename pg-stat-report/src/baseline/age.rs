//! Since when things are there, which the server does not tell: by the earlier reports that have them.

use shared::time::{self, Time};

use super::Baseline;
use super::change;
use super::kept::{self, INDEX, Past, SERVER};
use crate::look::Seen;
use crate::row::Cell;

/// The field that says it.
const FIELD: &str = "known_since";

impl Baseline {
    /// Says of each index since when it is known to be there, as far as earlier reports tell.
    pub fn date(&self, seen: &mut Seen) {
        if self.is_of_another(seen) {
            return;
        }
        let (target, now) = (
            seen.origin.target.clone(),
            time::parse(&seen.origin.taken_at),
        );
        let Ok(now) = now else { return };
        let parts = seen.parts.iter_mut();
        let own = parts.filter(|part| part.section.name == INDEX.section.name);
        for row in own.flat_map(|part| part.rows.iter_mut().flatten()) {
            let (key, present) = INDEX.of_row(&target, now, row);
            let earlier = self.past.get(&key).into_iter().flatten();
            let same = earlier.filter(|then| !INDEX.differs("oid", then, &present));
            let known = same.chain([&present]).filter_map(since).min();
            if let Some(known) = known
                .filter(|known| *known < now)
                .and_then(|known| time::format(known).ok())
            {
                row.put(FIELD, Cell::Text(known.into()));
            }
        }
    }

    /// Whether what is known is of another server at the same place.
    fn is_of_another(&self, seen: &Seen) -> bool {
        let server = kept::of_kind(&SERVER, seen).next();
        let known = self.past.get(&SERVER.only(&seen.origin.target));
        server.zip(known).is_some_and(|((.., now), known)| {
            known.iter().any(|then| change::is_foreign(then, &now))
        })
    }
}

/// Since when it was there by this report: it says so, or saw it.
fn since(past: &Past) -> Option<Time> {
    match INDEX.mark(past, FIELD) {
        Some(text) => time::parse(text).ok(),
        None => Some(past.taken_at),
    }
}
