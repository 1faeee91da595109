//! What became of a restore, as findings.

use std::collections::BTreeMap;

use shared::{Result, units};

use crate::archive::Archive;
use crate::choice;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::restore::{Blame, Harmless, LABELS, Refusal, Restored, Target};

impl Restored {
    /// Takes away the errors about what was not chosen; how many there were.
    pub fn forget_what_was_not_chosen(&mut self) -> usize {
        let before = self.refusals.len();
        let chosen = &self.chosen;
        self.refusals.retain(|refusal| chosen.concerns(refusal));
        if self.refusals.len() < before {
            self.contents.withheld.keep_to(&self.refusals);
        }
        before - self.refusals.len()
    }

    /// Tells what the chosen rows and relations miss, and drops the others.
    pub fn leave_what_was_chosen(
        &self,
        others: usize,
        target: &Target,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        let mut client = target.connect()?;
        self.references.report(&mut client, findings)?;
        for part in choice::drop_others(&mut client, &self.chosen)? {
            let finding = findings.check("references", Status::Skipped).object(part);
            findings.add(finding.message("left out: it needs what was not chosen"))?;
            if self.contents.tables.is_empty() {
                findings.unprovable("what was chosen needs what was not");
            }
        }
        if self.chosen.is_part() && others > 0 {
            let count = counted(others as u64, "error");
            let finding = findings.check("restore", Status::Skipped);
            findings.add(finding.message(format!("{count} about what was not chosen")))?;
        }
        Ok(())
    }

    /// The findings of the restore itself.
    pub fn report(
        &self,
        archive: &Archive,
        target: &Target,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        if let Some(damage) = &self.damage {
            findings.add(findings.check("archive", Status::Failed).message(damage))?;
        }
        if self.is_unprovable() {
            let message = "the backup holds INSERT statements and no definitions: by itself it \
                           restores nothing";
            findings.unprovable(message);
            return findings.add(findings.check("restore", Status::Skipped).message(message));
        }
        let is_failure = |refusal: &&Refusal| refusal.harmless.is_none() && refusal.blame.is_none();
        let mut failures = self.refusals.iter().filter(is_failure).peekable();
        let withheld = self.contents.withheld.in_words().is_some();
        let restored = self.damage.is_none() && failures.peek().is_none() && !withheld;
        for refusal in failures {
            let finding = findings.check("restore", Status::Failed);
            findings.add(finding.object(refusal.shown()).message(refusal.in_words()))?;
        }
        self.report_withheld(findings)?;
        self.report_harmless(findings)?;
        if restored {
            let bytes = target.database().bytes(false);
            let finding = findings
                .check("restore", Status::Ok)
                .restored(bytes, self.took);
            findings.add(finding.message(self.summary(archive, target)))?;
        }
        Ok(())
    }

    /// What the server refused and the backup is not to blame for: each reason once.
    fn report_withheld(&self, findings: &mut Findings<'_>) -> Result<()> {
        let mut reasons: BTreeMap<(Blame, String), Vec<&Refusal>> = BTreeMap::new();
        for refusal in &self.refusals {
            if let Some(blame) = refusal.blame {
                let words = match blame {
                    Blame::Missing => String::new(),
                    _ => refusal.in_words(),
                };
                reasons.entry((blame, words)).or_default().push(refusal);
            }
        }
        for ((blame, words), refusals) in reasons {
            let Some(first) = refusals.first() else {
                continue;
            };
            let others = match refusals.len() {
                1 => String::new(),
                count => format!(" (and {} more)", count - 1),
            };
            let message = match blame {
                Blame::Right => {
                    let remedy = self.contents.withheld.remedy(&words);
                    let remedy = remedy.map(|remedy| format!("; {remedy}"));
                    format!("{words}{others}{}", remedy.unwrap_or_default())
                }
                Blame::Reach => format!("{words}{others}"),
                Blame::Server => {
                    let why = match first.is_about_label_provider() {
                        true => Some(LABELS),
                        false => self.contents.withheld.doubt(),
                    };
                    let why = why.unwrap_or("the server writes money in another way: lc_monetary");
                    format!("{words}{others}: {why}")
                }
                Blame::Missing => {
                    let words = first.in_words();
                    format!("{words}: it needs something that this server refused{others}")
                }
            };
            let finding = findings.check("restore", Status::Skipped);
            findings.add(finding.object(first.shown()).message(message))?;
        }
        Ok(())
    }

    /// The errors that take nothing away: each kind once, with how many there were.
    fn report_harmless(&self, findings: &mut Findings<'_>) -> Result<()> {
        let mut kinds: BTreeMap<Harmless, Vec<&Refusal>> = BTreeMap::new();
        for refusal in &self.refusals {
            if let Some(kind) = refusal.harmless {
                kinds.entry(kind).or_default().push(refusal);
            }
        }
        for (kind, refusals) in kinds {
            let count = counted(refusals.len() as u64, "error");
            let first = refusals.first().map_or("", |first| first.message.as_str());
            let message = format!("{count}, harmless ({}): {first}", kind.reason());
            let finding = findings.check("harmless_errors", Status::Ok);
            findings.add(finding.object(kind.name()).message(message))?;
        }
        Ok(())
    }

    /// Whether it says nothing by itself.
    pub fn is_unprovable(&self) -> bool {
        self.contents.is_data_only() && self.contents.has_inserts()
    }

    fn summary(&self, archive: &Archive, target: &Target) -> String {
        let bytes = archive.bytes();
        let rate = bytes as f64 / self.took.as_secs_f64().max(0.001);
        let mut summary = format!(
            "PostgreSQL {} took {}, {}/s of backup",
            target.server().version(),
            units::human_duration(self.took),
            units::human_bytes(rate as u64)
        );
        if !target.created_roles.is_empty() {
            let roles: Vec<&str> = target.created_roles.iter().map(String::as_str).collect();
            summary.push_str(&format!(
                "; roles it names, created without login: {}",
                roles.join(", ")
            ));
        }
        summary
    }
}
