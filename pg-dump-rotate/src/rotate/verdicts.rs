//! What the rules say of each backup.

use std::path::Path;

use ::time::UtcOffset;
use shared::backup::Backup;
use shared::time::Time;

use super::series;
use crate::retention::{self, Candidate, Policy, Reasons, Trust};

/// The verdicts on some backups, one series after another, the newest of each first.
#[derive(Debug)]
pub struct Verdicts<'a> {
    policy: &'a Policy,
    backups: &'a [Backup],
    judged: Vec<Judged>,
    reasons: Reasons,
}

/// One that was judged: its place among the backups, and that of its reasons.
#[derive(Debug, Clone, Copy)]
struct Judged {
    backup: usize,
    reasons: usize,
}

/// A backup and why it is kept, or that it isn't.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    pub backup: &'a Backup,
    of: &'a Verdicts<'a>,
    reasons: usize,
}

impl<'a> Verdicts<'a> {
    /// Judges each series of these backups, which are newest first, by itself. Only those that can be
    /// relied on take part; the others are nobody's to count or to delete.
    pub fn of_all(policy: &'a Policy, backups: &'a [Backup], now: Time) -> Self {
        Self::of(policy, backups, series::split(backups), now)
    }

    /// Judges the backups of these series, which have their places among all.
    pub fn of(
        policy: &'a Policy,
        backups: &'a [Backup],
        series: Vec<Vec<usize>>,
        now: Time,
    ) -> Self {
        let mut verdicts = Self {
            policy,
            backups,
            judged: Vec::new(),
            reasons: Reasons::default(),
        };
        for mut good in series {
            good.retain(|place| backups[*place].is_ok());
            let candidates = good.iter().map(|place| Candidate::of(&backups[*place]));
            let candidates: Vec<Candidate> = candidates.collect();
            let before = verdicts.judged.len();
            let reasons = retention::reasons(policy, &candidates, now);
            verdicts.reasons.add(reasons, before);
            let judged = good.into_iter().enumerate();
            verdicts.judged.extend(judged.map(|(place, backup)| Judged {
                backup,
                reasons: before + place,
            }));
        }
        verdicts
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.judged.len()
    }

    /// The one with this number.
    pub fn get(&self, number: usize) -> Verdict<'_> {
        let judged = self.judged[number];
        Verdict {
            backup: &self.backups[judged.backup],
            of: self,
            reasons: judged.reasons,
        }
    }

    /// All of them, by their numbers.
    pub fn iter(&self) -> impl Iterator<Item = Verdict<'_>> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The numbers of the verdicts on each of the backups, where there is one.
    pub fn numbers(&self) -> Vec<Option<usize>> {
        let mut numbers = vec![None; self.backups.len()];
        for (number, judged) in self.judged.iter().enumerate() {
            numbers[judged.backup] = Some(number);
        }
        numbers
    }

    /// The reason of the one on the backup at this path.
    pub fn of_backup(&self, path: &Path) -> Option<String> {
        let mut all = self.iter();
        let found = all.find(|verdict| *verdict.backup.path == *path);
        found.map(|verdict| verdict.reason())
    }

    /// Takes the verdict on this backup out.
    pub fn leave_out(&mut self, path: &Path) {
        let path = path.as_os_str();
        self.judged
            .retain(|judged| self.backups[judged.backup].path.as_os_str() != path);
    }
}

impl Verdict<'_> {
    /// True when some rule keeps it.
    pub fn is_kept(&self) -> bool {
        self.of.reasons.keep(self.reasons)
    }

    /// The reasons, or that there are none.
    pub fn reason(&self) -> String {
        let candidate = Candidate::of(self.backup);
        let words = self
            .of
            .reasons
            .words(self.reasons, self.of.policy, &candidate);
        match words.is_empty() {
            true => "no rule keeps it".into(),
            false => words,
        }
    }
}

impl Candidate {
    /// What the rules weigh of this backup.
    fn of(backup: &Backup) -> Self {
        let offset = backup.manifest.as_ref().map_or(0, |m| m.utc_offset_seconds);
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        // None where the last year ends.
        let local = backup.taken_at.checked_to_offset(offset);
        Self {
            taken_at: local.unwrap_or(backup.taken_at),
            trust: match &backup.proof {
                Some(proof) if proof.proved => Trust::Proved,
                Some(_) => Trust::Failed,
                None => Trust::Untried,
            },
        }
    }
}
