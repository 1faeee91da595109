//! What `--check` finds fault with in a group of backups.

use shared::backup::{Backup, Glimpse};
use shared::time::Time;
use shared::units::{human_bytes, human_duration};

use super::groups::{Bad, Group};
use crate::cli::Check;
use crate::problem;
use crate::record::Record;

/// A record of what is wrong.
pub fn failed(record: Record) -> Record {
    Record {
        action: "failed".into(),
        ..record.without_commands()
    }
}

impl<'a> Group<'a> {
    /// A record for each fault, or one that there is none.
    pub fn findings(&self, check: &Check, now: Time) -> Vec<Record> {
        let of_bad = |backup: &Backup| {
            let problem = problem::of(backup).unwrap_or_default();
            failed(Record::of("failed", backup, now)).because(problem)
        };
        let bad = self.bad.iter().map(|bad| match bad {
            Bad::Listed(place) => of_bad(&self.get(*place)),
            Bad::Broken(backup) => of_bad(backup),
        });
        let mut findings: Vec<Record> = bad.collect();
        let problems = [
            self.missing(),
            self.stale(check, now),
            self.few(check),
            self.shrunken(check),
        ];
        for problem in problems.into_iter().flatten() {
            let reason = format!("{}: {problem}{}", self.title(), self.passed_over());
            findings.push(failed(self.record(now)).because(reason));
        }
        if findings.is_empty() {
            findings.push(self.record(now).because(self.summary(check)));
        }
        findings
    }

    fn title(&self) -> String {
        match &self.from {
            Some(from) => format!("{}, {from}", self.subject),
            None => self.subject.to_string(),
        }
    }

    /// What might have been counted.
    fn passed_over(&self) -> String {
        match self.unsure.as_slice() {
            [] => String::new(),
            names => format!(
                " ({} not counted: nothing in them says what database they are of)",
                names.join(", ")
            ),
        }
    }

    /// Of the newest good backup that is none of the future, or of none.
    fn record(&self, now: Time) -> Record {
        let newest = self.newest_until(now);
        match newest.or(self.good.first().copied()) {
            Some(newest) => Record::of("ok", &self.get(newest), now),
            None => Record {
                action: "failed".into(),
                database: self.subject.database.clone(),
                label: self.subject.label.clone(),
                selection: Some(self.subject.selection.clone()).filter(|of| !of.is_empty()),
                ..Record::default()
            },
        }
    }

    fn newest_until(&self, now: Time) -> Option<u32> {
        let mut good = self.good.iter().copied();
        good.find(|place| self.glimpse(*place).taken_at <= now)
    }

    fn summary(&self, check: &Check) -> String {
        let good = self.good.iter().map(|place| self.glimpse(*place));
        let proved = good.filter(|backup| backup.proved.is_some());
        let mut summary = match &self.from {
            Some(from) => format!("{from}: "),
            None => String::new(),
        };
        summary.push_str(&format!(
            "good backups: {}, of them proved to restore: {}",
            self.good.len(),
            proved.count()
        ));
        if self.of_earlier > 0 {
            summary.push_str(&format!(", of an earlier server: {}", self.of_earlier));
        }
        if check.max_shrink_ratio.is_some() && self.before().is_none() {
            summary.push_str(
                "; the size is compared with none: none before it has its format and compression",
            );
        }
        summary
    }

    fn missing(&self) -> Option<String> {
        if !self.good.is_empty() {
            return None;
        }
        let mut words = "there is no good backup".to_string();
        let partial = self.partial.iter();
        let partial: Vec<String> = partial
            .map(|(options, count)| format!("{count} with {options}"))
            .collect();
        if !partial.is_empty() {
            words.push_str(&format!(" of the whole; {}", partial.join(", ")));
        }
        Some(words)
    }

    fn stale(&self, check: &Check, now: Time) -> Option<String> {
        let most = check.max_age.filter(|_| !self.good.is_empty())?;
        // One from the future says nothing of when the last was taken.
        let Some(newest) = self.newest_until(now) else {
            return Some("every good backup has a time in the future".into());
        };
        let age = (now - self.glimpse(newest).taken_at).unsigned_abs();
        (age > most).then(|| {
            format!(
                "the newest good backup is {} old, and {} is the most",
                human_duration(age),
                human_duration(most)
            )
        })
    }

    fn few(&self, check: &Check) -> Option<String> {
        let (there, least) = (self.good.len(), check.min_count?);
        // That there is none is told anyway.
        (there > 0 && there < least)
            .then(|| format!("good backups: {there}, at the least: {least}"))
    }

    /// The one that the newest can be compared with: only sizes of one format and method of
    /// compression can be.
    fn before(&self) -> Option<u32> {
        let (newest, earlier) = self.good.split_first()?;
        let kind = |backup: Glimpse<'a>| {
            let manifest = backup.manifest?;
            Some((manifest.format, manifest.compression.split(':').next()))
        };
        let kind_of_newest = kind(self.glimpse(*newest));
        let mut earlier = earlier.iter().copied();
        earlier.find(|place| kind(self.glimpse(*place)) == kind_of_newest)
    }

    fn shrunken(&self, check: &Check) -> Option<String> {
        let ratio = check.max_shrink_ratio?;
        let bytes = |place| self.get(place).bytes;
        let (now, then) = (bytes(*self.good.first()?)?, bytes(self.before()?)?);
        let shrunken = (now as f64) < then as f64 * (1.0 - ratio);
        shrunken.then(|| {
            format!(
                "the newest good backup has {}, the one before {}: that is {:.0} % less",
                human_bytes(now),
                human_bytes(then),
                100.0 - now as f64 * 100.0 / then as f64
            )
        })
    }
}
