//! What `--check` finds fault with in a group of backups.

use shared::backup::Backup;
use shared::time::Time;
use shared::units::{human_bytes, human_duration};

use super::groups::Group;
use crate::cli::Check;
use crate::record::Record;

/// A record of what is wrong.
pub fn failed(record: Record) -> Record {
    Record {
        action: "failed".into(),
        restore_command: None,
        ..record
    }
}

impl Group<'_> {
    /// A record for each fault, or one that there is none.
    pub fn findings(&self, check: &Check, now: Time) -> Vec<Record> {
        let of_bad = |(backup, problem): &(&Backup, String)| {
            failed(Record::of("failed", backup, now)).because(problem)
        };
        let mut findings: Vec<Record> = self.bad.iter().map(of_bad).collect();
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
        let is_past = |backup: &&&Backup| backup.taken_at <= now;
        let newest = self.good.iter().find(is_past);
        match newest.or_else(|| self.good.first()) {
            Some(newest) => Record::of("ok", newest, now),
            None => Record {
                action: "failed".into(),
                database: self.subject.database.clone(),
                label: self.subject.label.clone(),
                selection: Some(self.subject.selection.clone()).filter(|of| !of.is_empty()),
                ..Record::default()
            },
        }
    }

    fn summary(&self, check: &Check) -> String {
        let proved = self.good.iter().filter(|backup| backup.proof.is_some());
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
        let Some(newest) = self.good.iter().find(|backup| backup.taken_at <= now) else {
            return Some("every good backup has a time in the future".into());
        };
        let age = (now - newest.taken_at).unsigned_abs();
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
    fn before(&self) -> Option<&Backup> {
        let (newest, earlier) = self.good.split_first()?;
        let kind = |backup: &Backup| {
            let manifest = backup.manifest.as_ref()?;
            let method = manifest.compression.split(':').next().map(str::to_string);
            Some((manifest.format, method))
        };
        let kind_of_newest = kind(newest);
        let mut like_it = earlier.iter().filter(|b| kind(b) == kind_of_newest);
        like_it.next().copied()
    }

    fn shrunken(&self, check: &Check) -> Option<String> {
        let ratio = check.max_shrink_ratio?;
        let (now, then) = (self.good.first()?.bytes?, self.before()?.bytes?);
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
