//! Earlier reports, and what has changed since: read from a file that somebody names, or from one that
//! keeps itself.

mod age;
mod change;
mod compare;
mod earlier;
mod kept;
mod settings;
mod since;
mod state;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;
use shared::cli::Context;
use shared::time::Time;
use shared::{Context as _, Error, Result, records};

pub use earlier::Earlier;
pub use kept::SECTIONS;
pub use settings::SECTIONS as SETTINGS;

use kept::{Key, Past};
use settings::Settings;

/// What is per day is per day of this at least, where there is a report so old.
const DAY: f64 = 86_400.0;

/// The rows that earlier runs wrote, as far as they are compared.
#[derive(Debug, Default)]
pub struct Baseline {
    /// Of each thing the longest ago first.
    past: HashMap<Key, Vec<Past>>,
    targets: Vec<String>,
    settings: Settings,
}

/// What was seen at some time.
trait Dated {
    /// When.
    fn taken_at(&self) -> Time;
}

impl Dated for Past {
    fn taken_at(&self) -> Time {
        self.taken_at
    }
}

impl Baseline {
    /// Reads it from a file, or from stdin where that is `-`.
    pub fn read(path: &Path, context: &Context) -> Result<Self> {
        let name = || path.display().to_string();
        if path.as_os_str() == "-" {
            return Self::of(context.stdin()).context(|| "standard input".into());
        }
        let file = File::open(path).context(name)?;
        Self::of(BufReader::new(file)).context(name)
    }

    fn of(input: impl BufRead) -> Result<Self> {
        let mut baseline = Self::default();
        for record in records::read::<Value, _>(input) {
            let record = record?;
            if let Some((key, past)) = kept::of_record(&record) {
                baseline.add(key, past);
            }
            baseline.settings.read(&record);
        }
        baseline.settings.sort();
        for pasts in baseline.past.values_mut() {
            pasts.sort_by_key(|past| past.taken_at);
        }
        Ok(baseline)
    }

    /// Whether it has anything of this server.
    fn knows(&self, target: &str) -> bool {
        self.targets.iter().any(|known| known == target)
    }

    fn add(&mut self, key: Key, past: Past) {
        if !self.knows(&key.target) {
            self.targets.push(key.target.clone());
        }
        self.past.entry(key).or_default().push(past);
    }

    /// The last before this moment, and the last that was a day before it, or else the first of all.
    fn before(&self, key: &Key, now: Time, is_good: impl Fn(&Past) -> bool) -> Option<Pair<'_>> {
        let pasts = self.past.get(key)?.iter();
        let earlier: Vec<&Past> = pasts
            .filter(|past| past.taken_at < now && is_good(past))
            .collect();
        let last = *earlier.last()?;
        let is_old = |past: &&&Past| (now - past.taken_at).as_seconds_f64() >= DAY;
        let day = earlier.iter().rev().find(is_old).or(earlier.first())?;
        Some(Pair { last, day })
    }
}

/// That a report can't be compared with: what it saw was not there before. A clock is wrong, or was.
fn is_of_the_future(then: Time) -> Error {
    let then = shared::time::format(then).unwrap_or_default();
    Error::new(format!(
        "the earlier report is of {then}, which is not before now"
    ))
    .with_hint("a clock is wrong, or was")
}

/// Two earlier looks at a thing: what is per second is since the last, what is per day since the other.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    last: &'a Past,
    day: &'a Past,
}
