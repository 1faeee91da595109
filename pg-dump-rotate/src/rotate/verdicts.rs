//! What the rules say of each backup.

use std::num::NonZeroU32;
use std::path::Path;

use ::time::UtcOffset;
use shared::backup::{Backup, Backups, Glimpse};
use shared::time::Time;

use super::series;
use crate::retention::{self, Candidate, Policy, Reasons, Trust};

/// The verdicts on some backups, one series after another, the newest of each first.
#[derive(Debug)]
pub struct Verdicts<'a> {
    policy: &'a Policy,
    backups: &'a Backups,
    judged: Vec<Judged>,
    reasons: Reasons,
}

/// One that was judged: its place among the backups, and that of its reasons.
#[derive(Debug, Clone, Copy)]
struct Judged {
    backup: u32,
    reasons: u32,
}

/// A backup and why it is kept, or that it isn't.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    judged: Judged,
    of: &'a Verdicts<'a>,
}

impl<'a> Verdicts<'a> {
    /// Judges each series of these backups, which are newest first, by itself. Only those that can be
    /// relied on take part; the others are nobody's to count or to delete.
    pub fn of_all(policy: &'a Policy, backups: &'a Backups, now: Time) -> Self {
        Self::of(policy, backups, series::split(backups), now)
    }

    /// Judges the backups of these series, which have their places among all.
    pub fn of(policy: &'a Policy, backups: &'a Backups, series: Vec<Vec<u32>>, now: Time) -> Self {
        let mut verdicts = Self {
            policy,
            backups,
            judged: Vec::new(),
            reasons: Reasons::default(),
        };
        let glimpse = |place: u32| backups.glimpse(place as usize);
        for mut good in series {
            good.retain(|place| glimpse(*place).is_ok());
            let candidates = good.iter().map(|place| Candidate::of(&glimpse(*place)));
            let candidates: Vec<Candidate> = candidates.collect();
            let before = verdicts.judged.len();
            let reasons = retention::reasons(policy, &candidates, now);
            drop(candidates);
            verdicts.reasons.add(reasons, before);
            let judged = (before as u32..).zip(good);
            let judged = judged.map(|(reasons, backup)| Judged { backup, reasons });
            verdicts.judged.extend(judged);
        }
        verdicts
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.judged.len()
    }

    /// The one with this number.
    pub fn get(&self, number: usize) -> Verdict<'_> {
        Verdict {
            judged: self.judged[number],
            of: self,
        }
    }

    /// All of them, by their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Verdict<'_>> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The numbers of the verdicts on each of the backups, where there is one.
    pub fn numbers(&self) -> Vec<Option<NonZeroU32>> {
        let mut numbers = vec![None; self.backups.len()];
        for (number, judged) in (1..).zip(&self.judged) {
            numbers[judged.backup as usize] = NonZeroU32::new(number);
        }
        numbers
    }

    /// The reason of the one on the backup at this path.
    pub fn of_backup(&self, path: &Path) -> Option<String> {
        let place = self.backups.position(path)?;
        let mut all = self.iter();
        let found = all.find(|verdict| verdict.judged.backup as usize == place);
        found.map(|verdict| verdict.reason())
    }

    /// Takes the verdict on this backup out.
    pub fn leave_out(&mut self, path: &Path) {
        let place = self.backups.position(path);
        self.judged
            .retain(|judged| Some(judged.backup as usize) != place);
    }
}

impl Verdict<'_> {
    /// What it is on.
    pub fn backup(&self) -> Backup {
        self.of.backups.get(self.judged.backup as usize)
    }

    /// True when some rule keeps it.
    pub fn is_kept(&self) -> bool {
        self.of.reasons.keep(self.judged.reasons as usize)
    }

    /// The reasons, or that there are none.
    pub fn reason(&self) -> String {
        let (of, place) = (self.of, self.judged.reasons as usize);
        let candidate = Candidate::of(&of.backups.glimpse(self.judged.backup as usize));
        let words = of.reasons.words(place, of.policy, &candidate);
        match words.is_empty() {
            true => "no rule keeps it".into(),
            false => words,
        }
    }
}

impl Candidate {
    /// What the rules weigh of this backup.
    fn of(backup: &Glimpse<'_>) -> Self {
        let offset = backup.manifest.map_or(0, |m| m.utc_offset_seconds);
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        // None where the last year ends.
        let local = backup.taken_at.checked_to_offset(offset);
        Self {
            taken_at: local.unwrap_or(backup.taken_at),
            trust: match backup.proved {
                Some(true) => Trust::Proved,
                Some(false) => Trust::Failed,
                None => Trust::Untried,
            },
        }
    }
}
