//! Findings that are known already, by their fingerprints.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::{Context as _, Result, records};

/// How often each is known.
#[derive(Debug, Default)]
pub struct Baseline {
    known: HashMap<String, usize>,
}

/// As much of a record as matters.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    fingerprint: String,
    /// Of other files, where one finding speaks for several.
    #[serde(default)]
    elsewhere: Option<Vec<Known>>,
}

impl Baseline {
    /// Reads the records of an earlier run.
    pub fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let file = File::open(path).context(name)?;
        Self::of(BufReader::new(file)).context(name)
    }

    /// Of these records.
    pub fn of(records: impl BufRead) -> Result<Self> {
        let mut baseline = Self::default();
        for known in records::read::<Known, _>(records) {
            baseline.add(known?);
        }
        Ok(baseline)
    }

    fn add(&mut self, known: Known) {
        *self.known.entry(known.fingerprint).or_default() += 1;
        let others = known.elsewhere.into_iter().flatten();
        others.for_each(|known| self.add(known));
    }

    /// Whether it is known; each of them counts once.
    pub fn has(&mut self, fingerprint: &str) -> bool {
        match self.known.get_mut(fingerprint) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}
